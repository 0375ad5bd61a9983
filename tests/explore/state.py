"""A whole state: the world, the operators, requests on the wire, and what users did. Only values.

Must not live here: what may happen next (`moves`) or what would be wrong (`judge`).
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from explore.asks import Ask
from explore.drive import Input, Known
from explore.fingerprint import fingerprint
from explore.money import DAY, LIFETIME, MAX_COST, account_of, new_budget
from explore.outside import Event, Outside
from explore.parts import wall
from explore.process import Process, forget, start
from explore.sharing import shared
from explore.wiring import SETTINGS
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import KEYED
from rooms.model.bodies import job

NAMES: Final = "abcdefgh"
_EXPECTED: Final = frozenset({"ClusterError", "TimeoutError"})
"""What a reconciliation may end in: a request that failed. The rest is a mistake, of the operator or of the model."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What users did to one object, and what was told of it.

    Attributes:
        orphaned: Its policy was Orphan when it was deleted.
        let_go: Its policy was Orphan when it went.
        forced: Somebody took its finalizer off.
        overlapped: A DELETE took it away with its finalizer.
        bereft: A process that knew of it was killed, after such a DELETE had begun.
        forgotten: It went so, and of those that knew of it nobody lives: only the search of the service's list, which
            is not explored, finds its job again.
        told: Its end was called unconfirmed.
        untold: It went against its finalizer, and a watch lost that it was to be an orphan: nothing is left to read.
    """

    deleted_at: float | None = None
    orphaned: bool = False
    let_go: bool = False
    cancelled: bool = False
    suspended: int = 0
    resumed: int = 0
    forced: bool = False
    overlapped: bool = False
    bereft: bool = False
    forgotten: bool = False
    told: bool = False
    untold: bool = False

    @property
    def key(self) -> tuple[bool, ...]:
        """Without its time."""
        wanted = (self.deleted_at is not None, self.cancelled, self.suspended > 0)
        went = (self.orphaned, self.let_go, self.forced, self.overlapped, self.bereft, self.forgotten)
        return (*wanted, *went, self.told, self.untold)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a world begins with.

    Attributes:
        name: For replays.
        operators: How many processes serve it.
        spec: Of the object, beside the usual.
        acts: What users may do, each at most once and at any moment, without being counted as a disturbance.
        hides_for: For how long the service hides an accepted job.
        jobs: How many objects there are.
        budget: What their jobs cost is counted, and there is enough for one at a time.
        turns: It is enough for one at a time on each day, and the day ends soon.
    """

    name: str
    operators: int = 1
    keyed: bool = False
    orphan: bool = False
    acts: tuple[str, ...] = ()
    hides_for: float = SETTINGS.visibility_delay_seconds
    jobs: int = 1
    budget: bool = False
    turns: bool = False


@dataclass(slots=True)
class State:
    """Everything there is at one moment; copied before it is changed.

    Attributes:
        wire: Requests that were given up by their sender and still arrive, with the time until which they do.
        deleting: The uids of objects whose DELETE was decided on before the finalizer was on, and goes on.
        acts: What of the scenario's acts is still to come.
        violations: What is wrong already.
        started: How many processes there were.
        wiped: Somebody took the ledger away: until it is counted anew, nobody can know what was reserved.
        free: Its free moves, once they were asked for.
    """

    scenario: Scenario
    outside: Outside
    processes: tuple[Process | None, ...] = ()
    wire: tuple[tuple[Ask, float], ...] = ()
    deleting: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    wishes: dict[str, Wishes] = field(default_factory=dict)
    violations: tuple[str, ...] = ()
    disturbances: int = 0
    started: int = 0
    wiped: bool = False
    free: "list[tuple[str, ...]] | None" = None

    def copy(self) -> "State":
        """Another one that can be changed."""
        copy: State = _copied(self)
        copy.outside = _copied(self.outside)
        copy.outside.events, copy.outside.cancelled, copy.outside.unreserved, copy.free = (), (), (), None
        return copy

    @property
    def number(self) -> int:
        """The same for states between which nothing that decides differs."""
        return self.told()

    def told(self, *, finely: bool = False) -> int:
        """The number, or one that tells apart more than it needs to, for comparison."""
        wishes = tuple((uid, one.key) for uid, one in sorted(self.wishes.items()))
        wire = tuple((repr_of(ask), round(until - self.outside.now, 1)) for ask, until in self.wire)
        rest = (wishes, wire, self.deleting, self.acts, self.violations, self.wiped)
        return fingerprint(self.outside, self.processes, rest, finely=finely)

    # --- what moves are made of

    def set_process(self, index: int, process: Process | None) -> None:
        """Another value for one process."""
        self.processes = (*self.processes[:index], process, *self.processes[index + 1 :])

    def feed(self, index: int, come: Input) -> None:
        """Something comes in at a process; what it tells is noted."""
        process = self.processes[index]
        assert process is not None
        process = process.step(come)
        self.set_process(index, process)
        for uid in process.core.unconfirmed:
            self.wish(uid, told=True)
        wishes = self.wishes[come.uid] if come.uid in self.wishes else Wishes()
        # Whoever was paused meanwhile may find what was let go with a trace: that it runs without its object is true.
        excused = wishes.forced or wishes.overlapped or wishes.told
        if process.core.reports.get("left_behind") and not excused:
            self.violations = (*self.violations, "a removal by force was reported that nobody had made")
        # A reconciliation catches whatever it meets, so that a mistake here or in the operator would pass for time-out.
        for counted in process.core.reports:
            metric, _, kind = counted.partition(":")
            if metric == "reconcile_errors" and kind not in _EXPECTED:
                self.violations = (*self.violations, f"a reconciliation broke off with {kind}")

    def wish(self, uid: str, **changes: object) -> None:
        """Note what users did."""
        self.wishes = {**self.wishes, uid: replace(self.wishes[uid], **changes)}  # type: ignore[arg-type]

    def is_known(self, uid: str) -> bool:
        """Whether any process knows of an object, there or gone."""
        return any(one is not None and one.knows(uid) for one in self.processes)

    def tell_watchers(self) -> None:
        """Everybody whose watch doesn't lag hears at once what has happened."""
        for kind, job_ in self.outside.events:
            if kind == "DELETED" and isinstance(job_, QuantumJob) and job_.spec.deletion_policy == "Orphan":
                self.wish(job_.uid, let_go=True)
        for event in self.outside.events:
            for index, process in enumerate(self.processes):
                if process is None:
                    continue
                if process.held or process.paused_at is not None or process.inbox:
                    waiting = replace(process, inbox=(*process.inbox, event))
                    self.set_process(index, waiting)
                else:
                    self.hear(index, event)
        self.outside.events = ()

    def hear(self, index: int, event: Event) -> None:
        """One event reaches one process."""
        kind, job_ = event
        self.feed(index, Input("hear", self.outside.now, kind or "", job=job_))

    def start(self, index: int) -> None:
        """A process starts in a place, and lists everything."""
        self.started += 1
        self.set_process(index, start(f"process-{self.started}", self.outside.now))
        for one in self.there():
            self.hear(index, (None, one))

    def there(self) -> list[Known]:
        """Every object."""
        return [*([self.outside.budget] if self.outside.budget else []), *self.outside.objects.values()]

    def create(self) -> None:
        """A user applies the manifest, the first time or again."""
        number = len(self.wishes)
        spec: dict[str, object] = {}
        if self.scenario.keyed:
            spec |= KEYED
        if self.scenario.orphan:
            spec["deletionPolicy"] = "Orphan"
        if self.scenario.budget:
            spec |= MAX_COST
        uid = f"{number + 1:08d}-0000-4000-8000-000000000000"
        name = {"name": f"bell-{number + 1}"} if self.scenario.jobs > 1 else {}
        now = self.outside.now
        made: QuantumJob = shared(
            lambda: replace(job(spec, uid=uid, **name), created=wall(now)), "made", self.scenario, uid, now
        )
        self.wishes = {**self.wishes, uid: Wishes()}
        self.outside.put(made)


def _copied(value: Any) -> Any:
    """As `dataclasses.replace` with no change, in a fifth of its time."""
    copy = object.__new__(type(value))
    for name in type(value).__slots__:
        setattr(copy, name, getattr(value, name))
    return copy


def repr_of(ask: Ask) -> tuple[str, str]:
    """A request as it counts: its kind, and the object or job that it is about."""
    first = ask.args[0]
    if ask.name == "ledger":
        after = account_of(replace(first, status=ask.args[1]))
        return ask.name, str((sorted(after.periods.items()), sorted(after.jobs)))
    if isinstance(first, QuantumBudget):
        return ask.name, str(ask.args[1:])
    return ask.name, first.uid if isinstance(first, QuantumJob) else str(first)


def begin(scenario: Scenario) -> State:
    """The first state of a scenario."""
    forget()
    outside = Outside(scenario.hides_for, priced=scenario.budget, keyed=scenario.keyed)
    state = State(scenario, outside, (None,) * scenario.operators, acts=scenario.acts)
    if scenario.budget:
        outside.put_budget(new_budget(DAY if scenario.turns else LIFETIME))
    for _ in range(scenario.jobs):
        state.create()
    state.outside.events = ()
    for index in range(scenario.operators):
        state.start(index)
    return state
