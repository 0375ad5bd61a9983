"""The threat model of docs/security.md: each row names tests, and they exist."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from localstack.manifests import PROJECT

PAGE: Final = PROJECT / "docs" / "security.md"
_NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> Iterator[str]:
    """The rows of the table, without its head."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return iter(lines[1:])


def named() -> list[tuple[str, str]]:
    """Each test that the page names, as file and function."""
    return sorted(set(_NAMED.findall(PAGE.read_text())))


def test_each_row_names_a_test() -> None:
    """A threat without a test is only a promise."""
    assert [row for row in rows() if not _NAMED.search(row.rpartition(" | ")[2])] == []


@pytest.mark.parametrize(("file", "name"), named())
def test_the_named_test_exists(file: str, name: str) -> None:
    """It stands in the file under that name, and is collected."""
    tree = ast.parse((PROJECT / file).read_text())
    functions = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in functions
    assert name.startswith("test_")
