"""What takes long to be calculated is calculated beside the event loop, one after the other, and in nobody's favour.

Each thread of Python that calculates makes every turn of the loop wait for it, so that there is one for all: programs,
price lists, results, answers and listings. Tenants have it in turn, and those that have much of it have a fifth of the
time together. Must not live here: what is calculated.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_share import FairShare

_MUCH_SECONDS: Final = 2.0
"""Of CPU: the longest program that is counted takes half a second."""
_FORGOTTEN: Final = 0.2
"""Of these in each second: who has no more than a fifth of the time anyway never has much."""
_MOST_SECONDS: Final = 10.0
_REST: Final = 4.0
"""For so many times as long as it took nothing else is calculated for whoever has much."""

T = TypeVar("T")


@dataclass(slots=True)
class _Calculation(Generic[T]):
    """What is calculated, and how long the thread was at it."""

    calculate: Callable[[], T]
    seconds: float = 0.0

    def __call__(self) -> T:
        began = time.thread_time()
        try:
            return self.calculate()
        finally:
            self.seconds = time.thread_time() - began


@dataclass(slots=True)
class Calculations:
    """Whose turn it is in the thread, for the tasks of one event loop."""

    _turns: FairShare = field(default_factory=lambda: FairShare(1))
    _of_those_with_much: FairShare = field(default_factory=lambda: FairShare(1))
    _took: Excess = field(default_factory=lambda: Excess(0.0, _MUCH_SECONDS, _MOST_SECONDS, _FORGOTTEN))

    async def aside(self, tenant: str, calculate: Callable[[], T]) -> T:
        """What `calculate` returns, or raises.

        Args:
            tenant: Whose turn it takes: a namespace.
            calculate: Touches nothing that others change.
        """
        loop, calculation = asyncio.get_running_loop(), _Calculation(calculate)
        has_much = self._took.is_much(tenant, loop.time())
        turn = await self._of_those_with_much.take(tenant) if has_much else None
        try:
            async with self._turns.hold(tenant):
                return await loop.run_in_executor(_thread, calculation)
        finally:
            self._took.note(tenant, calculation.seconds, loop.time())
            if turn is not None:
                loop.call_later(_REST * calculation.seconds, turn.give_back)


_thread: Final = ThreadPoolExecutor(1, thread_name_prefix="calculations")
_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Calculations]] = WeakKeyDictionary()


async def aside(tenant: str, calculate: Callable[[], T]) -> T:
    """As of the `Calculations` of this loop."""
    return await _of_loops.setdefault(asyncio.get_running_loop(), Calculations()).aside(tenant, calculate)
