"""The figures for people: a table on the terminal, and a drawing of cost against jobs in flight.

Must not live here: how a figure comes about.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from benchmarks.figures import NAMES

_DRAWN: Final = {
    "idle_cpu": "share of a core, idle jobs [%]",
    "idle_requests": "requests to the service a minute",
    "peak_mib": "peak memory [MiB]",
}
_LEAST: Final = 0.01
"""Drawn for what is smaller: the axes are logarithmic."""

Lines = Mapping[str, Mapping[str, Any]]


def show(lines: Lines, console: Console) -> None:
    """Print the table, and under it what has to be said of single lines."""
    table = Table(title="make bench: less is better unless said otherwise", title_justify="left")
    table.add_column("measure")
    for column in ("unit", *NAMES, "of kopf_timer", "of sdk_process", "mark", ""):
        table.add_column(column, justify="right", no_wrap=column in NAMES)
    for line in lines.values():
        ratios = (_ratio(line["of_kopf_timer"]), _ratio(line["of_sdk_process"]))
        values = (_number(line[name]) for name in NAMES)
        verdict = {None: "", True: "[green]met", False: "[red]missed"}[line["met"]]
        table.add_row(line["title"], line["unit"], *values, *ratios, line["mark"] or "", verdict)
    console.print(table)
    for line in lines.values():
        for note in line["notes"]:
            console.print(f"{line['title']}: {note}", style="dim", highlight=False)


def draw(lines: Lines, sizes: Sequence[int], file: Path, caption: str) -> None:
    """Draw cost against jobs in flight, a panel for each cost."""
    mpl.use("Agg")
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    for panel, (key, title) in zip(figure.subplots(1, len(_DRAWN)), _DRAWN.items(), strict=True):
        _draw_panel(panel, [lines[f"{key}_{size}"] for size in sizes], sizes, title)
    figure.suptitle(caption, fontsize=8)
    figure.savefig(file, dpi=120)


def _draw_panel(panel: Axes, lines: Sequence[Mapping[str, Any]], sizes: Sequence[int], title: str) -> None:
    for name in NAMES:
        points = [(size, line[name]) for size, line in zip(sizes, lines, strict=True) if line[name] is not None]
        if points:
            panel.plot([size for size, _ in points], [max(value, _LEAST) for _, value in points], "o-", label=name)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("jobs in flight")
    panel.set_title(title, fontsize=10)
    panel.grid(visible=True, which="both", alpha=0.3)
    panel.legend(fontsize=8)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.4g}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
