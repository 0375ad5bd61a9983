"""From an accepted job to its end: mirror, cancel if asked, deliver the output.

Rules:
1. An accepted job is never submitted again; a 404 after the fence is its end (`JobNotFound`).
2. The output ConfigMap is written before the condition that announces it.
3. A remote Succeeded always wins over a wish to cancel.
4. Times shown are the service's; times that decide are stamped by the operator.

Lives here: the decisions for a job that was accepted and is not finished. Must not live here: deletion (`deletion`).
"""

from datetime import datetime
from typing import Final

from quantumjob_operator.lifecycle.adoption import ANOTHER_KEY, belongs_to
from quantumjob_operator.lifecycle.attempts import (
    RETRYING,
    SUSPENDED,
    cancellation_of,
    may_retry,
    set_aside,
    with_attempt,
)
from quantumjob_operator.lifecycle.decision import Action, Decision, draw, end, step, with_error
from quantumjob_operator.lifecycle.error_mapping import OUTPUT_MISSING, OUTPUT_UNREADABLE
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Observation, OutputPlace, Trouble
from quantumjob_operator.lifecycle.reservations import reserved
from quantumjob_operator.lifecycle.status_mapping import mirror, told_of
from quantumjob_operator.lifecycle.transitions import TRANSITIONS, Sighting, seen_as, sighting
from quantumjob_operator.model.conditions import Kind, stamp
from quantumjob_operator.model.jobstatus import Cancellation, Condition, ErrorShown, JobStatus, State
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob
from quantumjob_operator.model.values import replace

_FENCE_STEP: Final = 2.0
_LASTING: Final = 3
_WHY: Final = {
    "Cancelled": "spec.cancel is true",
    "DeadlineExceeded": "spec.activeDeadlineSeconds passed before the job ended",
    "QueueDeadlineExceeded": "spec.queueDeadlineSeconds passed before the job started to execute",
    "Deleted": "the resource was deleted",
    "Suspended": "spec.suspend is true",
}


def follow(seen: Observation) -> Decision:
    """What to do for a job that the service has accepted."""
    if isinstance(seen.way, Trouble):
        return _waiting(seen, seen.way)
    if not seen.job.has_finalizer or seen.job.claim is None:
        return step(seen, Action.CLAIM)
    remote = _newest(seen)
    if remote is None:
        return _left_to_poller(seen) or step(seen, Action.GET_REMOTE)
    if isinstance(remote, Trouble):
        return _waiting(seen, remote)
    if isinstance(remote, Absent):
        return _vanished(seen)
    status = mirror(seen, remote)
    match seen_as(remote):
        case Sighting.SUCCEEDED:
            return _write_output(seen, status)
        case Sighting.FAILED:
            return _failed(seen, status, remote)
        case Sighting.CANCELLED:
            return _cancelled(seen, status, remote)
        case _:
            return _unfinished(seen, status, remote)


def _left_to_poller(seen: Observation) -> Decision | None:
    """After a restart thousands of jobs are found in a few pages; a GET for each would keep the news of all waiting.

    That is enough for whom nothing has to be done unless the service says something new: the poller asks about it then.
    """
    status, spec = seen.job.status, seen.job.spec
    if status.state not in (State.WAITING, State.EXECUTING) or cancellation_of(status) or wanted_cancellation(seen):
        return None
    # One that was found when it had ended is shown as waiting at first, and the poller has no news of it.
    mirrored = TRANSITIONS[status.state][sighting(status.remote_status or "")] is status.state
    if not (seen.unfollowed and mirrored) or status.error is not None or seen.queue is not None:
        return None
    # Nor whether it began, which a bill goes by, if it was executing when it was found.
    if status.state is State.EXECUTING and status.start_time is None:
        return None
    # Whether a job still waits in its queue, only the service says.
    if spec.queue_deadline_seconds is not None or status != _as_seen_before(seen, status):
        return None
    return Decision(action=Action.NONE, status=status, again=_next_deadline(seen, status), watch=True)


def _as_seen_before(seen: Observation, status: JobStatus) -> JobStatus:
    """What status would say for this generation if the service said the same again."""
    state = status.state or State.WAITING
    return draw(seen, status, state, state.value, told_of(state))


def _newest(seen: Observation) -> RemoteJob | Absent | Trouble | None:
    """What was learnt last; the 404 that stood before a PUT says nothing about the job that the PUT made."""
    return seen.submission if seen.remote is ABSENT and isinstance(seen.submission, RemoteJob) else seen.remote


def wanted_cancellation(seen: Observation) -> str | None:
    """Why the attempt should be cancelled, or None: `cancel` comes before the deadlines, and those before `suspend`."""
    spec = seen.job.spec
    if spec.cancel:
        return "Cancelled"
    age = _age(seen)
    if spec.active_deadline_seconds is not None and age >= spec.active_deadline_seconds:
        return "DeadlineExceeded"
    if spec.queue_deadline_seconds is not None and _in_queue(seen) and age >= spec.queue_deadline_seconds:
        return "QueueDeadlineExceeded"
    return SUSPENDED if spec.suspend else None


def _in_queue(seen: Observation) -> bool:
    """Whether the job has not begun, by what the service says now: status may lag behind."""
    remote, known = _newest(seen), seen.job.status
    if not isinstance(remote, RemoteJob) or remote.begin_execution_time or known.start_time:
        return False
    return TRANSITIONS[known.state or State.PENDING][seen_as(remote)] is State.WAITING


def _waiting(seen: Observation, trouble: Trouble) -> Decision:
    """The service can't be asked: nothing is known anew of the job. Only trouble that lasts is told."""
    status = seen.job.status
    if seen.ownership.failures >= _LASTING:
        message = f"nothing new is known of the job: {trouble.message}"
        shown = with_error(status, trouble)
        status = draw(seen, shown, status.state or State.WAITING, trouble.reason, message)
    return Decision(action=Action.NONE, status=status, again=trouble.retry_after, watch=True, backoff=True)


def _vanished(seen: Observation) -> Decision:
    if seen.ownership.absence_left > 0:
        again = min(seen.ownership.absence_left, _FENCE_STEP)
        return Decision(action=Action.NONE, status=seen.job.status, again=again, watch=True)
    message = f"the service no longer knows job {seen.job.status.job_id}, which it had accepted; it is not run again"
    return end(seen, with_attempt(seen.job.status, State.FAILED, "JobNotFound"), State.FAILED, "JobNotFound", message)


def _write_output(seen: Observation, status: JobStatus) -> Decision:
    if isinstance(seen.output, OutputPlace) and seen.output.written:
        return _succeeded(seen, replace(status, output_config_map=seen.output.name))
    trouble = reserved(seen) or seen.output
    if not isinstance(trouble, Trouble):
        return step(seen, Action.WRITE_OUTPUT)
    unreadable = trouble.reason in (OUTPUT_UNREADABLE, OUTPUT_MISSING)
    if unreadable and seen.ownership.output_retry_left <= 0:
        return step(seen, Action.WRITE_OUTPUT_BARE)
    incomplete = Condition(type=Kind.COMPLETE, status="False", reason=trouble.reason, message=trouble.message)
    # Not Succeeded yet: that word promises that the ConfigMap is there.
    status = replace(status, completion_time=None, duration=None)
    drawn = with_error(draw(seen, status, State.EXECUTING, trouble.reason, trouble.message, [incomplete]), trouble)
    return Decision(action=Action.NONE, status=drawn, again=trouble.retry_after, backoff=True)


def _succeeded(seen: Observation, status: JobStatus) -> Decision:
    message = f"the output is in ConfigMap {status.output_config_map}"
    extra = [
        Condition(type=Kind.COMPLETE, status="True", reason="Succeeded", message=message),
        Condition(type=Kind.FINISHED, status="True", reason="Succeeded", message=message),
    ]
    ended = with_attempt(status, State.SUCCEEDED, None)
    drawn = draw(seen, ended, State.SUCCEEDED, "Succeeded", message, extra)
    return Decision(action=Action.RECORD, status=drawn)


def _failed(seen: Observation, status: JobStatus, remote: RemoteJob) -> Decision:
    code = remote.error.code if remote.error else None
    shown = status.error or ErrorShown()
    text = shown.message or "the service gave no message"
    said = f"the service ran the job and says Failed ({shown.code or 'no code'}): {text}"
    adopted = not belongs_to(seen.job, remote)
    if adopted or not may_retry(seen, code):
        said = f"{said}; {ANOTHER_KEY}" if adopted else said
        return end(seen, with_attempt(status, State.FAILED, "JobFailed"), State.FAILED, "JobFailed", said)
    if wanted_cancellation(seen) == "Cancelled":
        return _called_off(seen, with_attempt(status, State.FAILED, "JobFailed"))
    number = (status.failed_attempts or 0) + 1
    plan = f"attempt {number + 1} of at most {(seen.job.spec.backoff_limit or 0) + 1} follows"
    return set_aside(seen, status, State.FAILED, RETRYING, f"{said}; {plan}")


def _called_off(seen: Observation, status: JobStatus) -> Decision:
    """The attempt has ended and no other is to follow; an object that was restored may have forgotten one."""
    if not seen.later_attempts_checked:
        return step(seen, Action.FIND_LAST_ATTEMPT)
    message = f"the job was cancelled: {_WHY['Cancelled']}"
    return end(seen, status, State.CANCELLED, "Cancelled", message)


def _cancelled(seen: Observation, status: JobStatus, remote: RemoteJob) -> Decision:
    why = cancellation_of(status)
    if why is None and not seen.later_attempts_checked:
        # Perhaps we asked for it, and the object was restored since: then a later attempt may run.
        return step(seen, Action.FIND_LAST_ATTEMPT)
    reason = why.reason if why else "CancelledExternally"
    if reason == SUSPENDED:
        if seen.job.spec.cancel:
            return _called_off(seen, with_attempt(status, State.CANCELLED, "Cancelled"))
        message = "the attempt was cancelled, because spec.suspend was true; false submits a new one"
        return set_aside(seen, status, State.CANCELLED, SUSPENDED, message)
    because = _WHY.get(reason, "it was cancelled at the service, not by this resource")
    because = because if belongs_to(seen.job, remote) else f"{because}; {ANOTHER_KEY}"
    ended = with_attempt(status, State.CANCELLED, reason)
    return end(seen, ended, State.CANCELLED, reason, f"the job was cancelled: {because}")


def _unfinished(seen: Observation, status: JobStatus, remote: RemoteJob) -> Decision:
    reason, asked = wanted_cancellation(seen), cancellation_of(status)
    if reason and asked is None:
        return _record_cancellation(seen, status, reason)
    if asked and _should_ask(seen):
        return step(seen, Action.CANCEL)
    old = seen.job.status.state or State.PENDING
    state = TRANSITIONS[old][seen_as(remote)]
    message = told_of(state)
    if seen.cancel is CancelAnswer.NOT_CANCELLABLE:
        message = "the provider can't cancel a job that executes; it runs to its end"
    elif isinstance(seen.cancel, Trouble):
        message = f"the job can't be cancelled now: {seen.cancel.message}"
    elif asked and (said := _said_of(seen, asked, state)):
        message = said.message
    drawn = draw(seen, status, state, state.value, message)
    if isinstance(seen.cancel, Trouble):
        drawn = with_error(drawn, seen.cancel)
        return Decision(action=Action.NONE, status=drawn, again=seen.cancel.retry_after, watch=True, backoff=True)
    return Decision(action=Action.NONE, status=drawn, again=_next_deadline(seen, drawn), watch=True)


def _said_of(seen: Observation, asked: Cancellation, state: State) -> Condition | None:
    """What is still true of the cancellation that was asked for, if nothing has moved since."""
    # Not Ready: it may only point to this one.
    said = seen.job.status.condition(Kind.RECONCILING)
    return said if said and seen.job.status.state is state and said.reason in (state.value, asked.reason) else None


def _record_cancellation(seen: Observation, status: JobStatus, reason: str) -> Decision:
    """The reason is written before the service is asked, so that its answer can be understood after a crash."""
    recorded = replace(status, cancellation=Cancellation(status.attempt or 1, reason, stamp(seen.now)))
    message = f"cancellation requested: {_WHY[reason]}"
    return Decision(action=Action.RECORD, status=draw(seen, recorded, State.CANCELLING, reason, message))


def _should_ask(seen: Observation) -> bool:
    since = seen.ownership.since_cancel
    return seen.cancel is None and (since is None or since >= seen.limits.cancel_again)


def _next_deadline(seen: Observation, status: JobStatus) -> float | None:
    """Seconds until a deadline, or until the service is asked again to cancel."""
    if cancellation_of(status):
        return seen.limits.cancel_again
    spec = seen.job.spec
    left = [
        limit - _age(seen)
        for limit in (
            spec.active_deadline_seconds,
            spec.queue_deadline_seconds if _in_queue(seen) else None,
        )
        if limit is not None
    ]
    return max(min(left), 0.0) if left else None


def _age(seen: Observation) -> float:
    """Seconds since the operator saw the job accepted."""
    submitted = seen.job.status.submission_time
    return (seen.now - datetime.fromisoformat(submitted)).total_seconds() if submitted else 0.0
