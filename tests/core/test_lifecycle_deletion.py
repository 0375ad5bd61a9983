"""Deletion is cancellation: every case in which an object is deleted, and what it waits for."""

from typing import Any

import pytest

from core.bodies import OTHER_UID
from core.observations import (
    KEYED,
    NO_WORKSPACE,
    OUTAGE,
    RIVAL,
    accepted,
    ago,
    asked,
    claim,
    claimed,
    finished,
    new,
    owner,
    remote,
    seen,
)
from quantumjob_operator.jobstatus import JobStatus
from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.deletion import CANCELLATION_UNCONFIRMED
from quantumjob_operator.lifecycle.facts import ABSENT
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import CancelAnswer

ASKED: dict[str, Any] = {"cancellation": asked("Deleted")}
GRACE = {"cancellation_grace": 300.0}
KEPT: dict[str, Any] = KEYED | {"deletionPolicy": "Orphan"}


def deleted(job: QuantumJob, **facts: Any) -> Observation:
    """What is known of a job that somebody deleted."""
    return seen(
        QuantumJob(**{name: getattr(job, name) for name in job.__slots__} | {"deletion_requested": True}), **facts
    )


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(deleted(new()), Action.NONE, id="nothing of ours is on it: it goes by itself"),
        pytest.param(deleted(claimed(), never_sent=True), Action.LOOK, id="never submitted, as we know: one look"),
        pytest.param(
            deleted(claimed(), never_sent=True, remote=ABSENT), Action.RELEASE, id="never submitted, nothing there"
        ),
        pytest.param(
            deleted(claimed(), never_sent=True, workspace=NO_WORKSPACE), Action.RELEASE, id="never sent, nowhere to ask"
        ),
        pytest.param(deleted(accepted()), Action.RECORD, id="the wish is written before the service is asked"),
        pytest.param(
            deleted(accepted(cancellation=asked("Suspended", attempt=1), attempt=2)),
            Action.RECORD,
            id="the cancellation of an earlier attempt is none of this one",
        ),
        pytest.param(deleted(accepted(**ASKED)), Action.LOOK, id="then the service is looked at"),
        pytest.param(deleted(accepted(**ASKED), remote=remote()), Action.CANCEL, id="a waiting job is cancelled"),
        pytest.param(
            deleted(accepted(**ASKED), remote=remote("Executing")), Action.CANCEL, id="an executing job is cancelled"
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
            deleted(accepted(**ASKED), remote=ABSENT, absence_left=9.0), Action.NONE, id="a fresh 404 is doubted"
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
                             remote=ABSENT, doubt_left=9.0),
                     Action.NONE, id="a PUT of ours may still take effect"),
        pytest.param(deleted(claimed(status=finished())), Action.RELEASE, id="it had ended: released"),
        pytest.param(
            deleted(claimed(claim=claim(uid=OTHER_UID))), Action.RELEASE, id="a copy is let go, its original untouched"
        ),
        pytest.param(
            deleted(accepted({"deletionPolicy": "Orphan"})), Action.RELEASE, id="Orphan: released without cancelling"
        ),
        pytest.param(deleted(accepted(KEPT)), Action.LOOK, id="Orphan, with a key: the next one must find it"),
        pytest.param(deleted(accepted(KEPT), remote=remote()), Action.RELEASE, id="Orphan, with a key: it is shown"),
        pytest.param(deleted(accepted(KEPT), remote=OUTAGE), Action.RELEASE, id="Orphan, with a key: nobody answers"),
        pytest.param(
            deleted(claimed(KEPT), remote=ABSENT, doubt_left=9.0), Action.NONE, id="Orphan, with a key: in doubt"
        ),
        pytest.param(deleted(claimed(KEPT), remote=ABSENT), Action.RELEASE, id="Orphan, with a key: nothing was sent"),
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


def test_back_off_does_not_outlast_the_grace_period() -> None:
    """However long the back-off has grown, the end of the grace period is looked at in time."""
    recorded = accepted(cancellation=asked("Deleted", answered=295.0))
    decision = decide(deleted(recorded, limits=GRACE, remote=OUTAGE, failures=9, troubled=280.0))
    assert decision.backoff
    assert decision.latest is not None
    assert decision.latest <= 5.0
