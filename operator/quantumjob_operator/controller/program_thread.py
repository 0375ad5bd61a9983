"""What takes long to be read in programs, price lists and results is read beside the event loop, one after the other.

Each thread of Python that calculates makes every turn of the loop wait for it, so that there is one; namespaces have it
in turn, and those that have much of it have a fifth of the time together. Must not live here: what is read (`programs`,
`costs`, `results`).
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_share import FairShare

_MUCH_SECONDS: Final = 2.0
"""Of CPU: the longest program that is counted takes half a second."""
_FORGOTTEN: Final = 0.1
"""Of these in each second."""
_MOST_SECONDS: Final = 10.0
_REST: Final = 4.0
"""For so many times as long as it took nothing else is read for whoever has much."""

T = TypeVar("T")


@dataclass(slots=True)
class _Reading(Generic[T]):
    """What is read, and how long the thread has calculated for it."""

    read: Callable[[], T]
    seconds: float = 0.0

    def __call__(self) -> T:
        began = time.thread_time()
        try:
            return self.read()
        finally:
            self.seconds = time.thread_time() - began


@dataclass(slots=True)
class ProgramThread:
    """The thread, and whose turn it is."""

    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="programs"))
    _turns: FairShare = field(default_factory=lambda: FairShare(1))
    _of_those_with_much: FairShare = field(default_factory=lambda: FairShare(1))
    _took: Excess = field(default_factory=lambda: Excess(0.0, _MUCH_SECONDS, _MOST_SECONDS, _FORGOTTEN))

    async def aside(self, namespace: str, read: Callable[[], T]) -> T:
        """What `read` returns, or raises; it runs in the thread.

        Args:
            namespace: Whose turn it takes.
            read: Calculates, and touches nothing that others change.
        """
        loop, reading = asyncio.get_running_loop(), _Reading(read)
        has_much = self._took.is_much(namespace, loop.time())
        turn = await self._of_those_with_much.take(namespace) if has_much else None
        try:
            async with self._turns.hold(namespace):
                return await loop.run_in_executor(self._thread, reading)
        finally:
            self._took.note(namespace, reading.seconds, loop.time())
            if turn is not None:
                loop.call_later(_REST * reading.seconds, turn.give_back)


_the_one: Final = ProgramThread()


async def aside(namespace: str, read: Callable[[], T]) -> T:
    """As of a `ProgramThread`, of which a process has one."""
    return await _the_one.aside(namespace, read)
