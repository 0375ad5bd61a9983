"""The campaign's second part: two operators that are killed at random moments, users, and bad weather.

Follows a plan; draws nothing. Must not live here: what is planned (`plan`), or the verdict (`judge`).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from faults.jobs import CLOCK_STEP, Job
from faults.plan import Act, Event, Life, Plan
from faults.system import System, launch
from localstack.operated import Operator

_DELAYS: Final = {"put_delay_before": {"least": 0.0, "most": 0.5}, "put_delay_after": {"least": 0.0, "most": 1.0}}
"""Of every PUT, so that many a kill falls between its effect and its answer."""
_NO_DELAYS: Final[Mapping[str, Mapping[str, float]]] = {"put_delay_before": {}, "put_delay_after": {}}
_STALL_SECONDS: Final = 180.0
_ACTORS: Final = (
    frozenset({Act.CREATE, Act.CANCEL, Act.DELETE, Act.SUSPEND, Act.RESUME, Act.LEAVE_BEHIND}),
    frozenset({Act.RECREATE}),
    frozenset({Act.ARM, Act.DISARM, Act.CLOCK, Act.LOSE}),
    frozenset({Act.WITHHOLD}),
    frozenset({Act.RESTART, Act.ROTATE}),
)
"""Who waits for one action must not delay another's."""


class Turmoil:
    """One run of a plan.

    Attributes:
        kills: SIGKILLs until now.
        restarts: Of the API server.
        frozen: Operators that were stopped for longer than the fence and continued.
    """

    def __init__(self, system: System, plan: Plan, report: Callable[[str], None]) -> None:
        self.kills = 0
        self.restarts = 0
        self.frozen = 0
        self._system = system
        self._plan = plan
        self._report = report
        self._jobs: dict[str, Job] = {}
        self._turn = threading.Condition()
        self._failure: BaseException | None = None
        self._acts: Mapping[Act, Callable[[Event], None]] = {
            Act.CREATE: self._create,
            Act.CANCEL: lambda event: system.users.cancel(self._jobs[event.job]),
            Act.DELETE: lambda event: system.users.delete(self._jobs[event.job]),
            Act.SUSPEND: lambda event: system.users.suspend(self._jobs[event.job]),
            Act.RESUME: lambda event: system.users.resume(self._jobs[event.job]),
            Act.LEAVE_BEHIND: lambda event: system.users.leave_behind(self._jobs[event.job]),
            Act.RECREATE: self._create_again,
            Act.LOSE: self._lose,
            Act.WITHHOLD: self._withhold,
            Act.ARM: lambda event: system.arm(event.faults),
            Act.DISARM: lambda _: system.disarm(),
            Act.RESTART: self._restart,
            Act.ROTATE: lambda event: system.rotate_key(secret_first=event.choice),
            Act.CLOCK: lambda _: system.put_clock_forward(CLOCK_STEP),
        }

    def run(self) -> None:
        """Do everything that is planned; all faults are over afterwards, and no operator runs.

        Raises:
            Exception: Whatever one of the threads ended with.
        """
        self._system.stack.emulator.behave(**_DELAYS)
        lives = zip(self._system.operators, self._plan.lives, strict=True)
        threads = [threading.Thread(target=self._keep, args=(self._live, *one)) for one in lives]
        threads += [threading.Thread(target=self._keep, args=(self._act, acts)) for acts in _ACTORS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure:
            raise self._failure
        self._system.disarm()
        self._system.disturbances.end()
        self._system.stack.emulator.behave(**_NO_DELAYS)

    def _keep(self, work: Callable[..., None], *arguments: object) -> None:
        """Do a thread's work; what it ends with is raised by `run`, and ends the others' waiting."""
        try:
            work(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            with self._turn:
                self._failure = self._failure or error
                self._turn.notify_all()

    def _live(self, operator: Operator, lives: Sequence[Life]) -> None:
        try:
            for life in lives:
                time.sleep(life.pause)
                launch(operator)
                time.sleep(life.seconds / 2)
                if life.frozen:
                    self._freeze(operator, life.frozen)
                time.sleep(life.seconds / 2)
                self._system.kill(operator)
                self._count()
        finally:
            operator.end()

    def _freeze(self, operator: Operator, seconds: float) -> None:
        if not operator.running:
            return
        self._system.stop(operator)
        time.sleep(seconds)
        self._system.go_on(operator)
        self.frozen += 1

    def _act(self, acts: AbstractSet[Act]) -> None:
        for event in self._plan.events:
            if event.act in acts:
                self._wait_for(event.at)
                if event.job:
                    time.sleep(event.seconds)
                self._acts[event.act](event)

    def _count(self) -> None:
        with self._turn:
            self.kills += 1
            self._turn.notify_all()
            if self.kills % 20 == 0:
                self._report(f"{self.kills} kills at random, {len(self._jobs)} jobs")

    def _wait_for(self, at: float) -> None:
        """Until there were so many kills; what is planned for after the last one comes at once."""
        due = min(at, float(self._plan.size.kills))
        with self._turn:
            while (before := self.kills) < due and self._failure is None:
                if not self._turn.wait_for(lambda: self.kills > before or self._failure, _STALL_SECONDS):
                    raise TimeoutError(f"no kill within {_STALL_SECONDS} s")
            failure = self._failure
        if failure:
            raise failure

    def _create(self, event: Event) -> None:
        if event.manifest is not None:
            job = self._system.users.create(event.manifest, event.namespace)
            with self._turn:
                self._jobs[event.job] = job
                self._turn.notify_all()

    def _create_again(self, event: Event) -> None:
        with self._turn:
            self._turn.wait_for(lambda: event.job in self._jobs or self._failure, _STALL_SECONDS)
        job = self._jobs[event.job]
        if event.manifest is not None:
            self._system.users.create(event.manifest, job.namespace)
        else:
            self._system.users.create_again(job)

    def _lose(self, event: Event) -> None:
        if event.write is not None:
            self._system.disturbances.lose_answers(event.write, times=event.times, cut=event.choice)

    def _withhold(self, event: Event) -> None:
        withheld = self._system.disturbances.withhold_events(merge=event.choice)
        time.sleep(event.seconds)
        withheld.release()

    def _restart(self, event: Event) -> None:
        self._system.restart_api_server(compact=event.choice)
        self.restarts += 1
