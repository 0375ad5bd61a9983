"""The control plane that all cluster tests stand on does what it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cluster.waiting import gone, until
from devcluster.audit import SUMMARIES_VARIABLE, Call, Outcome, read_summaries
from devcluster.controlplane import ControlPlane
from devcluster.errors import KubectlError
from devcluster.proxy import TlsProxy

pytestmark = pytest.mark.cluster

_TESTS = Path(__file__).parents[1]
_ACCOUNT = "proxied"


def config_map(name: str, **data: str) -> str:
    """A ConfigMap as JSON."""
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = str(request.node.name).replace("_", "-")[:60].rstrip("-")
    control_plane.kubectl("create", "namespace", name)
    return name


class TestControlPlane:
    """The parts work together as in a cluster."""

    def test_applied_object_can_be_read_back(self, control_plane: ControlPlane, namespace: str) -> None:
        """What kubectl applies, the API server stores."""
        control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=config_map("a", key="value"))
        read = control_plane.kubectl("get", "configmap", "a", "-n", namespace, "-o", "jsonpath={.data.key}")
        assert read.stdout == "value"

    def test_kubectl_failure_carries_its_message(self, control_plane: ControlPlane) -> None:
        """A failed command says what kubectl said."""
        with pytest.raises(KubectlError, match="not found"):
            control_plane.kubectl("get", "namespace", "absent")

    def test_service_account_may_only_what_its_role_says(self, control_plane: ControlPlane, namespace: str) -> None:
        """RBAC is on, and a token of a ServiceAccount is that account."""
        control_plane.kubectl("create", "serviceaccount", "reader", "-n", namespace)
        control_plane.kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps", "-n", namespace)
        control_plane.kubectl(
            "create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader", "-n", namespace
        )
        own = control_plane.service_account_kubeconfig(namespace, "reader")

        control_plane.kubectl("--kubeconfig", own, "get", "configmaps")
        with pytest.raises(KubectlError, match="forbidden"):
            control_plane.kubectl("--kubeconfig", own, "get", "secrets")

    def test_owned_object_is_collected_with_its_owner(self, control_plane: ControlPlane, namespace: str) -> None:
        """The garbage collector of the controller manager works."""
        control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=config_map("owner"))
        uid = control_plane.kubectl("get", "configmap/owner", "-n", namespace, "-o", "jsonpath={.metadata.uid}").stdout
        owned = json.loads(config_map("owned"))
        owned["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]
        control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(owned))

        control_plane.kubectl("delete", "configmap/owner", "-n", namespace)
        control_plane.kubectl("wait", "--for=delete", "configmap/owned", "-n", namespace, "--timeout=30s")

    def test_deleted_namespace_goes_with_its_content(self, control_plane: ControlPlane, namespace: str) -> None:
        """The namespace controller works."""
        control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=config_map("a"))
        control_plane.kubectl("delete", "namespace", namespace, "--timeout=30s")
        assert control_plane.kubectl("get", "configmap/a", "-n", namespace, check=False).returncode == 1

    def test_audit_log_names_user_and_verb(self, control_plane: ControlPlane, namespace: str) -> None:
        """Every request leaves a line, and no line holds a body."""
        control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=config_map("audited", key="never-logged"))

        def written() -> bool:
            entries = [json.loads(line) for line in control_plane.audit_log.read_text().splitlines()]
            return any(
                (entry["user"]["username"], entry["verb"], entry["objectRef"].get("name"))
                == ("admin", "create", "audited")
                for entry in entries
                if entry.get("objectRef", {}).get("namespace") == namespace
            )

        until(written)
        assert "never-logged" not in control_plane.audit_log.read_text()


def ask_as_an_account(cluster: ControlPlane) -> set[Call]:
    """Call the API server as a ServiceAccount that may read the ConfigMaps of one namespace; returns the calls."""
    own = ("--kubeconfig", cluster.service_account_kubeconfig("default", "default"))
    cluster.kubectl("create", "role", "reader", "--verb=list,watch", "--resource=configmaps")
    cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:default")
    cluster.kubectl(*own, "get", "configmaps")
    cluster.kubectl(*own, "get", "configmaps", "--watch", "--request-timeout=1s", check=False)
    cluster.kubectl(*own, "get", "secrets", check=False)
    with cluster.refusals_expected():
        cluster.kubectl(*own, "create", "configmap", "a", check=False)
    account, there = "default/default", "/api/v1/namespaces/default"
    return {
        Call(account, "list", "", "configmaps", Outcome.ALLOWED),
        Call(account, "watch", "", "configmaps", Outcome.ALLOWED),
        Call(account, "list", "", "secrets", Outcome.REFUSED, f"{there}/secrets"),
        Call(account, "create", "", "configmaps", Outcome.REFUSED_ON_PURPOSE, f"{there}/configmaps"),
    }


def test_machine_that_can_run_no_node_is_told_what_is_missing(tmp_path: Path) -> None:
    """At once, and by the names of the programs."""
    command = [sys.executable, "-m", "devcluster", "up", "--node", f"--dir={tmp_path}"]
    bare = {"PATH": "/nonexistent", "HOME": str(tmp_path), "PYTHONPATH": str(_TESTS)}
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no node can run here; missing: the programs containerd, ctr" in done.stderr
    assert "make system-packages" in done.stderr


class TestLifeOfAControlPlane:
    """Starting, restarting and ending, on control planes of the tests' own."""

    def test_second_one_is_independent_and_survives_a_restart_of_its_api_server(
        self, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two run at a time; a restarted API server has its data, a port and a history that ends where it was cut.

        What ServiceAccounts asked of it, before and after, is told when it has ended.
        """
        monkeypatch.setenv(SUMMARIES_VARIABLE, str(tmp_path))
        with ControlPlane.start() as second:
            asked = ask_as_an_account(second)
            second.kubectl("create", "namespace", "kept")
            version = second.kubectl("get", "namespace/kept", "-o", "jsonpath={.metadata.resourceVersion}").stdout
            second.kubectl("create", "namespace", "later")
            address = second.url
            second.compact_etcd()
            second.restart_api_server()

            assert second.url == address
            assert second.kubectl("get", "namespace/kept").returncode == 0
            gone_version = second.kubectl(
                "get", "--raw", f"/api/v1/namespaces?resourceVersion={version}&resourceVersionMatch=Exact", check=False
            )
            assert "Expired" in gone_version.stderr or "too old" in gone_version.stderr
            assert control_plane.kubectl("get", "namespace/kept", check=False).returncode == 1
            processes, folder = second.processes, second.folder
        assert all(gone(process.pid) for process in processes)
        assert not folder.exists()
        told = read_summaries(tmp_path)
        assert {call for call in told if call.group == "" and call.resource in {"configmaps", "secrets"}} == asked

    def test_restored_one_is_what_it_was_at_its_snapshot(self) -> None:
        """What came after the snapshot never was, versions are given out again, and all parts work."""

        def version() -> int:
            listed = cluster.kubectl("get", "--raw", "/api/v1/namespaces/default/configmaps?limit=1").stdout
            return int(json.loads(listed)["metadata"]["resourceVersion"])

        with ControlPlane.start() as cluster:
            cluster.kubectl("apply", "-f", "-", stdin=config_map("a", key="before"))
            snapshot = cluster.snapshot()
            cluster.kubectl("apply", "-f", "-", stdin=config_map("a", key="after"))
            cluster.kubectl("create", "namespace", "later")
            cluster.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "later", "--timeout=30s")
            newest, address = version(), cluster.url
            for _ in range(2):
                cluster.restore(snapshot)
                assert cluster.url == address
                assert version() < newest
                assert cluster.kubectl("get", "configmap/a", "-o", "jsonpath={.data.key}").stdout == "before"
                cluster.kubectl("create", "namespace", "later")
                cluster.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "later", "--timeout=30s")

    def test_nothing_outlives_a_killed_parent(self) -> None:
        """SIGKILL of the process that started a control plane ends all parts; the next start removes the folder."""
        script = (
            "import time; from devcluster.controlplane import ControlPlane; cp = ControlPlane.start();"
            "print(cp.folder, *[c.pid for c in cp.processes], flush=True); time.sleep(600)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONPATH": str(_TESTS)},
            stdout=subprocess.PIPE,
            text=True,
        ) as parent:
            assert parent.stdout is not None
            folder, *pids = parent.stdout.readline().split()
            parent.kill()
        until(lambda: all(gone(int(pid)) for pid in pids))
        with TlsProxy.start("http://127.0.0.1:1"):
            assert not Path(folder).exists()

    def test_command_leaves_a_control_plane_running_until_down(self, tmp_path: Path) -> None:
        """`up` returns while the control plane serves, `env` finds it, `down` ends it."""

        def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "devcluster", *arguments, f"--dir={tmp_path}"],
                env=os.environ | {"PYTHONPATH": str(_TESTS)},
                capture_output=True,
                text=True,
                check=False,
            )

        assert command("env").returncode == 1
        assert command("up").returncode == 0
        exports = command("env").stdout
        try:
            asked = subprocess.run(
                ["/bin/sh", "-c", f"{exports}\nkubectl get namespace default"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert asked.returncode == 0, asked.stderr
        finally:
            assert command("down").returncode == 0
        assert command("env").returncode == 1
        assert "KUBECONFIG" in exports
        assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(p.info["cmdline"])]
