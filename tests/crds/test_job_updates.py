"""What may change in a QuantumJob that exists, and what a refused change says."""

from typing import Any, Final

import pytest

from crds.manifests import FULL_JOB, GUID, SMALLEST_JOB, Manifest, changed
from crds.server import CustomResources

pytestmark = pytest.mark.cluster

GONE: Final = None  # a merge patch removes what is null
ANOTHER: Final = "create another QuantumJob"
CHANGED_VALUES: Final[dict[str, Any]] = {
    "provider": "rigetti",
    "target": "ionq.qpu.aria-1",
    "name": "another name",
    "parameters": {"shots": 501},
    "program": {"configMapKeyRef": {"key": "other.json"}},
    "outputFormat": "microsoft.quantum-results.v2",
    "workspaceRef": {"name": "another"},
    "tags": ["bell", "another"],
    "metadata": {"experiment": "43"},
    "priority": "High",
    "sessionId": GUID.replace("cafe", "beef"),
    "idempotencyKey": "run-2026-12",
    "backoffLimit": 3,
}
OPTIONAL_FIELDS: Final = sorted(CHANGED_VALUES.keys() - {"provider", "target", "program"})
FIXED: Final = [
    *(pytest.param(FULL_JOB, {field: value}, field, id=f"{field} changed") for field, value in CHANGED_VALUES.items()),
    *(pytest.param(FULL_JOB, {field: GONE}, field, id=f"{field} removed") for field in OPTIONAL_FIELDS),
    *(
        pytest.param(SMALLEST_JOB, {field: CHANGED_VALUES[field]}, field, id=f"{field} added")
        for field in OPTIONAL_FIELDS
    ),
    pytest.param(
        FULL_JOB, {"parameters": {"noise": {"model": "forte-1"}}}, "parameters", id="a nested parameter changed"
    ),
    pytest.param(FULL_JOB, {"parameters": {"noise": GONE}}, "parameters", id="one of several parameters removed"),
    pytest.param(FULL_JOB, {"parameters": {"debias": True}}, "parameters", id="a parameter added to others"),
    pytest.param(
        FULL_JOB,
        {"parameters": {"noise": {"seeds": [1, {"second": 3}]}}},
        "parameters",
        id="a parameter changed in depth",
    ),
    pytest.param(SMALLEST_JOB, {"program": {"source": "{}"}}, "program", id="the inline program changed"),
    pytest.param(FULL_JOB, {"program": {"format": "qir.v1"}}, "program", id="the program's format changed"),
    pytest.param(
        FULL_JOB, {"workspaceRef": {"namespace": GONE}}, "workspaceRef", id="the workspace's namespace removed"
    ),
    pytest.param(FULL_JOB, {"tags": ["bell"]}, "tags", id="one of several tags removed"),
    pytest.param(FULL_JOB, {"metadata": {"more": "1"}}, "metadata", id="metadata added to other metadata"),
]


@pytest.mark.parametrize(("job", "change", "field"), FIXED)
def test_what_runs_where_is_fixed(resources: CustomResources, job: Manifest, change: Manifest, field: str) -> None:
    """A change of a field that is fixed at creation is refused; the message names it and the way out."""
    message = resources.try_merge(job, {"spec": change}).message
    assert f"spec.{field}" in message
    assert ANOTHER in message


CHANGEABLE: Final = [
    pytest.param({"suspend": True}, id="suspend turned on"),
    pytest.param({"cancel": True}, id="cancel turned on"),
    pytest.param({"cancel": GONE}, id="a cancel that is false removed"),
    pytest.param({"activeDeadlineSeconds": 7200}, id="the deadline moved"),
    pytest.param({"activeDeadlineSeconds": GONE}, id="the deadline removed"),
    pytest.param({"queueDeadlineSeconds": 60}, id="the queue deadline moved"),
    pytest.param({"ttlSecondsAfterFinished": 0}, id="the time to live changed"),
    pytest.param({"deletionPolicy": "Orphan"}, id="the deletion policy changed"),
    pytest.param({"output": {"configMapName": "another"}}, id="the output ConfigMap renamed"),
    pytest.param({"output": GONE}, id="the output removed"),
    pytest.param({"tags": ["demo", "bell"]}, id="the same tags in another order"),
]


@pytest.mark.parametrize("change", CHANGEABLE)
def test_how_it_is_treated_may_change(resources: CustomResources, change: Manifest) -> None:
    """A change of a field that a job obeys while it lives is taken."""
    assert resources.try_merge(FULL_JOB, {"spec": change}).message == ""


def test_labels_and_annotations_may_change(resources: CustomResources) -> None:
    """The rules on updates leave the metadata of the object alone."""
    change = {
        "metadata": {"labels": {"a": "b"}, "annotations": {"quantumjobs.dev/claim": "{}"}, "finalizers": ["a.b/c"]}
    }
    assert resources.try_merge(FULL_JOB, change).message == ""


@pytest.mark.parametrize(
    "change", [pytest.param({"cancel": False}, id="set to false"), pytest.param({"cancel": GONE}, id="removed")]
)
def test_cancel_is_not_turned_back(resources: CustomResources, change: Manifest) -> None:
    """Once cancel is true it stays true."""
    job = changed(SMALLEST_JOB, "metadata.name", "cancelled")
    resources.create(job | {"spec": job["spec"] | {"cancel": True}})
    message = resources.try_merge(job, {"spec": change}).message
    assert "spec.cancel" in message
    assert "cannot be turned back" in message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"output": {"configMapName": "late"}}, id="renamed"),
        pytest.param({"output": {"labels": {"late": "yes"}}}, id="labelled"),
        pytest.param({"output": GONE}, id="removed"),
    ],
)
def test_output_is_fixed_once_it_is_written(resources: CustomResources, change: Manifest) -> None:
    """After the condition Complete nothing would follow a change of the output: it is refused."""
    job = complete(resources, changed(FULL_JOB, "metadata.name", "complete"))
    message = resources.try_merge(job, {"spec": change}).message
    assert "spec.output" in message
    assert "once the output is written" in message


def test_output_cannot_be_added_late(resources: CustomResources) -> None:
    """After the condition Complete an output that was absent stays absent."""
    job = complete(resources, changed(SMALLEST_JOB, "metadata.name", "complete-without-output"))
    assert "spec.output" in resources.try_merge(job, {"spec": {"output": {"configMapName": "late"}}}).message


def test_complete_job_still_takes_other_changes(resources: CustomResources) -> None:
    """After the condition Complete the time to live may still change."""
    job = complete(resources, changed(FULL_JOB, "metadata.name", "complete-and-kept"))
    assert resources.try_merge(job, {"spec": {"ttlSecondsAfterFinished": 5}}).message == ""


def complete(resources: CustomResources, job: Manifest) -> Manifest:
    """Make a job, if need be, that has the condition Complete; return its manifest."""
    resources.create(job)
    condition = {
        "type": "Complete",
        "status": "True",
        "reason": "Succeeded",
        "message": "",
        "lastTransitionTime": "2026-11-22T09:00:00Z",
    }
    assert resources.merge_status(job, {"conditions": [condition]}).accepted
    return job
