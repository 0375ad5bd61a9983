"""Counts requests by operation and status, so that tests can say how often a client calls; decides nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from workspace_emulator.contract.operations import Operation

_UNANSWERED: Final = "unanswered"


class Exchanged:
    """The result of one request; `status` is set once it has an answer."""

    status: str = _UNANSWERED


class Traffic:
    """The counts since the start or the last reset."""

    def __init__(self) -> None:
        self._in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._most_in_flight = self._in_flight
        self._shown: set[str] = set()

    def show(self, job_ids: Iterable[str]) -> None:
        """Note that a client was told where these jobs are, by a GET or in a list."""
        self._shown.update(job_ids)

    @contextmanager
    def request(self, operation: Operation) -> Iterator[Exchanged]:
        """Count one request, and how many there are at the same time."""
        exchanged = Exchanged()
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            yield exchanged
        finally:
            self._in_flight -= 1
            self._counts[operation, exchanged.status] += 1

    def rows(self) -> dict[str, Any]:
        """Return the counts as JSON.

        They are by operation and status; of requests at the same time, now and at most; and of jobs that were shown.
        """
        counts: dict[str, dict[str, int]] = {}
        for (operation, status), count in sorted(self._counts.items()):
            counts.setdefault(operation, {})[status] = count
        return {
            "operations": counts,
            "in_flight": self._in_flight,
            "max_in_flight": self._most_in_flight,
            "jobs_shown": len(self._shown),
        }
