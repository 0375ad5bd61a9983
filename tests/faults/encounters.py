"""Staged encounters of two living operators: one is stopped and continued, watches tell late, users change their minds.

What chance brings together too seldom is brought together here. Must not live here: kills at boundaries (`rounds`), or
what happens at random (`turmoil`).
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from devcluster.proxyrules import Moment
from faults.boundaries import SUBMIT, Boundary, Way, claims, says_accepted
from faults.holds import Hold
from faults.jobs import BEHAVIOUR, Job, Target, quantum_job
from faults.plan import Size
from faults.system import FENCE_SECONDS, System, launch
from faults.writes import Write
from localstack.operated import Operator

_READY_SECONDS: Final = 40.0
_STARTED_SECONDS: Final = 15.0
_AWAKE_SECONDS: Final = 2.5
_BEYOND_THE_FENCE: Final = FENCE_SECONDS + 0.7
_SUBMITTED_AGAIN_SECONDS: Final = 25.0
_LAG_SECONDS: Final = 2.0
_LONGEST_HIDDEN: Final = 0.9
"""Still less than the operator's visibility delay."""
_LOOK_SECONDS: Final = 0.005
_REGRET_SECONDS: Final = 0.4
_HANDS: Final = 8
_OF_EACH: Final = 3

CLAIM: Final = Boundary("claim", Way.CLUSTER, claims(1))
ACCEPTED: Final = Boundary("status: accepted", Way.CLUSTER, says_accepted)


class Encounters:
    """All that are staged.

    Attributes:
        kills: SIGKILLs at their ends.
        frozen: Operators that were stopped for longer than the fence and continued.
    """

    def __init__(self, system: System, size: Size, chance: random.Random) -> None:
        self.kills = 0
        self.frozen = 0
        self._system = system
        self._size = size
        self._chance = chance
        self._made = 0

    def run(self, report: Callable[[str], None]) -> None:
        """Stage each as often as planned; no operator runs afterwards."""
        for number in range(self._size.encounters):
            # In every second one the sleeper hears of each object only the end, in the others everything, but late.
            self._asleep(merge=number % 2 == 0)
            if self._size.wakes:
                self._awake()
            report(f"encounter {number + 1}: {self.frozen} times an operator was stopped and continued")

    def _asleep(self, *, merge: bool) -> None:
        """One operator sleeps while users orphan, delete, re-create and resume their jobs, and the other works."""
        first, second = self._system.operators
        self._begin(first, second)
        jobs = [self._create(Target.LONG) for _ in range(3 * _OF_EACH)]
        keyed = self._create(Target.SHORT, idempotencyKey=f"met-{self._made}")
        resumed = self._create(Target.LONG)
        self._wait_until([*jobs, resumed], "Executing")
        self._system.users.suspend(resumed)
        orphans, deleted, again = (jobs[at::3] for at in range(3))
        withheld = self._system.disturbances.withhold_events(merge=merge, client=self._system.clients[1])
        self._system.stop(second)
        began = time.monotonic()
        for job in orphans:
            self._system.users.leave_behind(job)
        for job in (*orphans, *deleted, *again, keyed):
            self._system.users.delete(job)
        self._regret(self._size.regrets)
        self._system.disturbances.lose_answers(Write.LATER_ATTEMPT, times=1, cut=merge)
        self._system.users.resume(resumed)
        for job in again:
            self._system.users.create_again(job)
        self._create(Target.SHORT, idempotencyKey=keyed.manifest["spec"]["idempotencyKey"])
        time.sleep(max(0.0, began + _BEYOND_THE_FENCE - time.monotonic()))
        self._continue(second)
        time.sleep(_AWAKE_SECONDS / 2)
        withheld.release()
        time.sleep(_AWAKE_SECONDS / 2)
        self._end(first, second)

    def _awake(self) -> None:
        """An operator whose PUT was lost sleeps until another has submitted, and wakes while its watch tells the past.

        The service hides the job as long as it may, so that the one that wakes is told that there is none.
        """
        first, second = self._system.operators
        self._begin(first)
        self._system.stack.emulator.behave(hidden_seconds=_LONGEST_HIDDEN)
        jobs = [self._new_job() for _ in range(_OF_EACH)]
        puts = [self._hold(Hold(SUBMIT, Moment.BEFORE, job)) for job in jobs]
        self._wait_for(puts)
        withheld = self._system.disturbances.withhold_events(merge=True, client=self._system.clients[0])
        for put in puts:
            put.rule.drop()
        time.sleep(0.1)
        self._system.stop(first)
        said = [self._pass(Hold(ACCEPTED, Moment.AFTER, job)) for job in jobs]
        launch(second)
        self._wait_for(said[:1], _SUBMITTED_AGAIN_SECONDS)
        self._continue(first)
        time.sleep(_LAG_SECONDS)
        withheld.release()
        time.sleep(_AWAKE_SECONDS)
        self._system.stack.emulator.behave(hidden_seconds=BEHAVIOUR["hidden_seconds"])
        self._end(first, second)

    def _regret(self, count: int) -> None:
        """Objects that are deleted within half a second; what was sent for them would run for ever.

        One half is deleted at any moment, the other while its claim is written: the API server may then take an object
        away together with the finalizer that it just got.
        """

        def one(seconds: float | None) -> None:
            job = self._new_job()
            if seconds is None:
                self._wait_for([self._pass(Hold(CLAIM, Moment.BEFORE, job))])
            time.sleep(seconds or 0.0)
            self._system.users.delete(job)

        drawn = [self._chance.uniform(0, _REGRET_SECONDS) for _ in range(count // 2)]
        with ThreadPoolExecutor(_HANDS) as pool:
            list(pool.map(one, [*drawn, *(None for _ in range(count - len(drawn)))]))

    def _begin(self, *operators: Operator) -> None:
        for operator in operators:
            launch(operator)
        deadline = time.monotonic() + _READY_SECONDS
        while not all(operator.ready() for operator in operators) and time.monotonic() < deadline:
            time.sleep(20 * _LOOK_SECONDS)

    def _end(self, *operators: Operator) -> None:
        for operator in operators:
            self._system.kill(operator)
            self.kills += 1

    def _continue(self, operator: Operator) -> None:
        self._system.go_on(operator)
        self.frozen += 1

    def _new_job(self) -> Job:
        return self._create(Target.LONG)

    def _create(self, target: Target, **spec: Any) -> Job:
        self._made += 1
        return self._system.users.create(quantum_job(f"met-{self._made}", target, "encounter", **spec))

    def _hold(self, hold: Hold) -> Hold:
        hold.rule = self._system.proxy(hold.boundary.way).hold(hold, when=hold.moment)
        return hold

    def _pass(self, hold: Hold) -> Hold:
        """Only see when it comes there."""
        self._hold(hold).rule.release()
        return hold

    def _wait_for(self, holds: Sequence[Hold], seconds: float = 0.0) -> None:
        """Until all are at their boundaries, or one of them would give up."""
        deadline = time.monotonic() + (seconds or _STARTED_SECONDS)
        while time.monotonic() < deadline and any(hold.at is None for hold in holds):
            time.sleep(_LOOK_SECONDS)

    def _wait_until(self, jobs: Sequence[Job], state: str) -> None:
        """Until the cluster shows all of them in a state, as long as that usually takes."""
        uids, deadline = {job.uid for job in jobs}, time.monotonic() + _STARTED_SECONDS
        while time.monotonic() < deadline:
            shown = {one["metadata"]["uid"]: one.get("status", {}).get("state") for one in self._system.users.look()}
            if all(shown.get(uid) == state for uid in uids):
                return
            time.sleep(40 * _LOOK_SECONDS)
