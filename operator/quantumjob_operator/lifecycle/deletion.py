"""Deletion is cancellation: the object goes when its remote job is final, or is known never to have existed.

Rules:
1. What cannot have been sent is released at once, without a word to the service.
2. The wish is written to status before the service is asked.
3. "Already final", "no such job" past the doubt, and "cannot cancel" are answers, not errors.
4. It always ends: after the grace period, counted from the first answered or failed request to cancel, the object is
   released and a warning names the job that may still run.

Lives here: the decisions for an object with a deletionTimestamp. Must not live here: how it is released.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from quantumjob_operator.conditions import stamp
from quantumjob_operator.jobstatus import Cancellation, State
from quantumjob_operator.lifecycle.adoption import belongs_to, was_accepted
from quantumjob_operator.lifecycle.attempts import current_attempt
from quantumjob_operator.lifecycle.decision import Action, Decision, Notice, draw, step
from quantumjob_operator.lifecycle.facts import ABSENT, Observation, Trouble
from quantumjob_operator.lifecycle.transitions import is_final_word, sighting
from quantumjob_operator.remotejob import CancelAnswer, RemoteJob

CANCELLATION_UNCONFIRMED: Final = "CancellationUnconfirmed"
_DOUBT_STEP: Final = 2.0


def delete(seen: Observation) -> Decision:
    """What to do for an object that is being deleted."""
    job = seen.job
    if not job.has_finalizer:
        return Decision(action=Action.NONE, status=job.status)
    copied = job.claim is not None and job.claim.uid != job.uid
    if copied or job.status.finished or seen.tenure.never_sent:
        return step(seen, Action.RELEASE)
    if job.spec.deletion_policy == "Orphan":
        return _release(seen, Notice("Orphaned", f"released without cancelling; job {_job(seen)} may still run"))
    attempt = current_attempt(job)
    if job.status.cancellation is None or job.status.cancellation.attempt != attempt:
        return _record(seen, attempt)
    if isinstance(seen.workspace, Trouble):
        return _cannot_ask(seen, seen.workspace)
    if seen.remote is None:
        return step(seen, Action.LOOK)
    if isinstance(seen.remote, Trouble):
        return _cannot_ask(seen, seen.remote)
    if seen.remote is ABSENT:
        return _absent(seen)
    assert isinstance(seen.remote, RemoteJob)  # noqa: S101 - narrows for the type checker; ABSENT is handled above
    return _found(seen, seen.remote)


def _record(seen: Observation, attempt: int) -> Decision:
    recorded = replace(seen.job.status, cancellation=Cancellation(attempt, "Deleted", stamp(seen.now)))
    message = "cancelling the job, because the resource was deleted"
    return Decision(action=Action.RECORD, status=draw(seen, recorded, State.CANCELLING, "Deleted", message))


def _absent(seen: Observation) -> Decision:
    """No such job: believed only once no request of another process can still make one."""
    claim, accepted = seen.job.claim, was_accepted(seen.job)
    if not accepted and (claim is None or claim.holder != seen.tenure.holder):
        return step(seen, Action.CLAIM)
    left = seen.tenure.absence_left if accepted else seen.tenure.doubt_left
    if left > 0:
        again = min(left, _DOUBT_STEP)
        return Decision(action=Action.NONE, status=seen.job.status, again=again)
    return step(seen, Action.RELEASE)


def _found(seen: Observation, remote: RemoteJob) -> Decision:
    if is_final_word(remote.status):
        return _release(seen, Notice(sighting(remote.status).value, f"job {remote.id} ended as {remote.status}"))
    if not was_accepted(seen.job) and not belongs_to(seen.job, remote):
        return step(seen, Action.RELEASE)
    since = seen.tenure.since_cancel
    if seen.cancel is None and (since is None or since >= seen.limits.cancel_again):
        return step(seen, Action.CANCEL)
    if isinstance(seen.cancel, Trouble):
        return _cannot_ask(seen, seen.cancel)
    if seen.cancel is CancelAnswer.NOT_CANCELLABLE:
        return _wait(seen, "NotCancellable", "the provider can't cancel a job that executes; waiting for its end")
    if seen.cancel is None:
        return _wait(seen, "", "")
    return _wait(seen, "Cancelling", "the service was asked to cancel the job; waiting for its end")


def _cannot_ask(seen: Observation, trouble: Trouble) -> Decision:
    decision = _wait(seen, trouble.reason, f"the job can't be cancelled now: {trouble.message}")
    return replace(decision, again=trouble.retry_after, backoff=True) if decision.action is Action.NONE else decision


def _wait(seen: Observation, reason: str, message: str) -> Decision:
    """Wait for the remote end, for as long as the grace period lasts. An empty reason leaves the words as they are."""
    status = seen.job.status
    cancellation = status.cancellation
    if cancellation is None:  # recorded before anything was asked
        return _record(seen, current_attempt(seen.job))
    if reason:
        answered = cancellation.answered_time or stamp(seen.now)
        cancellation = replace(cancellation, answered_time=answered)
        status = draw(seen, replace(status, cancellation=cancellation), State.CANCELLING, reason, message)
    left = _grace_left(seen, cancellation)
    if left <= 0:
        text = f"released although the end of job {_job(seen)} is not confirmed; it may still run and be billed"
        return _release(seen, Notice(CANCELLATION_UNCONFIRMED, text, warning=True))
    return Decision(action=Action.NONE, status=status, again=min(left, seen.limits.cancel_again), watch=True)


def _grace_left(seen: Observation, cancellation: Cancellation) -> float:
    if cancellation.answered_time is None:
        return seen.limits.cancellation_grace
    waited = seen.now - datetime.fromisoformat(cancellation.answered_time)
    return seen.limits.cancellation_grace - waited.total_seconds()


def _release(seen: Observation, notice: Notice) -> Decision:
    return replace(step(seen, Action.RELEASE), notices=(notice,))


def _job(seen: Observation) -> str:
    return seen.job.status.job_id or seen.job_id or "of this resource"
