"""What the installed roles allow, asked of a real API server, and an operator that lives with them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chart.conftest import Render
from chart.helm import Helm
from chart.releases import RELEASE, SYSTEM, Releases
from chart.test_release import job
from chart.values import NAMESPACED
from devcluster.controlplane import ControlPlane
from localstack.operated import Operator

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_ACCOUNT = f"system:serviceaccount:{SYSTEM}:{RELEASE}"
_SECONDS = 30.0


@pytest.fixture(scope="module")
def namespaced(cluster_helm: Helm, control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A cluster with a release that serves two namespaces."""
    releases = Releases(cluster_helm, control_plane)
    for name in NAMESPACED["watchNamespaces"]:
        if not releases.names(f"namespace/{name}"):
            control_plane.kubectl("create", "namespace", name)
    releases.install(NAMESPACED)
    releases.served()
    yield control_plane
    releases.clean()


def allowed(cluster: ControlPlane, user: str, question: str) -> bool:
    """The API server's answer to whether a user may do something."""
    answer = cluster.kubectl("auth", "can-i", *question.split(), f"--as={user}", check=False)
    return answer.stdout.split()[-1] == "yes"


def until_true(condition: Callable[[], bool], log: Path | None = None) -> None:
    """Poll until a condition is true; a log tells why it never became so."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, log.read_text() if log else "the condition never became true"
        time.sleep(0.1)


class TestOperator:
    """The ServiceAccount of the release."""

    @pytest.mark.parametrize(
        ("question", "expected"),
        [
            ("patch quantumjobs --subresource=status --namespace=research", True),
            ("get secrets --namespace=research", True),
            ("get namespace/research --namespace=research", True),
            ("create serviceaccounts/quantumjob-workload --subresource=token --namespace=research", True),
            ("create serviceaccounts/default --subresource=token --namespace=research", False),
            ("list secrets --namespace=research", False),
            ("update configmaps --namespace=research", False),
            ("get secrets --namespace=default", False),
            ("get secrets --namespace=quantumjob-system", False),
            ("get namespace/kube-system", False),
            ("list namespaces", False),
            ("list quantumjobs --all-namespaces", False),
            ("create events --namespace=default", False),
        ],
    )
    def test_namespaced_operator(self, namespaced: ControlPlane, question: str, *, expected: bool) -> None:
        """Everything that it needs in its namespaces, labels included, and nothing elsewhere."""
        assert allowed(namespaced, _ACCOUNT, question) is expected


class TestUsers:
    """Somebody with one of the cluster's roles in one namespace."""

    @pytest.mark.parametrize(
        ("role", "yes", "no"),
        [
            ("view", ["get quantumjobs", "list quantumworkspaces"], ["create quantumjobs"]),
            (
                "edit",
                ["create quantumjobs", "delete quantumjobs", "get quantumworkspaces"],
                ["create quantumworkspaces", "patch quantumjobs --subresource=status"],
            ),
            (
                "admin",
                ["create quantumjobs", "create quantumworkspaces", "get quantumpolicies"],
                [
                    "create quantumpolicies",
                    "delete quantumpolicies",
                    "patch quantumjobs --subresource=status",
                    "patch quantumworkspaces --subresource=status",
                ],
            ),
        ],
    )
    def test_role_means(self, namespaced: ControlPlane, role: str, yes: list[str], no: list[str]) -> None:
        """As soon as Kubernetes has aggregated the roles."""
        user = f"a-{role}"
        namespaced.kubectl("create", "rolebinding", user, f"--clusterrole={role}", f"--user={user}", "-n", "research")
        until_true(lambda: allowed(namespaced, user, f"{yes[0]} -n research"))
        assert all(allowed(namespaced, user, f"{question} -n research") for question in yes)
        assert not any(allowed(namespaced, user, f"{question} -n research") for question in no)
        assert not allowed(namespaced, user, f"{yes[0]} -n teaching")


class TestLiving:
    """The operator itself, as a process with the pod's environment and the account's token."""

    def test_namespaced_operator_serves_its_namespaces_only(
        self, namespaced: ControlPlane, render: Render, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It gets ready, writes a status there, and sees nothing of the others."""
        for name, value in render(NAMESPACED).environment().items():
            monkeypatch.setenv(name, value)
        kubeconfig = namespaced.service_account_kubeconfig(SYSTEM, RELEASE)
        operator = Operator(tmp_path, kubeconfig=kubeconfig, allowed_endpoints=(), arguments=())
        for namespace in ("research", "default"):
            namespaced.kubectl("create", "-f", "-", stdin=job("bell", namespace))
        try:
            operator.start()
            reason = 'jsonpath={.status.conditions[?(@.type=="Submitted")].reason}'
            get = ("get", "quantumjob", "bell", "--output", reason)
            until_true(
                lambda: namespaced.kubectl(*get, "--namespace=research").stdout == "WorkspaceNotFound", operator.log
            )
            assert namespaced.kubectl(*get, "--namespace=default").stdout == ""
        finally:
            operator.end()
        assert "Forbidden" not in operator.log.read_text()
