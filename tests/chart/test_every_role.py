"""Whatever roles the chart renders, for the operator or for people: what none of them may have."""

import pytest

from chart.conftest import Render
from chart.helm import Manifest, Values
from chart.values import NAMESPACED


@pytest.fixture(
    params=[
        pytest.param({"replicaCount": 2}, id="the whole cluster, with replicas"),
        pytest.param(NAMESPACED | {"replicaCount": 2}, id="some namespaces, with replicas"),
    ]
)
def rules(render: Render, request: pytest.FixtureRequest) -> list[Manifest]:
    """The rules of every Role and ClusterRole of a rendering."""
    values: Values = request.param
    rendering = render(values)
    found = [rule for kind in ("Role", "ClusterRole") for role in rendering.all(kind) for rule in role["rules"]]
    assert found
    return found


def test_no_rule_has_a_wildcard(rules: list[Manifest]) -> None:
    """Neither in verbs nor in resources nor in groups, and no URL is granted."""
    for rule in rules:
        assert "nonResourceURLs" not in rule
        assert not any("*" in word for word in (*rule["verbs"], *rule["resources"], *rule["apiGroups"]))


def test_secrets_are_only_read_by_name(rules: list[Manifest]) -> None:
    """By `get` alone."""
    assert {verb for rule in rules if "secrets" in rule["resources"] for verb in rule["verbs"]} == {"get"}


def test_tokens_are_of_named_accounts(rules: list[Manifest]) -> None:
    """A rule without names would lend the operator every account's identity."""
    assert all(rule.get("resourceNames") for rule in rules if "serviceaccounts/token" in rule["resources"])


def test_nobody_can_give_rights_or_act_for_others(rules: list[Manifest]) -> None:
    """No verb that goes around RBAC, and nothing of RBAC itself."""
    assert not {"escalate", "bind", "impersonate", "approve", "sign"} & {
        verb for rule in rules for verb in rule["verbs"]
    }
    assert all(rule["apiGroups"] != ["rbac.authorization.k8s.io"] for rule in rules)


def test_what_is_granted_for_the_whole_cluster_is_not_the_operators_when_it_serves_some_namespaces(
    render: Render,
) -> None:
    """Only what Kubernetes aggregates into people's roles, and the researchers' own: bound by somebody else."""
    rendering = render(NAMESPACED)
    aggregated = "rbac.authorization.k8s.io/aggregate-to-"
    for role in rendering.all("ClusterRole"):
        of_people = any(label.startswith(aggregated) for label in role["metadata"]["labels"])
        assert of_people or role["metadata"]["name"] == "quantumjob-researcher"
        assert {resource.partition("/")[1] for rule in role["rules"] for resource in rule["resources"]} == {""}
    assert rendering.all("ClusterRoleBinding") == []
