"""Counts of many jobs as rows, as a DataFrame, as Parquet. Must not live here: reading them (`harvest`)."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from quantumjobs import extras
from quantumjobs.harvest import Reading

Row = dict[str, Any]


def rows(readings: Iterable[Reading]) -> Iterator[Row]:
    """A row for each outcome of each job: job, state, the parameters, outcome, count; one row if it has no counts."""
    for reading in readings:
        head = {"job": reading.name, "state": reading.state, **reading.parameters}
        if reading.counts is None:
            yield {**head, "outcome": None, "count": None}
            continue
        for outcome, count in reading.counts.items():
            yield {**head, "outcome": outcome, "count": count}


def to_pandas(readings: Iterable[Reading]) -> Any:
    """A DataFrame of the rows."""
    return extras.load("pandas", "table").DataFrame.from_records(list(rows(readings)))


def to_parquet(readings: Iterable[Reading], path: str | Path) -> None:
    """Write the rows to a Parquet file."""
    extras.load("pyarrow", "table")
    to_pandas(readings).to_parquet(path, engine="pyarrow", index=False)
