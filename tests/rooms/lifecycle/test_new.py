"""A new object until its claim: what is refused without the service, what is reconciled first, and when it is held."""

from dataclasses import replace
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.limits import null_in
from quantumjob_operator.lifecycle.observation import ABSENT, ProgramFacts, Trouble
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import MAX_OBJECT_BYTES
from rooms.lifecycle.observations import (
    ELSEWHERE,
    KEYED,
    NO_WORKSPACE,
    OURS,
    OUTPUT,
    PROGRAM,
    THEIRS,
    claim,
    claimed,
    deleted,
    new,
    reason_of,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID

QIR: dict[str, Any] = {"program": {"format": "qir.v1", "source": "define"}}
READY: dict[str, Any] = {"program": PROGRAM, "output": OUTPUT}
NO_PROGRAM = Trouble("ProgramNotFound", "spec.program.configMapKeyRef: no such ConfigMap")
TAKEN = Trouble("OutputConfigMapConflict", "ConfigMap bell-output is not this job's")
FULL = Trouble("MaxJobsInFlight", "the workspace takes no more jobs now")


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


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(
            seen(new({"suspend": True}), needs_slot=True, remote=ABSENT, **READY), id="a job that is suspended"
        ),
        pytest.param(seen(new({"cancel": True}), needs_slot=True, remote=ABSENT, **READY), id="one that is cancelled"),
        pytest.param(deleted(new(), needs_slot=True, **READY), id="one that is deleted"),
        pytest.param(seen(new(), needs_slot=True, workspace=NO_WORKSPACE, **READY), id="one without a workspace"),
        pytest.param(seen(new(), needs_slot=True), id="one whose program was not read"),
        pytest.param(seen(new(), needs_slot=True, program=NO_PROGRAM), id="one without a program"),
        pytest.param(seen(new(), needs_slot=True, program=PROGRAM, output=TAKEN), id="one without an output"),
        pytest.param(seen(new(KEYED), needs_slot=True, **READY), id="one whose key was not looked up"),
        pytest.param(seen(new(KEYED), needs_slot=True, key_owner=THEIRS, **READY), id="one whose key is another's"),
        pytest.param(seen(claimed(), needs_slot=True, **READY), id="one that may be at the service"),
        pytest.param(seen(claimed(), needs_slot=True, remote=ABSENT), id="a claimed one whose program was not read"),
        pytest.param(
            seen(claimed(holder="another-process"), needs_slot=True, remote=ABSENT, program=NO_PROGRAM),
            id="one that another process claimed, without a program",
        ),
        pytest.param(
            seen(claimed(), needs_slot=True, remote=ABSENT, fence_left=9.0, **READY), id="one behind the fence"
        ),
    ],
)
def test_who_could_not_be_sent_with_a_slot_asks_for_none(known: Observation) -> None:
    """It would keep it from those who can."""
    assert decide(known).action is not Action.TAKE_SLOT


def test_who_stands_in_line_reads_nothing_before_its_turn() -> None:
    """Hundreds may wait for a slot, and what they refer to may be long."""
    waiting = seen(new(), needs_slot=True, in_line=True)
    assert decide(waiting).action is Action.TAKE_SLOT
    still = decide(replace(waiting, needs_slot=False, full=FULL))
    assert (still.action, reason_of(still.status, "Submitted")) == (Action.NONE, "False:MaxJobsInFlight")
    assert decide(replace(waiting, needs_slot=False)).action is Action.READ_PROGRAM
    assert decide(replace(waiting, job=new({"suspend": True}), remote=ABSENT)).action is Action.NONE


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen(new(), needs_slot=True, **READY), id="before the claim"),
        pytest.param(seen(new(KEYED), needs_slot=True, key_owner=OURS, **READY), id="with a key of its own"),
        pytest.param(seen(claimed(), needs_slot=True, remote=ABSENT, **READY), id="before the PUT"),
        pytest.param(
            seen(claimed(holder="another-process"), needs_slot=True, remote=ABSENT, **READY),
            id="before a claim is taken over",
        ),
    ],
)
def test_a_slot_is_asked_for_once_nothing_else_is_in_the_way(known: Observation) -> None:
    """Whoever waits for one is sent as soon as there is one."""
    assert decide(known).action is Action.TAKE_SLOT


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        pytest.param(None, None, id="no parameters"),
        pytest.param({"shots": 5}, None, id="no null"),
        pytest.param({"shots": None}, "p.shots", id="at the top"),
        pytest.param({"a": [0, {"b": None}]}, "p.a[1].b", id="in a list in an object"),
        pytest.param({"a": [[]], "b": {}}, None, id="empty containers"),
    ],
)
def test_where_a_null_stands(parameters: dict[str, Any] | None, path: str | None) -> None:
    """The message names the place, so that the user finds it."""
    assert null_in(parameters, "p") == path


def test_deep_parameters_are_no_danger() -> None:
    """The depth is the user's choice; recursion would end the reconciliation with an error instead of an answer."""
    deep: dict[str, Any] = {"end": None}
    for _ in range(50_000):
        deep = {"a": deep}
    assert (null_in(deep, "p") or "").endswith(".end")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param(
            seen(new({"program": {"format": "new.format.v9", "source": "x"}})),
            ["'new.format.v9'", "spec.outputFormat", "ionq.circuit.v1", "pasqal.pulser.v1"],
            id="its format has no usual output format: the known ones are named",
        ),
        pytest.param(
            seen(new(size=MAX_OBJECT_BYTES + 1, spec_too_large=True)),
            ["512 KiB", "configMapKeyRef", "spec.parameters"],
            id="its spec is too large",
        ),
        pytest.param(
            seen(new(), program=Trouble("Rejected", "spec.program.sourceBase64 is not base64", final=True)),
            ["sourceBase64"],
            id="its inline program can't be read",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=())),
            ["no function with the attribute entry_point", "parameters.entryPoint"],
            id="its QIR program has no entry point",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=("first", "second"))),
            ["2 entry points: first, second;", "parameters.entryPoint"],
            id="its QIR program has two",
        ),
        pytest.param(
            seen(new(QIR), output=OUTPUT, program=replace(PROGRAM, entry_points=tuple("abcde"), further=2)),
            ["7 entry points: a, b, c, d, e, …;"],
            id="its QIR program has more than anybody wants to read",
        ),
        pytest.param(
            seen(
                new({"program": {"format": "qir.v1", "secretKeyRef": {"name": "p", "key": "p"}}}),
                output=OUTPUT,
                program=replace(PROGRAM, entry_points=("secret_one", "secret_two")),
            ),
            ["2 entry points; name one"],
            id="its program stands in a Secret, whose names are not told",
        ),
    ],
)
def test_what_only_a_new_job_can_mend_ends_at_once(known: Observation, words: list[str]) -> None:
    """Program, parameters and output format are fixed at creation: to wait for others would be to wait for ever."""
    decision = decide(known)
    assert (decision.action, decision.status.state) == (Action.RECORD, State.FAILED)
    assert reason_of(decision.status, "Failed") == "True:Rejected"
    said = decision.status.condition("Failed")
    assert said is not None
    assert [word for word in words if word not in said.message] == []


def test_a_program_whose_entry_point_cannot_be_read_is_sent_all_the_same() -> None:
    """The service may take what this reader does not understand."""
    unread = replace(PROGRAM, entry_points=None, unread="its entry point could not be read")
    assert decide(seen(new(QIR), output=OUTPUT, program=unread)).action is Action.CLAIM


def test_two_entry_points_are_noticed_before_the_put_too() -> None:
    """An object that an older version claimed is looked at again once it is known that nothing was sent."""
    known = seen(claimed(QIR), never_sent=True, remote=ABSENT, program=replace(PROGRAM, entry_points=("a", "b")))
    assert reason_of(decide(known).status, "Failed") == "True:Rejected"
