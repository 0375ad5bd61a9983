"""Attempts: one object can be billed several times, but only because its spec asks for it.

Rules:
1. The claim names the attempt; an attempt that has an entry in `status.attempts` has ended, and the next number is
   written into the claim before anything of it is sent.
2. A new attempt follows only from `suspend` turning false again, or from `backoffLimit` after a transient failure.
3. A change of the program between two attempts holds the job back: the user asked to repeat this program.
4. An adopted job (taken over by its key) is never billed again: its end is the end.

Lives here: numbering, and setting an ended attempt aside. Must not live here: submitting one (`submission`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from quantumjob_operator.lifecycle.costs import total_with
from quantumjob_operator.lifecycle.decision import Action, Decision, draw
from quantumjob_operator.lifecycle.observation import KeyOwner, Observation
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import AttemptShown, Cancellation, Condition, JobStatus, State
from quantumjob_operator.model.naming import job_id
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name
from quantumjob_operator.model.values import replace

RETRYING: Final = "Retrying"
SUSPENDED: Final = "Suspended"
DEADLINES: Final = frozenset({"DeadlineExceeded", "QueueDeadlineExceeded"})
TRANSIENT_CODES: Final = frozenset(
    {"ProviderTimeout", "InternalError", "PartnerCallFailed", "TransientFailure", "TargetUnavailable"}
)
"""Codes in `errorData` of failed jobs after which another attempt has a chance."""

_RETRY_BASE: Final = 10.0
_RETRY_CAP: Final = 360.0
_KEPT: Final = 10
_FORGOTTEN_SUSPENSIONS: Final = 20
_MOST_ASKED: Final = 100
_LONGEST_FENCE: Final = 900.0
_SOON: Final = timedelta(seconds=60)
"""Within this an object that nothing keeps back is claimed."""


KeyRank = tuple[bool, datetime, str]


def current_attempt(job: QuantumJob) -> int:
    """The number of the attempt that the claim names, or that status shows, counted from 1."""
    return job.claim.attempt if job.claim else job.status.attempt or 1


def fence_of(job: QuantumJob, own: float) -> float:
    """Seconds after which a 404 for this job can be believed: ours, or that of those who held its claim before.

    That one is the users' to write, and a job that waits for it can hold a slot: it counts up to a quarter of an hour.
    """
    claimed = job.claim.fence if job.claim else None
    return max(own, min(claimed or 0.0, _LONGEST_FENCE))


def has_ended(job: QuantumJob) -> bool:
    """Whether the current attempt has ended and the job goes on."""
    number = current_attempt(job)
    return any(one.attempt == number for one in job.status.attempts)


def is_cancelling(job: QuantumJob) -> bool:
    """Whether the only thing left to do for the current attempt is to see it end."""
    cancellation = job.status.cancellation
    recorded = cancellation is not None and cancellation.attempt == current_attempt(job)
    return job.deletion_requested or (recorded and not has_ended(job))


def attempt_to_claim(job: QuantumJob) -> int:
    """The attempt that a claim is to name."""
    return current_attempt(job) + 1 if has_ended(job) else current_attempt(job)


def further_attempts(job: QuantumJob) -> int:
    """How many attempts after the claimed one there may be, by what spec and status can explain.

    An object that was restored knows less than the service. What it may have forgotten is `backoffLimit` failures and a
    number of suspensions; an endpoint that knows every id it is asked for is not asked for ever.
    """
    shown = max((one.attempt for one in job.status.attempts), default=job.status.attempt or 1)
    known = max(0, shown - current_attempt(job))
    return min(_MOST_ASKED, known + (job.spec.backoff_limit or 0) + _FORGOTTEN_SUSPENSIONS)


def identify(job: QuantumJob, workspace_id: str, attempt: int | None = None) -> str:
    """The remote job's id of an attempt of this job in a workspace."""
    number = attempt or current_attempt(job)
    return job_id(workspace_id, job.namespace, uid=job.uid, key=job.spec.idempotency_key, attempt=number)


@dataclass(frozen=True, slots=True)
class Rival:
    """What of an object decides whose its idempotency key is: a few hundred bytes of what may be a megabyte."""

    uid: str
    name: str
    key: str | None
    rank: KeyRank
    finished: bool


def rival_of(job: QuantumJob) -> Rival:
    """An object as one of those with its key."""
    return Rival(job.uid, job.name, job.spec.idempotency_key, key_rank(job), job.status.finished)


def key_owner(job: QuantumJob, rivals: Iterable[QuantumJob | Rival]) -> KeyOwner:
    """Whose an idempotency key is: the object with a claim, or else the oldest; the uid decides between equals.

    Objects whose jobs have ended own nothing: their job is found at the service, if there is one.

    Args:
        job: The object that asks.
        rivals: All objects of its namespace with the same key, itself among them or not; of those that are not over the
            first two by `key_rank` are enough.
    """
    known = [one if isinstance(one, Rival) else rival_of(one) for one in rivals]
    same_key = [one for one in known if one.key == job.spec.idempotency_key]
    candidates = {one.uid: one for one in same_key if not one.finished or one.uid == job.uid}
    candidates[job.uid] = candidates.get(job.uid, rival_of(job))

    first, *others = sorted(candidates.values(), key=lambda one: one.rank)
    contender = next((one.name for one in others if not one.rank[0]), None)
    return KeyOwner(first.uid, first.name, contender)


def key_rank(job: QuantumJob) -> KeyRank:
    """The place of an object among all with its key: whoever may have sent a job, then the oldest."""
    return (not _has_the_job(job), job.created, job.uid)


def is_heir(job: QuantumJob, gone: QuantumJob, now: datetime, referenced: Callable[[QuantumJob], Name]) -> bool:
    """Whether an object with the same key has the remote job of one that is gone, or will take it over in a moment.

    One that goes to another workspace never can, and one that is held or cancelled by its user does not want to. One
    that was made long ago and has no claim waits for something else, and nobody knows for how long.

    Args:
        job: The object.
        gone: The one that is gone.
        now: The time.
        referenced: The QuantumWorkspace that a job's reference means, however it is spelled.
    """
    spec, claim = job.spec, job.claim
    if job.uid == gone.uid or job.status.finished or job.deletion_requested or spec.suspend or spec.cancel:
        return False
    if claim and not has_own_claim(job):
        return False  # a copy, which is held until somebody edits it
    if claim and gone.claim:
        return claim.workspace == gone.claim.workspace
    young = now - job.created < _SOON
    return (has_own_claim(job) or young) and referenced(job) == referenced(gone)


def _has_the_job(job: QuantumJob) -> bool:
    """Whether the object may have sent, or has: a claim can be taken off, status can't."""
    return has_own_claim(job) or (job.attempt_at_service is not None and not has_ended(job))


def has_own_claim(job: QuantumJob) -> bool:
    """Whether the object carries a claim that was written for it, not copied along from another."""
    return job.claim is not None and job.claim.uid == job.uid


def cancellation_of(status: JobStatus) -> Cancellation | None:
    """The cancellation that was decided on for the attempt that status shows; one of an earlier attempt is history."""
    asked = status.cancellation
    return asked if asked and asked.attempt == (status.attempt or 1) else None


def with_attempt(status: JobStatus, state: State, reason: str | None) -> JobStatus:
    """The status with the current attempt in the list of what was billed (the last ten), and in the sum of all."""
    number = status.attempt or 1
    shown = AttemptShown(number, status.job_id or "", state.value, reason, status.cost, status.start_time)
    others = tuple(one for one in status.attempts if one.attempt != number)
    former = next((one.cost for one in status.attempts if one.attempt == number), None)
    total = total_with(status.total_cost, former, status.cost)
    return replace(status, attempts=(*others, shown)[-_KEPT:], total_cost=total)


def may_retry(seen: Observation, code: str | None) -> bool:
    """Whether the user asked for another attempt after a failure with this code, and nothing speaks against it."""
    done, asked = seen.job.status.failed_attempts or 0, cancellation_of(seen.job.status)
    overdue = asked is not None and asked.reason in DEADLINES
    return code in TRANSIENT_CODES and not overdue and done < (seen.job.spec.backoff_limit or 0)


def set_aside(seen: Observation, status: JobStatus, state: State, reason: str, message: str) -> Decision:
    """The attempt has ended and the job goes on: what the attempt left in status is cleared for the next."""
    failed = (status.failed_attempts or 0) + (1 if reason == RETRYING else 0)
    cleared = replace(
        with_attempt(status, state, reason),
        failed_attempts=failed or status.failed_attempts,
        job_id=None,
        remote_status=None,
        submission_time=None,
        start_time=None,
        completion_time=None,
        duration=None,
        cancellation_time=None,
        output_uri=None,
        portal_url=None,
        cost=None,  # it stands at its attempt; the next one has a cost of its own, or none
    )
    held = Condition(type=Kind.SUBMITTED, status="False", reason=reason, message=message)
    shown = State.SUSPENDED if reason == SUSPENDED and seen.job.spec.suspend else State.PENDING
    return Decision(action=Action.RECORD, status=draw(seen, cleared, shown, reason, message, [held]))


def retry_delay(failed: int) -> float:
    """Seconds between a failed attempt and the next: 10, 20, 40 … up to six minutes, as batch/v1 Job waits."""
    return min(_RETRY_CAP, _RETRY_BASE * 2.0 ** max(0, min(failed, 16) - 1))


def retry_left(seen: Observation) -> float:
    """Seconds until the next attempt may be claimed, counted from a time in status: a restart changes nothing."""
    waiting = seen.job.status.condition(Kind.SUBMITTED)
    if waiting is None or waiting.reason != RETRYING:
        return 0.0
    since = (seen.now - datetime.fromisoformat(waiting.last_transition_time)).total_seconds()
    return max(0.0, retry_delay(seen.job.status.failed_attempts or 1) - since)
