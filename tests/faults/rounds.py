"""Kills at exact boundaries: objects are brought before them, held there by the proxies, and the operator is killed.

In each life of an operator many objects are held at once, each at its own boundary, when SIGKILL comes. What was held
before its effect is lost, or arrives late, as on a slow network. A round is a life in which new jobs are submitted and
a successor stands by; the successor's life, in which objects get into the states that further boundaries ask for; and
lives at those boundaries, with some of the objects in each: a call that is held is given up after some seconds, so
that who comes to its boundary late needs a life without those that come to theirs at once.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from devcluster.proxyrules import Moment, Request
from faults.boundaries import GET_REMOTE, SUBMIT, Asked, Boundary, State, Way
from faults.budgets import WIDE
from faults.evidence import is_true
from faults.holds import FRESH_SECONDS, LATEST_SECONDS, Hold, arrive
from faults.jobs import CLOCK_STEP, Job, Object, Target, quantum_job
from faults.states import PREPARED, is_to_be_suspended, state_of
from faults.system import NAMESPACES, System, launch
from faults.writes import Write
from localstack.operated import Operator

_CALM_SECONDS: Final = 25.0
_ARMED_SECONDS: Final = 12.0
_LOOK_SECONDS: Final = 0.03
_LEFT_BY: Final = {State.CLAIMED: Moment.BEFORE, State.SENT: Moment.AFTER}
_SECOND_LIFE: Final = {*_LEFT_BY, State.ANY}
"""Whose boundary comes behind a fence."""
_THIRD_LIFE: Final = {State.SUSPENDED}
"""Whose boundary comes behind a fence and after a claim."""
_OWN_NAMESPACE: Final = {State.ALONE, State.FRUGAL}
_CLOCKED: Final = {State.STARTED, State.ENDED}
_AT_ONCE: Final = 16
"""So many get to their boundaries before the first of them gives up, on two cores."""
_BYSTANDERS: Final = 3
"""In each of two workspaces: a poller lists only when there are several to look at."""

Point = tuple[Boundary, Moment]


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
        self._handovers = 0
        self._pools: defaultdict[State, list[Job]] = defaultdict(list)
        self._late: list[threading.Thread] = []
        self._own: list[Job] = []

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
            self._handover()
            self._calm()
            second, third = (
                [point for point in self.missing if point[0].state in life] for life in (_SECOND_LIFE, _THIRD_LIFE)
            )
            later = {*_SECOND_LIFE, *_THIRD_LIFE, State.NEW}
            first = [point for point in self.missing if point[0].state not in later]
            # What moves with the clock comes first: each life puts it forward.
            first.sort(key=lambda point: point[0].state not in _CLOCKED)
            while len(first) > _AT_ONCE:
                self._armed(first[:_AT_ONCE], [])
                del first[:_AT_ONCE]
            self._armed(first, self._feeders())
            self._armed(second, [])
            self._armed(third, [])
            report(f"round {number + 1}: {self.kills} kills, {len(self.missing)} boundaries to go")
        launch(self._successor)
        self._calm()
        for late in self._late:
            late.join()

    def _handover(self) -> None:
        """An operator is killed while it submits, and a successor that stood by goes on within milliseconds.

        So it meets what the dead one sent before it arrives.
        """
        launch(self._successor)
        deadline = time.monotonic() + _CALM_SECONDS
        while not self._successor.ready() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self._system.stop(self._successor)
        holds = self._held([point for point in self.missing if point[0].state is State.NEW], [])
        launch(self._operator)
        self._wait(holds)
        self._kill(self._operator, holds)
        seen = [Hold(GET_REMOTE, Moment.AFTER, hold.job) for hold in holds]
        for look in seen:
            look.rule = self._system.proxy(Way.SERVICE).hold(look, when=Moment.AFTER)
            look.rule.release()
        # In every second one the successor never learns that the claim has become its own, and the call comes last.
        self._handovers += 1
        untold = bool(self._handovers % 2)
        for hold in holds if untold else ():
            cut, of = self._handovers % 4 == 1, partial(_writes, hold.job)
            self._system.disturbances.lose_answers(Write.CLAIM, times=1, cut=cut, of=of)
        self._system.go_on(self._successor)
        for hold, look in zip(holds, seen, strict=True):
            submits = hold.boundary is SUBMIT
            self._let_go(hold, look if submits and not untold else None, last=submits and untold)

    def _calm(self) -> None:
        """A life in which nothing is held, until there are enough objects in each state; the last one tidies up."""
        need = Counter(boundary.state for boundary, _ in self.missing if boundary.state in PREPARED)
        for state, count in need.items():
            for _ in range(count - len(self._pools[state])):
                self._create(PREPARED[state][0], state)
        deadline = time.monotonic() + _CALM_SECONDS
        while time.monotonic() < deadline:
            objects = self._system.users.look()
            self._sort(objects)
            self._tidy(objects)
            enough = all(len(self._pools[state]) >= count for state, count in need.items())
            if enough and (self.missing or not self._own):
                break
            time.sleep(10 * _LOOK_SECONDS)
        self._kill(self._successor, [])

    def _sort(self, objects: Iterable[Object]) -> None:
        """Which object is in which state, as far as boundaries ask for it; an object serves once."""
        self._pools.clear()
        for one in objects:
            job = self._system.users.jobs[one["metadata"]["uid"]]
            if is_to_be_suspended(one, job.role):
                self._system.users.suspend(job)
            state = state_of(one, job.role)
            if state:
                self._pools[state].append(job)

    def _tidy(self, objects: Iterable[Object]) -> None:
        """Namespaces that were made for one job go when it is over, as a team's do: hundreds would be all the work."""
        over = {one["metadata"]["uid"] for one in objects if is_true(one, "Finished")}
        budgets = self._system.users.budgets() if any(job.uid in over for job in self._own) else []
        busy = {one["metadata"]["namespace"] for one in budgets if one.get("status", {}).get("reservations")}
        for job in [one for one in self._own if one.uid in over and one.namespace not in busy]:
            self._system.remove_namespace(job.namespace)
            self._own.remove(job)

    def _armed(self, points: list[Point], feeders: list[Hold]) -> None:
        """A life in which each object is held at its boundary, and that ends when all are."""
        holds = self._held(points, feeders)
        if not holds:
            return
        launch(self._operator)
        self._wait(holds)
        self._kill(self._operator, holds)
        for hold in holds:
            self._let_go(hold)

    def _held(self, points: list[Point], feeders: list[Hold]) -> list[Hold]:
        """While no operator runs: users ask for what the points need, and the proxies are told whom to hold."""
        holds = [Hold(*point, job) for point in points if (job := self._subject(point))] + feeders
        self._system.put_clock_forward(CLOCK_STEP)
        for hold in holds:
            self._ask(hold)
            hold.rule = self._system.proxy(hold.boundary.way).hold(hold, when=hold.moment)
        return holds

    def _subject(self, point: Point) -> Job | None:
        """An object for a point; None if there is none in its state now."""
        boundary, _ = point
        if boundary.state is State.NEW:
            return self._create(Target.SHORT, State.NEW)
        if boundary.state in _OWN_NAMESPACE:
            namespace = f"{boundary.state}-{self._made}"
            self._system.add_namespace(namespace, limit=WIDE if boundary.state is State.FRUGAL else None)
            self._own.append(self._create(Target.SHORT, boundary.state, namespace))
            return self._own[-1]
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
                hold.at is not None and now - hold.at > 0.8 * FRESH_SECONDS[hold.boundary.way] for hold in holds
            )
            if not waiting or expiring or not self._operator.running:
                return
            time.sleep(_LOOK_SECONDS)

    def _kill(self, operator: Operator, holds: Sequence[Hold]) -> None:
        self._system.kill(operator)
        now = time.monotonic()
        self.kills += 1
        hit = [hold for hold in holds if hold.hits(now)]
        self.within += any(hold.moment is Moment.AFTER for hold in hit)
        self.hits.update((hold.boundary, hold.moment) for hold in hit)
        for hold in hit:
            if hold.strictly:
                state = State.CLAIMED if hold.moment is Moment.BEFORE else State.SENT
                self._pools[state].append(hold.job)

    def _let_go(self, hold: Hold, look: Hold | None = None, *, last: bool = False) -> None:
        """After its sender's death: lost, or late; a rule that picked nothing must not pick anything later.

        Args:
            hold: What is held.
            look: Its successor's look for the job: a late call arrives right after it, if there is time.
            last: A late call arrives as late as it can.
        """
        if hold.at is None:
            hold.at = 0.0
            hold.rule.release()
            return
        if hold.moment is Moment.AFTER or hold.strictly or (look is None and not last and self._chance.random() < 0.5):
            hold.rule.drop()
            return
        latest = hold.at + LATEST_SECONDS[hold.boundary.way]
        drawn = (
            latest if look or last else time.monotonic() + self._chance.random() * max(0.0, latest - time.monotonic())
        )
        late = threading.Thread(target=arrive, args=(hold, look, drawn))
        self._late.append(late)
        late.start()

    @property
    def _operator(self) -> Operator:
        return self._system.operators[0]

    @property
    def _successor(self) -> Operator:
        return self._system.operators[1]


def _writes(job: Job, request: Request) -> bool:
    return request.path.partition("?")[0] == job.path
