"""The notebooks of examples/ in a real kernel, with a researcher's kubeconfig, against the whole system."""

import ast
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from client.conftest import Researcher
from localstack.manifests import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

_read: Any = nbformat.read  # it has no types
_FOLDER = PROJECT / "examples" / "notebooks"


def last_value(name: str) -> Any:
    """Run a notebook; returns the value that its last cell shows."""
    notebook = _read(_FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (shown,) = [output for output in notebook.cells[-1].outputs if output.output_type == "execute_result"]
    return ast.literal_eval(shown.data["text/plain"])


@pytest.fixture(autouse=True)
def _signed_in(researcher: Researcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(researcher.kubeconfig))


def test_a_circuit_paid_once(researcher: Researcher) -> None:
    """Run twice, it shows the same counts of one job."""
    counts = last_value("qiskit")
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500
    assert last_value("qiskit") == counts
    assert len(researcher.cluster().jobs()) == 1


def test_a_sweep() -> None:
    """The share of ones follows the angle."""
    ones = last_value("sweep")
    assert list(ones) == [0.0, 0.785, 1.571, 2.356, 3.142]
    assert ones[0.0] == 0
    assert ones[3.142] == 200
    assert sorted(ones.values()) == list(ones.values())


def test_a_hybrid_loop() -> None:
    """It closes in on the angle at which a quarter of the shots are ones."""
    low, high = last_value("hybrid")
    assert low - 0.25 <= 1.0472 <= high + 0.25


def test_all_notebooks_are_run() -> None:
    """And they are stored without outputs."""
    notebooks = {path.stem: _read(path, as_version=4) for path in _FOLDER.glob("*.ipynb")}
    assert notebooks.keys() == {"qiskit", "sweep", "hybrid"}
    assert not any(cell.get("outputs") for notebook in notebooks.values() for cell in notebook.cells)
