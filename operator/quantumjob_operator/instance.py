"""What this process is and what it remembers of each job: nothing here survives a restart, and nothing has to.

Lives here: the values that turn monotonic time into the facts of `Tenure`. Must not live here: decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from quantumjob_operator.lifecycle.certainty import Certainty
from quantumjob_operator.lifecycle.facts import Tenure
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import RemoteJob


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day and a clock that never steps back."""

    monotonic: Callable[[], float]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(slots=True)
class Memory:
    """What this process knows of one object beyond what the cluster holds.

    Attributes:
        job: The newest version, for the case that the object disappears by force.
        certainty: How sure this process is of its claim and of a 404.
        failures: Looks in a row that met trouble.
        troubled_since: When the first of them ended.
        asked_at: When the service was last asked to cancel the attempt that the claim names.
        output_since: When the output was first tried to be read.
        predecessor_since: Since when the output name is known to be a deleted predecessor's.
        fresh: What the poller's GET answered, to be used once.
        program: The program's bytes, kept only during one look.
    """

    job: QuantumJob
    certainty: Certainty = field(default_factory=Certainty)
    failures: int = 0
    troubled_since: float | None = None
    asked_at: float | None = None
    output_since: float | None = None
    predecessor_since: float | None = None
    fresh: RemoteJob | None = None
    program: bytes | None = field(default=None, repr=False)

    def looked(self, now: float, *, trouble: bool) -> None:
        """A look has ended, in trouble or not."""
        self.failures = self.failures + 1 if trouble else 0
        since = now if self.troubled_since is None else self.troubled_since
        self.troubled_since = since if trouble else None

    def tenure(self, holder: str, now: float, *, fence: float, patience: float) -> Tenure:
        """The facts at a monotonic time.

        Args:
            holder: This process's name in claims.
            now: Monotonic seconds.
            fence: For how long the service may hide a job, with everything that comes before it.
            patience: For how long an unreadable result is tried again.
        """
        sure = self.certainty
        return Tenure(
            holder=holder,
            never_sent=sure.never_sent,
            doubt_left=sure.doubt_left(now),
            absence_left=sure.absence_left(now, fence),
            failures=self.failures,
            troubled=now - self.troubled_since if self.troubled_since is not None else 0.0,
            output_doubt_left=patience - (now - self.output_since if self.output_since is not None else 0.0),
            since_cancel=now - self.asked_at if self.asked_at is not None else None,
            rival_left=sure.rival_left(now),
        )


def new_holder() -> str:
    """A name for this process that no other process ever had."""
    return str(uuid4())
