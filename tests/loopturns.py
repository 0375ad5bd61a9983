"""How long a turn of the event loop takes, as a ratio to work that is measured beside it.

Must not live here: any duration in seconds that a test would assert. A machine can be twice as slow as another one, and
the collector of garbage holds a process with thousands of tests for a second; neither is what is asked about.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

SHORT: Final = 30
"""What no turn may take, in units: nobody notices it."""
_ROUNDS: Final = 3


@dataclass(slots=True)
class Turns:
    """What was found out of the loop's turns.

    Attributes:
        longest: CPU time of the longest one, in units: one is what counting to a million takes here: some 15 to 40 ms.
    """

    longest: float = 0.0


@asynccontextmanager
async def turns_of_the_loop(clock: Callable[[], float] = time.thread_time) -> AsyncIterator[Turns]:
    """Looks at each turn of the loop; the longest is known when the context has ended.

    Args:
        clock: Seconds of CPU time; those of the whole process where a thread beside could keep the loop from running.
    """
    turns, longest = Turns(), 0.0

    async def feel() -> None:
        nonlocal longest
        while True:
            before = clock()
            await asyncio.sleep(0.005)
            longest = max(longest, clock() - before)

    collects = gc.isenabled()
    gc.disable()
    feeling = asyncio.create_task(feel())
    try:
        yield turns
        # A turn that holds the loop until the very end is felt in the next one.
        await asyncio.sleep(0.01)
        turns.longest = longest / min(_unit() for _ in range(_ROUNDS))
    finally:
        feeling.cancel()
        with suppress(asyncio.CancelledError):
            await feeling
        if collects:
            gc.enable()


def _unit() -> float:
    """Seconds."""
    before = time.thread_time()
    for _ in range(1_000_000):
        pass
    return time.thread_time() - before
