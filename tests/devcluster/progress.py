"""Lines that tell a person at a terminal how far something is.

Must not live here: what the steps are.
"""

import sys
from collections.abc import Callable

Report = Callable[[str], None]


def report_on_terminal(line: str) -> None:
    """Print one line of progress, on standard error so that standard output stays parsable."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress of a command on its terminal


class Steps:
    """Numbers the steps of a task whose number is known: `2/5 fetching Azurite`.

    Args:
        report: Takes each line.
        total: How many steps there are.
        done: How many of them are over already.
    """

    def __init__(self, report: Report, total: int, done: int = 0) -> None:
        self._report = report
        self._total = total
        self._done = done

    def next(self, what: str) -> None:
        """Say that the next step begins."""
        self._done += 1
        self._report(f"{self._done}/{self._total} {what}")

    def detail(self, what: str) -> None:
        """Say how far the present step is."""
        self._report(f"    {what}")
