"""Counts of many jobs as rows, as a DataFrame, as Parquet. Must not live here: reading them (`harvest`)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.harvest import Reading

Row = dict[str, Any]
_OWN: Final = frozenset({"job", "state", "outcome", "count", "share"})
"""Columns that the client fills itself, however a parameter is named."""


def column(parameter: str) -> str:
    """The column of a parameter: its name, or `parameter.job` where the client has a column of that name.

    Names of parameters stand in an annotation: whoever may create a job could else make its row another job's.
    """
    return f"parameter.{parameter}" if parameter.casefold() in _OWN else parameter


def rows(readings: Iterable[Reading]) -> Iterator[Row]:
    """A row for each outcome of each job: job, state, the parameters, outcome, count; one row if it has no counts."""
    for reading in readings:
        parameters = {column(name): value for name, value in reading.parameters.items()}
        head = {"job": reading.name, "state": reading.state, **parameters}
        if reading.counts is None:
            yield {**head, "outcome": None, "count": None}
            continue
        for outcome, count in reading.counts.items():
            yield {**head, "outcome": outcome, "count": count}


def to_pandas(readings: Iterable[Reading]) -> Any:
    """A DataFrame of the rows."""
    return extras.load("pandas", "table").DataFrame.from_records(list(rows(readings)))


def to_parquet(readings: Iterable[Reading], path: str | Path) -> None:
    """Write the rows to a Parquet file; a column whose values have no common type there is text."""
    arrow = extras.load("pyarrow", "table")
    frame = to_pandas(readings)
    for name in frame.columns:
        try:
            arrow.array(frame[name], from_pandas=True)
        except (ValueError, TypeError, OverflowError):
            frame[name] = frame[name].map(_text)
    frame.columns = [_text(name) for name in frame.columns]
    frame.to_parquet(path, engine="pyarrow", index=False)


def _text(value: object) -> str:
    """As text that a file can hold: JSON can have halves of characters."""
    return str(value).encode("utf-8", "backslashreplace").decode()
