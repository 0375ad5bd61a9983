"""docs/operations.md has a row for each reason that the operator can emit, and for no other."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from pages.reasons import NO_REASONS, literals

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_ROW: Final = re.compile(r"^\| ((?:`\w+`(?:, )?)+)", re.MULTILINE)
_WORD: Final = re.compile(r"`(\w+)`")


def rows(text: str) -> list[str]:
    """The reasons in the first cells of a page's tables."""
    return [word for cells in _ROW.findall(text) for word in _WORD.findall(cells)]


def section(page: str, heading: str) -> str:
    """The part of a page below a heading, as far as the next one of its level."""
    return (_DOCS / page).read_text().partition(f"\n{heading}\n")[2].partition("\n## ")[0]


_ROWS: Final = rows(section("operations.md", "## Troubleshooting by reason"))
_NOT_EMITTED: Final = frozenset().union(*NO_REASONS.values())


def test_every_reason_has_its_row() -> None:
    """A literal that is new in the code has to be explained, or be said to be no reason."""
    assert literals() - _NOT_EMITTED - set(_ROWS) == set()


def test_no_row_is_dead() -> None:
    """Nothing is explained that the code doesn't say any more, and nothing twice."""
    assert set(_ROWS) - literals() == set()
    assert [reason for reason, count in Counter(_ROWS).items() if count > 1] == []


def test_no_exception_is_dead() -> None:
    """Whatever is said to be no reason stands in the code, and has no row."""
    assert _NOT_EMITTED - literals() == set()
    assert _NOT_EMITTED & set(_ROWS) == set()


@pytest.mark.parametrize(
    ("page", "heading"),
    [("lifecycle.md", "## Conditions"), ("workspaces.md", "## When it is not ready")],
)
def test_other_pages_name_reasons_that_exist(page: str, heading: str) -> None:
    """Their shorter tables are parts of the whole one."""
    types = {"Submitted", "Complete", "Failed", "Finished", "Suspended", "Ready", "Reconciling", "Stalled"}
    named = set(rows(section(page, heading)))
    assert named
    assert named - types <= set(_ROWS)
