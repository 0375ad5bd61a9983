"""templates/lease.yaml: the right to one Lease, and only for replicas that compete for it."""

import pytest
import yaml

from chart.conftest import Render
from chart.helm import PROJECT, Manifest, Rendering, Values
from chart.values import NAMESPACED, REPLICATED

NAME = "quantumjob-operator-lease"


def lease_role(rendering: Rendering) -> Manifest:
    """The Role for the Lease."""
    (found,) = (one for one in rendering.all("Role") if one["metadata"]["name"] == NAME)
    return found


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="one replica"),
        pytest.param({"replicaCount": 0}, id="none"),
        pytest.param(REPLICATED | {"rbac": {"create": False}}, id="rights that are made elsewhere"),
    ],
)
def test_nothing_is_granted_that_is_not_needed(render: Render, values: Values) -> None:
    """No word of leases anywhere."""
    assert all("leases" not in rule["resources"] for one in render(values).all("Role") for rule in one["rules"])


def test_rules_equal_those_that_the_tests_run_with(render: Render) -> None:
    """One source of what is allowed: config/rbac/replicas."""
    documents = yaml.safe_load_all((PROJECT / "config" / "rbac" / "replicas" / "lease.yaml").read_text())
    (role,) = (one for one in documents if one["kind"] == "Role")
    assert lease_role(render(REPLICATED))["rules"] == role["rules"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="under the usual names"),
        pytest.param({"namespaceOverride": "monitoring", "fullnameOverride": "blue"}, id="under other names"),
        pytest.param(NAMESPACED, id="namespaced"),
    ],
)
def test_grants_the_lease_that_the_operator_asks_for(render: Render, values: Values) -> None:
    """Name and namespace are those of its setting, and nobody but its account is bound."""
    rendering = render(REPLICATED | values)
    namespace, name = rendering.environment()["QUANTUMJOB_OPERATOR_LEASE"].split("/")
    (role,) = (one for one in rendering.all("Role") if one["metadata"]["name"] == f"{name}-lease")
    (binding,) = (one for one in rendering.all("RoleBinding") if one["metadata"]["name"] == f"{name}-lease")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == namespace
    assert role["rules"][0]["resourceNames"] == [name]
    assert binding["roleRef"]["name"] == f"{name}-lease"
    account = rendering.only("ServiceAccount")["metadata"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    ]
