"""The commands that show results: counts, plot."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantumjobs.cli.options import Connection, checked_selection, connected, output_option, selecting
from quantumjobs.cli.output import note, say, write_csv, write_json_rows, write_object, write_table
from quantumjobs.errors import ExitCode, NoCountsError

if TYPE_CHECKING:
    from quantumjobs.harvest import Reading

_LARGEST_PICTURE = 20
Row = dict[str, Any]


class Tally:
    """Passes readings on and keeps the worst of their exit codes; why counts are missing goes to stderr."""

    def __init__(self, readings: "Iterable[Reading]") -> None:
        self._readings = readings
        self._codes: set[ExitCode] = set()

    def __iter__(self) -> "Iterator[Reading]":
        for reading in self._readings:
            if reading.missing:
                note(f"{reading.name} ({reading.state}): {reading.missing}")
                self._codes.add(_code(reading))
            yield reading

    @property
    def code(self) -> ExitCode:
        """After all were passed on."""
        order = (ExitCode.JOB_FAILED, ExitCode.JOB_CANCELLED, ExitCode.TIMED_OUT, ExitCode.ERROR)
        return next((code for code in order if code in self._codes), ExitCode.SUCCEEDED)


def _code(reading: "Reading") -> ExitCode:
    return {
        "failed": ExitCode.JOB_FAILED,
        "cancelled": ExitCode.JOB_CANCELLED,
        "running": ExitCode.TIMED_OUT,
    }.get(reading.outcome.value, ExitCode.ERROR)


@click.command()
@selecting
@click.option("--normalize", is_flag=True, help="Shares instead of counts.")
@click.option("--top", type=click.IntRange(min=1), help="Only the most frequent outcomes of each job.")
@click.option("--register", help="Only this register.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="For -o parquet.")
@output_option("table", "csv", "json", "yaml", "parquet")
@connected
def counts(
    *,
    names: tuple[str, ...],
    selector: str,
    connection: Connection,
    normalize: bool,
    top: int | None,
    register: str | None,
    file: Path | None,
    output: str,
) -> int:
    """Show how often each outcome was measured: one table for all jobs, with their parameters."""
    from quantumjobs import tables  # noqa: PLC0415
    from quantumjobs.harvest import Harvest  # noqa: PLC0415

    checked_selection(names, selector)
    cluster = connection.open()
    if (output == "parquet") != bool(file):
        raise click.UsageError("-o parquet needs --file, and the other outputs go to stdout")
    harvest = Harvest(cluster.api, cluster.namespace, selector=selector, names=names)
    tally = Tally(_chosen(harvest, top=top, register=register))
    parameters = dict.fromkeys(map(tables.column, harvest.parameters))
    columns = ("job", "state", *parameters, "outcome", "share" if normalize else "count")
    if output == "parquet" and file:
        tables.to_parquet(tally, file)
    else:
        _write(columns, _rows(tally, normalize=normalize), output)
    return tally.code


def _write(columns: tuple[str, ...], rows: Iterator[Row], output: str) -> None:
    if output == "csv":
        write_csv(columns, rows)
    elif output == "table":
        write_table([column.upper() for column in columns], [[row.get(column) for column in columns] for row in rows])
    elif output == "json":
        write_json_rows(rows)
    else:
        write_object(list(rows), output)


def _rows(readings: "Iterable[Reading]", *, normalize: bool) -> Iterator[Row]:
    from quantumjobs.tables import rows  # noqa: PLC0415

    for reading in readings:
        total = sum((reading.counts or {}).values())
        for row in rows([reading]):
            if normalize:
                count = row.pop("count")
                row["share"] = count / total if count is not None and total else None
            yield row


def _chosen(readings: "Iterable[Reading]", *, top: int | None, register: str | None) -> "Iterator[Reading]":
    import dataclasses  # noqa: PLC0415

    from quantumjobs.counts import of_register  # noqa: PLC0415

    for reading in readings:
        found = reading.counts
        if found is not None and register:
            try:
                found = of_register(found, reading.header, register)
            except NoCountsError as error:  # of this one: the others are shown
                yield dataclasses.replace(reading, counts=None, missing=str(error))
                continue
        if found is not None and top:
            found = dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:top])
        yield reading if found is reading.counts else dataclasses.replace(reading, counts=found)


@click.command()
@selecting
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="A picture, .png or .svg, instead.")
@click.option("--top", type=click.IntRange(min=1), help="Only the most frequent outcomes of each job.")
@click.option("--register", help="Only this register.")
@connected
def plot(
    *,
    names: tuple[str, ...],
    selector: str,
    connection: Connection,
    file: Path | None,
    top: int | None,
    register: str | None,
) -> int:
    """Draw counts as bars, in the terminal or as a picture."""
    from quantumjobs.cli import histogram  # noqa: PLC0415
    from quantumjobs.harvest import Harvest  # noqa: PLC0415

    checked_selection(names, selector)
    cluster = connection.open()
    harvest = Harvest(cluster.api, cluster.namespace, selector=selector, names=names)
    if file and len(harvest) > _LARGEST_PICTURE:
        raise click.UsageError(f"a picture of {len(harvest)} jobs cannot be read: choose at most {_LARGEST_PICTURE}")
    tally = Tally(_chosen(harvest, top=top, register=register))
    series: dict[str, dict[str, int]] = {}
    for reading in tally:
        if reading.counts is None:
            continue
        if file:
            series[reading.name] = reading.counts
            continue
        head = ", ".join([reading.name, *(f"{name}={value}" for name, value in reading.parameters.items())])
        if len(harvest) > 1:
            say(head)
        histogram.show(reading.counts)
    if file:
        if not series:
            raise NoCountsError("none of the jobs has counts: nothing was drawn")
        histogram.picture(series, file)
        note(f"drawn to {file}")
    return tally.code
