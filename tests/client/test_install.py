"""The client as it is installed: its wheel, by uv and by pipx, without extras."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from client.bare import Bare
from client.programs import BELL_QASM, SIMULATOR
from localstack.manifests import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]
_BIN: Final = f"{Path(sys.executable).parent}/"
_HEAVY: Final = ("qiskit", "qdk", "pyqir", "cirq", "pandas", "matplotlib", "kopf", "azure", "httpx")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [f"{_BIN}hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT / "client", check=True, capture_output=True)
    (built,) = folder.glob("quantumjobs-*.whl")
    return built


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions that the client locks, without their hashes: constraints of installers take none."""
    path = tmp_path_factory.mktemp("locked") / "constraints.txt"
    lines = (PROJECT / "requirements" / "client.txt").read_text().splitlines()
    pins = [line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#"))]
    path.write_text("\n".join(pins) + "\n")
    return path


def uv(wheel: Path, locked: Path, home: Path) -> tuple[list[str], dict[str, str]]:
    """`uv tool install`, with a home of its own."""
    command = [
        f"{_BIN}uv",
        "tool",
        "install",
        "--quiet",
        "--python",
        sys.executable,
        f"--constraints={locked}",
        str(wheel),
    ]
    return command, {"UV_TOOL_DIR": str(home / "tools"), "UV_TOOL_BIN_DIR": str(home / "bin")}


def pipx(wheel: Path, locked: Path, home: Path) -> tuple[list[str], dict[str, str]]:
    """`pipx install`, with a home of its own."""
    command = [f"{_BIN}pipx", "install", "--quiet", f"--pip-args=--constraint={locked}", str(wheel)]
    return command, {"PIPX_HOME": str(home / "tools"), "PIPX_BIN_DIR": str(home / "bin")}


@pytest.mark.parametrize("installer", [uv, pipx])
def test_without_extras(wheel: Path, locked: Path, bare: Bare, installer: object) -> None:
    """Both commands land on the PATH; what needs no compiler works, and what needs one says which."""
    assert callable(installer)
    command, environment = installer(wheel, locked, bare.folder)
    subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    path = bare.folder / "bin"
    bare.make_job("bell", "Succeeded")

    def run(*arguments: str, program: str = "kubectl-quantum") -> "subprocess.CompletedProcess[str]":
        own: Mapping[str, str] = {"PATH": f"{path}{os.pathsep}{os.defpath}", "KUBECONFIG": str(bare.kubeconfig)}
        return subprocess.run(
            [path / program, *arguments], env=own, input=BELL_QASM, capture_output=True, text=True, check=False
        )

    assert "Run quantum programs" in run("--help").stdout
    assert "counts" in run("cou", program="kubectl_complete-quantum").stdout
    assert run("list", "-o", "name").stdout == "quantumjob.quantumjobs.dev/bell\n"
    assert '"count": 250' in run("counts", "bell", "-o", "json").stdout
    refused = run("run", "-", "-t", SIMULATOR)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "pip install 'quantumjobs[qiskit]'" in refused.stderr
    versions = run("version").stdout
    assert "qiskit" in versions
    assert not [line for line in versions.splitlines() if line.startswith(_HEAVY) and "not installed" not in line]


def test_the_wheel_has_the_licence_and_nothing_else(wheel: Path) -> None:
    """Our package, its types, and the licence of the project."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        licence = archive.read(next(name for name in names if name.endswith("licenses/LICENSE")))
    assert licence == (PROJECT / "LICENSE").read_bytes()
    assert "quantumjobs/py.typed" in names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"quantumjobs"}
