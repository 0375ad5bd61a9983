"""templates/userroles.yaml: what the cluster's roles view, edit and admin give for our kinds."""

import pytest
import yaml

from chart.conftest import Render
from chart.helm import PROJECT, Manifest, Rendering
from chart.releases import PLURALS
from quantumjobs.cli.checks import RIGHTS

_READ = {"get", "list", "watch"}
_WRITE = {"create", "update", "patch", "delete", "deletecollection"}


def aggregated(rendering: Rendering, into: str) -> list[Manifest]:
    """The rules that one of the cluster's roles gets."""
    label = f"rbac.authorization.k8s.io/aggregate-to-{into}"
    chosen = [one for one in rendering.all("ClusterRole") if one["metadata"]["labels"].get(label) == "true"]
    return [rule for role in chosen for rule in role["rules"]]


def granted(rules: list[Manifest], resource: str) -> set[str]:
    """The verbs for a resource."""
    return {verb for rule in rules if resource in rule["resources"] for verb in rule["verbs"]}


@pytest.mark.parametrize(
    ("role", "jobs", "owned"),
    [("view", _READ, _READ), ("edit", _READ | _WRITE, _READ), ("admin", _READ | _WRITE, _READ | _WRITE)],
)
def test_role_gives(default: Rendering, role: str, jobs: set[str], owned: set[str]) -> None:
    """Readers read, editors run jobs, administrators decide on workspaces and budgets; none of them on policies."""
    rules = aggregated(default, role)
    assert (granted(rules, "quantumjobs"), granted(rules, "quantumworkspaces")) == (jobs, owned)
    assert granted(rules, "quantumbudgets") == owned
    assert granted(rules, "quantumpolicies") == _READ


@pytest.mark.parametrize("role", ["view", "edit", "admin"])
def test_nobody_writes_a_status(default: Rendering, role: str) -> None:
    """Nor any other subresource, nor anything beside our kinds."""
    rules = aggregated(default, role)
    assert {resource for rule in rules for resource in rule["resources"]} == set(PLURALS)
    assert {group for rule in rules for group in rule["apiGroups"]} == {"quantumjobs.dev"}


def test_the_operators_own_role_is_aggregated_nowhere(default: Rendering) -> None:
    """Users never get its rights."""
    (role,) = (one for one in default.all("ClusterRole") if one["metadata"]["name"] == "quantumjob-operator")
    assert not any("aggregate-to" in label for label in role["metadata"]["labels"])


def researcher_rules() -> list[Manifest]:
    """The rules in config/rbac/researcher."""
    rules: list[Manifest] = yaml.safe_load((PROJECT / "config/rbac/researcher/role.yaml").read_text())["rules"]
    return rules


def test_researchers_have_a_role_of_their_own(default: Rendering) -> None:
    """The one that the client's tests run with, bound by whoever decides, and part of no other role."""
    (role,) = (one for one in default.all("ClusterRole") if one["metadata"]["name"] == "quantumjob-researcher")
    assert role["rules"] == researcher_rules()
    assert not any("aggregate-to" in label for label in role["metadata"]["labels"])


def test_researchers_get_what_the_client_uses_and_no_secret() -> None:
    """Verb by verb, as `kubectl quantum doctor` asks for it."""
    granted_permissions = {
        (group, resource, verb)
        for rule in researcher_rules()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted_permissions == set(RIGHTS)
    assert not any(resource == "secrets" for _, resource, _ in granted_permissions)


def test_they_can_be_left_out(render: Render) -> None:
    """Only the operator's own ClusterRole remains."""
    assert len(render({"rbac": {"aggregateClusterRoles": False}}).all("ClusterRole")) == 1
