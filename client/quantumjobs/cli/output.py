"""How answers are written: tables, JSON, YAML, names, CSV. Must not live here: what is answered."""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

_KIND: Final = "quantumjob.quantumjobs.dev"


def write_names(names: Iterable[str]) -> None:
    """As kubectl writes them, for scripts."""
    for name in names:
        click.echo(f"{_KIND}/{name}")


def write_object(value: Any, output: str) -> None:
    """As JSON or YAML, never coloured."""
    if output == "json":
        click.echo(json.dumps(value, indent=2))
        return
    import yaml  # noqa: PLC0415 - for this output alone

    click.echo(yaml.safe_dump(value, sort_keys=False), nl=False)


def write_objects(items: Sequence[Any], output: str) -> None:
    """A list as kubectl gives it; a single object as it is."""
    value = items[0] if len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": list(items)}
    write_object(value, output)


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """With a head; what a row does not have stays empty."""
    import csv  # noqa: PLC0415 - for this output alone

    writer = csv.DictWriter(sys.stdout, fieldnames=columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as kubectl's, never wrapped, so that `grep` and `awk` can read it."""
    lines = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        click.echo("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def note(text: str) -> None:
    """Something to know beside the answer."""
    click.echo(text, err=True)


def coloured(stream: Any) -> bool:
    """Whether a stream takes colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def age(seconds: float | None) -> str:
    """A length of time as kubectl shows ages."""
    if seconds is None:
        return ""
    whole = int(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= 2 * size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _cell(value: Any) -> str:
    return "<none>" if value in {None, ""} else str(value)
