"""Deletion is cancellation: every case in which an object is deleted, and what it waits for."""

from datetime import timedelta
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.deletion import CANCELLATION_UNCONFIRMED
from quantumjob_operator.lifecycle.fence import FenceState, may_have_left_a_job
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.jobstatus import AttemptShown, JobStatus
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import CancelAnswer
from rooms.lifecycle.observations import (
    HOLDER,
    KEYED,
    NO_WORKSPACE,
    NOW,
    OUTAGE,
    RIVAL,
    accepted,
    ago,
    asked,
    claim,
    claimed,
    deleted,
    finished,
    identity,
    new,
    owner,
    remote,
    set_aside,
)
from rooms.model.bodies import OTHER_UID

ASKED: dict[str, Any] = {"cancellation": asked("Deleted")}
GRACE = {"cancellation_grace": 300.0}
UNREADABLE = Trouble("ServiceUnavailable", "the answer cannot be read", unreadable=True)
KEPT: dict[str, Any] = KEYED | {"deletionPolicy": "Orphan"}


@pytest.mark.parametrize(
    ("job", "fence_state", "left"),
    [
        pytest.param(new(), FenceState(), False, id="never claimed"),
        pytest.param(claimed(), FenceState(never_sent=True), False, id="claimed, and nothing was sent"),
        pytest.param(claimed(), FenceState(), True, id="claimed, and something may have been sent"),
        pytest.param(claimed(holder=RIVAL), FenceState(never_sent=True), True, id="another process may have sent it"),
        pytest.param(claimed(finalizers=()), FenceState(), True, id="the finalizer was taken off by force"),
        pytest.param(new(finalizers=(FINALIZER,)), FenceState(), True, id="the claim was taken off by force"),
        pytest.param(claimed(status=finished()), FenceState(), False, id="it had ended"),
        pytest.param(claimed(claim=claim(uid=OTHER_UID)), FenceState(), False, id="a copy"),
        pytest.param(
            claimed(status=JobStatus(attempts=(AttemptShown(1, identity(), "Cancelled"),))),
            FenceState(),
            False,
            id="between two attempts",
        ),
        pytest.param(new(), FenceState(latest=1), True, id="another process's claim was seen, and is gone"),
        pytest.param(
            claimed(status=JobStatus(attempts=(AttemptShown(1, identity(), "Cancelled"),))),
            FenceState(latest=2),
            True,
            id="a later attempt was claimed, and the claim set back",
        ),
        pytest.param(
            new(status=JobStatus(attempts=(AttemptShown(1, identity(), "Cancelled"),))),
            FenceState(latest=1),
            False,
            id="the claim that is gone named an attempt that has ended",
        ),
    ],
)
def test_what_may_have_left_a_job(job: QuantumJob, fence_state: FenceState, left: bool) -> None:  # noqa: FBT001 - a column
    """Decided by what is known last of the object and by what this process did."""
    assert may_have_left_a_job(job, fence_state, HOLDER) is left


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(deleted(new()), Action.NONE, id="nothing of ours is on it: it goes by itself"),
        pytest.param(deleted(claimed(), never_sent=True), Action.GET_REMOTE, id="never submitted, as we know: one GET"),
        pytest.param(
            deleted(claimed(), never_sent=True, remote=ABSENT), Action.RELEASE, id="never submitted, nothing there"
        ),
        pytest.param(
            deleted(claimed(), never_sent=True, workspace=NO_WORKSPACE), Action.RELEASE, id="never sent, nowhere to ask"
        ),
        pytest.param(
            deleted(claimed(), never_sent=True, remote=OUTAGE), Action.RELEASE, id="never sent, nobody answers"
        ),
        pytest.param(
            deleted(claimed(holder=RIVAL), never_sent=True, remote=OUTAGE),
            Action.RECORD,
            id="never sent by us, but another process has the claim",
        ),
        pytest.param(
            deleted(claimed(status=set_aside(cancellation=asked("Suspended"))), remote=OUTAGE),
            Action.NONE,
            id="between two attempts: perhaps the object was restored, and a later one runs; asked for a minute",
        ),
        pytest.param(
            deleted(claimed(status=set_aside(cancellation=asked("Suspended"))), remote=OUTAGE, troubled=60.0),
            Action.RELEASE,
            id="between two attempts: nothing is known to be left, whoever doesn't answer for a minute",
        ),
        pytest.param(deleted(accepted()), Action.RECORD, id="the wish is written before the service is asked"),
        pytest.param(
            deleted(accepted(cancellation=asked("Suspended", attempt=1), attempt=2)),
            Action.RECORD,
            id="the cancellation of an earlier attempt is none of this one",
        ),
        pytest.param(deleted(accepted(**ASKED)), Action.GET_REMOTE, id="then the service is reconciled"),
        pytest.param(deleted(accepted(**ASKED), remote=remote()), Action.CANCEL, id="a waiting job is cancelled"),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Executing")), Action.CANCEL, id="an executing job is cancelled"
        ),
        pytest.param(deleted(accepted(**ASKED), remote=UNREADABLE), Action.CANCEL, id="one that can't be read, too"),
        pytest.param(
            deleted(accepted(**ASKED), remote=UNREADABLE, since_cancel=5.0), Action.NONE, id="that one as often"
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=UNREADABLE, gone=True),
            Action.NONE,
            id="not without a look if its object is gone: another one may have its job",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Executing"), since_cancel=5.0),
            Action.NONE,
            id="it is not asked again at once",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Executing"), since_cancel=31.0),
            Action.CANCEL,
            id="a provider that went back to executing is asked again",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Cancelled")),
            Action.FIND_LAST_ATTEMPT,
            id="a final attempt is the last one only if no later one is known",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Cancelled"), later_attempts_checked=True),
            Action.RELEASE,
            id="cancelled: released",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Succeeded"), later_attempts_checked=True),
            Action.RELEASE,
            id="it had succeeded already: released",
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=ABSENT, absence_left=9.0), Action.NONE, id="a fresh 404 is fenced"
        ),
        pytest.param(
            deleted(accepted(**ASKED), remote=ABSENT), Action.RELEASE, id="unknown to the service, past every doubt"
        ),
        pytest.param(
            deleted(claimed(holder=RIVAL, status=JobStatus(cancellation=asked("Deleted"))),
                    remote=ABSENT),
            Action.CLAIM,
            id="submitted perhaps by a process that died: its claim is taken over first",
        ),
        pytest.param(deleted(claimed(status=JobStatus(cancellation=asked("Deleted"))),
                             remote=ABSENT, fence_left=9.0),
                     Action.NONE, id="a PUT of ours may still take effect"),
        pytest.param(deleted(claimed(status=finished())), Action.RELEASE, id="it had ended: released"),
        pytest.param(
            deleted(claimed(claim=claim(uid=OTHER_UID))), Action.RELEASE, id="a copy is released, not its original"
        ),
        pytest.param(
            deleted(claimed(status=JobStatus(cancellation=asked("Deleted"))),
                    remote=remote(metadata=owner(uid=OTHER_UID))),
            Action.RELEASE,
            id="the job under its id is another object's: left alone",
        ),
    ],
)  # fmt: skip
def test_next_step(known: Observation, action: Action) -> None:
    """What is done next."""
    assert decide(known).action is action


UNREACHED = pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param({"workspace": NO_WORKSPACE}, NO_WORKSPACE.reason, id="the workspace object is gone"),
        pytest.param({"remote": OUTAGE}, OUTAGE.reason, id="the service does not answer"),
        pytest.param({"remote": remote(), "cancel": OUTAGE}, OUTAGE.reason, id="the request to cancel fails"),
        pytest.param(
            {"remote": remote("Executing"), "cancel": CancelAnswer.NOT_CANCELLABLE},
            "NotCancellable",
            id="the provider can't cancel what executes",
        ),
        pytest.param(
            {"remote": remote("Cancelling"), "cancel": CancelAnswer.ACCEPTED}, "Cancelling", id="it takes its time"
        ),
        pytest.param(
            {"remote": UNREADABLE, "cancel": CancelAnswer.ACCEPTED}, "Cancelling", id="nobody can read whether it ended"
        ),
    ],
)


@UNREACHED
def test_grace_begins_with_the_first_answer(facts: dict[str, Any], reason: str) -> None:
    """The first answered or failed request is recorded, says why, and starts the grace period."""
    decision = decide(deleted(accepted(**ASKED), limits=GRACE, **facts))
    status = decision.status
    assert decision.action is Action.NONE
    assert status.cancellation is not None
    assert status.cancellation.answered_time == ago(0)
    ready = status.condition("Ready")
    assert ready is not None
    assert ready.reason == reason


@UNREACHED
@pytest.mark.parametrize(
    ("answered", "released"),
    [
        pytest.param(299.0, False, id="a second before the end of the grace period"),
        pytest.param(301.0, True, id="a second after it"),
    ],
)
def test_grace_ends(facts: dict[str, Any], reason: str, answered: float, *, released: bool) -> None:
    """Before its end the object stays and says why; after it the object goes, with a warning that names the job."""
    recorded = accepted(cancellation=asked("Deleted", answered=answered))
    decision = decide(deleted(recorded, limits=GRACE, troubled=60.0, **facts))
    assert (decision.action is Action.RELEASE) == released, reason
    warned = [notice.reason for notice in decision.notices if notice.warning]
    assert warned == ([CANCELLATION_UNCONFIRMED] if released else [])


@pytest.mark.parametrize(
    ("asking", "released"),
    [
        pytest.param(0.0, False, id="it was asked for the first time since the start, and has accepted"),
        pytest.param(59.0, False, id="less than a minute ago"),
        pytest.param(61.0, True, id="a minute ago"),
    ],
)
def test_operator_that_was_away_waits_for_what_it_asked_for(asking: float, *, released: bool) -> None:
    """The grace period was over before it came back."""
    recorded = accepted(cancellation=asked("Deleted", answered=3000.0))
    known = deleted(recorded, limits=GRACE, remote=remote(), cancel=CancelAnswer.ACCEPTED, asking=asking)
    assert (decide(known).action is Action.RELEASE) is released


@pytest.mark.parametrize(
    ("grace", "troubled", "left"),
    [
        pytest.param(300.0, 0.0, 30.0, id="the first answer after the start is a failure"),
        pytest.param(300.0, 59.0, 1.0, id="nothing was answered for a minute, nearly"),
        pytest.param(10.0, 0.0, 10.0, id="the grace period is shorter than a minute"),
    ],
)
def test_operator_that_was_away_for_the_grace_period_goes_on_asking(grace: float, troubled: float, left: float) -> None:
    """The next answer may say that the job was cancelled long ago."""
    recorded = accepted(cancellation=asked("Deleted", answered=3000.0))
    known = deleted(recorded, limits={"cancellation_grace": grace}, remote=OUTAGE, troubled=troubled)
    decision = decide(known)
    assert decision.action is Action.NONE
    assert decision.backoff
    assert decision.latest == pytest.approx(left)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(
            deleted(
                accepted(cancellation=asked("Deleted", answered=295.0)), limits=GRACE, remote=OUTAGE, troubled=280.0
            ),
            id="while it is to be cancelled",
        ),
        pytest.param(
            deleted(claimed(KEPT), limits=GRACE, remote=OUTAGE, troubled=280.0, now=NOW + timedelta(seconds=295)),
            id="while it is to be released",
        ),
    ],
)
def test_back_off_does_not_outlast_the_grace_period(known: Observation) -> None:
    """However long the back-off has grown, the end of the grace period is reconciled in time."""
    decision = decide(known)
    assert decision.backoff
    assert decision.latest is not None
    assert decision.latest <= 5.0
