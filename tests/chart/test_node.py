"""The stand-in for the kubelet does what a Pod's spec says: what `helm --wait` and every test of a release stand on."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.controlplane import ControlPlane
from nodestandin.errors import StandInError
from nodestandin.images import Image
from nodestandin.node import Node
from nodestandin.rootfs import may_make_namespaces

pytestmark = pytest.mark.cluster

_NAMESPACE: Final = "pods"
_SECONDS: Final = 30.0
_SHELL: Final = Image(
    entrypoint=("/bin/sh", "-c"),
    environment={"PATH": "/usr/bin:/bin"},
    folders=(Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()),
    user=1000,
)
_TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
Object = dict[str, Any]


@pytest.fixture(scope="module")
def node(control_plane: ControlPlane) -> Iterator[Node]:
    """A node whose one image is a shell, and a namespace with something to mount."""
    control_plane.kubectl("create", "namespace", _NAMESPACE)
    control_plane.kubectl("create", "configmap", "settings", "--from-literal=colour=blue", "-n", _NAMESPACE)
    control_plane.kubectl("create", "secret", "generic", "keys", "--from-literal=key=hidden", "-n", _NAMESPACE)
    control_plane.kubectl("wait", "--for=create", "serviceaccount/default", "-n", _NAMESPACE, "--timeout=90s")
    with Node.start(control_plane, images={"shell": _SHELL}) as started:
        yield started
        control_plane.kubectl("delete", "pods", "--all", "--grace-period=1", "-n", _NAMESPACE)


def until(condition: Callable[[], Any]) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.1)


def run(cluster: ControlPlane, name: str, script: str, *, container: Object | None = None, **spec: Any) -> None:
    """Create a Pod that runs a script in the shell."""
    one = {"name": "main", "image": "shell:1", "args": [script], **(container or {})}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [one], "restartPolicy": "Never", **spec},
    }
    cluster.kubectl("create", "-n", _NAMESPACE, "-f", "-", stdin=json.dumps(pod))


def pod_of(cluster: ControlPlane, name: str) -> Object:
    """A Pod as the API server has it."""
    found: Object = json.loads(cluster.kubectl("get", "pod", name, "-n", _NAMESPACE, "-o", "json").stdout)
    return found


def ended(cluster: ControlPlane, name: str, phase: str = "Succeeded") -> Object:
    """Wait until a Pod is over; returns its container's status."""
    cluster.kubectl(
        "wait", f"--for=jsonpath={{.status.phase}}={phase}", f"pod/{name}", "-n", _NAMESPACE, "--timeout=90s"
    )
    (status,) = pod_of(cluster, name)["status"]["containerStatuses"]
    return dict(status)


def test_container_finds_what_its_spec_says(node: Node, control_plane: ControlPlane) -> None:
    """Variables of every origin, mounted data, its own token, and nothing of this machine's users."""
    script = (
        f'echo "$COLOUR/$KEY/$NAME/$EXPANDED/$(NAME)"; cat /keys/key; echo; cat {_TOKEN}/namespace; echo; '
        f"test -s {_TOKEN}/token && test -s {_TOKEN}/ca.crt && echo token; id -u; ls -A /; "
        "touch /file 2>&1; echo kept > /scratch/file && cat /scratch/file; grep Cap /proc/self/status"
    )
    env: list[Object] = [
        {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "EXPANDED", "value": "$(NAME)-$$(NAME)"},
    ]
    mounts = [{"name": "keys", "mountPath": "/keys"}, {"name": "scratch", "mountPath": "/scratch"}]
    container = {"env": env, "volumeMounts": mounts, "securityContext": {"readOnlyRootFilesystem": True}}
    volumes: list[Object] = [{"name": "keys", "secret": {"secretName": "keys"}}, {"name": "scratch", "emptyDir": {}}]
    context = {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "runAsNonRoot": True}
    run(control_plane, "finds", script, container=container, volumes=volumes, securityContext=context)
    ended(control_plane, "finds")
    told = node.logs("finds")
    assert "blue/hidden/finds/finds-$(NAME)/finds\nhidden\npods\ntoken\n65532\n" in told
    assert "cannot touch '/file': Read-only file system" in told
    assert "kept" in told
    assert "home" not in told.split()
    assert "CapEff:\t0000000000000000" in told
    assert "CapBnd:\t0000000000000000" in told


def test_unready_container_makes_its_pod_unready_and_one_that_hangs_is_restarted(
    node: Node, control_plane: ControlPlane
) -> None:
    """By the answers at its own address, which no other Pod has."""
    server = (
        "import http.server,os\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if os.path.exists('/state' + self.path) else 503); self.end_headers()\n"
        "http.server.HTTPServer((os.environ['IP'], 8080), H).serve_forever()\n"
    )
    probe = {"periodSeconds": 1, "failureThreshold": 1}
    container = {
        "command": [sys.executable, "-I", "-S", "-c"],
        "args": [server],
        "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "initialDelaySeconds": 1, **probe},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, **probe},
        "volumeMounts": [{"name": "state", "mountPath": "/state"}],
    }
    run(
        control_plane,
        "probed",
        "",
        container=container,
        restartPolicy="Always",
        volumes=[{"name": "state", "emptyDir": {}}],
    )
    (state,) = _eventually(lambda: list(node.folder.glob("*_probed_*/place/volumes/state")))
    (state / "live").touch()
    (state / "ready").touch()
    control_plane.kubectl("wait", "--for=condition=Ready", "pod/probed", "-n", _NAMESPACE, "--timeout=90s")
    (state / "ready").unlink()
    control_plane.kubectl("wait", "--for=condition=Ready=False", "pod/probed", "-n", _NAMESPACE, "--timeout=90s")
    before = pod_of(control_plane, "probed")["status"]["containerStatuses"][0]["restartCount"]
    (state / "live").unlink()
    until(lambda: pod_of(control_plane, "probed")["status"]["containerStatuses"][0]["restartCount"] > before)


def _eventually(look: Callable[[], list[Path]]) -> list[Path]:
    until(look)
    return look()


@pytest.mark.parametrize(
    ("script", "kept"),
    [
        pytest.param("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done", "bye", id="in order"),
        pytest.param("trap '' TERM; echo up; while :; do sleep 0.1; done", "up", id="killed after its time"),
    ],
)
def test_deleted_pod_ends(node: Node, control_plane: ControlPlane, script: str, kept: str) -> None:
    """SIGTERM, and SIGKILL after the grace period; then the object goes."""
    name = f"ends-{kept}"
    run(control_plane, name, script, terminationGracePeriodSeconds=1)
    until(lambda: "up" in node.logs(name).split())  # a word by itself: the name of the file holds it, too
    control_plane.kubectl("delete", "pod", name, "-n", _NAMESPACE, "--timeout=90s")
    assert node.logs(name).split()[-1] == kept


def test_failed_container_says_why(control_plane: ControlPlane, node: Node) -> None:
    """With its exit code and the end of its log; init containers go first and hold the others back."""
    first = {"name": "first", "image": "shell", "args": ["echo not today; exit 3"]}
    run(control_plane, "fails", "echo never", initContainers=[first])
    ended(control_plane, "fails", "Failed")
    (status,) = pod_of(control_plane, "fails")["status"]["initContainerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 3
    assert "not today" in status["state"]["terminated"]["message"]
    assert "never" not in node.logs("fails")


@pytest.mark.parametrize(
    ("container", "message"),
    [
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "none", "key": "key"}}}]},
            "secrets 'none' not found",
            id="a Secret that is not there",
        ),
        pytest.param(
            {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}, "runAsNonRoot is set", id="root, forbidden"
        ),
        pytest.param(
            {"livenessProbe": {"exec": {"command": ["true"]}}}, "asks over HTTP only", id="a probe of another kind"
        ),
    ],
)
def test_container_that_can_not_be_run_waits_and_says_so(
    node: Node, control_plane: ControlPlane, container: Object, message: str
) -> None:
    """As the kubelet does, instead of running something else than was wanted."""
    name = "waits-" + "".join(letter for letter in message.lower() if letter.isalpha())
    run(control_plane, name, "echo never", container=container)

    def waiting() -> Object:
        statuses = pod_of(control_plane, name)["status"].get("containerStatuses", [{}])
        return dict(statuses[0].get("state", {}).get("waiting", {}))

    until(lambda: waiting().get("reason") == "CreateContainerConfigError")
    assert message in waiting()["message"]
    assert "never" not in node.logs(name)


def test_machine_that_does_not_permit_mounts_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only that something failed."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StandInError, match="run the tests as root, in a container with the capability SYS_ADMIN"):
        may_make_namespaces()


def test_refused_mount_is_told_as_mount_told_it() -> None:
    """By a user without rights."""
    asking = "from nodestandin.rootfs import may_make_namespaces; may_make_namespaces()"
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", asking],
        env={"PYTHONPATH": tests, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "unshare failed: Operation not permitted" in done.stderr
