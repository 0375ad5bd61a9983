"""What the API server makes of the CRDs: stored fields, status, columns, names, selectors, `kubectl explain`."""

import re
from typing import Final

import pytest

from crds.manifests import (
    FULL_JOB,
    FULL_WORKSPACE,
    JOB_STATUS,
    SMALLEST_JOB,
    SMALLEST_WORKSPACE,
    WORKSPACE_STATUS,
    Manifest,
    changed,
)
from crds.server import NAMESPACE, CustomResources
from devcluster.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

IN_NAMESPACE: Final = f"--namespace={NAMESPACE}"
JOB_COLUMNS: Final = "NAME PROVIDER TARGET STATE REASON AGE"
WIDE_JOB_COLUMNS: Final = "NAME PROVIDER TARGET STATE REASON MESSAGE SHOTS COST CURRENCY DURATION JOB ID WORKSPACE AGE"
WORKSPACE_COLUMNS: Final = "NAME READY REASON LOCATION AGE"


@pytest.mark.parametrize(
    "manifest", [pytest.param(FULL_JOB, id="a job"), pytest.param(FULL_WORKSPACE, id="a workspace")]
)
def test_spec_survives_storage(resources: CustomResources, manifest: Manifest) -> None:
    """Every field of a spec is read back as it was written: nothing pruned, nothing added."""
    assert resources.read(manifest).body["spec"] == manifest["spec"]


@pytest.mark.parametrize(
    "manifest", [pytest.param(SMALLEST_JOB, id="a job"), pytest.param(SMALLEST_WORKSPACE, id="a workspace")]
)
def test_unseen_object_says_so(resources: CustomResources, manifest: Manifest) -> None:
    """Before the operator has seen an object its status is that of no generation, and its spec has no defaults."""
    stored = resources.read(manifest).body
    assert stored["status"] == {"observedGeneration": -1}
    assert stored["spec"] == manifest["spec"]


@pytest.mark.parametrize(
    ("manifest", "status"),
    [pytest.param(FULL_JOB, JOB_STATUS, id="a job"), pytest.param(FULL_WORKSPACE, WORKSPACE_STATUS, id="a workspace")],
)
def test_status_survives_storage(resources: CustomResources, manifest: Manifest, status: Manifest) -> None:
    """Every field of a status is read back as the operator wrote it."""
    assert resources.merge_status(manifest, status).message == ""
    assert resources.read(manifest).body["status"] == status


@pytest.mark.parametrize(
    ("manifest", "status"),
    [pytest.param(FULL_JOB, JOB_STATUS, id="a job"), pytest.param(FULL_WORKSPACE, WORKSPACE_STATUS, id="a workspace")],
)
def test_status_is_one_field_to_its_writer(resources: CustomResources, manifest: Manifest, status: Manifest) -> None:
    """Nobody shares it: kept field by field, what belongs to whom would be more than the status itself."""
    assert resources.merge_status(manifest, status).message == ""
    owned = [one["fieldsV1"] for one in resources.read(manifest).body["metadata"]["managedFields"]]
    assert [one["f:status"] for one in owned if "f:status" in one] == [{}]


@pytest.mark.parametrize("lost", [pytest.param("shots", id="shots"), pytest.param("count", id="count")])
def test_null_parameter_is_not_dropped(resources: CustomResources, lost: str) -> None:
    """A null in the parameters is kept for the operator to refuse; dropped, it would let the target choose."""
    job = changed(SMALLEST_JOB, "metadata.name", f"null-{lost}")
    answer = resources.create(changed(job, "spec.parameters", {lost: None, "noise": None}))
    assert answer.body["spec"]["parameters"] == {lost: None, "noise": None}


@pytest.mark.parametrize(
    ("status", "fragment"),
    [
        pytest.param({"state": "Sleeping"}, "status.state: Unsupported value", id="an unknown state"),
        pytest.param({"cancellation": {"attempt": 1, "reason": "Bored"}}, "status.cancellation.reason", id="a reason"),
        pytest.param({"attempts": [{"attempt": 1}, {"attempt": 1}]}, "Duplicate value", id="an attempt twice"),
        pytest.param({"attempts": [{"attempt": n} for n in range(1, 12)]}, "at most 10 items", id="11 attempts"),
        pytest.param({"conditions": [{"type": "Ready"}]}, "Required value", id="half a condition"),
        pytest.param({"error": {"message": "m" * 1025}}, "status.error.message: Too long", id="a long error"),
        pytest.param({"jobId": "42"}, "status.jobId: Invalid value", id="an id that is no GUID"),
    ],
)
def test_wrong_status_is_rejected(resources: CustomResources, status: Manifest, fragment: str) -> None:
    """The schema holds for what the operator writes, too."""
    assert fragment in resources.merge_status(SMALLEST_JOB, status).message


def test_spec_patch_leaves_status_alone(resources: CustomResources) -> None:
    """Status is a subresource: who may change a job's spec can't claim a result."""
    job = changed(SMALLEST_JOB, "metadata.name", "honest")
    resources.create(job)
    answer = resources.try_merge(job, {"status": {"state": "Succeeded"}})
    assert answer.body["status"] == {"observedGeneration": -1}


def test_jobs_are_found_by_idempotency_key(resources: CustomResources) -> None:
    """A field selector finds the jobs with one key, and only those."""
    for name, key in (("one", "lab/run:1"), ("two", "lab/run:1"), ("three", "lab/run:2")):
        job = changed(changed(SMALLEST_JOB, "metadata.name", f"keyed-{name}"), "spec.idempotencyKey", key)
        assert resources.create(job).accepted
    found = resources.list_by_field("QuantumJob", "spec.idempotencyKey=lab/run:1").body["items"]
    assert {job["metadata"]["name"] for job in found} == {"keyed-one", "keyed-two"}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("status.state=Pending", ["held"], id="state"),
        pytest.param("status.state!=Pending,spec.provider=elsewhere", ["runs"], id="another state of one provider"),
        pytest.param("spec.target=elsewhere.qpu", ["held"], id="target"),
        pytest.param("spec.provider=elsewhere", ["held", "runs"], id="provider"),
    ],
)
def test_jobs_are_selected_by_where_they_are(resources: CustomResources, selector: str, names: list[str]) -> None:
    """`kubectl get quantumjobs --field-selector` asks the API server, not the whole list."""
    for name, target, state in (
        ("held", "elsewhere.qpu", "Pending"),
        ("runs", "elsewhere.simulator", "Executing"),
    ):
        job = changed(changed(SMALLEST_JOB, "metadata.name", name), "spec.provider", "elsewhere")
        resources.create(changed(job, "spec.target", target))
        assert resources.merge_status(job, {"state": state}).accepted
    found = resources.list_by_field("QuantumJob", selector).body["items"]
    assert sorted(job["metadata"]["name"] for job in found) == names


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        pytest.param(("quantumjobs",), JOB_COLUMNS, id="jobs"),
        pytest.param(("quantumjobs.quantumjobs.dev",), JOB_COLUMNS, id="jobs by their full name"),
        pytest.param(("qj", "-o", "wide"), WIDE_JOB_COLUMNS, id="jobs by their short name, wide"),
        pytest.param(("qws",), WORKSPACE_COLUMNS, id="workspaces by their short name"),
    ],
)
@pytest.mark.usefixtures("resources")
def test_table_has_columns(served: ControlPlane, arguments: tuple[str, ...], columns: str) -> None:
    """`kubectl get` shows what people ask for first, under every name of the resource."""
    heading = served.kubectl("get", *arguments, IN_NAMESPACE).stdout.splitlines()[0]
    assert heading.split() == columns.split()


def test_wide_row_shows_the_status(served: ControlPlane, resources: CustomResources) -> None:
    """What is in the way, in one word and in a sentence; what was asked for and cost; where to look for it."""
    job = changed(changed(SMALLEST_JOB, "metadata.name", "wide"), "spec.parameters", {"shots": 500})
    assert resources.create(job).accepted
    ready = JOB_STATUS["conditions"][0] | {"type": "Ready", "reason": "ServiceUnavailable"}
    assert resources.merge_status(job, JOB_STATUS | {"conditions": [*JOB_STATUS["conditions"], ready]}).accepted
    row = served.kubectl("get", "quantumjob", "wide", "-o", "wide", "--no-headers", IN_NAMESPACE).stdout
    assert re.split(r"  +", row.strip())[:-1] == [
        *("wide", "ionq", "ionq.simulator", "Executing", "ServiceUnavailable"),
        *("the job executes", "500", "2.50", "USD", "1h0m0s", JOB_STATUS["jobId"], "default"),
    ]


@pytest.mark.parametrize(
    ("category", "listed"), [pytest.param("quantum", True, id="quantum"), pytest.param("all", False, id="all")]
)
@pytest.mark.usefixtures("resources")
def test_category(served: ControlPlane, category: str, *, listed: bool) -> None:
    """Jobs are listed under `quantum` and not under `all`, whose deletion would cancel paid jobs."""
    output = served.kubectl("get", category, "--output=name", IN_NAMESPACE).stdout
    assert ("quantumjob.quantumjobs.dev/smallest" in output) is listed


@pytest.mark.parametrize(
    ("field", "fragment"),
    [
        pytest.param("quantumjob", "one run of a quantum program", id="the job"),
        pytest.param(
            "quantumjob.spec.program.sourceBase64", "(A-Z a-z 0-9 + /), as `base64 -w0`", id="a field in depth"
        ),
        pytest.param("quantumjob.spec.parameters", "Leave a parameter out instead of giving null", id="parameters"),
        pytest.param("quantumjob.status.conditions.reason", "one word for programs", id="a field of a list"),
        pytest.param("quantumworkspace.spec.credentials", "exactly one of", id="the workspace's credentials"),
    ],
)
def test_explain(served: ControlPlane, field: str, fragment: str) -> None:
    """`kubectl explain` tells a researcher what a field is for."""
    assert fragment in " ".join(served.kubectl("explain", field).stdout.split())
