"""Counts as bars: lines for a terminal, or a picture. Must not live here: where the counts come from."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.cli.output import WIDEST, write_coloured
from quantumjobs.errors import UsageError
from quantumjobs.visible import cut, shown

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
    return [head + tail for head, tail in _lines(counts, width)]


def show(counts: Mapping[str, int]) -> None:
    """Write the bars to stdout; in colour on a terminal that takes it."""
    write_coloured(_lines(counts, None))


def _lines(counts: Mapping[str, int], width: int | None) -> list[tuple[str, str]]:
    """The outcome, and the rest of its line."""
    total, most = sum(counts.values()) or 1, max(counts.values(), default=1) or 1
    columns = width or shutil.get_terminal_size().columns
    named = [(cut(shown(outcome)), count) for outcome, count in counts.items()]
    longest, digits = min(WIDEST, max((len(name) for name, _ in named), default=0)), len(str(most))
    room = max(_NARROWEST, min(_WIDEST, columns - longest - digits - 10))
    return [
        (name.rjust(longest), f" {_bar(count / most, room).ljust(room)} {count:{digits}} {count / total:6.1%}")
        for name, count in named
    ]


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
