"""Kills at exact boundaries: objects are brought before them, held there by the proxies, and the operator is killed.

A round is a life in which objects get into the states that the boundaries ask for, and lives in each of which many
objects are held at once, each at its own boundary, when SIGKILL comes. What was held before its effect is lost, or
arrives late, as on a slow network.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from devcluster.proxyrules import Moment, Request, Rule
from faults.boundaries import SUBMIT, Asked, Boundary, State, Way
from faults.evidence import is_true
from faults.jobs import CLOCK_STEP, Job, Object, Target, quantum_job
from faults.system import NAMESPACES, REQUEST_SECONDS, System, launch
from localstack.operated import Operator

_CALM_SECONDS: Final = 25.0
_ARMED_SECONDS: Final = 12.0
_FRESH_SECONDS: Final = {Way.CLUSTER: 25.0, Way.SERVICE: REQUEST_SECONDS - 0.2, Way.STORAGE: REQUEST_SECONDS - 0.2}
"""After this the operator may have given a held call up."""
_LATEST_SECONDS: Final = {Way.CLUSTER: 6.0, Way.SERVICE: REQUEST_SECONDS - 0.2, Way.STORAGE: REQUEST_SECONDS}
"""Up to this a call may still arrive after it was sent."""
_LOOK_SECONDS: Final = 0.03
_PREPARED: Final = {
    State.EXECUTING: (Target.LONG, "Executing"),
    State.STARTED: (Target.DELAYED, "Waiting"),
    State.ENDED: (Target.TIMED, "Executing"),
}
_LEFT_BY: Final = {State.CLAIMED: Moment.BEFORE, State.SENT: Moment.AFTER}
_SECOND_LIFE: Final = {*_LEFT_BY, State.ANY}
_BYSTANDERS: Final = 3
"""In each of two workspaces: a poller lists only when there are several to look at."""

Point = tuple[Boundary, Moment]


@dataclass(slots=True)
class Hold:
    """One object at its boundary; the predicate that the proxy calls.

    Attributes:
        at: When its call came there (monotonic), None until then.
        strictly: Whether what is held before its effect must be lost.
    """

    boundary: Boundary
    moment: Moment
    job: Job
    strictly: bool = False
    at: float | None = None
    rule: Rule = field(init=False)

    def __call__(self, request: Request) -> bool:
        """Whether this request is the one; called in the proxy's thread."""
        if self.at is not None or not self.boundary.picks(request, self.job):
            return False
        self.at = time.monotonic()
        return True

    def hits(self, now: float) -> bool:
        """Whether the operator is at this boundary at a time."""
        return self.at is not None and now - self.at < _FRESH_SECONDS[self.boundary.way]


class Rounds:
    """Kills at boundaries, until each has its share.

    Attributes:
        hits: Kills at each point, a boundary before or after its effect.
        kills: SIGKILLs.
        within: SIGKILLs that cut at least one call between its effect and its answer.
    """

    def __init__(self, system: System, boundaries: Sequence[Boundary], chance: random.Random, *, share: int) -> None:
        self.hits: Counter[Point] = Counter()
        self.kills = 0
        self.within = 0
        self._system = system
        self._points = [(boundary, moment) for boundary in boundaries for moment in Moment]
        self._chance = chance
        self._share = share
        self._made = 0
        self._pools: defaultdict[State, list[Job]] = defaultdict(list)
        self._late: list[threading.Timer] = []

    @property
    def missing(self) -> list[Point]:
        """The points that have not had their share."""
        return [point for point in self._points if self.hits[point] < self._share]

    def run(self, most: int, report: Callable[[str], None]) -> None:
        """Run rounds until nothing is missing, but no more than `most`."""
        for namespace in NAMESPACES[1:]:
            for _ in range(_BYSTANDERS):
                self._create(Target.LONG, State.ANY, namespace)
        for number in range(most):
            if not self.missing:
                break
            self._calm()
            first = [point for point in self.missing if point[0].state not in _SECOND_LIFE]
            self._armed(first, self._feeders())
            self._armed([point for point in self.missing if point[0].state in _SECOND_LIFE], [])
            report(f"round {number + 1}: {self.kills} kills, {len(self.missing)} boundaries to go")
        for timer in self._late:
            timer.join()

    def _calm(self) -> None:
        """A life in which nothing is held, until there are enough objects in each state."""
        need = Counter(boundary.state for boundary, _ in self.missing if boundary.state in _PREPARED)
        for state, count in need.items():
            for _ in range(count - len(self._pools[state])):
                self._create(_PREPARED[state][0], state)
        launch(self._operator)
        deadline = time.monotonic() + _CALM_SECONDS
        while time.monotonic() < deadline:
            self._sort(self._system.users.look())
            if all(len(self._pools[state]) >= count for state, count in need.items()):
                break
            time.sleep(10 * _LOOK_SECONDS)
        self._kill([])

    def _sort(self, objects: Iterable[Object]) -> None:
        """Which object is in which state, as far as boundaries ask for it; an object serves once."""
        self._pools.clear()
        for one in objects:
            job = self._system.users.jobs[one["metadata"]["uid"]]
            state = _state_of(one, job.role)
            if state:
                self._pools[state].append(job)

    def _armed(self, points: list[Point], feeders: list[Hold]) -> None:
        """A life in which each object is held at its boundary, and that ends when all are."""
        holds = [Hold(*point, job) for point in points if (job := self._subject(point))] + feeders
        if not holds:
            return
        self._system.put_clock_forward(CLOCK_STEP)
        for hold in holds:
            self._ask(hold)
            hold.rule = self._system.proxy(hold.boundary.way).hold(hold, when=hold.moment)
        launch(self._operator)
        self._wait(holds)
        self._kill(holds)
        for hold in holds:
            self._let_go(hold)

    def _subject(self, point: Point) -> Job | None:
        """An object for a point; None if there is none in its state now."""
        boundary, _ = point
        if boundary.state is State.NEW:
            return self._create(Target.SHORT, State.NEW)
        if boundary.state is State.ALONE:
            namespace = f"alone-{self._made}"
            self._system.add_namespace(namespace)
            return self._create(Target.SHORT, State.ALONE, namespace)
        pool = self._pools[boundary.state]
        if boundary.state is State.ANY:
            return Job("", "", "")
        if not pool:
            return None
        job = pool.pop()
        job.role = ""
        return job

    def _feeders(self) -> list[Hold]:
        """Objects whose submission is killed here, so that the next life finds them in the state that it leaves."""
        need = Counter(boundary.state for boundary, _ in self.missing if boundary.state in _LEFT_BY)
        return [
            Hold(SUBMIT, _LEFT_BY[state], self._create(Target.LONG, state), strictly=True)
            for state, count in need.items()
            for _ in range(count)
        ]

    def _create(self, target: Target, state: State, namespace: str = "default") -> Job:
        self._made += 1
        return self._system.users.create(quantum_job(f"at-{self._made}", target, state.value), namespace)

    def _ask(self, hold: Hold) -> None:
        users, job = self._system.users, hold.job
        match hold.boundary.asked:
            case Asked.CANCEL:
                users.cancel(job)
            case Asked.DELETE:
                users.delete(job)
            case Asked.SUSPEND:
                users.suspend(job)
            case Asked.RESUME:
                users.resume(job)
            case Asked.EXPIRE:
                users.change(job, {"ttlSecondsAfterFinished": 0})
            case Asked.NOTHING:
                return

    def _wait(self, holds: Sequence[Hold]) -> None:
        """Until all are at their boundaries, or the first of them would give up."""
        deadline = time.monotonic() + _ARMED_SECONDS
        while (now := time.monotonic()) < deadline:
            waiting = [hold for hold in holds if hold.at is None]
            expiring = any(
                hold.at is not None and now - hold.at > 0.8 * _FRESH_SECONDS[hold.boundary.way] for hold in holds
            )
            if not waiting or expiring or not self._operator.running:
                return
            time.sleep(_LOOK_SECONDS)

    def _kill(self, holds: Sequence[Hold]) -> None:
        self._operator.kill()
        now = time.monotonic()
        self.kills += 1
        hit = [hold for hold in holds if hold.hits(now)]
        self.within += any(hold.moment is Moment.AFTER for hold in hit)
        self.hits.update((hold.boundary, hold.moment) for hold in hit)
        for hold in hit:
            if hold.strictly:
                state = State.CLAIMED if hold.moment is Moment.BEFORE else State.SENT
                self._pools[state].append(hold.job)

    def _let_go(self, hold: Hold) -> None:
        """After its sender's death: lost, or late; a rule that picked nothing must not pick anything later."""
        late = hold.moment is Moment.BEFORE and not hold.strictly and self._chance.random() < 0.5
        if hold.at is None:
            hold.at = 0.0
            hold.rule.release()
        elif late:
            left = max(0.0, hold.at + _LATEST_SECONDS[hold.boundary.way] - time.monotonic())
            timer = threading.Timer(self._chance.uniform(0, left), hold.rule.release)
            self._late.append(timer)
            timer.start()
        else:
            hold.rule.drop()

    @property
    def _operator(self) -> Operator:
        return self._system.operators[0]


def _state_of(one: Object, role: str) -> State | None:
    state = one.get("status", {}).get("state")
    if "deletionTimestamp" in one["metadata"]:
        return None
    for prepared, (_, shown) in _PREPARED.items():
        if role == prepared and state == shown:
            return prepared
    if state == "Suspended" and one["spec"].get("suspend"):
        return State.SUSPENDED
    return State.SUCCEEDED if state == "Succeeded" and is_true(one, "Finished") else None
