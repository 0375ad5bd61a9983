"""docs/architecture.md draws the rooms that the import contract has, and every file that it names exists."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

_PROJECT: Final = Path(__file__).resolve().parents[2]
_ROOMS: Final = "operator/quantumjob_operator"
_PAGES: Final = {name: (_PROJECT / name).read_text() for name in ("docs/architecture.md", "CONTRIBUTING.md")}
_DRAWING: Final = _PAGES["docs/architecture.md"].partition("```mermaid\n")[2].partition("```")[0]
_PATH: Final = re.compile(r"`([\w.-]+/[\w./-]*)`")


def drawn() -> list[set[str]]:
    """The rooms of each row, from the top of the drawing."""
    rows = re.findall(r"subgraph (\w+)\[.*?\n(.*?)\n  end", _DRAWING, re.DOTALL)
    (order,) = re.findall(r"^  (row1 -->.*)$", _DRAWING, re.MULTILINE)
    inside = {row: set(re.findall(r'\["(\w+)<br>', text)) for row, text in rows}
    return [inside[row] for row in order.split(" --> ")]


def contracted() -> list[set[str]]:
    """The same, as import-linter enforces it."""
    contracts = tomllib.loads((_PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one.get("containers") == ["quantumjob_operator"]]
    return [set(layer.split(" | ")) for layer in layers]


def test_drawing_is_the_contract() -> None:
    """Same rooms, same order, and one arrow from each row to the next."""
    assert drawn() == contracted()


def test_every_module_of_the_top_is_drawn() -> None:
    """A new room or module asks for a place."""
    there = {
        path.stem for path in (_PROJECT / _ROOMS).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set().union(*drawn()) == there - {"__init__"}


@pytest.mark.parametrize("page", _PAGES)
def test_every_path_exists(page: str) -> None:
    """Below the project, or below the operator's package."""
    named = {path for path in _PATH.findall(_PAGES[page]) if not path.startswith("build/")}
    assert named
    assert {path for path in named if not any((_PROJECT / base / path).exists() for base in ("", _ROOMS))} == set()


def test_every_folder_of_tests_has_its_line() -> None:
    """Who looks for a test finds the folder in CONTRIBUTING.md."""
    tests = _PROJECT / "tests"
    there = [*tests.iterdir(), *(tests / "rooms").iterdir()]
    folders = {f"{path.relative_to(_PROJECT)}/" for path in there if path.is_dir() and not path.name.startswith("__")}
    lines = re.findall(r"^\| `(tests/[\w/]+)` \|", _PAGES["CONTRIBUTING.md"], re.MULTILINE)
    assert sorted(lines) == sorted(folders - {"tests/rooms/"})
