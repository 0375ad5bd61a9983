"""The notebooks of examples/ in a real kernel, with a researcher's kubeconfig, against the whole system."""

import ast
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from client.conftest import Researcher
from localstack.manifests import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

_read: Any = nbformat.read  # it has no types
_FOLDER = PROJECT / "examples" / "notebooks"


class _Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - theirs
        self.tags.add(tag)


def shown_values(name: str) -> list[Any]:
    """Run a notebook; returns what its cells show, each by MIME types."""
    notebook = _read(_FOLDER / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data for output in outputs if output.output_type in {"execute_result", "display_data"}]


def last_value(name: str) -> Any:
    """Run a notebook; returns the value that its last cell shows."""
    return ast.literal_eval(shown_values(name)[-1]["text/plain"])


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


def test_a_program_in_qsharp() -> None:
    """Its job and its counts are shown as tables, and as text where there is no HTML."""
    job, counts = shown_values("qsharp")
    assert job["text/plain"].startswith("<Job job-")
    assert "quantinuum.sim.h2-1e: Succeeded, once='once:" in job["text/plain"]
    assert "Succeeded" in job["text/html"]
    read = ast.literal_eval(counts["text/plain"])
    assert set(read) == {"000", "111"}
    assert sum(read.values()) == 200
    for outcome, count in read.items():
        assert f"<code>{outcome}</code>" in counts["text/html"]
        assert f"</span> {count} (" in counts["text/html"]
    for shown in (job, counts):
        assert _Tags(shown["text/html"]).tags <= {"table", "caption", "tr", "td", "b", "code", "span"}


def test_a_sweep() -> None:
    """The share of ones follows the angle, and a plot shows it."""
    *_, table, plot = shown_values("sweep")
    assert "image/png" in plot
    ones = ast.literal_eval(table["text/plain"])
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
    assert notebooks.keys() == {"qiskit", "qsharp", "sweep", "hybrid"}
    assert not any(cell.get("outputs") for notebook in notebooks.values() for cell in notebook.cells)
