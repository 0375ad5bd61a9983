"""Counts as bars: lines for a terminal, or a picture. Must not live here: where the counts come from."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.cli.output import coloured
from quantumjobs.errors import UsageError

_BLOCKS: Final = " ▏▎▍▌▋▊▉█"
_NARROWEST: Final = 10
_WIDEST: Final = 60
_PICTURES: Final = (".png", ".svg")


def bars(counts: Mapping[str, int], *, width: int | None = None) -> list[str]:
    """A line for each outcome: the outcome, a bar, the count and its share.

    Args:
        counts: Of the outcomes.
        width: Columns of the terminal; as it is if None.
    """
    total, most = sum(counts.values()) or 1, max(counts.values(), default=1) or 1
    columns = width or shutil.get_terminal_size().columns
    longest, digits = max(map(len, counts), default=0), len(str(most))
    room = max(_NARROWEST, min(_WIDEST, columns - longest - digits - 10))
    return [
        f"{outcome.rjust(longest)} {_bar(count / most, room).ljust(room)} {count:{digits}} {count / total:6.1%}"
        for outcome, count in counts.items()
    ]


def show(counts: Mapping[str, int]) -> str:
    """The bars as they are written to stdout; in colour on a terminal that takes it."""
    lines = bars(counts)
    if not coloured(sys.stdout):
        return "\n".join(lines)
    longest = max(map(len, counts), default=0)
    return "\n".join(f"{line[:longest]}\x1b[36m{line[longest:]}\x1b[0m" for line in lines)


def picture(series: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Draw the counts of one or several jobs side by side.

    Raises:
        UsageError: The file's name says neither PNG nor SVG.
    """
    if path.suffix.lower() not in _PICTURES:
        raise UsageError(f"{path} is no picture that can be drawn: name it .png or .svg")
    figures = extras.load("matplotlib.figure", "plot")
    outcomes = sorted({outcome for counts in series.values() for outcome in counts})
    figure: Any = figures.Figure(figsize=(max(4.0, 0.5 * len(outcomes) * len(series)), 4.0), layout="constrained")
    axes = figure.subplots()
    step = 0.8 / len(series)
    for number, (name, counts) in enumerate(series.items()):
        places = [i + number * step for i in range(len(outcomes))]
        axes.bar(places, [counts.get(outcome, 0) for outcome in outcomes], width=step, align="edge", label=name)
    axes.set_xticks([i + 0.4 for i in range(len(outcomes))], outcomes, rotation=90 if len(outcomes) > 8 else 0)  # noqa: PLR2004
    axes.set_ylabel("counts")
    axes.legend()
    figure.savefig(path)


def _bar(share: float, room: int) -> str:
    eighths = round(share * room * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_BLOCKS[rest] if rest else "")
