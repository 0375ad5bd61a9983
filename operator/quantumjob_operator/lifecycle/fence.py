"""How sure one process can be of its claim and of a 404, on its monotonic clock.

Rules:
1. A claim is surely ours as of the moment in which we *asked* for it; it may be somebody else's by the answer.
2. A 404 tells of the moment in which we *asked*; a fence that ends before the answer has not ended for the question.
3. The fence begins before the first byte of a PUT and ends, unless the answer says "not applied", `fence` seconds
   later.
4. A claim that we took from another process, or find without knowing its history, is fenced as long. So is
   one that names us although its write was never answered: it may have been somebody else's before. So is one that is
   put where another's was seen to be taken off.
5. An attempt that a claim was seen to name may have been sent, although the object names an earlier one by now, or
   none: it is fenced from when that was noticed. So is what another process says in status that it waits for.
6. A holder that took the claim before our eyes is alive: it is left alone long enough to finish.

Lives here: the bookkeeping behind `observation.ClaimOwnership`, as a frozen value, and what it says of an object
that is gone. Must not live here: clocks, or what is done.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import attempt_to_claim, has_ended
from quantumjob_operator.lifecycle.doubts import doubt_of, is_doubted, may_have_been_sent
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Claims, Trouble
from quantumjob_operator.lifecycle.unsent import NOTHING_KNOWN, Unsent
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_FOREVER: Final = float("inf")
_FENCES_FOR_A_RIVAL: Final = 2.0
_NOBODY: Final = ""


class Sent(StrEnum):
    """What became of a PUT, as far as its answer tells."""

    ACCEPTED = "Accepted"
    NOT_APPLIED = "NotApplied"
    UNKNOWN = "Unknown"


_AS_BELIEVED: Final = Claims()


@dataclass(frozen=True, slots=True)
class FenceState:
    """What one process knows of one job beyond what the cluster holds. All times are monotonic seconds.

    Attributes:
        claimed_at: As of when the claim was ours for sure.
        never_sent: The claim was put by this process on an object that had none, and no PUT has begun since.
        fenced_until: A 404 that was asked for before this is not believed.
        absent_since: Since when the service says without a break that it has no such job.
        absent_at: When the service was last asked for the job and had none, if it has not shown one since.
        shown: The service has shown the job in this reconciliation: the object may have forgotten that it sent it.
        asked_at: When the answer at hand was asked for.
        accepted: The remote job that status called accepted at the last reconciliation.
        rival: The holder that was last seen, if it was not this process; None before the first reconciliation.
        rival_until: Before this the rival's claim is not taken over.
        acknowledged: The attempt of the claim whose write the API server has answered to this process.
        latest: The highest attempt that a claim was seen to name: an object that is set back names an earlier one.
        forgotten: That attempt, if the object has been without it since the fence for it began; 0 if it names it.
        doubted: What status said when this process looked last of an earlier request that may have been accepted.
        unsent: Whether nothing was sent, whatever users wrote into the claim.
    """

    claimed_at: float | None = None
    never_sent: bool = False
    fenced_until: float = 0.0
    absent_since: float | None = None
    absent_at: float | None = None
    shown: bool = False
    asked_at: float | None = None
    accepted: str | None = None
    rival: str | None = None
    rival_until: float = 0.0
    acknowledged: int | None = None
    latest: int = 0
    forgotten: int = 0
    doubted: str = ""
    unsent: Unsent = NOTHING_KNOWN

    def met(
        self, job: QuantumJob, holder: str, now: float, fence: float, claims: Claims = _AS_BELIEVED
    ) -> "FenceState":
        """At the beginning: who holds the claim now, and which remote job is known to have been accepted.

        A rival that held the claim before our first reconciliation may be our own predecessor, which is dead: it is not
        waited for. One that appears later is alive.

        Args:
            job: The object, with the claim that is believed.
            holder: This process's name in claims.
            now: Monotonic seconds.
            fence: Seconds after which a 404 can be believed.
            claims: What else was seen of its claims.
        """
        rival = _NOBODY if job.claim is None or job.claim.holder == holder else job.claim.holder
        until = self.rival_until
        if self.rival is not None and rival not in (self.rival, _NOBODY):
            until = now + _FENCES_FOR_A_RIVAL * fence
        accepted = job.status.job_id if was_accepted(job) else None
        # An absence from before the acceptance, by this process or by another, says nothing of the accepted job.
        absent_since = self.absent_since if accepted == self.accepted else None
        known = replace(
            self._noticing(job, now + fence, claims, rival=rival),
            rival=rival,
            rival_until=until,
            asked_at=None,
            shown=False,
            accepted=accepted,
            absent_since=absent_since,
            doubted=doubt_of(job.status),
            unsent=self.unsent if self.rival is not None else self.unsent.hidden(now + fence),
        )
        if rival != _NOBODY:
            # It may send; and a claim that is taken back is written anew, which somebody has to answer.
            return replace(known, claimed_at=None, never_sent=False, acknowledged=None)
        return known.unanswered(job, now, fence)

    def _noticing(self, job: QuantumJob, fenced_until: float, claims: Claims, rival: str) -> "FenceState":
        """Whoever wrote a claim that is gone, or set back, or a doubt that is not ours, may have sent a moment ago."""
        believed = job.claim.attempt if job.claim else 0
        standing = believed if claims.stored is None else min(believed, claims.stored)
        # Its words are gone as soon as this process says something else. A rival's claim is fenced when it is taken.
        doubt = doubt_of(job.status)
        others = doubt not in ("", self.doubted) and rival == _NOBODY
        latest = max(self.latest, claims.named, believed, attempt_to_claim(job) if others else 0)
        forgotten = latest if latest > standing else 0
        known = replace(self, latest=latest, forgotten=forgotten)
        lost = claims.lost or (others and job.claim is not None and not has_ended(job))
        if not lost and forgotten <= self.forgotten:
            return known
        known = replace(known, fenced_until=max(self.fenced_until, fenced_until))
        return replace(known, never_sent=False, claimed_at=None, acknowledged=None) if lost else known

    def unanswered(self, job: QuantumJob, now: float, fence: float) -> "FenceState":
        """What a claim that names us is worth if nobody told us that we had written it: as much as a stranger's."""
        if job.claim is None:
            return replace(self, acknowledged=None)
        if job.claim.attempt == self.acknowledged:
            return self
        fenced_until = max(self.fenced_until, now + fence)
        attempt = job.claim.attempt
        return replace(self, acknowledged=attempt, claimed_at=None, never_sent=False, fenced_until=fenced_until)

    def claimed(
        self, before: QuantumJob, attempt: int, *, asked: float, now: float, fence: float, stripped: bool = False
    ) -> "FenceState":
        """The claim was written.

        Args:
            before: The object on which it was put.
            attempt: That it names now.
            asked: When the write was sent.
            now: When it was answered.
            fence: Seconds after which a 404 can be believed.
            stripped: A claim was seen on the object, and somebody took it off (`kubectl replace`).
        """
        latest = max(self.latest, attempt)
        # A rival that nobody has seen to appear is a predecessor, which may have sent until now.
        unsent = self.unsent.hidden(now + fence) if self.rival and not self.rival_until else self.unsent
        known = replace(self, claimed_at=asked, asked_at=None, rival=_NOBODY, acknowledged=attempt, latest=latest)
        known = replace(known, unsent=unsent)
        if before.claim and attempt > max(before.claim.attempt, self.latest):
            known = replace(known, absent_since=None, shown=False)
            if before.claim.attempt == self.acknowledged and not is_doubted(before.status):
                # Whoever claims the next one after another process says in status that it waits for its fence.
                return replace(known, never_sent=True, fenced_until=now)
        # The finalizer comes with the claim: a claim that is missing beside it was taken off.
        untouched = before.claim is None and not before.claim_unreadable and not before.has_finalizer and not stripped
        if untouched and not self.shown and not may_have_been_sent(before.status) and self.fenced_until <= now:
            return replace(known, never_sent=True)
        return replace(known, never_sent=False, fenced_until=max(self.fenced_until, now + fence))

    def fence_until(self, moment: float, now: float) -> "FenceState":
        """Something was sent under the same id for another object (one with the same key, which is gone)."""
        if moment <= max(now, self.fenced_until):
            return self
        return replace(self, never_sent=False, fenced_until=moment)

    def confirmed(self, asked: float) -> "FenceState":
        """A live read that was sent at this time showed that the claim is ours."""
        return replace(self, claimed_at=asked)

    def renounced(self) -> "FenceState":
        """The claim was taken off by ourselves: nothing was sent under it."""
        return replace(self, claimed_at=None, never_sent=False, acknowledged=None, latest=0)

    def looked(self, status: JobStatus) -> "FenceState":
        """A reconciliation has ended, and left this status: what another process writes over it is news."""
        return replace(self, doubted=doubt_of(status))

    def has_seen(self, attempt: int) -> "FenceState":
        """A claim that named an attempt was there before the object went, and had been taken off, or set back."""
        return replace(self, latest=max(self.latest, attempt))

    def found_last(self, attempt: int) -> "FenceState":
        """The claim was moved on to an attempt that the service knows."""
        return replace(self, acknowledged=attempt, latest=max(self.latest, attempt))

    def hidden_for(self, attempt: int, asked: float) -> float:
        """Seconds for which the service may still hide an attempt after the one that it knows as the last.

        Args:
            attempt: The last one.
            asked: When the service was asked for the next.
        """
        return max(0.0, self.fenced_until - asked) if attempt < self.latest else 0.0

    def may_start(self, now: float, within: float) -> bool:
        """Whether a PUT may begin now: within so many seconds of a claim that was ours for sure."""
        return self.claimed_at is not None and now - self.claimed_at < within

    def sending(self) -> "FenceState":
        """A PUT begins: whatever happens to us from here on, it may take effect."""
        return replace(self, never_sent=False, fenced_until=_FOREVER, unsent=self.unsent.sending())

    def sent(self, outcome: Sent, before: "FenceState", now: float, fence: float) -> "FenceState":
        """The PUT has ended.

        Args:
            outcome: What its answer tells.
            before: What was known before `sending`.
            now: When it ended.
            fence: Seconds after which a 404 can be believed.
        """
        if outcome is Sent.NOT_APPLIED:
            known = replace(self, unsent=before.unsent)
            return replace(known, never_sent=before.never_sent, fenced_until=before.fenced_until)
        return replace(self, fenced_until=now + fence, unsent=self.unsent.sent(now + fence))

    def answered(
        self, remote: RemoteJob | Absent | Trouble | None, asked: float, now: float, attempt: int = 0
    ) -> "FenceState":
        """The service was asked for the job, as of an attempt if told, at one time and answered at another."""
        sure = self.acknowledged == attempt and asked >= self.fenced_until
        known = replace(self, unsent=self.unsent.answered(remote, asked, attempt, sure=sure))
        if remote is ABSENT:
            since = self.absent_since if self.absent_since is not None else now
            return replace(known, asked_at=asked, absent_since=since, absent_at=asked, shown=False)
        if isinstance(remote, RemoteJob):
            # Whoever sent it: an object that was restored can be older than its job.
            return replace(known, asked_at=None, absent_since=None, absent_at=None, never_sent=False, shown=True)
        return replace(known, asked_at=None)

    @property
    def surely_unsent(self) -> bool:
        """Whether nothing that was sent under the claim, which is ours, is at the service, or can still get there."""
        absent = self.absent_at is not None and self.absent_at >= self.fenced_until
        return self.rival == _NOBODY and (self.never_sent or absent)

    def is_unsent(self, attempt: int) -> bool:
        """Whether nothing of an attempt is at the service, whatever its claim says of who may send it."""
        return self.surely_unsent or self.unsent.attempt == attempt

    def fence_left(self, now: float) -> float:
        """Seconds for which a 404 is not believed yet."""
        return max(0.0, self.fenced_until - (now if self.asked_at is None else self.asked_at))

    def absence_left(self, now: float, fence: float) -> float:
        """Seconds for which a 404 is not believed yet for an accepted job, or for one that others may have sent."""
        asked = now if self.asked_at is None else self.asked_at
        hidden = 0.0 if self.accepted else self.unsent.left(asked)
        return max(hidden, fence - (0.0 if self.absent_since is None else asked - self.absent_since))

    def rival_left(self, now: float) -> float:
        """Seconds for which a rival's claim is not taken over yet."""
        return max(0.0, self.rival_until - now) if self.rival else 0.0


def may_have_left_a_job(job: QuantumJob, fence_state: FenceState, holder: str) -> bool:
    """Whether an object that is gone, as it was last known, left a job that may still run.

    Args:
        job: Its newest known version; its claim, if any of them showed one.
        fence_state: What this process knows of it.
        holder: This process's name in claims.
    """
    claim = job.claim
    if job.attempt_at_service is not None:
        return True
    if job.status.finished or (claim is not None and claim.uid != job.uid):
        return False
    # A claim that was taken off, or set back to one that has ended, was sent under by whoever held it.
    ended = max((one.attempt for one in job.status.attempts), default=0)
    named = fence_state.latest > (claim.attempt if claim else ended)
    if named or has_ended(job):
        return named
    if claim is None:
        return job.has_finalizer or job.claim_unreadable or may_have_been_sent(job.status)
    return not (fence_state.never_sent and claim.holder == holder)
