"""templates/tests/check.yaml: what `helm test` runs, and the rights that it asks for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.conftest import Render
from chart.helm import PROJECT, Rendering
from chart.values import EVERYTHING, NAMESPACED, REPLICATED
from quantumjob_operator.cluster.permissions import LEASE_PERMISSIONS, PERMISSIONS, Permission

Grant = tuple[str, str, str, tuple[str, ...]]


def container(rendering: Rendering) -> dict[str, Any]:
    """The container of the test's pod."""
    (found,) = rendering.only("Pod")["spec"]["containers"]
    return dict(found)


def test_it_is_a_hook_that_cleans_up(default: Rendering) -> None:
    """It can be repeated, and a failed one stays to be reconciled."""
    assert default.only("Pod")["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }


def test_it_runs_the_operators_image_as_hardened(default: Rendering) -> None:
    """It needs no more than the operator itself."""
    assert container(default)["image"] == default.container()["image"]
    assert container(default)["securityContext"] == default.container()["securityContext"]
    assert default.only("Pod")["spec"]["securityContext"] == default.pod()["securityContext"]


def test_it_asks_as_the_operator(default: Rendering) -> None:
    """With its ServiceAccount, hence for its rights."""
    pod = default.only("Pod")["spec"]
    assert pod["serviceAccountName"] == default.pod()["serviceAccountName"]
    assert pod["automountServiceAccountToken"] is True


def test_it_checks_and_asks_the_service_of_the_release(default: Rendering) -> None:
    """By the operator's own command."""
    assert "command" not in container(default)
    assert container(default)["args"] == [
        "check",
        "--readyz=http://quantumjob-operator.quantumjob-system.svc:8080/readyz",
    ]


def test_without_a_service_it_only_checks(render: Render) -> None:
    """There is nobody to ask."""
    assert container(render({"metrics": {"service": {"enabled": False}}}))["args"] == ["check"]


def test_it_has_the_settings_of_the_operator(render: Render) -> None:
    """By flag, variable and file, so that it asks for the rights in the right namespaces."""
    for values in (EVERYTHING, NAMESPACED, REPLICATED):
        rendering = render(values)
        operator, test = rendering.container(), container(rendering)
        assert test["args"][2:] == operator["args"][1:]
        assert all(test.get(field) == operator.get(field) for field in ("env", "envFrom", "volumeMounts"))
        assert rendering.only("Pod")["spec"].get("volumes") == rendering.pod().get("volumes")


@pytest.mark.parametrize(
    ("permissions", "manifest", "name"),
    [
        pytest.param(PERMISSIONS, "operator.yaml", "quantumjob-workload", id="the operator's"),
        pytest.param(
            LEASE_PERMISSIONS, "replicas/lease.yaml", "quantumjob-operator", id="beside them, of several replicas"
        ),
    ],
)
def test_it_asks_for_the_rights_that_the_roles_give(
    permissions: tuple[Permission, ...], manifest: str, name: str
) -> None:
    """For each of them and for no other."""
    asked = {
        (right.group, f"{right.resource}/{right.subresource}".rstrip("/"), verb, (name,) if right.of_one_name else ())
        for right in permissions
        for verb in right.verbs
    }
    assert asked == set(granted(PROJECT / "config" / "rbac" / manifest))


def granted(manifest: Path) -> Iterator[Grant]:
    """Each single right in a manifest's role."""
    (role,) = (one for one in yaml.safe_load_all(manifest.read_text()) if one["kind"] in {"Role", "ClusterRole"})
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield group, resource, verb, tuple(rule.get("resourceNames", ()))
