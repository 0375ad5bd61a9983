"""The output is there, and its ConfigMap is refused or its name still taken: the job says so, and goes on by itself."""

from collections.abc import Iterator
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

REASON: Final = "OutputRefused"
RULES: Final = "admissionregistration.k8s.io/v1"


def assert_refused(place: JobNamespace, name: str, *said: str) -> None:
    """Condition and Warning quote the API server, and the job is neither ended nor billed again."""
    condition = place.wait_reason(name, "Complete", REASON)
    assert condition["status"] == "False"
    told = place.wait_event(name, REASON)
    assert told.type == "Warning"
    for word in (f"{name}-output", *said):
        assert word in condition["message"]
        assert word in told.message
    assert condition_of(place.job(name), "Ready")["reason"] == REASON


def assert_recovered(place: JobNamespace, name: str) -> None:
    """The output comes by itself; it was told once, and billed once."""
    place.wait(name, "Complete")
    assert place.output(name)["counts.json"]
    assert [one.reason for one in place.events(name)].count(REASON) == 1
    assert [run["status"] for run in place.runs(name)] == ["Succeeded"]


def test_a_full_quota(place: JobNamespace) -> None:
    """A ResourceQuota has no room for one more ConfigMap; when there is room, the output is written."""
    eventually(lambda: place.find("configmap", "kube-root-ca.crt"))
    place.kubectl("create", "quota", "full", "--hard=count/configmaps=1")
    eventually(lambda: (place.find("resourcequota", "full") or {}).get("status", {}).get("used"))
    place.apply(jobs.ionq("bell"))
    assert_refused(place, "bell", "exceeded quota", "count/configmaps")
    place.kubectl("delete", "quota", "full")
    assert_recovered(place, "bell")


@pytest.fixture
def label_required(place: JobNamespace) -> Iterator[None]:
    """A policy by which each ConfigMap of the namespace needs the label `team`."""
    name, metadata = f"{place.name}-labels", {"name": f"{place.name}-labels"}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.name}}}
    wanted = {"expression": "has(object.metadata.labels) && 'team' in object.metadata.labels", "message": "label it"}
    policy: Manifest = {"matchConstraints": {"resourceRules": [rule]}, "validations": [wanted]}
    binding: Manifest = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    place.apply(*({"apiVersion": RULES, "kind": k, "metadata": metadata, "spec": s} for k, s in kinds.items()))
    probe = ("create", "configmap", "probe", "--dry-run=server")
    eventually(lambda: "label it" in place.stack.cluster.kubectl(*probe, f"-n={place.name}", check=False).stderr)
    yield
    for kind in reversed(kinds):
        place.kubectl("delete", kind.lower(), name)


@pytest.mark.usefixtures("label_required")
def test_a_policy_that_wants_a_label(place: JobNamespace) -> None:
    """The message says what is missing; with `spec.output.labels` the output is written."""
    place.apply(jobs.ionq("bell"))
    assert_refused(place, "bell", "label it", "spec.output")
    place.patch("quantumjob", "bell", {"spec": {"output": {"labels": {"team": "q"}}}})
    assert_recovered(place, "bell")


def test_a_deletion_does_not_wait_for_the_output(place: JobNamespace) -> None:
    """Whoever does not want the output any more gets rid of the job."""
    eventually(lambda: place.find("configmap", "kube-root-ca.crt"))
    place.kubectl("create", "quota", "full", "--hard=count/configmaps=1")
    eventually(lambda: (place.find("resourcequota", "full") or {}).get("status", {}).get("used"))
    place.apply(jobs.ionq("bell"))
    assert_refused(place, "bell", "exceeded quota")
    place.delete("bell")
    assert place.find("quantumjob", "bell") is None


def test_a_predecessors_output_that_is_never_collected(place: JobNamespace, emulator: Emulator) -> None:
    """After a minute the message no longer promises that Kubernetes will do it, but says how to."""
    emulator.behave(executing_seconds=FOR_EVER)
    owner = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "name": "bell", "controller": True}
    left = jobs.config_map("bell-output", {"counts.json": "{}"})
    # A finalizer keeps it there as a collector does that has missed the deletion.
    left["metadata"] |= {"ownerReferences": [owner | {"uid": "0d9e6d1f-0000"}], "finalizers": ["example.org/held"]}
    place.apply(left, jobs.ionq("bell"))
    soon = place.wait_reason("bell", "Submitted", "OutputConfigMapConflict")
    assert "removes it soon" in soon["message"]

    def advised() -> bool:
        message = condition_of(place.job("bell"), "Submitted")["message"]
        return f"kubectl delete configmap bell-output -n {place.name}" in message

    eventually(advised, within=90)
    place.patch("configmap", "bell-output", {"metadata": {"finalizers": None}})
    place.kubectl("delete", "configmap", "bell-output", "--ignore-not-found")
    place.wait_state("bell", "Executing")
    assert len(place.runs("bell")) == 1
