"""Signing in with every kind of kubeconfig: how often a login plugin runs, what is left, which right is missing."""

import base64
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from client.bare import Bare
from client.programs import BELL_IONQ, SIMULATOR
from devcluster.controlplane import ControlPlane
from devcluster.proxy import TlsProxy
from quantumjobs import Access, QuantumCluster
from quantumjobs.cli.checks import RIGHTS

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
JOBS = "quantumjobs.dev", "quantumjobs"
WORKSPACES = "quantumjobs.dev", "quantumworkspaces"
_LONG = '{"qubits": 1, "circuit": [' + '{"gate": "x", "target": 0},' * 4000 + '{"gate": "x", "target": 0}]}'


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
    done = bare.run("sweep", "-", "-t", SIMULATOR, "-p", "theta=0:1:5", "--dry-run=server", stdin=_rotated())
    assert done.returncode == 0, done.stderr
    assert calls(bare.folder) == 4


def _rotated() -> str:
    return (
        'OPENQASM 3.0; include "stdgates.inc";\n'
        "input float theta; qubit[1] q; bit[1] c; rx(theta) q[0]; c[0] = measure q[0];"
    )


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


LACKING = [
    pytest.param((*JOBS, "list"), ["list"], "you may not list quantumjobs", id="list jobs"),
    pytest.param((*JOBS, "get"), ["why", "there"], "you may not get quantumjob there", id="get a job"),
    pytest.param(
        (*JOBS, "create"), ["run", "bell.json", "-t", SIMULATOR], "you may not create quantumjob bell-", id="create"
    ),
    pytest.param((*JOBS, "patch"), ["cancel", "there"], "you may not patch quantumjob there", id="patch a job"),
    pytest.param(
        (*WORKSPACES, "get"), ["targets"], "you may not get quantumworkspace default", id="get the workspace"
    ),
    pytest.param(("", "configmaps", "get"), ["counts", "done"], "you may not get configmap done-out", id="an output"),
    pytest.param(("", "configmaps", "list"), ["counts", "-l", "a=b"], "you may not list configmaps", id="list outputs"),
    pytest.param(
        ("", "configmaps", "create"), ["run", "long.json", "-t", SIMULATOR, "--name=long"],
        "you may not create configmap long-program", id="store a long program",
    ),
]  # fmt: skip
SPARED = [
    pytest.param((*JOBS, "watch"), ["wait", "there", "--timeout=2s"], 5, "is still Executing", id="it asks instead"),
    pytest.param(("", "events", "list"), ["why", "there"], 0, "", id="it tells the rest"),
]


def lacking(kinds: ControlPlane, folder: Path, right: tuple[str, str, str]) -> Bare:
    """A researcher without one right, with a job that runs and so many that have ended that outputs come in pages."""
    bare = Bare.make(kinds, "-".join(("lacking", right[1], right[2])), folder, role=False)
    bare.grant(without=right)
    bare.make_job("there")
    bare.make_job("done", "Succeeded")
    if right[1:] == ("configmaps", "list"):
        for number in range(21):
            bare.make_job(f"job-{number}", "Succeeded", a="b")
    (folder / "bell.json").write_text(BELL_IONQ)
    (folder / "long.json").write_text(_LONG)
    return bare


@pytest.mark.parametrize(("right", "command", "said"), LACKING)
def test_a_missing_right_is_named(
    kinds: ControlPlane, tmp_path: Path, right: tuple[str, str, str], command: list[str], said: str
) -> None:
    """Each of the role's rights is needed by some command, which names it when it lacks."""
    done = lacking(kinds, tmp_path, right).run(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (7, "" if command[0] != "counts" else done.stdout)
    assert said in done.stderr
    assert "quantumjob-researcher" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("right", "command", "code", "said"), SPARED)
def test_a_right_that_can_be_spared(
    bare: Bare, right: tuple[str, str, str], command: list[str], code: int, said: str
) -> None:
    """Without it a command does with less."""
    bare.kubectl("delete", "rolebinding", "researcher")
    bare.grant(without=right)
    bare.make_job("there")
    done = bare.run(*command)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "there" in done.stdout


def test_every_right_of_the_role_was_taken_away_once() -> None:
    """But those that kubectl itself needs: to delete a job, and to list workspaces."""
    tried = {parameter.values[0] for parameter in (*LACKING, *SPARED)}
    assert set(RIGHTS) - tried == {(*JOBS, "delete"), (*WORKSPACES, "list")}
