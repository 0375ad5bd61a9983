"""A real API server accepts every rendering, field by field, and the strictest Pod Security Standard its pods."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chart.conftest import Render
from chart.helm import OPERATOR_CHART, Helm, Manifest, Rendering, Values
from chart.monitoring import DEFINITIONS
from chart.test_emulator_deployment import pod as emulator_pod
from chart.test_environment import ALL_SETTINGS
from chart.values import EMULATED, EVERYTHING, NAMESPACED, REPLICATED, REQUIRED
from devcluster.controlplane import ControlPlane
from devcluster.errors import KubectlError

pytestmark = pytest.mark.cluster

_NAMESPACES = ("quantumjob-system", "research", "teaching", "monitoring")
_RESTRICTED = "restricted"


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """With the namespaces of the renderings, and the Prometheus operator's kinds."""
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(DEFINITIONS))
    control_plane.wait_until_established("-f", "-", stdin=json.dumps(DEFINITIONS))
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {}}} for name in _NAMESPACES
    ]
    labels = {"pod-security.kubernetes.io/enforce": _RESTRICTED}
    objects += [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _RESTRICTED, "labels": labels}}]
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return control_plane


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="required values only"),
        pytest.param(EVERYTHING, id="everything optional"),
        pytest.param(NAMESPACED, id="namespaced"),
        pytest.param(
            NAMESPACED | {"crds": {"enabled": False}, "rbac": {"aggregateClusterRoles": False}},
            id="namespaced, without any object of the cluster",
        ),
        pytest.param({"settings": ALL_SETTINGS}, id="all settings"),
        pytest.param(REPLICATED, id="two replicas"),
        pytest.param(EMULATED | {"networkPolicy": {"enabled": True}}, id="with the local workspace"),
        pytest.param(
            NAMESPACED
            | {
                "emulator": EMULATED["emulator"]
                | {
                    "secretName": "keys",
                    "extraArgs": ["--no-simulate"],
                    "runtimeClassName": "gvisor",
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
                }
            },
            id="with the local workspace, namespaced, and everything optional of it",
        ),
        pytest.param(NAMESPACED | REPLICATED, id="two replicas, namespaced"),
        pytest.param({"replicaCount": 0, "crds": {"keep": False}}, id="paused"),
        pytest.param(
            {"serviceAccount": {"create": False, "name": "theirs"}, "rbac": {"create": False}},
            id="access made elsewhere",
        ),
        pytest.param({"caBundle": {"secretName": "authorities", "key": "root.pem"}}, id="authorities from a Secret"),
        pytest.param({"namespaceOverride": "monitoring", "fullnameOverride": "a" * 50}, id="other names"),
        pytest.param(
            {
                "metrics": {
                    "service": {"enabled": False},
                    "dashboard": {"enabled": True, "namespace": "monitoring"},
                    "prometheusRule": {"enabled": True, "namespace": "monitoring"},
                }
            },
            id="monitoring elsewhere, without a Service",
        ),
        pytest.param(
            {"podDisruptionBudget": {"enabled": True, "minAvailable": "50%"}, "networkPolicy": {"enabled": True}},
            id="budget and network policy",
        ),
    ],
)
def test_api_server_accepts(cluster: ControlPlane, helm: Helm, values: Values) -> None:
    """With strict validation: no unknown, doubled or mistyped field."""
    rendered = helm.template(OPERATOR_CHART, REQUIRED | values)
    with account_of(cluster, Rendering(rendered).only("Pod")):
        answer = cluster.kubectl(
            "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=rendered
        )
    assert len(answer.stdout.splitlines()) == len(Rendering(rendered).objects)


@contextmanager
def account_of(cluster: ControlPlane, pod: Manifest) -> Iterator[None]:
    """The ServiceAccount of a pod, without which the pod is refused, and which a dry run doesn't make."""
    name, namespace = pod["spec"]["serviceAccountName"], pod["metadata"]["namespace"]
    which = ("serviceaccount", name, f"--namespace={namespace}")
    cluster.kubectl("create", *which)
    yield
    cluster.kubectl("delete", *which)


def pod_of(spec: Manifest) -> Manifest:
    """A pod of this spec, but under the account that each namespace has."""
    wanted = {key: value for key, value in spec.items() if key != "serviceAccountName"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}, "spec": wanted}


def create(cluster: ControlPlane, pod: Manifest) -> str:
    """What the API server would say to a pod in the restricted namespace."""
    return cluster.kubectl(
        "create", "--dry-run=server", f"--namespace={_RESTRICTED}", "-f", "-", stdin=json.dumps(pod)
    ).stdout


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="required values only"),
        pytest.param({"caBundle": {"configMapName": "authorities"}}, id="with authorities from a ConfigMap"),
    ],
)
def test_pods_meet_the_restricted_standard(cluster: ControlPlane, render: Render, values: Values) -> None:
    """The operator's and the test's."""
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={_RESTRICTED}", "--timeout=30s")
    rendering = render(values)
    assert "created" in create(cluster, pod_of(rendering.pod()))
    assert "created" in create(cluster, pod_of(rendering.only("Pod")["spec"]))


def test_pod_of_the_local_workspace_meets_it_too(cluster: ControlPlane, render: Render) -> None:
    """It least of all may do more."""
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={_RESTRICTED}", "--timeout=30s")
    spec = emulator_pod(render(EMULATED))
    assert "created" in create(
        cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "emulator"}, "spec": spec}
    )


def test_weaker_pod_would_be_refused_there(cluster: ControlPlane, render: Render) -> None:
    """So that the test above can fail."""
    rendering = render({"securityContext": {"capabilities": {"drop": []}}})
    with pytest.raises(KubectlError, match="unrestricted capabilities"):
        create(cluster, pod_of(rendering.pod()))
