"""How answers are written: tables, JSON, YAML, names, CSV; all that a command prints goes through here.

Much of it was written by somebody else: annotations, outcomes, Events. For people, what would steer a terminal stands
there as an escape. JSON and YAML have escapes of their own; CSV and programs are written as they are, unless to a
terminal. Must not live here: what is answered.
"""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

from quantumjobs.errors import UsageError
from quantumjobs.visible import cut, shown

_KIND: Final = "quantumjob.quantumjobs.dev"
_PLAIN: Final = "\n\t"
"""What whole texts have beside words: lines and indents."""
CYAN: Final = "36"
WIDEST: Final = 200
"""Columns to which short cells are filled up for a long one: of thousands of rows each would be as long."""


def say(line: str, *, kept: str = "", err: bool = False) -> None:
    """One line for people."""
    click.echo(shown(line, kept=kept), err=err)


def note(line: str) -> None:
    """Something to know beside the answer."""
    say(line, err=True)


def note_text(text: str) -> None:
    """The same, in lines of its own: tracebacks, usage."""
    say(text, kept=_PLAIN, err=True)


def confirm(question: str) -> None:
    """Ask a person; whoever does not say yes ends the command."""
    click.confirm(shown(question), abort=True, err=True)


def write_coloured(lines: Iterable[tuple[str, str]], colour: str = CYAN) -> None:
    """Lines whose second part is coloured, on a terminal that takes it."""
    before, after = (f"\x1b[{colour}m", "\x1b[0m") if coloured(sys.stdout) else ("", "")
    for head, tail in lines:
        click.echo(f"{shown(head)}{before}{shown(tail)}{after}")


def write_text(text: str) -> None:
    """A whole text, as it is unless to a terminal."""
    click.echo(shown(text, kept=_PLAIN) if sys.stdout.isatty() else text, nl=False)


def write_bytes(data: bytes) -> None:
    """What is no text.

    Raises:
        UsageError: A terminal would take it for commands.
    """
    if sys.stdout.isatty():
        raise UsageError("this is no text for a terminal: write it to a file, as in `> program.bc`")
    sys.stdout.buffer.write(data)


def robust() -> None:
    """A character that the stream has no bytes for is written as an escape, too."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def write_names(names: Iterable[str]) -> None:
    """As kubectl writes them, for scripts."""
    for name in names:
        say(f"{_KIND}/{name}")


def write_object(value: Any, output: str) -> None:
    """As JSON or YAML, never coloured."""
    if output == "json":
        click.echo(json.dumps(value, indent=2))
        return
    import yaml  # noqa: PLC0415 - for this output alone

    click.echo(yaml.safe_dump(value, sort_keys=False), nl=False)


def write_json_rows(rows: Iterable[Any]) -> None:
    """A list, row by row: there may be more of them than fit into memory at once."""
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        click.echo(("," if number else "") + "\n  " + json.dumps(row), nl=False)
    click.echo("\n]")


def write_objects(items: Sequence[Any], output: str) -> None:
    """A list as kubectl gives it; a single object as it is."""
    value = items[0] if len(items) == 1 else {"apiVersion": "v1", "kind": "List", "items": list(items)}
    write_object(value, output)


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """With a head; what a row does not have stays empty."""
    import csv  # noqa: PLC0415 - for this output alone

    writer = csv.DictWriter(_Stdout(), fieldnames=columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns as kubectl's, never wrapped, so that `grep` and `awk` can read it; what nobody can read is cut."""
    lines = [list(map(_cell, columns)), *([_cell(value) for value in row] for row in rows)]
    widths = [min(WIDEST, max(len(line[i]) for line in lines)) for i in range(len(columns))]
    for line in lines:
        say("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


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
    return "<none>" if value is None or value == "" else cut(shown(str(value)))


class _Stdout:
    def write(self, text: str) -> int:
        """As a file's."""
        return sys.stdout.write(shown(text, kept=_PLAIN) if sys.stdout.isatty() else text)
