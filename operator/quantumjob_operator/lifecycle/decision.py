"""What a decision is, and how one is phrased in `.status`.

Lives here: actions, decisions, and the few ways in which a status is drawn up (pending, mirrored, ended). Must not
live here: when which of them applies (`submission`, `progress`, `deletion`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quantumjob_operator.lifecycle.observation import Observation, Trouble
from quantumjob_operator.model.conditions import Kind, for_kstatus, said_once, with_condition, without_conditions
from quantumjob_operator.model.jobstatus import Condition, JobStatus, State
from quantumjob_operator.model.values import replace

WRITE_REFUSED: Final = "WriteRefused"
_MAX_SHOWN: Final = 256
REJECTED: Final = "Rejected"


class Action(StrEnum):
    """The one thing to do next. Some come back with more facts, others change something."""

    NONE = "None"
    READ_PROGRAM = "ReadProgram"
    CHECK_OUTPUT = "CheckOutput"
    GET_REMOTE = "GetRemote"
    CHECK_KEY = "CheckKey"
    LOOK_AT_QUOTA = "LookAtQuota"
    TAKE_SLOT = "TakeSlot"
    FIND_LAST_ATTEMPT = "FindLastAttempt"
    RESERVE = "Reserve"
    CLAIM = "Claim"
    RENOUNCE = "Renounce"
    SUBMIT = "Submit"
    RECORD = "Record"
    SETTLE = "Settle"
    CANCEL = "Cancel"
    MARK_ORPHAN = "MarkOrphan"
    WRITE_OUTPUT = "WriteOutput"
    WRITE_OUTPUT_BARE = "WriteOutputBare"
    RELEASE = "Release"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class Notice:
    """An Event to be: published after the status that it speaks of is written."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do now and when to requeue.

    Attributes:
        action: The next step.
        status: What `.status` is to say. Written before the step if the step is NONE or RECORD, else left to the
            decision that follows the step.
        again: Seconds until the next reconciliation; None: when something changes, or when the poller says so.
        watch: The poller is to follow the remote job.
        latest: Requeue after so many seconds at the latest, whatever the back-off says.
        backoff: Count this reconciliation as a failure and requeue after the back-off (at least `again`).
        notices: Events that don't follow from a difference of two statuses.
    """

    action: Action
    status: JobStatus
    again: float | None = None
    watch: bool = False
    latest: float | None = None
    backoff: bool = False
    notices: tuple[Notice, ...] = ()


def step(seen: Observation, action: Action) -> Decision:
    """Do this first, then decide again."""
    return Decision(action=action, status=seen.job.status)


def draw(  # noqa: PLR0917 - one sentence: this state, for this reason, said like this
    seen: Observation, status: JobStatus, state: State, reason: str, message: str, extra: Iterable[Condition] = ()
) -> JobStatus:
    """The status in a state, with the kstatus conditions that belong to it.

    Args:
        seen: For the generation and the time.
        status: What else it says.
        state: The summary.
        reason: Of the kstatus conditions.
        message: Of the kstatus conditions.
        extra: Further conditions to set; `observed_generation` and the time are filled in.
    """
    generation = seen.job.generation
    wanted = [replace(one, observed_generation=generation) for one in extra]
    if state is State.SUSPENDED:
        wanted.append(Condition(Kind.SUSPENDED, "True", "Suspended", "spec.suspend is true", "", generation))
    elif status.is_true(Kind.SUSPENDED):
        ended = ("Ended", "the job goes to its end")
        resumed = ended if seen.job.spec.suspend else ("Resumed", "spec.suspend is false again")
        wanted.append(Condition(Kind.SUSPENDED, "False", *resumed, "", generation))
    wanted += for_kstatus(state, reason, message, generation)
    gone = {Kind.READY, Kind.RECONCILING, Kind.STALLED} - {one.type for one in wanted}
    conditions = without_conditions(status.conditions, gone)
    for one in said_once(wanted):
        conditions = with_condition(conditions, one, seen.now)
    # A condition that holds on says so for this generation too: `kubectl wait` refuses older ones.
    current = tuple(replace(one, observed_generation=generation) for one in conditions)
    shown = replace(status, state=state, message=_beginning(message), observed_generation=generation)
    return replace(shown, conditions=current, queue=status.queue if state is State.WAITING else None)


def _beginning(message: str) -> str:
    """What a column of a table has room for; the conditions have all of it."""
    return message if len(message) <= _MAX_SHOWN else f"{message[: _MAX_SHOWN - 1]}…"


def hold(seen: Observation, reason: str, message: str, *, again: float | None = None, retry: bool = False) -> Decision:
    """Not submitted, for a reason that can go away."""
    why = Condition(type=Kind.SUBMITTED, status="False", reason=reason, message=message)
    state = State.SUSPENDED if reason == "Suspended" else State.PENDING
    status = draw(seen, seen.job.status, state, reason, message, [why])
    return Decision(action=Action.NONE, status=status, again=again, backoff=retry)


def hold_for(seen: Observation, trouble: Trouble) -> Decision:
    """Not submitted because of trouble; tried again after the back-off."""
    held = hold(seen, trouble.reason, trouble.message, again=trouble.retry_after, retry=True)
    # Between two attempts the error shown is that of the last one, until the service says something newer.
    stale = None if not held.status.attempts else held.status.error
    return replace(held, status=replace(held.status, error=trouble.error or stale))


def without_program(seen: Observation, trouble: Trouble) -> Decision:
    """Not submitted because the program can't be had: the end if what is wrong stands in the job itself."""
    return refuse(seen, trouble.message) if trouble.final else hold_for(seen, trouble)


def with_error(status: JobStatus, trouble: Trouble) -> JobStatus:
    """The status with what the service said last, if it answered at all."""
    return replace(status, error=trouble.error) if trouble.error else status


def write_refused(seen: Observation, message: str) -> JobStatus:
    """The status of a job that can't go on because the API server refuses a write of the operator."""
    status = seen.job.status
    held = Condition(type=Kind.SUBMITTED, status="False", reason=WRITE_REFUSED, message=message)
    extra = [] if status.is_true(Kind.SUBMITTED) else [held]
    return draw(seen, status, status.state or State.PENDING, WRITE_REFUSED, message, extra)


def refuse(seen: Observation, message: str) -> Decision:
    """The end of a job that can't be sent as it is, when what is wrong with it can't be changed any more."""
    return end(seen, seen.job.status, State.FAILED, REJECTED, message)


def end(seen: Observation, status: JobStatus, state: State, reason: str, message: str) -> Decision:
    """The end of the job other than success; the finalizer comes off in the reconciliation that follows."""
    extra = [
        Condition(type=Kind.FAILED, status="True", reason=reason, message=message),
        Condition(type=Kind.FINISHED, status="True", reason=reason, message=message),
    ]
    if status.condition(Kind.SUBMITTED) is None:
        extra.insert(0, Condition(type=Kind.SUBMITTED, status="False", reason=reason, message=message))
    return Decision(action=Action.RECORD, status=draw(seen, status, state, reason, message, extra))
