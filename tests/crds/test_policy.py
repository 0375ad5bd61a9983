"""What a QuantumPolicy may say: its fields, and what is refused with a remedy."""

from typing import Any, Final

import pytest

from crds.manifests import Manifest
from crds.server import CustomResources
from devcluster.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

FULL: Final[Manifest] = {
    "allowedTargets": ["ionq.simulator", "quantinuum.*"],
    "allowedProviders": ["ionq", "quantinuum"],
    "maxShots": 10_000,
    "requireShots": True,
    "allowedPriorities": ["Standard"],
    "requireMaxCost": "OnPaidTargets",
    "freeTargets": [],
}


def policy(spec: Any) -> Manifest:
    """A QuantumPolicy."""
    head = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumPolicy", "metadata": {"name": "limits"}}
    return head | {"spec": spec}


def test_it_is_stored_as_written(resources: CustomResources) -> None:
    """Nothing pruned, nothing added."""
    assert resources.create(policy(FULL)).body["spec"] == FULL
    assert resources.delete(policy(FULL)).message == ""


@pytest.mark.parametrize("field", [pytest.param(name, id=name) for name in FULL if name != "freeTargets"])
def test_each_rule_stands_alone(resources: CustomResources, field: str) -> None:
    """One that is absent forbids nothing."""
    assert resources.try_create(policy({field: FULL[field]})).message == ""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({}, "at least 1", id="no rule at all"),
        pytest.param({"allowedTarget": ["a"]}, "unknown field", id="a slip"),
        pytest.param({"allowedTargets": []}, "at least 1", id="no target at all"),
        pytest.param({"allowedTargets": ["a"] * 2}, "Duplicate", id="a target twice"),
        pytest.param({"allowedTargets": ["ionq.[a-z]+"]}, "should match", id="a regular expression"),
        pytest.param({"allowedTargets": [""]}, "at least 1", id="an empty target"),
        pytest.param({"allowedTargets": [f"t{n}" for n in range(33)]}, "at most 32 items", id="33 targets"),
        pytest.param({"allowedProviders": ["*"]}, "should match", id="a pattern of providers"),
        pytest.param({"maxShots": 0}, "greater than or equal to 1", id="no shots"),
        pytest.param({"maxShots": "10"}, "must be of type integer", id="shots as text"),
        pytest.param({"maxShots": 9, "requireShots": False}, "remove requireShots", id="shots that may be absent"),
        pytest.param({"allowedPriorities": ["Low"]}, '"High"', id="an unknown priority"),
        pytest.param({"requireMaxCost": "Sometimes"}, '"OnPaidTargets"', id="an unknown rule"),
        pytest.param({"freeTargets": ["a"]}, "remove freeTargets", id="free targets for nothing"),
        pytest.param(
            {"requireMaxCost": "Always", "freeTargets": ["a"]}, "remove freeTargets", id="free targets beside Always"
        ),
    ],
)
def test_bad_rules_are_refused_with_a_remedy(resources: CustomResources, spec: Manifest, says: str) -> None:
    """By the API server, with the field."""
    answer = resources.try_create(policy(spec))
    assert not answer.accepted
    assert says in answer.message
    assert "spec" in answer.message


def test_a_table_shows_the_rules(resources: CustomResources, served: ControlPlane) -> None:
    """What researchers ask for first."""
    assert resources.create(policy(FULL)).message == ""
    head, row = served.kubectl("get", "quantumpolicies", "--namespace=crds").stdout.splitlines()
    assert head.split() == ["NAME", "TARGETS", "MAX", "SHOTS", "MAX", "COST", "AGE"]
    assert "ionq.simulator" in row
    assert "10000" in row
    assert "OnPaidTargets" in row
    assert resources.delete(policy(FULL)).message == ""
