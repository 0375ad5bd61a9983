"""Signing in with every kind of kubeconfig: how often a login plugin runs, what is left, which right is missing."""

import base64
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.bare import Bare
from client.programs import ROTATED_QASM, SIMULATOR
from devcluster.controlplane import ControlPlane
from devcluster.proxy import TlsProxy
from quantumjobs import Access, QuantumCluster

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def plugin(folder: Path, version: str, *, token: str = "", code: int = 0, text: str | None = None) -> dict[str, Any]:
    """A login plugin that writes a line to `calls` for each time it runs; returns the kubeconfig's user."""
    answer = {"apiVersion": f"client.authentication.k8s.io/{version}", "kind": "ExecCredential"}
    said = json.dumps(answer | {"status": {"token": token}}) if text is None else text
    script = folder / "login-plugin"
    lines = [
        f"#!{sys.executable}",
        "import os, sys",
        f"open({str(folder / 'calls')!r}, 'a').write(os.environ['KUBERNETES_EXEC_INFO'] + chr(10))",
        f"print({said!r})",
        f"sys.exit('the session has expired' if {code} else 0)",
    ]
    script.write_text("\n".join(lines))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    exec_ = {"apiVersion": answer["apiVersion"], "command": str(script), "interactiveMode": "Never"}
    return {"exec": exec_}


def calls(folder: Path) -> int:
    """How often the login plugin ran."""
    path = folder / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_one_command_is_one_login(bare: Bare, version: str) -> None:
    """However many requests it makes."""
    for number in range(3):
        bare.make_job(f"job-{number}", "Succeeded", sweep="one")
    bare.write_kubeconfig(plugin(bare.folder, version, token=bare.token))
    for number, command in enumerate((["list"], ["counts", "-l", "sweep=one"], ["doctor"]), start=1):
        bare.run(*command)
        assert calls(bare.folder) == number, command
    done = bare.run("sweep", "-", "-t", SIMULATOR, "-p", "theta=0:1:5", "--dry-run=server", stdin=ROTATED_QASM)
    assert done.returncode == 0, done.stderr
    assert calls(bare.folder) == 4


@pytest.mark.parametrize(
    ("answer", "logins", "said"),
    [
        pytest.param({"token": "no-longer-good"}, 2, "the login has expired: sign in again", id="a refused token"),
        pytest.param({"code": 1}, 1, "the session has expired", id="a plugin that fails"),
        pytest.param({"text": "hello"}, 1, "gave no credentials", id="a plugin that says no JSON"),
        pytest.param({"text": '{"kind": "X"}'}, 1, "gave no credentials", id="a plugin that says too little"),
    ],
)
def test_a_login_that_does_not_work_is_one_line(bare: Bare, answer: dict[str, Any], logins: int, said: str) -> None:
    """A token that is refused may have just expired: the plugin is asked once more, and never again."""
    bare.write_kubeconfig(plugin(bare.folder, "v1", **answer))
    done = bare.run("list")
    assert (done.returncode, done.stdout) == (7, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert calls(bare.folder) == logins


@pytest.fixture
def proxy(kinds: ControlPlane) -> Iterator[TlsProxy]:
    """Between the client and the API server."""
    with TlsProxy.start(kinds.url, upstream_ca=kinds.ca_file) as started:
        yield started


def test_a_refusal_is_one_request(kinds: ControlPlane, proxy: TlsProxy, tmp_path: Path) -> None:
    """And one login: asking again would change nothing."""
    bare = Bare.make(kinds, "refused", tmp_path, role=False)
    server = {"server": proxy.url, "certificate-authority": str(proxy.ca_file)}
    bare.write_kubeconfig(plugin(bare.folder, "v1", token=bare.token), cluster=server)
    assert bare.run("list").returncode == 7
    assert calls(bare.folder) == 1
    assert [one.status for one in proxy.exchanges] == [403]


def test_a_token_file_that_was_renewed_is_read_again(bare: Bare, proxy: TlsProxy) -> None:
    """As the file of a pod's ServiceAccount is, while somebody waits for a job."""
    token = bare.folder / "token"
    token.write_text("too-old")
    server = {"server": proxy.url, "certificate-authority": str(proxy.ca_file)}
    bare.write_kubeconfig({"tokenFile": str(token)}, cluster=server)
    cluster = QuantumCluster(access=Access(kubeconfig=str(bare.kubeconfig)))
    assert cluster.namespace == bare.name
    token.write_text(bare.token)
    assert cluster.jobs() == []
    assert [one.status for one in proxy.exchanges] == [401, 200]


_IN_A_POD = """
import pathlib, sys
from quantumjobs import QuantumCluster
account = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
cluster = QuantumCluster()
print(cluster.namespace)
(account / "token").write_text(sys.argv[1])
print([job.name for job in cluster.jobs()])
"""


def test_a_pod_signs_in_with_its_service_account(bare: Bare) -> None:
    """And reads a token again that was renewed; the files are where they are in a pod, for this process alone."""
    bare.make_job("there")
    files = {"token": "too-old", "namespace": bare.name, "ca.crt": bare.plane.ca_file.read_text()}
    for name, text in files.items():
        (bare.folder / name).write_text(text)
    account = "/run/secrets/kubernetes.io/serviceaccount"
    place = f'mount -t tmpfs none /run && mkdir -p {account} && cp {" ".join(files)} {account} && exec "$@"'
    host, port = bare.plane.url.removeprefix("https://").split(":")
    environment = {name: text for name, text in os.environ.items() if name != "KUBECONFIG"}
    environment |= {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "HOME": str(bare.folder)}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", place, "sh", sys.executable, "-c", _IN_A_POD, bare.token],
        cwd=bare.folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == [bare.name, "['there']"], done.stderr


def test_plain_kubeconfigs_need_no_kubernetes_client(bare: Bare) -> None:
    """Importing it would double the time of every command."""
    code = "import sys; from quantumjobs.cli import run; run(['list']); print('kubernetes' in sys.modules)"
    environment = os.environ | {"KUBECONFIG": str(bare.kubeconfig)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n", done.stderr
    assert done.stderr == "no quantumjobs found\n"


def test_a_certificate_in_the_kubeconfig_is_shown_to_the_server(bare: Bare) -> None:
    """Its files are gone as soon as it is loaded, also if the server does not know its authority."""
    temporary = bare.folder / "tmp"
    temporary.mkdir()
    certificate, key = (base64.b64encode(text).decode() for text in _certificate())
    bare.write_kubeconfig({"client-certificate-data": certificate, "client-key-data": key, "token": bare.token})
    done = bare.run("list", env={"TMPDIR": str(temporary)})
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
    bare.write_kubeconfig({"client-certificate-data": "bm8=", "client-key-data": key})
    done = bare.run("list", env={"TMPDIR": str(temporary)})
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "the kubeconfig cannot be used" in done.stderr


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(begin).not_valid_after(begin + timedelta(days=9999))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM), private


def test_a_kubeconfig_in_two_files(bare: Bare) -> None:
    """As kubectl joins them."""
    whole = yaml.safe_load(bare.kubeconfig.read_text())
    for name, keys in (("clusters", ("clusters",)), ("rest", ("users", "contexts", "current-context"))):
        part = {key: whole[key] for key in keys}
        (bare.folder / name).write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **part}))
    bare.make_job("somewhere")
    both = f"{bare.folder / 'clusters'}{os.pathsep}{bare.folder / 'rest'}"
    done = bare.run("list", "-o", "name", env={"KUBECONFIG": both})
    assert done.stdout == "quantumjob.quantumjobs.dev/somewhere\n", done.stderr


def test_nothing_is_left_in_the_folder_for_temporary_files(bare: Bare) -> None:
    """A certificate that stands in the kubeconfig is written out for the TLS library, and removed."""
    temporary = bare.folder / "tmp"
    temporary.mkdir()
    authority = base64.b64encode(bare.plane.ca_file.read_bytes()).decode()
    bare.write_kubeconfig(
        {"token": bare.token}, cluster={"certificate-authority": None, "certificate-authority-data": authority}
    )
    for command in (["list"], ["why", "absent"]):
        bare.run(*command, env={"TMPDIR": str(temporary)})
        assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("]", "the kubeconfig cannot be used", id="no YAML"),
        pytest.param("[]", "the kubeconfig cannot be used", id="no mapping"),
        pytest.param("apiVersion: v1\nkind: Config\n", "the kubeconfig cannot be used", id="no contexts"),
    ],
)
def test_a_broken_kubeconfig_is_one_line(bare: Bare, content: str, said: str) -> None:
    """Whatever the library makes of it."""
    bare.kubeconfig.write_text(content)
    done = bare.run("list")
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_name_in_the_certificate_is_checked(bare: Bare) -> None:
    """`tls-server-name` says which one it has to be."""
    bare.write_kubeconfig({"token": bare.token}, cluster={"tls-server-name": "somebody.else"})
    done = bare.run("list")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 1
