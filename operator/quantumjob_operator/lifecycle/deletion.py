"""Deletion is cancellation: the object goes when its remote job is final, or is known never to have existed.

Rules:
1. What was not sent under this claim is released after one GET, or at once if nobody answers: an object that was
   restored can be older than its remote job.
2. The wish is written to status before the service is asked.
3. "Already final", "no such job" after the fence, and "cannot cancel" are answers, not errors.
4. A final attempt is the last one only if the service knows no later one.
5. It always ends: after the grace period, counted from the first answered or failed request to cancel, the object is
   released and a warning names the job that may still run. One failure is no reason for that: an operator that was away
   for the whole period goes on asking for a minute.
6. Nothing is released while a request of ours may still take effect, Orphan or not: whoever has the key next must find
   the job. An orphan is told so (a tag) before it is released; else it would look like one that lost its object.
7. An object that is gone (removed by force, or deleted while it was claimed) is treated as one that is being deleted;
   but what its last owner released in order is left alone, and so it is by all former owners.

Lives here: the decisions for an object with a deletionTimestamp, or that is gone. Must not live here: how it is
released.
"""

from datetime import datetime
from typing import Final

from quantumjob_operator.lifecycle.adoption import belongs_to, lacks_billable_digest, was_accepted
from quantumjob_operator.lifecycle.attempts import current_attempt, has_ended
from quantumjob_operator.lifecycle.decision import Action, Decision, Notice, draw, step, with_error
from quantumjob_operator.lifecycle.doubts import SUBMISSION_UNCONFIRMED
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Observation, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.status_mapping import mirror
from quantumjob_operator.lifecycle.transitions import is_final_word, sighting
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.jobstatus import Cancellation, JobStatus, State
from quantumjob_operator.model.naming import (
    METADATA_DELETION_POLICY,
    METADATA_UID,
    is_orphan_tag,
    orphan_tag,
    owner_told,
)
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob
from quantumjob_operator.model.values import replace

CANCELLATION_UNCONFIRMED: Final = "CancellationUnconfirmed"
UNCONFIRMED: Final = frozenset({CANCELLATION_UNCONFIRMED, SUBMISSION_UNCONFIRMED})
"""Releases that leave a trace beside their Event."""
_FENCE_STEP: Final = 2.0
_AT_LEAST_ASKED: Final = 60.0


def delete(seen: Observation) -> Decision:
    """What to do for an object that is being deleted."""
    job = seen.job
    if not job.has_finalizer:
        return Decision(action=Action.NONE, status=job.status)
    copied = job.claim is not None and job.claim.uid != job.uid
    if copied or job.status.finished:
        return step(seen, Action.RELEASE)
    if job.spec.deletion_policy == "Orphan":
        return _orphan(seen)
    if seen.never_sent and (isinstance(seen.way, Trouble) or isinstance(seen.remote, Absent | Trouble)):
        return step(seen, Action.RELEASE)
    if (seen.never_sent or seen.gone) and seen.remote is None and isinstance(seen.way, WorkspaceFacts):
        return step(seen, Action.GET_REMOTE)
    if seen.gone and _released_before(seen):
        return step(seen, Action.RELEASE)
    attempt = current_attempt(job)
    recorded = job.status.cancellation is not None and job.status.cancellation.attempt == attempt
    return _cancel(seen) if recorded or (seen.gone and _is_over(seen)) else _record(seen, attempt)


def _released_before(seen: Observation) -> bool:
    """Whether the object had let this job go on purpose, or one that took the job over from it, whatever we know of it.

    The job was sent for its first owner, so who else says so came later; the tag of a former owner would bind nobody.
    """
    remote, job = seen.remote, seen.job
    if not isinstance(remote, RemoteJob):
        return False
    sent_for_it = owner_told(remote.metadata).get(METADATA_UID) == job.uid
    may_have_heirs = sent_for_it and job.spec.idempotency_key is not None
    by_heirs = (tag for tag in remote.tags if may_have_heirs and tag not in job.spec.tags)
    return orphan_tag(job.uid) in remote.tags or any(map(is_orphan_tag, by_heirs))


def _is_over(seen: Observation) -> bool:
    """Whether there is nothing to cancel: then nothing is to be said of it either."""
    remote = seen.remote
    return remote is ABSENT or (isinstance(remote, RemoteJob) and is_final_word(remote.status))


def _orphan(seen: Observation) -> Decision:
    """Released without cancelling, once the job is known and marked, or known never to have been."""
    if isinstance(seen.way, Trouble):
        return _cannot_see(seen, seen.way)
    if seen.remote is None:
        return step(seen, Action.GET_REMOTE)
    if isinstance(seen.remote, Trouble):
        return _cannot_see(seen, seen.remote)
    if isinstance(seen.remote, Absent):
        return step(seen, Action.RELEASE) if seen.never_sent else _absent(seen)
    ours = was_accepted(seen.job) or belongs_to(seen.job, seen.remote)
    if look := _look_further(seen, seen.remote, ours=ours):
        return look
    if not ours:
        return step(seen, Action.RELEASE)
    if _is_over(seen) or _released_before(seen):
        return step(seen, Action.RELEASE) if seen.gone else _release(seen, _orphaned(seen))
    return _mark_and_release(seen)


def _mark_and_release(seen: Observation) -> Decision:
    """Of a job that runs on: marked first, so that nobody takes it for one that lost its object."""
    if seen.marked is None:
        return step(seen, Action.MARK_ORPHAN)
    if isinstance(seen.marked, Trouble):
        message = f"the job can't be released yet, because it can't be marked as an orphan: {seen.marked.message}"
        if waiting := _wait_to_release(seen, seen.marked, message):
            return waiting
    return _release(seen, _orphaned(seen))


def _orphaned(seen: Observation) -> Notice:
    text = f"released without cancelling; job {_job(seen)} may still run"
    says_so = isinstance(seen.remote, RemoteJob) and seen.remote.metadata.get(METADATA_DELETION_POLICY) == "Orphan"
    if seen.marked is True or seen.marked is None or says_so:
        return Notice("Orphaned", text)
    unmarked = "; it could not be marked as an orphan, so a search for jobs without an object may cancel it"
    return Notice("Orphaned", text + unmarked, warning=True)


def _cannot_see(seen: Observation, trouble: Trouble) -> Decision:
    """The service doesn't tell whether there is a job to release."""
    if seen.never_sent:
        return step(seen, Action.RELEASE)
    message = f"the job can't be released yet, because nobody tells whether it exists: {trouble.message}"
    text = f"released without knowing whether job {_job(seen)} was submitted; it may run and be billed"
    unconfirmed = _release(seen, Notice(SUBMISSION_UNCONFIRMED, text, warning=True))
    return _wait_to_release(seen, trouble, message) or unconfirmed


def _wait_to_release(seen: Observation, trouble: Trouble, message: str) -> Decision | None:
    """Wait for as long as for a cancellation; None when that is over."""
    left = max(_since_deletion_left(seen), _asking_left(seen), seen.ownership.fence_left)
    return _waiting(seen, trouble, message, left) if left > 0 else None


def _waiting(seen: Observation, trouble: Trouble, message: str, left: float) -> Decision:
    status = draw(seen, seen.job.status, seen.job.status.state or State.PENDING, trouble.reason, message)
    again, latest = trouble.retry_after, min(left, seen.limits.cancel_again)
    return Decision(action=Action.NONE, status=status, again=again, latest=latest, backoff=True)


def _since_deletion_left(seen: Observation) -> float:
    """Seconds that are left of the grace period, counted from the deletion."""
    deleted = seen.job.deleted_at
    return seen.limits.cancellation_grace - (seen.now - deleted).total_seconds() if deleted else 0.0


def _asking_left(seen: Observation) -> float:
    """Seconds for which this process goes on asking, whatever the grace period says."""
    return min(seen.limits.cancellation_grace, _AT_LEAST_ASKED) - max(seen.ownership.troubled, seen.ownership.asking)


def _cancel(seen: Observation) -> Decision:
    if isinstance(seen.way, Trouble):
        return _cannot_ask(seen, seen.way)
    if seen.remote is None:
        return step(seen, Action.GET_REMOTE)
    if isinstance(seen.remote, Trouble):
        return _unseen(seen, seen.remote)
    return _absent(seen) if isinstance(seen.remote, Absent) else _found(seen, seen.remote)


def _record(seen: Observation, attempt: int) -> Decision:
    status, cancellation = seen.job.status, Cancellation(attempt, "Deleted", stamp(seen.now))
    recorded = replace(status, cancellation=cancellation, attempt=attempt, job_id=seen.job_id or status.job_id)
    message = "cancelling the job, because the resource was deleted"
    return Decision(action=Action.RECORD, status=draw(seen, recorded, State.CANCELLING, "Deleted", message))


def _absent(seen: Observation) -> Decision:
    """No such job: believed only once no request of another process can still make one."""
    accepted = was_accepted(seen.job)
    rivals = not accepted and not seen.holds_claim
    if rivals and not (seen.job.claim and seen.ownership.rival_left > 0):
        return step(seen, Action.CLAIM)
    left = seen.ownership.absence_left if accepted else seen.ownership.fence_left
    left = seen.ownership.rival_left if rivals else min(left, _FENCE_STEP)
    if left > 0:
        return Decision(action=Action.NONE, status=seen.job.status, again=left)
    return step(seen, Action.RELEASE)


def _found(seen: Observation, remote: RemoteJob) -> Decision:
    ours = was_accepted(seen.job) or belongs_to(seen.job, remote)
    if look := _look_further(seen, remote, ours=ours):
        return look
    if not ours:
        return _leave(seen, remote)
    if is_final_word(remote.status):
        return _release(seen, Notice(sighting(remote.status).value, f"job {remote.id} ended as {remote.status}"))
    if _is_to_be_asked(seen):
        return step(seen, Action.CANCEL)
    if isinstance(seen.cancel, Trouble):
        return _cannot_ask(seen, seen.cancel)
    status = mirror(seen, remote)
    reason, message = "Cancelling", "the service was asked to cancel the job; waiting for its end"
    if seen.cancel is CancelAnswer.NOT_CANCELLABLE:
        reason, message = "NotCancellable", "the provider can't cancel a job that executes; waiting for its end"
    said = (reason, message) if seen.cancel else ("", "")
    return _wait(seen, status, *said, longer=_asking_left(seen))


def _unseen(seen: Observation, trouble: Trouble) -> Decision:
    """A job that was accepted is cancelled even if what is told of it can't be read; if it has no heirs by now."""
    if trouble.unreadable and was_accepted(seen.job) and not seen.gone:
        if _is_to_be_asked(seen):
            return step(seen, Action.CANCEL)
        if isinstance(seen.cancel, CancelAnswer):
            message = f"the service was asked to cancel the job; whether it has ended is not known: {trouble.message}"
            return _wait(seen, seen.job.status, "Cancelling", message, longer=_asking_left(seen))
    return _cannot_ask(seen, trouble)


def _is_to_be_asked(seen: Observation) -> bool:
    """Whether it is time to ask for the cancellation, or to do so again."""
    since = seen.ownership.since_cancel
    return seen.cancel is None and (since is None or since >= seen.limits.cancel_again)


def _look_further(seen: Observation, remote: RemoteJob, *, ours: bool) -> Decision | None:
    """A job that has ended says nothing of later attempts; nor does one that was taken over by its key, and had."""
    over = is_final_word(remote.status) if ours else has_ended(seen.job)
    if not over or seen.later_attempts_checked:
        return None
    return step(seen, Action.FIND_LAST_ATTEMPT if seen.job.claim else Action.CLAIM)


def _cannot_ask(seen: Observation, trouble: Trouble) -> Decision:
    message = f"the job can't be cancelled now: {trouble.message}"
    # A grace period that is shorter doesn't end before what we sent can no longer take effect.
    longer = max(_asking_left(seen), seen.ownership.fence_left)
    if has_ended(seen.job):
        # Only an object that was restored has a later attempt, and asking for a while is all that can be done.
        return _waiting(seen, trouble, message, longer) if longer > 0 else step(seen, Action.RELEASE)
    decision = _wait(seen, with_error(seen.job.status, trouble), trouble.reason, message, longer=longer)
    if decision.action is not Action.NONE or decision.again is None:
        return decision
    # The grace period ends when it ends, whatever the back-off has grown to.
    return replace(decision, again=trouble.retry_after, latest=decision.again, backoff=True)


def _wait(seen: Observation, status: JobStatus, reason: str, message: str, *, longer: float = 0.0) -> Decision:
    """Wait for the remote end, for as long as the grace period lasts.

    Args:
        seen: What is known.
        status: To be shown meanwhile.
        reason: Of the wait; an empty one leaves the words as they are.
        message: Of the wait.
        longer: Seconds to wait at least, even when the period is over.
    """
    cancellation = status.cancellation
    if cancellation is None:  # recorded before anything was asked
        return _record(seen, current_attempt(seen.job))
    if reason:
        answered = cancellation.answered_time or stamp(seen.now)
        cancellation = replace(cancellation, answered_time=answered)
        status = draw(seen, replace(status, cancellation=cancellation), State.CANCELLING, reason, message)
    left = max(_grace_left(seen, cancellation), longer)
    if left <= 0:
        text = f"released although the end of job {_job(seen)} is not confirmed; it may still run and be billed"
        return _release(seen, Notice(CANCELLATION_UNCONFIRMED, text, warning=True))
    return Decision(action=Action.NONE, status=status, again=min(left, seen.limits.cancel_again), watch=True)


def _grace_left(seen: Observation, cancellation: Cancellation) -> float:
    if cancellation.answered_time is None:
        return seen.limits.cancellation_grace
    waited = seen.now - datetime.fromisoformat(cancellation.answered_time)
    return seen.limits.cancellation_grace - waited.total_seconds()


def _leave(seen: Observation, remote: RemoteJob) -> Decision:
    """Not ours, so not cancelled; unless nobody can tell, which must not go unsaid."""
    if seen.never_sent or is_final_word(remote.status) or not lacks_billable_digest(seen.job, remote):
        return step(seen, Action.RELEASE)
    text = f"released without cancelling: job {remote.id} does not say whose it is; it may still run and be billed"
    return _release(seen, Notice(CANCELLATION_UNCONFIRMED, text, warning=True))


def _release(seen: Observation, notice: Notice) -> Decision:
    return replace(step(seen, Action.RELEASE), notices=(notice,))


def _job(seen: Observation) -> str:
    return seen.job.status.job_id or seen.job_id or "of this resource"
