"""Who may lead, decided from what one candidate saw of the Lease and from its own monotonic clock.

Rules:
1. A record that has not changed for as long as it promises is dead. Since when it has not is our own clock's word; the
   times within the record are for people.
2. Leading counts from the moment in which the write was *asked* for, not from its answer.
3. Who could not renew within the deadline has lost. The deadline is shorter than the promise, so that a leader knows it
   before anybody else may take over.
4. Another's name in the record ends it at once.
5. A record without a name is free: its leader went in order.

Lives here: the decisions, as functions of frozen values. Must not live here: clocks, requests, or what a leader does.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

NOBODY: Final = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things may take, in seconds; the values are those that Kubernetes' own controllers use.

    Attributes:
        promised: A leader that was not heard of for so long is taken for dead.
        deadline: A leader that could not renew for so long takes itself for dead.
        retry: Between two attempts, of the leader and of those on standby.
    """

    promised: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Record:
    """What a Lease says.

    Attributes:
        holder: Who leads; `NOBODY` if it is free.
        promised: Seconds for which a record holds that does not change.
        acquired: When the holder began to lead, in its own words.
        renewed: When it renewed last, in its own words.
        transitions: How often the holder has changed.
    """

    holder: str
    promised: float
    acquired: str
    renewed: str
    transitions: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A record in one version of its object."""

    version: str
    record: Record


class Step(StrEnum):
    """What a candidate does next."""

    READ = "Read"
    WRITE = "Write"
    WAIT = "Wait"
    LOST = "Lost"


@dataclass(frozen=True, slots=True)
class Candidacy:
    """What one candidate knows. All times are monotonic seconds.

    Attributes:
        identity: Its name in the record; no other process ever has the same.
        terms: Its time-outs.
        known: The version that was seen or written last; None if there is none, or none was seen yet.
        fresh: Whether a write may be based on it without another read.
        changed_at: When its record was first seen.
        renewed_at: When the write was asked for that last made this process the holder; None while it does not lead.
    """

    identity: str
    terms: Terms = field(default_factory=Terms)
    known: Lease | None = None
    fresh: bool = False
    changed_at: float = 0.0
    renewed_at: float | None = None

    @property
    def leads(self) -> bool:
        """Whether it was made the holder and has not been told otherwise."""
        return self.renewed_at is not None

    def step(self, now: float) -> Step:
        """What to do at this time."""
        if self.renewed_at is not None and (now - self.renewed_at >= self.terms.deadline or self._ousted()):
            return Step.LOST
        if not self.fresh:
            return Step.READ
        return Step.WRITE if self.leads or self._free(now) else Step.WAIT

    def timeout(self, now: float) -> float:
        """Seconds that an attempt may take: half the deadline, so that a leader has time for a second one."""
        half = self.terms.deadline / 2
        return half if self.renewed_at is None else max(0.0, min(half, self.renewed_at + self.terms.deadline - now))

    def pause(self, now: float) -> float:
        """Seconds until the next attempt; a leader's never reaches beyond its deadline."""
        if self.renewed_at is None:
            return self.terms.retry
        return max(0.0, min(self.terms.retry, self.renewed_at + self.terms.deadline - now))

    def saw(self, lease: Lease | None, now: float) -> "Candidacy":
        """The Lease was read; None if there is none."""
        same = lease is not None and self.known is not None and lease.record == self.known.record
        return replace(self, known=lease, fresh=True, changed_at=self.changed_at if same else now)

    def wrote(self, lease: Lease, asked: float) -> "Candidacy":
        """Our own record was accepted; the write was sent at this time."""
        return replace(self, known=lease, fresh=True, changed_at=asked, renewed_at=asked)

    def unsure(self) -> "Candidacy":
        """A request failed, or time has passed: what is known may be old."""
        return replace(self, fresh=False)

    def claim(self, stamp: str) -> Record:
        """The record to write in order to lead, or to go on leading.

        Args:
            stamp: The time of day, for people.
        """
        old = self.known.record if self.known else None
        ours = old is not None and old.holder == self.identity
        return Record(
            holder=self.identity,
            promised=self.terms.promised,
            acquired=old.acquired if old and ours else stamp,
            renewed=stamp,
            transitions=0 if old is None else old.transitions + (not ours),
        )

    def resignation(self, lease: Lease | None, stamp: str) -> Record | None:
        """The record to write when leaving in order; None if the Lease is not ours any more.

        Args:
            lease: As it was read just now.
            stamp: The time of day, for people.
        """
        if not self.leads or lease is None or lease.record.holder != self.identity:
            return None
        return replace(lease.record, holder=NOBODY, promised=1.0, renewed=stamp)

    def _ousted(self) -> bool:
        return self.known is not None and self.known.record.holder != self.identity

    def _free(self, now: float) -> bool:
        if self.known is None or self.known.record.holder in (NOBODY, self.identity):
            return True
        return now - self.changed_at >= self.known.record.promised
