"""What takes long to be calculated is calculated beside the event loop, one after the other, and in nobody's favour.

Each thread of Python that calculates makes every turn of the loop wait for it, so that there is one for all: programs,
price lists, results, answers and listings. Tenants have it in turn, and who has much of it rests in between. Must not
live here: what is calculated.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_share import FairShare, Held
from quantumjob_operator.scheduling.shared_waits import waits_behind

_MUCH_SECONDS: Final = 2.0
"""Of CPU: the longest program that is counted takes half a second."""
_FORGOTTEN: Final = 0.2
"""Of these in each second: who has no more than a fifth of the time anyway never has much."""
_MOST_SECONDS: Final = 10.0
_REST: Final = 4.0
"""For so many times as long as it took nothing else is calculated for a tenant with much."""

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

    took: Excess = field(default_factory=lambda: Excess(0.0, _MUCH_SECONDS, _MOST_SECONDS, _FORGOTTEN))
    _turns: FairShare = field(default_factory=lambda: FairShare(1))
    _resting: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Of those with much: one reading of each is asked for at a time, until its rest is over."""

    async def aside(self, tenant: str, calculate: Callable[[], T]) -> T:
        """What `calculate` returns, or raises.

        Args:
            tenant: Whose turn it takes: a namespace.
            calculate: Touches nothing that others change.
        """
        loop, calculation = asyncio.get_running_loop(), _Calculation(calculate)
        own = self._resting.setdefault(tenant, asyncio.Lock()) if self.took.is_much(tenant, loop.time()) else None
        if own is not None:
            waits, since = waits_behind(tenant), loop.time()
            try:
                await own.acquire()
            finally:
                waits.seconds += loop.time() - since
        try:
            held = await self._turns.take(tenant)
        except BaseException:
            if own is not None:
                own.release()
            raise
        future = loop.run_in_executor(_thread, calculation)
        future.add_done_callback(lambda done: self._done(done, held, own, calculation.seconds))
        try:
            # Whoever is cancelled does not end the thread: its turn is over when the thread has ended.
            return await asyncio.shield(future)
        finally:
            del future  # an error that it holds would lie in a circle with it

    def _done(self, done: "asyncio.Future[T]", held: Held, own: asyncio.Lock | None, seconds: float) -> None:
        if not done.cancelled():
            done.exception()  # it was looked at: else, if nobody waits any more, it is told of as one that nobody did
        held.give_back()
        loop = asyncio.get_running_loop()
        self.took.note(held.tenant, seconds, loop.time())
        if own is not None:
            loop.call_later(_REST * seconds, own.release)


_thread: Final = ThreadPoolExecutor(1, thread_name_prefix="calculations")
_of_loops: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Calculations]] = WeakKeyDictionary()


async def aside(tenant: str, calculate: Callable[[], T]) -> T:
    """As of the `Calculations` of this loop."""
    return await _of_loops.setdefault(asyncio.get_running_loop(), Calculations()).aside(tenant, calculate)
