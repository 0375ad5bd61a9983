"""The few parts around the real shell that stand for sockets, threads and timers.

Every other part of an explored process is the operator's own code: reconciler, submitter, actions, finalization, cache
and the ear of the watch. Must not live here: requests (`clients`), or anything that decides.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from explore.asks import Ask
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.deletion import UNCONFIRMED
from quantumjob_operator.lifecycle.observation import OutputPlace
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import NOW
from rooms.model.bodies import workspace

EPOCH: Final = 1_000_000.0
"""Where virtual time begins: beyond every duration, so that a number tells by its size that it is a time."""
WORKSPACE: Final = workspace()
TURN: Final = EPOCH + 6.0
"""The first moment of the next day: what was sent at the beginning may have ended by then; a pause goes beyond it."""
_BEGIN: Final = NOW.replace(hour=0, minute=0) + timedelta(days=1, seconds=EPOCH - TURN)
_TICK: Final = 0.5
"""A queue may be late: what is due within the same half second comes at one moment, in any order."""


@dataclass(slots=True)
class Time:
    """Virtual seconds of one process."""

    now: float = EPOCH

    def monotonic(self) -> float:
        """For `Clock`."""
        return self.now

    def wall(self) -> datetime:
        """For `Clock`."""
        return wall(self.now)


TIME: Final = Time()
"""One for all processes: whatever comes in at one of them says when, and what one of them keeps may lead here."""


def wall(now: float) -> datetime:
    """The time of day at a moment of virtual time."""
    return _BEGIN + timedelta(seconds=now - EPOCH)


@dataclass(slots=True)
class Queue:
    """The work queue without its workers: what is due when, and what is in work."""

    time: Time
    due: dict[str, float] = field(default_factory=dict)
    working: set[str] = field(default_factory=set)
    dirty: set[str] = field(default_factory=set)

    def add(self, key: str) -> None:
        """As `WorkQueue.add`."""
        if key in self.working:
            self.due.pop(key, None)
            self.dirty.add(key)
        else:
            self.due[key] = self.time.now

    def add_after(self, key: str, seconds: float) -> None:
        """As `WorkQueue.add_after`."""
        if seconds <= 0:
            self.add(key)
        else:
            ticks = ceil(seconds / _TICK) * _TICK
            self.due[key] = min(self.due.get(key, float("inf")), self.time.now + ticks)

    def is_working(self, key: str) -> bool:
        """As `WorkQueue.is_working`."""
        return key in self.working

    def take_up(self, key: str) -> None:
        """A worker begins."""
        del self.due[key]
        self.working.add(key)

    def put_down(self, key: str) -> None:
        """A worker has ended."""
        self.working.discard(key)
        if key in self.dirty:
            self.dirty.discard(key)
            self.add(key)


@dataclass(slots=True)
class Workspaces:
    """One workspace that always works, and what the poller follows there."""

    connection: Connection
    followed: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    async def for_job(self, _job: QuantumJob) -> Connection:
        """The way."""
        return self.connection

    def serving(self, _job: QuantumJob) -> tuple[str, str]:
        """The one that there is."""
        return WORKSPACE.key

    def offers(self, _name: tuple[str, str]) -> tuple[()]:
        """Nothing that a refusal could suggest."""
        return ()

    def moved(self, _job: QuantumJob) -> bool:
        """Never."""
        return False

    def follow(self, _connection: Connection, job: QuantumJob, job_id: str) -> None:
        """What the poller asks about, and the word that it knows."""
        self.followed[job.uid] = (job_id, job.status.remote_status)

    def unfollow(self, uid: str) -> None:
        """No more."""
        self.followed.pop(uid, None)

    async def refused(self, _connection: Connection) -> None:
        """Credentials are not explored."""


class OutputWriter:
    """The output ConfigMap, without what stands in it."""

    async def check(self, context: ReconcileContext) -> None:
        """Its name is free."""
        context.know(output=OutputPlace(context.job.output_name))

    async def write(self, context: ReconcileContext) -> None:
        """One write."""
        await Ask("output", (context.job.uid,))
        context.know(output=OutputPlace(context.job.output_name, written=True))

    write_bare = write


@dataclass(slots=True)
class InflightLimiter:
    """No limits."""

    def take(self, _workspace: Any, _job: QuantumJob, **_how: bool) -> None:
        """Always a place."""

    def waits_for_others(self, _uid: str) -> bool:
        """Nobody waits."""
        return False

    def stands_in_line(self, _workspace: Any, _job: QuantumJob) -> bool:
        """Nobody waits."""
        return False

    def free(self, _uid: str) -> None:
        """Nothing to count."""

    def forget(self, _uid: str) -> None:
        """Nothing to count."""


@dataclass(slots=True)
class Told:
    """What a process told people since it was last asked: reports counted, and Events about unconfirmed ends."""

    reports: "Counter[str]" = field(default_factory=Counter)
    unconfirmed_ends: list[str] = field(default_factory=list)

    async def publish(
        self, involved: dict[str, Any], notice: Notice, _now: datetime, *, once: bool = False, version: str = ""
    ) -> bool:
        """As `Events.publish`: it never raises."""
        del once, version
        # One of the reasons is also that of a wait.
        if notice.reason in UNCONFIRMED and notice.message.startswith("released") and "uid" in involved:
            self.unconfirmed_ends.append(involved["uid"])
        return True

    def __getattr__(self, name: str) -> "Counting":
        """As `Metrics`: any counter by its name."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Counting(self, name)


@dataclass(frozen=True, slots=True)
class Counting:
    """One counter or histogram of `Told`."""

    told: Told
    name: str

    def labels(self, *values: str) -> "Counting":
        """Each combination counts for itself."""
        return Counting(self.told, ":".join((self.name, *values)))

    def inc(self, _by: float = 1.0) -> None:
        """Count."""
        self.told.reports[self.name] += 1

    def observe(self, _value: float) -> None:
        """Durations are not looked at."""
