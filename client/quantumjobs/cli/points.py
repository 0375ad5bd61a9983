"""Parameters of programs as people write them: single values, ranges, tables. Pure but for reading a table's file."""

import csv
import itertools
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from quantumjobs.errors import NotFoundError, UsageError

Value = float | int
Point = dict[str, Value]
_PI: Final = re.compile(r"([-+]?\d*\.?\d*)\*?pi(?:/(\d+(?:\.\d+)?))?")


def value(text: str) -> Value:
    """A number, also as a multiple of pi: 3, -0.5, 1e-3, pi, pi/2, 3*pi/4.

    Raises:
        UsageError: It is none.
    """
    plain = text.strip().replace(" ", "")
    found = _PI.fullmatch(plain)
    if found:
        factor, divisor = found.groups()
        sign = {"": 1.0, "+": 1.0, "-": -1.0}.get(factor)
        return (sign if sign is not None else float(factor)) * math.pi / float(divisor or 1)
    for kind in (int, float):
        try:
            number = kind(plain)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    raise UsageError(f"{text!r} is no number: say for example 0.5, 1e-3 or pi/2")


def values(pairs: Sequence[tuple[str, str]]) -> Point:
    """Parameters with one value each."""
    return {name: value(text) for name, text in pairs}


def points(pairs: Sequence[tuple[str, str]], table: Path | None) -> list[Point]:
    """The points of a sweep: every combination of the ranges, for every row of the table.

    Args:
        pairs: Name and `value`, or `first:last:number`, both ends included.
        table: A CSV file with a column for each parameter.

    Raises:
        UsageError: A range or a table that cannot be read.
    """
    rows = _rows(table) if table else [{}]
    axes = [[(name, one) for one in _axis(name, text)] for name, text in pairs]
    found = [{**row, **dict(chosen)} for row in rows for chosen in itertools.product(*axes)]
    if not any(found):
        raise UsageError("a sweep needs parameters: -p theta=0:3.14:20, or --table points.csv")
    return found


def _axis(name: str, text: str) -> list[Value]:
    parts = text.split(":")
    if len(parts) == 1:
        return [value(text)]
    if len(parts) != 3 or not parts[2].strip().isdigit() or int(parts[2]) < 1:  # noqa: PLR2004 - first:last:number
        raise UsageError(f"{name}={text} is no range: say first:last:number, for example {name}=0:3.14:20")
    first, last, number = value(parts[0]), value(parts[1]), int(parts[2])
    if number == 1:
        return [first]
    return [first + (last - first) * i / (number - 1) for i in range(number)]


def _rows(table: Path) -> list[Point]:
    try:
        with table.open(newline="") as file:
            rows = [{str(name): value(text or "") for name, text in row.items()} for row in csv.DictReader(file)]
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {table}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no table that can be read: {error}") from error
    if not rows:
        raise UsageError(f"{table} has no rows")
    return rows
