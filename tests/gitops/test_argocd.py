"""Argo CD reads each situation of a job as it is meant, and its action cancels."""

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of
from gitops.argocd import Customizations
from gitops.states import Object, Situation
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

EXPECTED = {
    Situation.UNSEEN: "Progressing",
    Situation.HELD_BACK: "Progressing",
    Situation.QUEUED: "Progressing",
    Situation.RUNNING: "Progressing",
    Situation.CANCELLING: "Progressing",
    Situation.SUCCEEDED: "Healthy",
    Situation.FAILED: "Degraded",
    Situation.CANCELLED_BEFORE: "Degraded",
    Situation.CANCELLED: "Degraded",
    Situation.REFUSED: "Degraded",
    Situation.SUSPENDED_BEFORE: "Suspended",
    Situation.SUSPENDED: "Suspended",
    Situation.CHANGED: "Progressing",
    Situation.BEING_DELETED: "Progressing",
}
CANCELLABLE = {
    Situation.UNSEEN,
    Situation.HELD_BACK,
    Situation.QUEUED,
    Situation.RUNNING,
    Situation.SUSPENDED_BEFORE,
    Situation.SUSPENDED,
}


@pytest.fixture(scope="module")
def argocd() -> Customizations:
    """Argo CD with the customizations that we ship."""
    return Customizations()


def test_every_situation_has_its_row() -> None:
    """No situation is left out."""
    assert EXPECTED.keys() == set(Situation)


@pytest.mark.parametrize("situation", Situation)
def test_health(argocd: Customizations, objects: dict[Situation, Object], situation: Situation) -> None:
    """The word that Argo CD shows for the situation, with a message."""
    status, message = argocd.health(objects[situation])
    assert status == EXPECTED[situation]
    assert message


@pytest.mark.parametrize("situation", Situation)
def test_cancel_is_offered_while_there_is_something_to_cancel(
    argocd: Customizations, objects: dict[Situation, Object], situation: Situation
) -> None:
    """A job that has ended, is being cancelled or deleted has nothing left to cancel."""
    assert argocd.actions(objects[situation]) == {"cancel": situation in CANCELLABLE}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="no status at all"),
        pytest.param({}, id="a status without anything"),
        pytest.param({"observedGeneration": 1}, id="no conditions"),
        pytest.param({"observedGeneration": 1, "conditions": []}, id="an empty list of conditions"),
    ],
)
def test_half_a_status_is_progress(argocd: Customizations, status: Object | None) -> None:
    """The scripts don't trip over what is absent."""
    job = {**jobs.ionq("bell"), "status": status}
    job["metadata"] = {"name": "bell", "generation": 1}
    assert argocd.health(job).status == "Progressing"
    assert argocd.actions(job) == {"cancel": True}


def test_cancel_action_cancels(argocd: Customizations, stack: Stack) -> None:
    """What the action changes is what the operator cancels by."""
    place = JobNamespace.make(stack, "argocd-action")
    place.apply(jobs.ionq("bell", workspaceRef={"name": "later"}))
    place.wait_reason("bell", "Submitted", "WorkspaceNotFound")
    before = place.job("bell")
    after = argocd.act(before, "cancel")
    changed = {field: value for field, value in after["spec"].items() if before["spec"].get(field) != value}
    assert changed == {"cancel": True}
    place.patch("quantumjob", "bell", {"spec": changed})
    place.wait("bell")
    assert condition_of(place.job("bell"), "Failed")["reason"] == "Cancelled"


def test_health_of_a_workspace(argocd: Customizations, stack: Stack) -> None:
    """A workspace is healthy when it can be reached, and degraded when it can't."""
    place = JobNamespace.make(stack, "argocd-workspace")
    missing = {"apiKey": {"secretKeyRef": {"name": "missing", "key": "apiKey"}}}
    place.apply(place.workspace("broken", credentials=missing))
    place.wait("default", "Ready", kind="quantumworkspace")
    place.wait("broken", "Ready=False", kind="quantumworkspace")
    healths = {
        name: argocd.health(stack.get("quantumworkspace", name, namespace=place.name)) for name in ("default", "broken")
    }
    assert {name: health.status for name, health in healths.items()} == {"default": "Healthy", "broken": "Degraded"}
    assert "missing" in healths["broken"].message
