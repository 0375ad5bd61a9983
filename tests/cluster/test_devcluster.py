"""The control plane, the processes and the proxy that all cluster tests stand on do what they promise."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from devcluster.audit import SUMMARIES_VARIABLE, Call, Outcome, read_summaries
from devcluster.build import ASSETS_VARIABLE, control_plane_binaries
from devcluster.controlplane import ControlPlane
from devcluster.errors import BuildError, KubectlError
from devcluster.gotools import CONTROL_PLANE
from devcluster.processes import Child
from devcluster.proxy import TlsProxy

pytestmark = pytest.mark.cluster

_TESTS = Path(__file__).parents[1]
_ACCOUNT = "proxied"


def until(condition: Callable[[], bool], timeout: float = 30) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.1)


def gone(pid: int) -> bool:
    """Whether a process has ended, be it reaped or not."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


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


class TestPrograms:
    """Where the programs come from."""

    def test_own_programs_are_taken_where_the_variable_points(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Whoever has the programs already doesn't build them."""
        for name in CONTROL_PLANE.programs:
            (tmp_path / name).touch(mode=0o755)
        monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
        assert control_plane_binaries() == tmp_path

    def test_missing_program_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Kubebuilder's own download has no controller manager."""
        for name in set(CONTROL_PLANE.programs) - {"kube-controller-manager"}:
            (tmp_path / name).touch(mode=0o755)
        monkeypatch.setenv(ASSETS_VARIABLE, str(tmp_path))
        with pytest.raises(BuildError, match=r"lacks kube-controller-manager:"):
            control_plane_binaries()


class TestChild:
    """A program that we start ends with us, and takes along what it started."""

    def test_grandchildren_end_with_the_program(self, tmp_path: Path) -> None:
        """What a killed program leaves behind is killed too, also when it moved to a session of its own."""
        told = tmp_path / "pid"
        child = Child.start(
            ["/bin/sh", "-c", f"setsid sleep 600 & echo $! > {told}; wait"], name="shell", log=tmp_path / "log"
        )
        until(lambda: told.exists() and told.read_text().endswith("\n"))
        assert child.kill() == 128 + signal.SIGKILL
        until(lambda: gone(int(told.read_text())))

    def test_exit_code_and_output_are_the_programs(self, tmp_path: Path) -> None:
        """The process in between is invisible."""
        child = Child.start(["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], name="shell", log=tmp_path / "log")
        assert child.wait(timeout=30) == 7
        assert child.log_tail() == "out\nerr"

    def test_program_that_cannot_run_says_so(self, tmp_path: Path) -> None:
        """A missing program is an exit code and a line in the log."""
        child = Child.start([tmp_path / "absent"], name="absent", log=tmp_path / "log")
        assert child.wait(timeout=30) == 127
        assert "No such file" in child.log_tail()

    def test_stop_asks_first(self, tmp_path: Path) -> None:
        """The program gets the chance to end in order."""
        child = Child.start(
            ["/bin/sh", "-c", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done"],
            name="shell",
            log=tmp_path / "log",
        )
        child.wait_until(lambda: "up" in child.log_tail(), timeout=30)
        assert child.stop() == 3
        assert "bye" in child.log_tail()
