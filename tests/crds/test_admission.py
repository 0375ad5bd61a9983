"""config/admission on a real API server: what it refuses, in which words, and what it never looks at."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from crds.manifests import SMALLEST_JOB, Manifest
from crds.policyrows import ALLOWED, FORBIDDEN, NAME, Row
from crds.server import CustomResources
from devcluster.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

PROJECT: Final = Path(__file__).resolve().parents[2]
ADMISSION: Final = PROJECT / "config" / "admission"
RESEARCHER: Final = PROJECT / "config" / "rbac" / "researcher"
ROWS: Final = {row: f"row-{number}" for number, row in enumerate(map(str, (*ALLOWED, *FORBIDDEN)))}
STRICTEST: Final[Manifest] = {
    "allowedTargets": ["x" * 126 + f"{number:02}" for number in range(32)],
    "allowedProviders": ["ionq"],
    "maxShots": 5,
    "requireMaxCost": "OnPaidTargets",
    "freeTargets": ["*a" * 63 + f"{number:02}" for number in range(32)],
}
"""As long as a policy can be."""
_SECONDS: Final = 60.0


def manifest(row: Row) -> Manifest:
    """The job of a row."""
    return {**SMALLEST_JOB, "metadata": {"name": "judged"}, "spec": row.spec}


def policy(spec: Any, namespace: str, name: str = NAME) -> Manifest:
    """A QuantumPolicy."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumPolicy", "metadata": metadata, "spec": spec}


def namespace(name: str) -> Manifest:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def told(cluster: ControlPlane, job: Manifest, in_namespace: str, *arguments: str, verb: str = "apply") -> str:
    """What kubectl says of a job that is applied: empty if it was taken."""
    done = cluster.kubectl(
        verb, f"--namespace={in_namespace}", "-f", "-", *arguments, stdin=json.dumps(job), check=False
    )
    return done.stderr.strip()


@pytest.fixture(scope="module")
def judged(served: ControlPlane, resources: CustomResources) -> Iterator[CustomResources]:
    """The admission in force, with a namespace and a policy for each row, and one with two policies."""
    rows = [(ROWS[str(row)], row.policy) for row in (*ALLOWED, *FORBIDDEN)]
    objects = [made for name, spec in rows for made in (namespace(name), policy(spec, name))]
    objects += [namespace("policed"), policy({"allowedProviders": ["ionq"]}, "policed", "a"), namespace("unpoliced")]
    objects += [namespace("strict"), policy(STRICTEST, "strict")]
    last = policy({"allowedTargets": ["nothing"]}, "policed", "z")
    served.kubectl("apply", "-f", ADMISSION)
    served.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    served.kubectl("create", "-f", "-", stdin=json.dumps(last))
    # The API server hears of policies in their order: with the last one it knows them all.
    deadline = time.monotonic() + _SECONDS
    while resources.within("policed").try_create(SMALLEST_JOB).accepted:
        assert time.monotonic() < deadline, "the admission never came into force"
        time.sleep(0.2)
    yield resources
    served.kubectl("delete", "-f", ADMISSION)
    served.kubectl("delete", "namespace", *ROWS.values(), "policed", "unpoliced", "strict", "--wait=false")


@pytest.mark.parametrize("row", [pytest.param(one, id=one.sentence) for one in ALLOWED])
def test_allowed(judged: CustomResources, row: Row) -> None:
    """Taken as if there were no policy."""
    assert judged.within(ROWS[str(row)]).try_create(manifest(row)).message == ""


@pytest.mark.parametrize("row", [pytest.param(one, id=one.sentence) for one in FORBIDDEN])
def test_refused(judged: CustomResources, row: Row) -> None:
    """In the operator's own words, field and remedy included."""
    answer = judged.within(ROWS[str(row)]).try_create(manifest(row))
    assert answer.code == 403
    assert answer.message.endswith(f"denied request: {row.says}")


@pytest.mark.usefixtures("judged")
def test_kubectl_shows_the_field_and_the_remedy(served: ControlPlane) -> None:
    """One line, at once; a server-side dry run says so, too."""
    refused = told(served, SMALLEST_JOB, "policed")
    assert "spec.target ionq.simulator is not allowed in this namespace by QuantumPolicy z: allowed are noth" in refused
    assert told(served, SMALLEST_JOB, "policed", "--dry-run=server") == refused


def test_a_null_is_no_number_of_shots(judged: CustomResources) -> None:
    """It reaches the admission, as everything that the schema keeps."""
    (row, *_) = (one for one in FORBIDDEN if one.reason == "ShotsMissing")
    job = manifest(row)
    spec = {**job["spec"], "parameters": {"shots": None, "count": None}}
    assert judged.within(ROWS[str(row)]).try_create({**job, "spec": spec}).message.endswith(row.says)


def test_the_largest_policy_is_judged_in_time(judged: CustomResources) -> None:
    """Its whole list fits the message, and the cost of all its patterns stays below the API server's limit."""
    answer = judged.within("strict").try_create(changed_target("a" * 128))
    assert answer.message.endswith(", ".join(STRICTEST["allowedTargets"]))


def changed_target(target: str) -> Manifest:
    """A job for another target."""
    return {**SMALLEST_JOB, "spec": {**SMALLEST_JOB["spec"], "target": target}}


def test_without_a_policy_nothing_is_refused(judged: CustomResources) -> None:
    """Nor does a policy of another namespace count."""
    assert judged.within("unpoliced").try_create(SMALLEST_JOB).message == ""


def test_an_older_job_is_written_on(judged: CustomResources, served: ControlPlane) -> None:
    """Finalizer, claim, status, cancel and deletion of a job that no longer conforms: only its creation is judged."""
    served.kubectl("create", "namespace", "older")
    older = judged.within("older")
    assert older.create(SMALLEST_JOB).message == ""
    assert older.create(policy({"allowedTargets": ["nothing"]}, "older")).message == ""
    deadline = time.monotonic() + _SECONDS
    while older.try_create({**SMALLEST_JOB, "metadata": {"name": "newer"}}).accepted:
        assert time.monotonic() < deadline, "the policy never came into force"
        time.sleep(0.2)
    claim = {"metadata": {"finalizers": ["quantumjobs.dev/cancel"], "annotations": {"quantumjobs.dev/claim": "{}"}}}
    assert older.try_merge(SMALLEST_JOB, claim).message == ""
    assert older.merge_status(SMALLEST_JOB, {"state": "Executing"}).message == ""
    assert older.try_merge(SMALLEST_JOB, {"spec": {"cancel": True}}).message == ""
    assert older.delete(SMALLEST_JOB).message == ""
    served.kubectl("delete", "namespace", "older", "--wait=false")


@pytest.mark.usefixtures("judged")
def test_a_researcher_reads_policies_and_writes_none(served: ControlPlane) -> None:
    """With the role that researchers are given: refused by a policy, they can't take it away."""
    served.kubectl("apply", "-f", RESEARCHER)
    served.kubectl(
        "create", "rolebinding", "ada", "--clusterrole=quantumjob-researcher", "--user=ada", "--namespace=policed"
    )
    as_ada = "--as=ada"
    deadline = time.monotonic() + _SECONDS
    while "no" in served.kubectl("auth", "can-i", "create", "quantumjobs", as_ada, "-npoliced", check=False).stdout:
        assert time.monotonic() < deadline, "the role never came into force"
        time.sleep(0.2)
    assert "QuantumPolicy z" in told(served, SMALLEST_JOB, "policed", as_ada, verb="create")
    assert "nothing" in served.kubectl("get", "quantumpolicies", as_ada, "-npoliced").stdout
    more = policy({"maxShots": 10**9}, "policed", "mine")
    for refused in (
        served.kubectl("delete", "quantumpolicy", "z", as_ada, "-npoliced", check=False),
        served.kubectl(
            "patch", "quantumpolicy", "z", as_ada, "-npoliced", "--type=merge", "-p", '{"spec": {}}', check=False
        ),
        served.kubectl("create", as_ada, "-f", "-", stdin=json.dumps(more), check=False),
    ):
        assert refused.returncode != 0
        assert "cannot" in refused.stderr
