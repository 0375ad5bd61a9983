"""What happens to the job of an object that is to leave it behind, or that is gone already."""

from datetime import timedelta
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT
from quantumjob_operator.model.naming import METADATA_DELETION_POLICY, orphan_tag
from rooms.lifecycle.observations import (
    KEYED,
    NO_WORKSPACE,
    NOW,
    OUTAGE,
    RIVAL,
    accepted,
    asked,
    claimed,
    deleted,
    identity,
    owner,
    remote,
)
from rooms.model.bodies import OTHER_UID, UID

ASKED: dict[str, Any] = {"cancellation": asked("Deleted")}
KEPT: dict[str, Any] = KEYED | {"deletionPolicy": "Orphan"}
SOON, LATE = NOW + timedelta(seconds=10), NOW + timedelta(seconds=301)
MARK = orphan_tag(UID)
HEIRS_MARK = orphan_tag(OTHER_UID)
ORPHAN: dict[str, Any] = {"deletionPolicy": "Orphan"}


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(deleted(accepted(ORPHAN)), Action.GET_REMOTE, id="the job is reconciled before it is released"),
        pytest.param(deleted(accepted(KEPT)), Action.GET_REMOTE, id="with a key too: the next one must find it"),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote()), Action.MARK_ORPHAN, id="marked, or it would be garbage"
        ),
        pytest.param(deleted(accepted(ORPHAN), remote=remote(), marked=True), Action.RELEASE, id="marked: let go"),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote(), marked=False), Action.RELEASE, id="no marks to be had: let go"
        ),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote(tags=(MARK,))), Action.RELEASE, id="marked before a crash: let go"
        ),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote(), marked=OUTAGE, now=SOON), Action.NONE, id="it is tried again"
        ),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote(), marked=OUTAGE, now=LATE, troubled=60.0),
            Action.RELEASE,
            id="not for ever",
        ),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote("Succeeded")),
            Action.FIND_LAST_ATTEMPT,
            id="over: a later attempt may run",
        ),
        pytest.param(
            deleted(accepted(ORPHAN), remote=remote("Succeeded"), later_attempts_checked=True),
            Action.RELEASE,
            id="the last one is over: nothing to mark",
        ),
        pytest.param(
            deleted(claimed(KEPT), remote=OUTAGE, now=SOON), Action.NONE, id="nobody tells whether it was submitted"
        ),
        pytest.param(
            deleted(claimed(KEPT), workspace=NO_WORKSPACE, now=SOON), Action.NONE, id="there is nobody to ask"
        ),
        pytest.param(
            deleted(claimed(KEPT), remote=OUTAGE, now=LATE, troubled=60.0),
            Action.RELEASE,
            id="the grace period is over: released with a trace",
        ),
        pytest.param(
            deleted(claimed(KEPT), remote=OUTAGE, now=LATE, troubled=59.5),
            Action.NONE,
            id="this process asks for a minute, whenever the period ended",
        ),
        pytest.param(
            deleted(claimed(KEPT), remote=OUTAGE, now=LATE, troubled=60.0, fence_left=9.0),
            Action.NONE,
            id="a grace period that is shorter than the fence doesn't end before it",
        ),
        pytest.param(deleted(claimed(KEPT), remote=OUTAGE, never_sent=True), Action.RELEASE, id="nothing was sent"),
        pytest.param(deleted(claimed(KEPT), remote=ABSENT, fence_left=9.0), Action.NONE, id="a PUT may still arrive"),
        pytest.param(deleted(claimed(ORPHAN), remote=ABSENT, fence_left=9.0), Action.NONE, id="without a key, too"),
        pytest.param(deleted(claimed(KEPT), remote=ABSENT), Action.RELEASE, id="past every doubt: nothing was sent"),
        pytest.param(
            deleted(claimed(KEPT, holder=RIVAL), remote=ABSENT), Action.CLAIM, id="another process may have sent it"
        ),
    ],
)  # fmt: skip
def test_an_orphan_is_let_go(known: Observation, action: Action) -> None:
    """Nothing that can still take effect is released: whoever has the key next must find it."""
    assert decide(known).action is action


@pytest.mark.parametrize(
    ("gone", "told"), [(False, ["Orphaned"]), (True, [])], ids=["it is released", "it went before"]
)
def test_an_orphan_whose_job_is_over(*, gone: bool, told: list[str]) -> None:
    """Nobody can be told of an object that is gone, and there is nothing to tell."""
    known = deleted(accepted(ORPHAN), remote=remote("Succeeded"), later_attempts_checked=True, gone=gone)
    decision = decide(known)
    assert (decision.action, [one.reason for one in decision.notices]) == (Action.RELEASE, told)


@pytest.mark.parametrize(
    ("marked", "metadata", "warning"),
    [
        pytest.param(True, {}, False, id="marked"),
        pytest.param(False, {}, True, id="not to be marked: whoever searches may cancel it"),
        pytest.param(False, {METADATA_DELETION_POLICY: "Orphan"}, False, id="not to be marked, but sent as one"),
    ],
)
def test_what_is_told_of_an_orphan(*, marked: bool, metadata: dict[str, str], warning: bool) -> None:
    """A warning is what people are to act on."""
    known = deleted(accepted(ORPHAN), remote=remote(metadata=owner() | metadata), marked=marked)
    (notice,) = decide(known).notices
    assert (notice.reason, notice.warning, "could not be marked" in notice.message) == ("Orphaned", warning, warning)


def test_an_orphan_that_nobody_could_confirm_leaves_a_trace() -> None:
    """Whoever reads the Event knows which job may run."""
    decision = decide(deleted(claimed(KEPT), remote=OUTAGE, now=LATE, troubled=60.0))
    assert [(one.reason, one.warning) for one in decision.notices] == [("SubmissionUnconfirmed", True)]
    assert identity() in decision.notices[0].message


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(deleted(accepted(), gone=True), Action.GET_REMOTE, id="looked at before anything is said of it"),
        pytest.param(deleted(accepted(), gone=True, remote=remote()), Action.RECORD, id="running: to be cancelled"),
        pytest.param(deleted(accepted(**ASKED), gone=True, remote=remote()), Action.CANCEL, id="then it is cancelled"),
        pytest.param(
            deleted(accepted(), gone=True, remote=remote("Cancelled"), later_attempts_checked=True),
            Action.RELEASE,
            id="another operator brought it to its end",
        ),
        pytest.param(
            deleted(accepted(), gone=True, remote=remote(tags=(MARK,))),
            Action.RELEASE,
            id="let go on purpose, which this process never heard",
        ),
        pytest.param(
            deleted(accepted(), gone=True, remote=remote(tags=(orphan_tag(OTHER_UID),))),
            Action.RECORD,
            id="the mark of another object says nothing of this one",
        ),
        pytest.param(
            deleted(accepted(KEYED), gone=True, remote=remote(tags=(HEIRS_MARK,))),
            Action.RELEASE,
            id="let go on purpose by an object with its key that had taken the job over",
        ),
        pytest.param(
            deleted(accepted(KEYED), gone=True, remote=remote(tags=(HEIRS_MARK,), metadata=owner(uid=OTHER_UID))),
            Action.RECORD,
            id="taken over from an object that had let it go: whose it was before binds nobody",
        ),
        pytest.param(
            deleted(accepted(KEYED | {"tags": [HEIRS_MARK]}), gone=True, remote=remote(tags=(HEIRS_MARK,))),
            Action.RECORD,
            id="a mark that its own user wrote",
        ),
        pytest.param(
            deleted(claimed(), gone=True, remote=ABSENT, fence_left=9.0), Action.NONE, id="a PUT may still arrive"
        ),
        pytest.param(deleted(claimed(), gone=True, remote=ABSENT), Action.RELEASE, id="nothing was sent"),
        pytest.param(
            deleted(claimed(holder=RIVAL), gone=True, remote=ABSENT), Action.CLAIM, id="others may have sent: a fence"
        ),
        pytest.param(
            deleted(accepted(), gone=True, remote=OUTAGE), Action.RECORD, id="nobody answers: kept in hand"
        ),
        pytest.param(
            deleted(accepted(ORPHAN), gone=True, remote=remote()), Action.MARK_ORPHAN, id="an orphan is never cancelled"
        ),
    ],
)  # fmt: skip
def test_an_object_that_is_gone(known: Observation, action: Action) -> None:
    """Its job is brought to an end, unless somebody released it on purpose."""
    assert decide(known).action is action
