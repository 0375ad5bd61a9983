"""Which tests one worker runs together, and which begin."""

from types import SimpleNamespace
from typing import Any

import pytest

from localstack.manifests import PROJECT
from turns import FIRST, TOGETHER, in_turn, unit


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        pytest.param("tests/client/test_auth.py::test_one[a::b]", "tests/client/test_auth.py", id="a file by itself"),
        pytest.param("tests/client/test_auth.py::TestIt::test_one", "tests/client/test_auth.py", id="its classes too"),
        pytest.param("tests/node/test_life.py::test_one", "tests/node", id="a folder that shares a node"),
        pytest.param("tests/nodes/test_life.py::test_one", "tests/nodes/test_life.py", id="no folder that begins so"),
    ],
)
def test_unit_of_a_test(nodeid: str, expected: str) -> None:
    """Its tests are never on two workers."""
    assert unit(nodeid) == expected


def test_what_takes_minutes_begins_and_large_files_come_before_small_ones() -> None:
    """Within a file the order stays."""
    long = f"{FIRST[2]}::test_long"
    collected = ["a.py::test_alone", "b.py::test_2", "b.py::test_1", long]
    items: list[Any] = [SimpleNamespace(nodeid=nodeid) for nodeid in collected]
    assert [item.nodeid for item in in_turn(items)] == [long, "b.py::test_2", "b.py::test_1", "a.py::test_alone"]


def test_what_is_named_is_there() -> None:
    """A file that is renamed is named anew here."""
    assert [path for path in (*TOGETHER, *FIRST) if not (PROJECT / path).exists()] == []
