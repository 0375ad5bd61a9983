"""The workspace's clock: real time that can be put forward, so that long waits can be tested.

Every time of a job or session comes from here; the validity of a SAS does not, storage knows only real time.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch, and one timer for everybody who waits.

    Args:
        offset: Seconds by which the clock is ahead of real time.
        on_advance: Told of each new offset, so that it can be kept.
    """

    def __init__(self, offset: float, on_advance: Callable[[float], None]) -> None:
        self._offset = offset
        self._on_advance = on_advance
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def offset(self) -> float:
        """Seconds by which the clock is ahead of real time."""
        return self._offset

    def now(self) -> float:
        """Return the time in seconds since the epoch, in whole microseconds: a time that a client reads is exact."""
        return round(time.time() + self._offset, 6)

    def advance(self, seconds: float) -> None:
        """Put the clock forward; whoever waits for a time that has passed goes on."""
        self._offset += seconds
        self._on_advance(self._offset)
        self._ring()

    async def sleep_until(self, when: float) -> None:
        """Return at a time, or at once if it has passed."""
        if when <= self.now():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (when, next(self._order), future))
        if self._waiting[0][2] is future:
            self._set_timer()
        await future

    def _ring(self) -> None:
        while self._waiting and (self._waiting[0][0] <= self.now() or self._waiting[0][2].done()):
            future = heapq.heappop(self._waiting)[2]
            if not future.done():  # its waiter may have been cancelled
                future.set_result(None)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            delay = max(0.0, self._waiting[0][0] - self.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._ring)


def rfc3339(when: float | None) -> str | None:
    """Return a time as the service writes it: UTC with 7 fraction digits."""
    if when is None:
        return None
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
