"""Parameters as people write them."""

import math
from pathlib import Path

import pytest

from quantumjobs.cli.points import points, value
from quantumjobs.errors import NotFoundError, UsageError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("1e20", 1e20),
        ("pi", math.pi),
        ("-pi/2", -math.pi / 2),
        ("3*pi/4", 3 * math.pi / 4),
        ("0.5pi", math.pi / 2),
    ],
)
def test_number(text: str, number: float) -> None:
    """Plain ones, and multiples of pi."""
    assert value(text) == pytest.approx(number)
    assert type(value(text)) is type(number)


@pytest.mark.parametrize("text", ["", "two", "nan", "inf", "pi/0x", "__import__('os')"])
def test_no_number(text: str) -> None:
    """Anything else is refused, and never evaluated."""
    with pytest.raises(UsageError, match="is no number"):
        value(text)


def test_ranges_are_combined() -> None:
    """Both ends belong to a range, and every combination is a point."""
    found = points([("theta", "0:1:3"), ("phi", "0:2:2"), ("n", "4")], None)
    assert found[0] == {"theta": 0, "phi": 0, "n": 4}
    assert found[-1] == {"theta": 1, "phi": 2, "n": 4}
    assert len(found) == 6


def test_table_is_read(tmp_path: Path) -> None:
    """A row is a point, with further parameters for all of them."""
    table = tmp_path / "points.csv"
    table.write_text("theta,phi\n0.1,pi\n0.2,-1e-3\n")
    assert points([("n", "1")], table) == [
        {"theta": 0.1, "phi": math.pi, "n": 1},
        {"theta": 0.2, "phi": -1e-3, "n": 1},
    ]


@pytest.mark.parametrize("text", ["0:1", "0:1:0", "0:1:x", "0:1:2:3"])
def test_bad_range(text: str) -> None:
    """The right form is named."""
    with pytest.raises(UsageError, match="first:last:number"):
        points([("theta", text)], None)


def test_bad_tables(tmp_path: Path) -> None:
    """Absent, empty, or without numbers."""
    with pytest.raises(NotFoundError):
        points([], tmp_path / "absent.csv")
    empty = tmp_path / "empty.csv"
    empty.write_text("theta\n")
    with pytest.raises(UsageError, match="no rows"):
        points([], empty)
    empty.write_text("theta\nabc\n")
    with pytest.raises(UsageError, match="is no number"):
        points([], empty)
    with pytest.raises(UsageError, match="needs parameters"):
        points([], None)
