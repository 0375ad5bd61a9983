"""What is loaded when: the package and its help are light, and stay so."""

import subprocess
import sys
from pathlib import Path

import pytest

_HEAVY = ("kubernetes", "qiskit", "qdk", "qsharp", "cirq", "pandas", "matplotlib", "rich", "yaml", "numpy")


def loaded_by(code: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after some code."""
    tail = f"\nimport sys; print(*[name for name in {_HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import quantumjobs", id="the package"),
        pytest.param("from quantumjobs import QuantumCluster; QuantumCluster()", id="a cluster that nobody asked yet"),
        pytest.param("from quantumjobs.cli import run; run(['--help'])", id="the help"),
        pytest.param("from quantumjobs.cli import run; run(['run', '--help'])", id="the help of a command"),
        pytest.param(
            "import sys; sys.argv = ['x', 'ru']; from quantumjobs.cli.completion import main; main()", id="completion"
        ),
    ],
)
def test_nothing_heavy_is_loaded_by(code: str) -> None:
    """Neither the Kubernetes client nor a compiler."""
    assert loaded_by(code) == set()


def test_a_list_loads_neither_the_other_commands_nor_what_submits(tmp_path: Path) -> None:
    """It is what people wait for most often."""
    code = (
        "import sys; from quantumjobs.cli import run; run(['list', '--kubeconfig=nowhere']); "
        "print(*sorted(name for name in sys.modules if name.startswith('quantumjobs.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "quantumjobs.kubeapi" in loaded
    assert not loaded & {f"quantumjobs.{name}" for name in ("cluster", "manifest", "cli.submitting", "cli.results")}


def test_the_check_sees_what_is_loaded() -> None:
    """It would notice the Kubernetes client."""
    assert "kubernetes" in loaded_by("import kubernetes.client")
