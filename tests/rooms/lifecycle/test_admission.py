"""Which QuantumWorkspace serves a job that is bound to an Azure workspace, and what is believed of a claim."""

from dataclasses import replace
from typing import Any, Final

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.admission import may_serve
from quantumjob_operator.lifecycle.event_rules import notices_between
from quantumjob_operator.lifecycle.observation import ABSENT
from quantumjob_operator.model.jobstatus import JobStatus, WorkspaceUsed, status_patch
from quantumjob_operator.model.quantumjob import QuantumJob, Through
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from rooms.lifecycle.observations import (
    OUTPUT,
    PROGRAM,
    WORKSPACE,
    accepted,
    claim,
    claimed,
    identity,
    new,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import OTHER_UID, RESOURCE_ID, workspace

ID: Final = WORKSPACE.id
SHARED: Final = ("platform", "shared")
THROUGH: Final = Through(*SHARED, OTHER_UID)
THEIRS: Final = Through("research", "theirs", "7")
ELSEWHERE: Final = RESOURCE_ID.replace("Research-WS", "Other-WS")
USED: Final = WorkspaceUsed(ID, WORKSPACE.endpoint, {"namespace": SHARED[0], "name": SHARED[1]})
SHARED_FACTS: Final = replace(WORKSPACE, namespace=SHARED[0], name=SHARED[1])


def shared(*, admits: str | None = "All", **fields: Any) -> QuantumWorkspace:
    """The workspace of the platform team, with or without an invitation."""
    spec: dict[str, Any] = {"resourceId": fields.pop("resource_id", RESOURCE_ID)}
    spec |= {"allowedNamespaces": {"from": admits}} if admits else {}
    return workspace(spec, namespace=SHARED[0], name=SHARED[1], **fields)


def job_through(
    through: Through | None = THROUGH, *, claimed_attempt: int = 1, status: JobStatus | None = None
) -> QuantumJob:
    """A claimed job of which status says so much."""
    return claimed(claim=replace(claim(claimed_attempt), through=through), status=status or JobStatus())


RECORDED: Final = JobStatus(workspace=USED, attempt=1)


@pytest.mark.parametrize(
    ("job", "offered", "named", "serves"),
    [
        pytest.param(job_through(), shared(), [], True, id="the object of the claim"),
        pytest.param(job_through(), shared(uid="anew"), [], False, id="one of its name that was made anew"),
        pytest.param(job_through(), shared(uid="anew"), [SHARED], True, id="the same, which the reference names"),
        pytest.param(job_through(None), shared(), [], False, id="any other object with that id"),
        pytest.param(job_through(None), shared(), [SHARED], True, id="an old claim, by its reference"),
        pytest.param(job_through(), shared(admits=None), [SHARED], False, id="one that does not admit"),
        pytest.param(job_through(), shared(admits="Same"), [SHARED], False, id="one that admits its own"),
        pytest.param(
            job_through(status=RECORDED),
            shared(admits=None),
            [SHARED],
            True,
            id="one that no longer admits, but status names",
        ),
        pytest.param(
            job_through(status=RECORDED),
            shared(admits=None, uid="anew"),
            [],
            False,
            id="another object that status names",
        ),
        pytest.param(
            job_through(THEIRS, status=RECORDED),
            workspace(namespace="research", name="theirs", uid=THEIRS.uid),
            [],
            False,
            id="a claim that was edited to name another object",
        ),
        pytest.param(
            job_through(status=RECORDED),
            workspace(namespace="research", name="default"),
            [("research", "default")],
            False,
            id="one that the reference means by now, which status does not name",
        ),
        pytest.param(
            job_through(THEIRS, status=RECORDED), shared(), [SHARED], True, id="the one that status names, all the same"
        ),
        pytest.param(
            job_through(claimed_attempt=2, status=RECORDED),
            shared(admits=None),
            [SHARED],
            False,
            id="one that status names for another attempt",
        ),
        pytest.param(job_through(), shared(resource_id=ELSEWHERE), [SHARED], False, id="another one at Azure"),
        pytest.param(new(), shared(), [SHARED], False, id="a job that is bound to none"),
        pytest.param(
            replace(accepted(workspace=USED), claim=None),
            shared(admits=None),
            [SHARED],
            True,
            id="a claim that was taken off",
        ),
    ],
)
def test_who_serves_a_bound_job(
    job: QuantumJob, offered: QuantumWorkspace, named: list[tuple[str, str]], *, serves: bool
) -> None:
    """Annotations name a way; only admission and status open it."""
    assert may_serve(job, offered, named, {"team": "research"}) is serves


def test_status_names_the_workspace_of_another_namespace_before_anything_is_sent() -> None:
    """Admission may be withdrawn at any moment; from here on every process knows where to look and to cancel."""
    job = claimed()
    facts = seen(job, workspace=SHARED_FACTS, remote=ABSENT, program=PROGRAM, output=OUTPUT, never_sent=True)
    decision = decide(facts)
    assert (decision.action, decision.status.workspace, decision.status.attempt) == (Action.RECORD, USED, 1)
    assert notices_between(job.status, decision.status) == ()
    written = replace(facts, job=replace(job, status=decision.status))
    assert decide(written).action is Action.SUBMIT
    assert may_serve(written.job, shared(admits=None), [SHARED], None)


def test_a_workspace_of_the_own_namespace_is_not_recorded() -> None:
    """It always admits, and a write would be for nothing."""
    assert decide(seen(claimed(), remote=ABSENT, program=PROGRAM, output=OUTPUT)).action is Action.SUBMIT


def test_each_attempt_is_recorded() -> None:
    """What status says of the last attempt is nothing for the next."""
    between = set_aside("Retrying", workspace=USED, failed_attempts=1)
    job = claimed({"backoffLimit": 3}, attempt=2, status=between)
    facts = seen(job, workspace=SHARED_FACTS, remote=ABSENT, program=PROGRAM, output=OUTPUT)
    decision = decide(facts)
    assert (decision.action, decision.status.attempt, decision.status.failed_attempts) == (Action.RECORD, 2, 1)
    assert decide(replace(facts, job=replace(job, status=decision.status))).action is Action.SUBMIT


def test_attempts_that_status_has_lost_are_counted_before_their_number_is_written() -> None:
    """Else a restored object would be granted its failures again."""
    facts = seen(
        claimed({"backoffLimit": 3}, attempt=3), workspace=SHARED_FACTS, remote=ABSENT, program=PROGRAM, output=OUTPUT
    )
    decision = decide(facts)
    assert (decision.status.attempt, decision.status.failed_attempts) == (3, 2)
    found = remote(attempt=3)
    told = replace(facts, job=replace(facts.job, status=decision.status), submission=found, job_id=identity(3))
    assert decide(told).status.failed_attempts == 2


def test_a_record_changes_nothing_else() -> None:
    """Neither conditions nor the summary: nothing has happened yet."""
    job = claimed(status=JobStatus())
    decision = decide(seen(job, workspace=SHARED_FACTS, remote=ABSENT, program=PROGRAM, output=OUTPUT))
    assert status_patch(job.status, decision.status).keys() == {"workspace", "attempt"}


def test_what_is_accepted_says_the_same_as_what_was_recorded() -> None:
    """One way of naming a workspace."""
    facts = seen(claimed(), workspace=SHARED_FACTS, submission=remote(), remote=remote())
    assert decide(facts).status.workspace == USED
