"""Shows how jobs get on while they are waited for: a live table on a terminal, a line for each change without one.

All of it goes to stderr. Must not live here: the waiting.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.cli.output import coloured, note
from quantumjobs.following import Change
from quantumjobs.visible import shown

_SHOWN: Final = 15
_STYLES: Final = {"Succeeded": "green", "Failed": "red", "Cancelled": "yellow", "Executing": "cyan"}
_DONE: Final = ("Succeeded", "Failed", "Cancelled")


@contextmanager
def progress() -> Iterator[Callable[[Change], None]]:
    """Yield what is to be told of each change."""
    if not sys.stderr.isatty() or not coloured(sys.stderr):
        yield _Lines()
        return
    from rich.console import Console  # noqa: PLC0415 - for terminals alone
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=8) as live:
        board = _Board()

        def show(change: Change) -> None:
            board.take(change)
            live.update(board.table())

        yield show


class _Lines:
    """One line for each change of a state."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, change: Change) -> None:
        name, said = facts.name_of(change.resource), _said(change)
        if self._known.get(name) != said:
            self._known[name] = said
            note(f"{name}: {said}")


class _Board:
    """The states of all jobs, and the rows of those that have not ended."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[str, str]] = {}

    def take(self, change: Change) -> None:
        resource = change.resource
        state = "Gone" if change.deleted else facts.state(resource)
        self._states[facts.name_of(resource)] = (state, facts.reason(resource)[0])

    def table(self) -> Any:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, pad_edge=False, caption=self._summary(), caption_justify="left")
        for column in ("JOB", "STATE", "REASON"):
            table.add_column(column, no_wrap=True)
        order = sorted(self._states.items(), key=lambda item: (item[1][0] in _DONE, item[0]))
        for name, (state, reason) in order[:_SHOWN]:
            table.add_row(Text(shown(name)), Text(shown(state), style=_STYLES.get(state, "")), Text(shown(reason)))
        return table

    def _summary(self) -> str:
        total, done = len(self._states), sum(state in _DONE for state, _ in self._states.values())
        return "" if total == 1 else f"{done} of {total} have ended"


def _said(change: Change) -> str:
    state, (reason, message) = facts.state(change.resource), facts.reason(change.resource)
    if change.deleted:
        return f"deleted, last seen {state}"
    held = state == "Pending" and reason
    return f"{state} ({reason}: {message})" if held else state
