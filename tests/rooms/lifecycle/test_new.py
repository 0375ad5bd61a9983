"""A new object until its claim: what is refused without the service, what is reconciled first, and when it is held."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.observation import ABSENT, ProgramFacts
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import MAX_OBJECT_BYTES
from rooms.lifecycle.observations import (
    ELSEWHERE,
    FULL,
    KEYED,
    NO_PROGRAM,
    NO_WORKSPACE,
    OURS,
    OUTPUT,
    PROGRAM,
    TAKEN,
    THEIRS,
    claim,
    claimed,
    new,
    reason_of,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID

READY: dict[str, Any] = {"program": PROGRAM, "output": OUTPUT}


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param(seen(new()), Action.READ_PROGRAM, id="the program is read before anything is promised"),
        pytest.param(
            seen(new(), program=PROGRAM), Action.CHECK_OUTPUT, id="the output's name is checked before the claim"
        ),
        pytest.param(seen(new(), **READY), Action.CLAIM, id="nothing is in the way: the claim"),
        pytest.param(seen(new(KEYED), **READY), Action.CHECK_KEY, id="a key is looked up before the claim"),
        pytest.param(seen(new(KEYED), key_owner=OURS, **READY), Action.CLAIM, id="a key of our own is claimed"),
        pytest.param(
            seen(claimed(), never_sent=True),
            Action.GET_REMOTE,
            id="after the claim comes a reconciliation, whatever we remember",
        ),
        pytest.param(
            seen(claimed(KEYED), never_sent=True), Action.CHECK_KEY, id="after the claim a key is looked up once more"
        ),
        pytest.param(
            seen(claimed(), never_sent=True, remote=ABSENT),
            Action.READ_PROGRAM,
            id="the program is read for its upload",
        ),
        pytest.param(
            seen(claimed(), never_sent=True, remote=ABSENT, program=PROGRAM), Action.SUBMIT, id="then it is submitted"
        ),
        pytest.param(
            seen(claimed(finalizers=()), **READY),
            Action.CLAIM,
            id="a finalizer that was taken off is put on again first",
        ),
    ],
)
def test_the_path_of_a_job_to_which_nothing_happens(known: Observation, action: Action) -> None:
    """One step after the other; status says nothing before there is something to say."""
    decision = decide(known)
    assert decision.action is action
    assert decision.status == known.job.status


@pytest.mark.parametrize(
    ("known", "reason", "retried"),
    [
        pytest.param(seen(new(), workspace=NO_WORKSPACE), "WorkspaceNotFound", True, id="there is no workspace"),
        pytest.param(seen(new(), program=NO_PROGRAM), "ProgramNotFound", True, id="there is no program"),
        pytest.param(
            seen(new(), program=PROGRAM, output=TAKEN), "OutputConfigMapConflict", True, id="the output's name is taken"
        ),
        pytest.param(
            seen(new(), limits={"crd_outdated": True}, **READY),
            "CRDOutdated",
            False,
            id="the CRDs are older than we are",
        ),
        pytest.param(
            seen(new(size=MAX_OBJECT_BYTES + 1)), "ObjectTooLarge", False, id="the object is too large, its spec is not"
        ),
        pytest.param(seen(new({"suspend": True}), remote=ABSENT), "Suspended", False, id="it is suspended"),
        pytest.param(seen(new(), full=FULL, **READY), "MaxJobsInFlight", False, id="the workspace is full"),
        pytest.param(
            seen(new(KEYED), key_owner=THEIRS, **READY),
            "DuplicateIdempotencyKey",
            False,
            id="another object has the same key",
        ),
        pytest.param(
            seen(new(claim_unreadable=True), **READY),
            "ClaimUnreadable",
            False,
            id="somebody wrote into the claim by hand",
        ),
        pytest.param(
            seen(claimed(finalizers=(), claim=claim(uid=OTHER_UID)), **READY),
            "CopiedObject",
            False,
            id="it is a copy of an object that was claimed",
        ),
        pytest.param(
            seen(claimed(status=set_aside()), workspace_moved=True, **READY),
            "WorkspaceChanged",
            False,
            id="the reference leads to another workspace since the first attempt",
        ),
        pytest.param(
            seen(claimed(status=set_aside()), workspace=ELSEWHERE, **READY),
            "WorkspaceChanged",
            True,
            id="only another workspace can be reached than the first attempt's",
        ),
        pytest.param(
            seen(claimed(status=set_aside()), output=OUTPUT, program=ProgramFacts("sha256:other", "sha256:other")),
            "ProgramChanged",
            True,
            id="the program is not the one that the first attempt ran",
        ),
    ],
)
def test_what_holds_a_job_back(known: Observation, reason: str, *, retried: bool) -> None:
    """Held, not final: the condition names the reason, and what can go away unseen is tried again."""
    decision = decide(known)
    assert (decision.action, reason_of(decision.status, "Submitted")) == (Action.NONE, f"False:{reason}")
    assert decision.backoff is retried
    assert not decision.status.finished
    said = decision.status.condition("Submitted")
    assert said is not None
    assert len(said.message) > 10


@pytest.mark.parametrize(
    ("known", "reason", "state"),
    [
        pytest.param(
            seen(new({"cancel": True}), remote=ABSENT),
            "Cancelled",
            State.CANCELLED,
            id="cancelled before it was claimed",
        ),
        pytest.param(
            seen(new({"cancel": True, "suspend": True}), remote=ABSENT),
            "Cancelled",
            State.CANCELLED,
            id="cancelled beats suspended",
        ),
        pytest.param(
            seen(new({"cancel": True}), workspace=NO_WORKSPACE),
            "Cancelled",
            State.CANCELLED,
            id="cancelling what was never sent needs no workspace",
        ),
        pytest.param(
            seen(claimed({"cancel": True}), never_sent=True, remote=ABSENT),
            "Cancelled",
            State.CANCELLED,
            id="cancelled after the claim and before the first PUT",
        ),
        pytest.param(
            seen(claimed({"cancel": True}), never_sent=True, workspace=NO_WORKSPACE),
            "Cancelled",
            State.CANCELLED,
            id="the same without a workspace to ask",
        ),
        pytest.param(
            seen(claimed({"cancel": True}, status=set_aside()), remote=ABSENT),
            "Cancelled",
            State.CANCELLED,
            id="cancelled between attempts",
        ),
        pytest.param(
            seen(new({"parameters": {"noise": {"seed": None}}})),
            "Rejected",
            State.FAILED,
            id="a null in its parameters",
        ),
    ],
)
def test_what_ends_a_job_before_it_is_sent(known: Observation, reason: str, state: State) -> None:
    """Final: nothing is ever sent, and the one condition to wait for says so."""
    status = decide(known).status
    assert (status.state, reason_of(status, "Failed"), reason_of(status, "Finished")) == (
        state,
        f"True:{reason}",
        f"True:{reason}",
    )
    assert status.condition("Complete") is None


@pytest.mark.parametrize(
    "spec", [pytest.param({"cancel": True}, id="cancelled"), pytest.param({"suspend": True}, id="suspended")]
)
@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param({}, Action.GET_REMOTE, id="a claim was on before we came: look first"),
        pytest.param({"remote": ABSENT, "fence_left": 9.0}, Action.NONE, id="a 404 in doubt is no answer"),
        pytest.param(
            {"never_sent": True}, Action.GET_REMOTE, id="nothing was sent by us, but the object may be restored"
        ),
    ],
)
def test_a_wish_is_no_answer_to_what_may_have_been_sent(
    spec: dict[str, Any], known: dict[str, Any], action: Action
) -> None:
    """A job that may be at the service is neither called cancelled nor suspended before that is known."""
    decision = decide(seen(claimed(spec), **known))
    assert decision.action is action
    assert not decision.status.finished
    assert decision.status.state is not State.SUSPENDED


def test_what_we_remember_of_our_claim_says_nothing_once_another_process_holds_it() -> None:
    """It may have sent the job since; the fence of our own taking over decides then."""
    stolen = claimed({"cancel": True}, holder="another-process")
    assert decide(seen(stolen, never_sent=True)).action is Action.GET_REMOTE
    assert decide(seen(stolen, never_sent=True, remote=ABSENT)).action is Action.CLAIM


def test_a_job_taken_up_again_shows_no_trace_of_what_held_it() -> None:
    """Suspended is False once, with the reason, not absent: tools that wait for it see it turn."""
    held = decide(seen(new({"suspend": True}), remote=ABSENT)).status
    resumed = decide(seen(new(status=held), full=FULL, **READY)).status
    assert reason_of(resumed, "Suspended") == "False:Resumed"
    assert reason_of(resumed, "Reconciling") == "True:MaxJobsInFlight"


def test_a_finalizer_that_was_copied_along_is_taken_off() -> None:
    """It would keep the copy from being deleted, for a job that is not its own."""
    assert decide(seen(claimed(claim=claim(uid=OTHER_UID)), **READY)).action is Action.RELEASE


def test_a_copy_with_a_copied_status_is_held_too() -> None:
    """A restore can bring status along; the job in it belongs to the original."""
    copy = claimed(finalizers=(), claim=claim(uid=OTHER_UID), status=set_aside(job_id="x"))
    assert reason_of(decide(seen(copy, remote=remote())).status, "Submitted") == "False:CopiedObject"
