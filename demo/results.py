"""What the user sees at the end: the output ConfigMaps, the counts as bars, and the jobs as kubectl prints them.

Reads what the jobs left without an object; must not live here: whether that is right (`expectations`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.expectations import Manifest, counts_of
from demo.screen import Screen
from demo.venue import Venue

_WIDEST_BAR: Final = 40
_BLOCK: Final = "█"
_LONGEST_VALUE: Final = 72
_PROJECT: Final = Path(__file__).resolve().parents[1]
_FIRST: Final = ("run", "examples/bell.qasm", "-t", "ionq.simulator", "--shots", "500", "--wait")
_OURS: Final = "--selector=app.kubernetes.io/managed-by=quantumjob-operator"

Bar = tuple[str, str, int]


def show_results(venue: Venue, screen: Screen) -> None:
    """Print ConfigMaps, bars, and the table of jobs."""
    screen.close()
    console = screen.console
    for config_map in venue.kubectl.read("configmaps", _OURS)["items"]:
        title, facts, rows = (
            f"ConfigMap {config_map['metadata']['name']}",
            _facts(config_map),
            bars(counts_of(config_map)),
        )
        if console.is_terminal:
            _print_panel(console, title, facts, rows)
        else:
            _print_lines(console, title, facts, rows)
    _print_plain(console, "$ kubectl get quantumjobs -o wide")
    _print_plain(console, venue.kubectl.run("get", "quantumjobs", "--output=wide"))


def show_the_client(venue: Venue, screen: Screen) -> None:
    """Run the README's first command, on a program without a manifest, and print the histogram that it ends with."""
    _print_plain(screen.console, f"$ kubectl quantum {' '.join(_FIRST)}")
    program, *options = _FIRST[1:]
    _print_plain(screen.console, venue.kubectl.quantum(_FIRST[0], _PROJECT / program, *options))


def bars(counts: Mapping[str, int]) -> list[Bar]:
    """Outcome, bar and count of each row, in the order of the outcomes."""
    most = max(counts.values(), default=0) or 1
    return [(outcome, _BLOCK * round(_WIDEST_BAR * count / most), count) for outcome, count in sorted(counts.items())]


def _facts(config_map: Manifest) -> list[tuple[str, str]]:
    return [(key, _shortened(value)) for key, value in sorted(config_map["data"].items())]


def _print_panel(console: Console, title: str, facts: list[tuple[str, str]], rows: list[Bar]) -> None:
    table, histogram = Table.grid(padding=(0, 2)), Table.grid(padding=(0, 1))
    for key, value in facts:
        table.add_row(Text(key, style="bold"), Text(value))
    for outcome, bar, count in rows:
        histogram.add_row(Text(outcome, style="bold"), Text(bar, style="cyan"), str(count))
    console.print(Panel(Group(table, Text(""), histogram), title=title, title_align="left", expand=False))


def _print_lines(console: Console, title: str, facts: list[tuple[str, str]], rows: list[Bar]) -> None:
    lines = [f"  {key:<20} {value}" for key, value in facts]
    lines += [f"  {outcome:<20} {bar} {count}" for outcome, bar, count in rows]
    _print_plain(console, "\n".join([title, *lines, ""]))


def _print_plain(console: Console, text: str) -> None:
    """As it stands: a table of kubectl's is only readable unwrapped."""
    console.print(Text(text), soft_wrap=True)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_VALUE else f"{line[: _LONGEST_VALUE - 1]}…"
