"""templates/role.yaml: the operator's rights are those of config/rbac, no more, and in watched namespaces only."""

import pytest
import yaml

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, PROJECT, Helm, HelmError, Manifest, Rendering
from chart.values import NAMESPACED, REQUIRED

ROLE = "quantumjob-operator"


def rules_of_the_project() -> list[Manifest]:
    """The rules in config/rbac/operator.yaml."""
    documents = yaml.safe_load_all((PROJECT / "config" / "rbac" / "operator.yaml").read_text())
    (role,) = (one for one in documents if one["kind"] == "ClusterRole")
    rules: list[Manifest] = role["rules"]
    return rules


def operator_role(rendering: Rendering) -> Manifest:
    """The ClusterRole that the operator is bound to."""
    (found,) = (one for one in rendering.all("ClusterRole") if one["metadata"]["name"] == ROLE)
    return found


class TestRules:
    """Least privilege, wherever the role stands."""

    def test_equal_those_that_every_test_runs_with(self, default: Rendering) -> None:
        """One source of what is allowed: config/rbac/operator.yaml."""
        assert operator_role(default)["rules"] == rules_of_the_project()

    def test_nothing_is_a_wildcard(self, default: Rendering) -> None:
        """Not a verb, not a resource, not a group; and no URL is granted."""
        for rule in operator_role(default)["rules"]:
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
            assert "nonResourceURLs" not in rule

    def test_secrets_can_only_be_read_by_name(self, default: Rendering) -> None:
        """Never listed, watched or written."""
        (rule,) = (one for one in operator_role(default)["rules"] if "secrets" in one["resources"])
        assert (rule["verbs"], rule["resources"]) == (["get"], ["secrets"])

    def test_nothing_of_others_is_changed(self, default: Rendering) -> None:
        """Outside of its own API group it reads by name and creates, no more."""
        for rule in operator_role(default)["rules"]:
            if rule["apiGroups"] != ["quantumjobs.dev"]:
                assert set(rule["verbs"]) <= {"get", "create"}

    def test_tokens_are_of_one_name_only(self, render: Render) -> None:
        """And the name follows the setting."""
        role = operator_role(render({"settings": {"workloadServiceAccount": "quantum"}}))
        (rule,) = (one for one in role["rules"] if "serviceaccounts/token" in one["resources"])
        assert (rule["verbs"], rule["resourceNames"]) == (["create"], ["quantum"])


class TestNamespaced:
    """With watchNamespaces."""

    def test_there_is_a_role_in_each_namespace_and_none_in_the_cluster(self, render: Render) -> None:
        """The rules are the same."""
        rendering = render(NAMESPACED)
        roles = rendering.all("Role")
        assert [one["metadata"]["namespace"] for one in roles] == ["research", "teaching"]
        assert all(one["rules"] == rules_of_the_project() for one in roles)
        assert rendering.all("ClusterRoleBinding") == []
        assert ROLE not in [one["metadata"]["name"] for one in rendering.all("ClusterRole")]

    def test_each_is_bound_to_the_operator(self, render: Render) -> None:
        """Which runs in another namespace."""
        for binding in render(NAMESPACED).all("RoleBinding"):
            assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ROLE}
            assert binding["subjects"] == [
                {"kind": "ServiceAccount", "name": "quantumjob-operator", "namespace": "quantumjob-system"}
            ]

    def test_release_can_do_without_any_object_of_the_cluster(self, render: Render) -> None:
        """For somebody who administers a few namespaces only."""
        values = NAMESPACED | {"crds": {"enabled": False}, "rbac": {"aggregateClusterRoles": False}}
        assert all("namespace" in one["metadata"] for one in render(values).objects)

    def test_cluster_has_to_be_named(self, helm: Helm) -> None:
        """The operator can't read its name any more, and two without one would take each other's jobs for theirs."""
        with pytest.raises(HelmError, match=r"settings\.clusterName is missing"):
            helm.template(OPERATOR_CHART, REQUIRED | {"watchNamespaces": ["research"]})


def test_roles_can_be_left_to_somebody_else(render: Render) -> None:
    """No role, no binding."""
    rendering = render({"rbac": {"create": False, "aggregateClusterRoles": False}})
    assert {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}.isdisjoint(
        one["kind"] for one in rendering.objects
    )
