"""How far this machine's time of day is ahead of the API server's, estimated from the `Date` of its answers.

The operator's times decide (deadlines, TTL, grace period), and they are compared with times that others have written,
so they must be those of the cluster. Must not live here: clocks, or requests (`cluster.api`).
"""

from collections import deque
from datetime import UTC
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Final

TOLERATED: Final = 5.0
"""Seconds within which clocks count as equal: a date has whole seconds, and answers take time."""

_KEPT: Final = 5
_ENOUGH: Final = 3
_SLOWEST: Final = 5.0


class Skew:
    """The estimate: the median of the last few answers, so that a single wrong date moves nothing."""

    def __init__(self) -> None:
        self._heard: deque[float] = deque(maxlen=_KEPT)
        self._median = 0.0
        self._last = ""

    @property
    def known(self) -> bool:
        """Whether there were enough answers."""
        return len(self._heard) >= _ENOUGH

    @property
    def seconds(self) -> float:
        """How far our clock is ahead; negative if it is behind, 0 while it is not known."""
        return self._median if self.known else 0.0

    @property
    def correction(self) -> float:
        """Seconds to take off the time of day; 0 while the clocks agree well enough."""
        return self.seconds if abs(self.seconds) > TOLERATED else 0.0

    def hear(self, date: str | None, sent: float, received: float) -> None:
        """Take in one answer; once enough is known, one for each second of the API server's.

        Args:
            date: Its header `Date`; what is no date says nothing.
            sent: Our time of day when it was asked for, in seconds since the epoch.
            received: The same when it came; an answer that took long says too little.
        """
        if date is None or not 0 <= received - sent <= _SLOWEST or (self.known and date == self._last):
            return
        try:
            told = parsedate_to_datetime(date)
        except (ValueError, IndexError, OverflowError):
            return
        moment = (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
        # The fraction of the second is cut off, and the answer was written somewhere between question and receipt.
        self._heard.append((sent + received) / 2 - (moment + 0.5))
        self._median, self._last = median(self._heard), date
