"""A claim that status speaks against: users may edit the annotation, and never status."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.fence import FenceState, may_have_left_a_job
from quantumjob_operator.lifecycle.slots import holds_slot, in_flight
from quantumjob_operator.model.jobstatus import AttemptShown, WorkspaceUsed, status_json
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER, job_id, workspace_id
from quantumjob_operator.model.quantumjob import Claim, QuantumJob, parse_job
from rooms.lifecycle.observations import (
    HOLDER,
    OUTPUT,
    PROGRAM,
    WORKSPACE,
    accepted,
    at_service,
    claim,
    claimed,
    identity,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID, RESOURCE_ID, UID, job_body

ELSEWHERE: Final = workspace_id(RESOURCE_ID.replace("Research-WS", "Other-WS"))
USED: Final = WorkspaceUsed(WORKSPACE.id, WORKSPACE.endpoint, {"namespace": "research", "name": "default"})
OTHERS: Final = job_id(WORKSPACE.id, "research", uid=OTHER_UID, key=None, attempt=1)


def running(edited: Claim, *, attempt: int = 1, **status: Any) -> QuantumJob:
    """A job that executes, whose claim was edited since, as the API server tells it."""
    body = job_body()
    body["metadata"] |= {"finalizers": [FINALIZER], "annotations": {CLAIM_ANNOTATION: edited.annotation()}}
    shown = at_service(attempt, **{"workspace": USED} | status)
    return parse_job(body | {"status": status_json(shown)})


EDITS: Final = [
    pytest.param(claim(uid=OTHER_UID), 1, id="the uid of another object"),
    pytest.param(claim(attempt=2), 1, id="a later attempt"),
    pytest.param(claim(attempt=7), 2, id="a much later attempt"),
    pytest.param(claim(attempt=1), 2, id="an attempt before the one that runs"),
    pytest.param(
        replace(claim(), workspace=ELSEWHERE), 1, id="another Azure workspace, where its owner has such a job"
    ),
]


@pytest.mark.parametrize(("edited", "attempt"), EDITS)
def test_an_accepted_job_is_followed_whatever_its_claim_says(edited: Claim, attempt: int) -> None:
    """Neither taken for a copy nor sent again: the claim is written anew, for the attempt that runs."""
    earlier = tuple(AttemptShown(one, identity(one), "Cancelled", "Suspended") for one in range(1, attempt))
    job = running(edited, attempt=attempt, attempts=earlier)
    believed = Memory(job).believed(job)
    assert decide(seen(believed)).action is Action.CLAIM
    assert believed.claim is None
    deleted = replace(believed, deletion_requested=True)
    assert decide(seen(deleted)).action is Action.RECORD
    assert may_have_left_a_job(job, FenceState(never_sent=True), HOLDER)


@pytest.mark.parametrize(("edited", "attempt"), EDITS)
def test_an_accepted_job_keeps_its_slot_whatever_its_claim_says(edited: Claim, attempt: int) -> None:
    """Else one job after the other would pass the limit."""
    job = running(edited, attempt=attempt)
    assert in_flight(job)
    assert holds_slot(job)
    assert holds_slot(replace(job, finalizers=())), "the finalizer is the users' as well"


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(running(claim(uid=OTHER_UID), job_id=OTHERS), id="a copy that was restored with its status"),
        pytest.param(running(claim(), attempts=set_aside().attempts), id="an attempt that is over"),
        pytest.param(accepted(), id="an accepted job"),
    ],
)
def test_a_claim_that_status_does_not_speak_against_stands(job: QuantumJob) -> None:
    """A copy shows the job of its original, under an id that is not its own."""
    assert Memory(job).believed(job).claim is not None


def test_the_next_attempt_is_claimed_once_the_last_is_over() -> None:
    """As it is between two attempts."""
    job = replace(accepted(), status=set_aside(workspace=USED), claim=claim(attempt=2))
    assert Memory(job).believed(job).claim == claim(attempt=2)


def test_a_later_attempt_that_this_process_found_is_believed() -> None:
    """The object was restored, and is older than its job: the last attempt at the service is the one to follow."""
    job = running(claim(attempt=3))
    found = Memory(job, fence_state=FenceState(acknowledged=1).found_last(3))
    assert found.believed(job).claim == claim(attempt=3)


def test_a_copy_with_the_status_of_its_original_is_held() -> None:
    """A tool may restore status; nothing is billed, and the original's job is nobody else's to cancel."""
    copy = running(claim(uid=OTHER_UID), job_id=OTHERS)
    held = decide(seen(replace(copy, finalizers=())))
    told = held.status.condition("Submitted")
    assert told is not None
    assert told.reason == "CopiedObject"
    assert copy.uid == UID
    assert not in_flight(copy)
    assert not may_have_left_a_job(copy, FenceState(), HOLDER)


def test_an_object_that_this_process_has_claimed_is_no_copy() -> None:
    """Its claim was edited before its acceptance was written: it may have been sent all the same."""
    job = claimed(claim=claim(uid=OTHER_UID))
    memory = Memory(claimed(), claimed=True)
    assert decide(seen(Memory(job).believed(job))).action is Action.RELEASE
    assert decide(seen(memory.believed(job), output=OUTPUT, program=PROGRAM)).action is Action.CLAIM
    gone = memory.last_known(replace(job, finalizers=(), resource_version="9"))
    assert may_have_left_a_job(gone, FenceState(), HOLDER)
