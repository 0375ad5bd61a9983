"""What the user sees while it plays: a table that lives, on a terminal; else a line for each change, without codes.

Must not live here: where the facts come from (`play`), or what is shown at the end (`results`).
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_COLOURS: Final = {
    "Waiting": "yellow",
    "Executing": "cyan",
    "Succeeded": "green",
    "Failed": "red",
    "Cancelling": "magenta",
    "Deleted": "magenta",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A job as it is now."""

    name: str
    about: str
    target: str = ""
    state: str = ""
    detail: str = ""


class Screen(Protocol):
    """Shows what happens."""

    console: Console

    def say(self, text: str) -> None:
        """Tell one step."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show the jobs as they are now."""

    def close(self) -> None:
        """What was shown stays; what comes next stands below it."""


class Lines:
    """For logs and pipes: plain lines, a job only when it has changed."""

    def __init__(self) -> None:
        self.console = Console(force_terminal=False, no_color=True, highlight=False, soft_wrap=True)
        self._began = time.monotonic()
        self._shown: dict[str, Row] = {}

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)  # noqa: T201 - what it is for

    def show(self, rows: Sequence[Row]) -> None:
        """Print the rows that differ from what was printed before."""
        for row in rows:
            before = self._shown.get(row.name)
            if row.state and (before is None or (before.state, before.detail) != (row.state, row.detail)):
                self.say(f"{row.name:<10} {row.state:<11} {row.detail}".rstrip())
                self._shown[row.name] = row

    def close(self) -> None:
        """Nothing is open."""


class LiveTable:
    """For a terminal."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._began = time.monotonic()
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Print a line; above the table, if there is one."""
        self.console.print(Text(f"{time.monotonic() - self._began:6.1f} s  {text}"), style="dim")

    def show(self, rows: Sequence[Row]) -> None:
        """Draw the table anew, in its place."""
        if self._live is None:
            self._live = Live(console=self.console, refresh_per_second=8)
            self._live.start()
        self._live.update(self._table(rows))

    def close(self) -> None:
        """Leave the table as it is."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _table(self, rows: Sequence[Row]) -> Table:
        table = Table(title=f"QuantumJobs, {time.monotonic() - self._began:.0f} s", title_justify="left")
        table.add_column("job", style="bold", no_wrap=True)
        table.add_column("what it is")
        table.add_column("target", no_wrap=True)
        table.add_column("state", no_wrap=True, min_width=10)
        table.add_column("what is said of it")
        for row in rows:
            state = Text(row.state, style=_COLOURS.get(row.state, ""))
            table.add_row(row.name, row.about, row.target, state, Text(row.detail))
        return table


def screen_for_output() -> Screen:
    """The one that suits standard output."""
    living = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return LiveTable() if living else Lines()
