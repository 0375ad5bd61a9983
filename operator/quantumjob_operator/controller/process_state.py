"""What this process is and what it remembers of each job: nothing here survives a restart, and nothing has to.

Lives here: the values that turn monotonic time into the facts of `ClaimOwnership`. Must not live here: decisions.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import uuid4

from quantumjob_operator.controller.own_words import Said
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import ClaimOwnership, ProgramFacts, QueuePlace
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.jobstatus import Condition, ErrorShown, JobStatus
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

LASTING: Final = 2
"""Failures in a row after which the next one is no accident of the moment."""

Words = tuple[tuple[Condition, ...], ErrorShown | None, str | None]
"""Of a status: its conditions, the service's error, its message."""


@dataclass(frozen=True, slots=True)
class News:
    """What a poller's GET answered, and the uid of the QuantumWorkspace through which it was asked.

    Another one may belong to somebody else: it is not believed in the place of the one that serves the job now.
    """

    remote: RemoteJob
    through: str

    def of(self, job_id: str | None, serving: str | None) -> RemoteJob | None:
        """What they say of a job that is served through a QuantumWorkspace; nothing if they are of another attempt.

        Args:
            job_id: The id of the attempt at the service.
            serving: The uid of the QuantumWorkspace; None if none serves it now.
        """
        return self.remote if self.through == serving and self.remote.id.lower() == job_id else None


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A status that the API server does not store.

    Attributes:
        stored: What it stores instead.
        wanted: What it should say.
        asked: The service may have been asked for the cancellation that it speaks of.
    """

    stored: JobStatus
    wanted: JobStatus
    asked: bool = False


@dataclass(slots=True)
class Memory:
    """What this process knows of one object beyond what the cluster holds.

    Attributes:
        job: The newest version, for the case that the object disappears by force.
        fence_state: How sure this process is of its claim and of a 404.
        failures: Reconciliations in a row that met trouble.
        unread: Live reads before a cancellation that failed in a row.
        stale: Of those that were answered, how many were old in a row when the cancellation was to be asked for.
        troubled_since: When the first of them ended.
        asked_at: When the service was last asked to cancel the attempt that the claim names.
        asking_since: When it was first asked.
        own: The claim under which this process has begun to send a job, until that has ended or was not applied: the
            object may lose it, or be set back to an earlier one.
        output_since: When the output was first tried to be read.
        output_taken: The output name was somebody else's when it was looked at last.
        predecessor_since: Since when the output name is known to be a deleted predecessor's.
        fresh: What the poller learned, to be used once.
        place: News of its place in the provider's queue, to be used once.
        claimed: This process wrote the claim that stands.
        released: The finalizer was, or may have been, taken off in order: an object that is gone then left nothing.
        followed: The poller has been told to follow the job.
        gone: A live read has shown that the object is gone.
        awaits_heir_since: Since when the job of an object that is gone waits for another one to take it over.
        told: The notices of releases that were published already.
        refusals: Writes of ours that the API server has refused in a row.
        failed_writes: Of its status, in a row, to which the API server answered that it failed.
        conflicts: Of its status, in a row, that met a version which somebody had written meanwhile.
        refusal_told: The refusal that users were told of last.
        said: Why the job waits, or is in trouble, as this process wrote it last.
        unwritten: A status that the API server does not store.
        ended: The id of the job of which the service has told a final word, whether that could be stored or not.
        bill_at: When the service is to be asked again what the job cost, which has ended.
        program: The program's bytes, kept only during one reconciliation.
        program_facts: What was found in them: the same bytes are not read again.
    """

    job: QuantumJob
    fence_state: FenceState = field(default_factory=FenceState)
    failures: int = 0
    unread: int = 0
    stale: int = 0
    troubled_since: float | None = None
    asked_at: float | None = None
    asking_since: float | None = None
    own: Claim | None = None
    output_since: float | None = None
    output_taken: bool = False
    predecessor_since: float | None = None
    fresh: News | None = None
    place: QueuePlace | None = None
    claimed: bool = False
    released: bool = False
    followed: bool = False
    gone: bool = False
    awaits_heir_since: float | None = None
    told: set[Notice] = field(default_factory=set)
    refusals: int = 0
    failed_writes: int = 0
    conflicts: int = 0
    refusal_told: str = ""
    said: Said[Words] = field(default_factory=Said)
    unwritten: Unwritten | None = None
    ended: str | None = None
    bill_at: datetime | None = None
    program: bytes | None = field(default=None, repr=False)
    program_facts: ProgramFacts | None = None

    @property
    def has_sent(self) -> bool:
        """Whether this process has begun to send a job whose end status does not tell yet."""
        return self.own is not None

    def saw_end_of(self, job_id: str | None) -> bool:
        """Whether this job has come to its end at the service, whatever status says: it keeps nobody waiting there."""
        return job_id is not None and job_id == self.ended

    def last_known(self, last: QuantumJob | None) -> QuantumJob:
        """The newest version of an object that is gone.

        Args:
            last: As the event of its deletion, or the cache, had it.
        """
        if last is None or int(last.resource_version) < int(self.job.resource_version):
            return self.believed(self.job)
        # A deletion that began before our claim takes the claim along; it was written all the same.
        last = self.believed(last)
        return last if last.claim else replace(last, claim=self.believed(self.job).claim)

    def believed(self, job: QuantumJob) -> QuantumJob:
        """The object without a claim that names anything else than the attempt that status shows to be at the service.

        Nor may it name another Azure workspace: what is said there of a job with this id is said of another job.
        Only who found a later attempt there, and wrote the claim, knows better; and who has sent one: whatever the
        object says, that one is to be found, followed or cancelled.
        """
        if self.own and _has_lost(job, self.own):
            # Without our finalizer, the claim is written anew before anything follows from it.
            kept = tuple(name for name in job.finalizers if name != FINALIZER or job.deletion_requested)
            return replace(job, claim=self.own, claim_unreadable=False, finalizers=kept)
        at_service, claim, used = job.attempt_at_service, job.claim, job.status.workspace
        if claim and claim.uid != job.uid and self.claimed and not job.status.finished:
            # No copy: this process has put a claim on it, and may have sent it.
            return replace(job, claim=None)
        if at_service is None or claim is None or used is None:
            return job
        own = (claim.uid, claim.workspace) == (job.uid, used.id)
        found = at_service < claim.attempt == self.fence_state.acknowledged
        return job if own and (claim.attempt == at_service or found) else job.without_claim()

    def over(self, job: QuantumJob, remote: object, job_id: str | None) -> None:
        """A reconciliation has ended; what was sent may have been seen to its end, which status says if it is stored.

        Args:
            job: The object.
            remote: What the service has told of its job, if anything.
            job_id: The id of that.
        """
        if isinstance(remote, RemoteJob) and is_final_word(remote.status):
            self.ended = job_id
        self.fence_state = self.fence_state.looked(job.status)
        ended = self.own is not None and any(one.attempt == self.own.attempt for one in job.status.attempts)
        if ended or job.status.finished:
            self.own = None

    def shown(self, job: QuantumJob) -> QuantumJob:
        """The object with the status that it would have if the API server stored what it is told."""
        known = self.unwritten
        return replace(job, status=known.wanted) if known and known.stored == job.status else job

    def reconciled(self, now: float, *, trouble: bool) -> None:
        """A reconciliation has ended, in trouble or not."""
        self.failures = self.failures + 1 if trouble else 0
        self.unread = self.unread if trouble else 0
        self.conflicts = self.conflicts if self.unwritten else 0
        since = now if self.troubled_since is None else self.troubled_since
        self.troubled_since = since if trouble else None

    def ownership(self, holder: str, now: float, *, fence: float, timeout: float) -> ClaimOwnership:
        """The facts at a monotonic time.

        Args:
            holder: This process's name in claims.
            now: Monotonic seconds.
            fence: For how long the service may hide a job, with everything that comes before it.
            timeout: For how long an unreadable result is tried again.
        """
        sure = self.fence_state
        return ClaimOwnership(
            holder=holder,
            never_sent=sure.never_sent,
            fence_left=sure.fence_left(now),
            absence_left=sure.absence_left(now, fence),
            failures=self.failures,
            troubled=now - self.troubled_since if self.troubled_since is not None else 0.0,
            output_retry_left=timeout - (now - self.output_since if self.output_since is not None else 0.0),
            since_cancel=now - self.asked_at if self.asked_at is not None else None,
            asking=now - self.asking_since if self.asking_since is not None else 0.0,
            rival_left=sure.rival_left(now),
        )


def _has_lost(job: QuantumJob, own: Claim) -> bool:
    """Whether an object lacks a claim that was sent under: none stands there, or another than operators would write.

    Until status says that the attempt has ended, whoever takes over names the same one in the same workspace. What else
    the annotation says was written by hand, or is older.
    """
    claim, status = job.claim, job.status
    ended = status.finished or any(one.attempt == own.attempt for one in status.attempts)
    if ended or (job.attempt_at_service or 0) > own.attempt:
        return False
    if claim is None or claim.uid != job.uid:
        return True
    if claim.holder == own.holder:
        return claim != own
    return (claim.workspace, claim.attempt) != (own.workspace, own.attempt)


def new_holder() -> str:
    """A name for this process that no other process ever had."""
    return str(uuid4())
