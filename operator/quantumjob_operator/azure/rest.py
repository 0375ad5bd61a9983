"""What a poller does between two turns: nothing, for as long as nobody is due.

There may be thousands of them, and turns in which nothing is to be done would take a good part of a CPU. Must not live
here: what a turn does, or who is due (`poller`).
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TICK: Final = 0.25
"""Seconds between two turns at least, whoever is due meanwhile: these are served together."""
LONGEST: Final = 10.0
"""Seconds at most: a loop shows by its turns that it goes on."""


@dataclass(slots=True)
class Rest:
    """The time between two turns of a loop.

    Attributes:
        monotonic: Seconds of a clock that never steps back.
    """

    monotonic: Callable[[], float]
    _stirred: bool = False
    _waits: "asyncio.Future[None] | None" = None

    def stir(self) -> None:
        """Something is to be done earlier than was known."""
        self._stirred = True
        if self._waits and not self._waits.done():
            self._waits.set_result(None)

    async def until(self, due: Callable[[], float]) -> None:
        """Rest until whole ticks have passed and something is due, or somebody stirs.

        Args:
            due: The monotonic time before which nothing is to be done, as it is known now.
        """
        self._stirred = False
        await asyncio.sleep(TICK)
        left = min(due() - self.monotonic(), LONGEST - TICK)
        if left <= 0 or self._stirred:
            return
        # One future and one timer: a time-out would be an exception, and a task of its own, for each of thousands.
        loop = asyncio.get_running_loop()
        self._waits = loop.create_future()
        timer = loop.call_later(math.ceil(left / TICK) * TICK, self.stir)
        try:
            await self._waits
        finally:
            timer.cancel()
            self._waits = None
