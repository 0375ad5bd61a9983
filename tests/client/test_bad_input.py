"""What people get wrong: one line that says what to do, an exit code, no traceback, and nothing that is paid."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from client.bare import COMMAND, Bare
from client.programs import BELL_IONQ, BELL_QASM, OPENQASM_2, OPENQASM_3, ROTATED_QASM, SIMULATOR
from devcluster.controlplane import ControlPlane
from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Answer, Request
from localstack.manifests import CRDS, RBAC

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FILES: Final[dict[str, str | bytes]] = {
    "bell.qasm": BELL_QASM,
    "bell.json": BELL_IONQ,
    "steered.qasm": f"{OPENQASM_3}qubit[2] q; bit[2] c; c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];",
    "large.qasm": f"{OPENQASM_3}qubit[40] q; bit[40] c; h q; c = measure q;",
    "large.json": '{"qubits": 40, "circuit": []}',
    "rotated.qasm": ROTATED_QASM,
    "silent.qasm": f"{OPENQASM_3}qubit[1] q; x q[0];",
    "broken.qasm": f"{OPENQASM_2}qreg q[1] x",
    "notes.txt": "buy milk",
    "picture.qasm": b"\x89PNG\r\n\x1a\n\x00\xff",
    "empty.qasm": "",
    "broken.json": "{]",
    "broken.ll": "define @__quantum__ nonsense",
    "broken.qs": "operation Main( : Result {",
    "points.csv": "theta\nabc\n",
}
_BUSY: Final = Answer(429, json.dumps({"kind": "Status", "message": "too many requests", "code": 429}).encode())


@pytest.fixture(scope="module")
def offering(kinds: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """A namespace with a workspace that offers IonQ's simulator, and files of all kinds; nothing is to be created."""
    bare = Bare.make(kinds, "offering", tmp_path_factory.mktemp("offering"))
    _offer(bare)
    return bare


def _offer(bare: Bare) -> None:
    spec: dict[str, Any] = {
        "resourceId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/"
        "Microsoft.Quantum/workspaces/shared",
        "location": "eastus",
        "credentials": {"apiKey": {"secretKeyRef": {"name": "key", "key": "apiKey"}}},
    }
    head = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumWorkspace", "metadata": {"name": "default"}}
    bare.create(head | {"spec": spec})
    target = {"provider": "ionq", "target": SIMULATOR, "availability": "Available", "numQubits": 29}
    targets = [target | {"targetProfile": "Base"}, {"provider": "pasqal", "target": "pasqal.sim.emu-sv"}]
    patch = json.dumps({"status": {"targets": targets}})
    bare.kubectl("patch", "quantumworkspace", "default", "--subresource=status", "--type=merge", "-p", patch)
    for name, content in FILES.items():
        path = bare.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def one_line(done: "subprocess.CompletedProcess[str]", code: int, text: str) -> None:
    """How everything ends that cannot be done."""
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        pytest.param(
            ["run", "bell.qasm", "-t", "ionq.simulatr"], 6, "did you mean ionq.simulator", id="a target with a typo"
        ),
        pytest.param(
            ["run", "bell.qasm", "-t", "zzz"], 6, "`kubectl quantum targets` lists", id="a target like no other"
        ),
        pytest.param(["run", "bell.qasm", "-t", "pasqal.sim.emu-sv"], 1, "takes no QIR", id="a target without gates"),
        pytest.param(["run", "steered.qasm", "-t", SIMULATOR], 1, "rofile", id="more than the target's profile can"),
        pytest.param(["run", "large.qasm", "-t", SIMULATOR], 1, "needs 40 qubits", id="too many qubits"),
        pytest.param(
            ["run", "large.json", "-t", SIMULATOR], 1, "needs 40 qubits", id="too many qubits in IonQ's format"
        ),
        pytest.param(["run", "rotated.qasm", "-t", SIMULATOR], 1, "no value: theta (give them", id="no parameters"),
        pytest.param(
            ["run", "rotated.qasm", "-t", SIMULATOR, "-p", "thet=1"], 1, "it has theta", id="another parameter"
        ),
        pytest.param(["run", "rotated.qasm", "-t", SIMULATOR, "-p", "theta=x"], 2, "no number", id="no number"),
        pytest.param(["run", "silent.qasm", "-t", SIMULATOR], 1, "add measurements", id="no measurement"),
        pytest.param(["run", "broken.qasm", "-t", SIMULATOR], 1, "no OpenQASM 2", id="a syntax error"),
        pytest.param(["run", "broken.qs", "-t", SIMULATOR], 1, "operation", id="a syntax error in Q#"),
        pytest.param(["run", "notes.txt", "-t", SIMULATOR], 1, "say its language", id="no program"),
        pytest.param(["run", "picture.qasm", "-t", SIMULATOR], 1, "neither text", id="a picture"),
        pytest.param(["run", "empty.qasm", "-t", SIMULATOR], 1, "is empty", id="nothing"),
        pytest.param(["run", "broken.json", "-t", SIMULATOR], 1, "no JSON", id="broken JSON"),
        pytest.param(["run", "broken.ll", "-t", SIMULATOR], 1, "no QIR", id="broken QIR"),
        pytest.param(["run", ".", "-t", SIMULATOR], 1, "cannot be read", id="a folder"),
        pytest.param(["run", "bell.qasm", "-t", SIMULATOR, "-s", "0"], 2, "--help", id="no shots"),
        pytest.param(["run", "bell.qasm"], 2, "--target", id="no target"),
        pytest.param(["run", "bell.qasm", "-t", SIMULATOR, "--name", "Bell"], 2, "lower-case", id="no name for a job"),
        pytest.param(["sweep", "rotated.qasm", "-t", SIMULATOR], 2, "needs parameters", id="a sweep over nothing"),
        pytest.param(
            ["sweep", "rotated.qasm", "-t", SIMULATOR, "-p", "theta=0:1"], 2, "first:last:number", id="no range"
        ),
        pytest.param(
            ["sweep", "rotated.qasm", "-t", SIMULATOR, "--table", "points.csv"], 2, "no number", id="a table of words"
        ),
        pytest.param(["estimate", "bell.qasm"], 2, "-t TARGET, or --profile", id="an estimate for nothing"),
        pytest.param(["wait", "gone"], 6, "there is no quantumjob gone", id="a job that is gone"),
        pytest.param(["why", "gone"], 6, "there is no quantumjob gone", id="the reason of a job that is gone"),
        pytest.param(["counts", "-l", "!!"], 1, "refuses quantumjobs", id="no label selector"),
        pytest.param(["list", "-n", "nowhere"], 7, "you may not list quantumjobs", id="another's namespace"),
        pytest.param(["nonsense"], 2, "No such command", id="no command"),
    ],
)
def test_bad_input(offering: Bare, arguments: list[str], code: int, text: str) -> None:
    """Nothing is created by it."""
    one_line(offering.run(*arguments, cwd=offering.folder), code, text)
    assert offering.kubectl("get", "quantumjobs,configmaps", "-o", "name").split() == ["configmap/kube-root-ca.crt"]


@pytest.mark.parametrize(
    ("prepare", "code", "text"),
    [
        pytest.param(lambda bare: bare.kubeconfig.unlink(), 1, "there is no kubeconfig at", id="no kubeconfig"),
        pytest.param(lambda bare: bare.write_kubeconfig({"token": "old"}), 7, "sign in again", id="an expired login"),
        pytest.param(lambda bare: bare.write_kubeconfig({}), 7, "sign in again", id="no login"),
        pytest.param(
            lambda bare: bare.write_kubeconfig({}, cluster={"server": "https://127.0.0.1:9"}), 1, "cannot be reached",
            id="nobody at the address",
        ),
        pytest.param(
            lambda bare: bare.kubectl("delete", "rolebinding", "researcher"), 7, "quantumjob-researcher", id="no role"
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [["list"], ["run", "bell.json", "-t", SIMULATOR]])
def test_a_cluster_that_cannot_be_used(
    bare: Bare, prepare: Callable[[Bare], object], command: list[str], code: int, text: str
) -> None:
    """By whatever reason."""
    (bare.folder / "bell.json").write_text(BELL_IONQ)
    prepare(bare)
    one_line(bare.run(*command, cwd=bare.folder), code, text)


@pytest.fixture
def proxy(kinds: ControlPlane) -> Iterator[TlsProxy]:
    """Between the client and the API server."""
    with TlsProxy.start(kinds.url, upstream_ca=kinds.ca_file) as started:
        yield started


def creates(request: Request) -> bool:
    """Whether a request creates a job."""
    return request.method == "POST" and "/quantumjobs" in request.path


def test_a_server_that_asks_for_patience_gets_it(offering: Bare, proxy: TlsProxy) -> None:
    """A creation that was turned away is sent again, under its name: there is one job."""
    kubeconfig = _through(offering, proxy)
    proxy.replace(creates, _BUSY, times=2)
    arguments = ("run", "bell.json", "-t", SIMULATOR, "-o", "name")
    done = offering.run(*arguments, cwd=offering.folder, kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stderr
    assert offering.kubectl("get", "quantumjobs", "-o", "name") == done.stdout
    offering.kubectl("delete", "quantumjobs", "--all")


def test_a_server_that_throttles_for_long(offering: Bare, proxy: TlsProxy) -> None:
    """It ends with what to do, after a few tries at growing intervals."""
    kubeconfig = _through(offering, proxy)
    proxy.replace(lambda _: True, _BUSY, times=None)
    one_line(offering.run("list", kubeconfig=kubeconfig), 1, "try again in a minute")
    assert len(proxy.exchanges) == 5


def _through(bare: Bare, proxy: TlsProxy) -> Path:
    server = {"server": proxy.url, "certificate-authority": str(proxy.ca_file)}
    return bare.write_kubeconfig({"token": bare.token}, name="through.kubeconfig", cluster=server)


@pytest.mark.parametrize(
    ("last", "code", "text"),
    [
        pytest.param("Executing", 6, "was deleted while it was waited for; last seen Executing", id="while it runs"),
        pytest.param("Succeeded", 0, "Succeeded", id="by its TTL, after it has ended"),
    ],
)
def test_a_job_that_goes_while_it_is_waited_for(bare: Bare, last: str, code: int, text: str) -> None:
    """The last word of its watch decides."""
    bare.make_job("passing")
    bare.make_job("staying")
    argv = [*COMMAND, "wait", "passing", "staying", f"--kubeconfig={bare.kubeconfig}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        waiting.stderr.readline()
        waiting.stderr.readline()
        bare.set_state("passing", last)
        time.sleep(1)
        bare.kubectl("delete", "quantumjob", "passing")
        bare.set_state("staying", "Succeeded")
        shown, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == code, errors
    assert text in shown + errors
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    """A cluster of its own, without our kinds at first."""
    with ControlPlane.start() as plane:
        plane.kubectl("apply", "--server-side", "-f", RBAC / "researcher")
        bare = Bare.make(plane, "old", tmp_path_factory.mktemp("old"))
        (bare.folder / "bell.json").write_text(BELL_IONQ)
        yield bare


def test_a_cluster_without_our_kinds(old: Bare) -> None:
    """It says what is to be installed; `doctor` too."""
    for command in (["list"], ["run", "bell.json", "-t", SIMULATOR], ["targets"]):
        one_line(old.run(*command, cwd=old.folder), 1, "have the operator and its CRDs installed")
    doctor = old.run("doctor")
    assert doctor.returncode == 1
    assert "have the operator and its CRDs installed" in doctor.stderr
    assert len(doctor.stderr.splitlines()) == 1


def test_a_cluster_with_older_kinds(old: Bare) -> None:
    """A field that it does not know is not dropped in silence: a key that is lost would buy twice."""
    for path in sorted(Path(CRDS).glob("*.yaml")):
        definition = yaml.safe_load(path.read_text())
        (version,) = definition["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"].pop("idempotencyKey", None)
        version.pop("selectableFields", None)
        spec["x-kubernetes-validations"] = [
            rule for rule in spec.get("x-kubernetes-validations", []) if "idempotencyKey" not in json.dumps(rule)
        ]
        old.plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(definition))
    old.plane.wait_until_established("-f", CRDS)
    done = old.run("run", "bell.json", "-t", SIMULATOR, "--once", cwd=old.folder)
    one_line(done, 1, "do not know spec.idempotencyKey: have them upgraded")
    assert old.kubectl("get", "quantumjobs", "-o", "name") == ""
    assert old.run("run", "bell.json", "-t", SIMULATOR, cwd=old.folder).returncode == 0
