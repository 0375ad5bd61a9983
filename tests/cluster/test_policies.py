"""What a QuantumPolicy does not allow, the operator does not send, whether or not the API server refuses it first."""

import re
from typing import Any, Final

import pytest
import yaml

from cluster import jobs
from cluster.answers import assert_held
from cluster.jobnamespace import FOR_EVER, JobNamespace
from localstack import manifests
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = pytest.mark.cluster

PAGE: Final = manifests.PROJECT / "docs" / "money.md"


def policy(name: str = "limits", **spec: Any) -> Manifest:
    """A QuantumPolicy."""
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_it_waits_for_a_policy_that_allows_it(place: JobNamespace) -> None:
    """One that is changed and another that is taken away: both wake the job, and it runs once."""
    place.apply(policy(allowedTargets=["rigetti.*"]), policy("shots", maxShots=10))
    place.apply(jobs.ionq("bell"))
    allowed = "not allowed in this namespace by QuantumPolicy limits: allowed are rigetti.*"
    assert_held(place, "bell", "TargetNotAllowed", "spec.target ionq.simulator", allowed, "make a new job")
    place.apply(policy(allowedTargets=["rigetti.*", "*.simulator"]))
    assert_held(place, "bell", "TooManyShots", "asks for 100 shots", "QuantumPolicy shots allows at most 10")
    place.kubectl("delete", "quantumpolicy", "shots")
    place.wait("bell")
    assert place.status("bell")["state"] == "Succeeded"
    assert len(place.runs("bell")) == 1


@pytest.mark.parametrize(
    ("rules", "spec", "reason", "says"),
    [
        pytest.param({"allowedProviders": ["rigetti"]}, {}, "ProviderNotAllowed", "spec.provider ionq", id="provider"),
        pytest.param(
            {"requireShots": True}, {"parameters": None}, "ShotsMissing", "spec.parameters.shots is missing", id="shots"
        ),
        pytest.param(
            {"allowedPriorities": ["Standard"]}, {"priority": "High"}, "PriorityNotAllowed", "High", id="priority"
        ),
        pytest.param({"requireMaxCost": "Always"}, {}, "MaxCostMissing", "spec.maxCost is missing", id="a limit"),
    ],
)
def test_each_rule_holds(place: JobNamespace, rules: Manifest, spec: Manifest, reason: str, says: str) -> None:
    """Condition and Warning name the field."""
    place.apply(policy(**rules))
    place.apply(jobs.ionq("bell", **spec))
    assert_held(place, "bell", reason, says, "QuantumPolicy limits")


def test_what_runs_is_not_touched(place: JobNamespace, emulator: Emulator) -> None:
    """A policy that comes later neither cancels a job nor keeps it from its result, nor from being cancelled."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("kept"), jobs.ionq("cancelled"))
    for name in ("kept", "cancelled"):
        place.wait_state(name, "Executing")
    place.apply(policy(allowedTargets=["nothing"]))
    place.apply(jobs.ionq("later"))
    assert_held(place, "later", "TargetNotAllowed", "allowed are nothing")
    place.patch("quantumjob", "cancelled", {"spec": {"cancel": True}})
    place.wait("cancelled")
    place.pass_time()
    place.wait("kept")
    assert (place.status("kept")["state"], place.status("cancelled")["state"]) == ("Succeeded", "Cancelled")


def test_a_held_job_can_be_deleted(place: JobNamespace) -> None:
    """At once: nothing was sent, and nothing has to be asked."""
    place.apply(policy(allowedTargets=["nothing"]))
    place.apply(jobs.ionq("bell"))
    place.wait_reason("bell", "Submitted", "TargetNotAllowed")
    assert "finalizers" not in place.job("bell")["metadata"]
    place.delete("bell")


def test_the_policy_of_the_page_is_taken(place: JobNamespace) -> None:
    """As printed, but for its namespace."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (printed,) = (one for one in map(yaml.safe_load, blocks) if one["kind"] == "QuantumPolicy")
    place.apply(policy(**printed["spec"]))
    place.apply(
        jobs.job(
            "rigetti", provider="rigetti", target="rigetti.qpu.x", program={"format": "rigetti.quil.v1", "source": "x"}
        )
    )
    held = place.wait_reason("rigetti", "Submitted", "TargetNotAllowed")
    assert "allowed are ionq.simulator, quantinuum.sim.*, quantinuum.qpu.h2-1" in held["message"]
