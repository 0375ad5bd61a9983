"""Keys to be reconciled: each at most once in the queue, each in at most one worker, now or at a time.

Level-triggered: a key carries no message, so losing or merging notifications loses nothing. Tenants are served
round-robin, and one whose reconciliations are slow leaves workers to the others. Must not live here: what a
reconciliation does.
"""

import asyncio
import heapq
import itertools
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_queue import FairQueue
from quantumjob_operator.scheduling.shared_waits import measuring_waits

K = TypeVar("K", bound=Hashable)
_RESERVE: Final = 8
"""One worker of so many is for tenants that hold none."""
_SLOW: Final = 2
"""One worker of so many is for those whose reconciliations took long, all together."""
_USUAL_SECONDS, _NOTED_SECONDS = 3.0, 13.0
"""Of one reconciliation: what is beyond the one is noted, up to the other."""
_SLOW_SECONDS, _MOST_SECONDS = 15.0, 50.0
"""Of what was noted of a tenant: two or three long ones in a row make it slow; and so much is remembered."""
_FORGOTTEN: Final = 0.02
"""Of these in each second: half an hour at most."""
_FEW: Final = 1_000
"""Stale timers that are not worth the search for them."""


@dataclass(slots=True)
class _Line(Generic[K]):
    """Keys that wait, and the workers that their tenants hold."""

    ready: FairQueue[K] = field(default_factory=FairQueue)
    held: "Counter[str]" = field(default_factory=Counter)

    def take(self, free: int, workers: int) -> tuple[str, K] | None:
        """The next key that may begin, of those that have so many free workers of so many in all."""

        def may_begin(tenant: str) -> bool:
            held = self.held[tenant]
            return not held or held < free - workers // _RESERVE

        taken = self.ready.pop(may_begin) if free > 0 else None
        if taken is not None:
            self.held[taken[0]] += 1
        return taken

    def put_down(self, tenant: str) -> None:
        """A worker is free again."""
        self.held[tenant] -= 1
        if not self.held[tenant]:
            del self.held[tenant]


@dataclass(slots=True)
class WorkQueue(Generic[K]):
    """A de-duplicated queue with "again at T".

    Attributes:
        clock: Monotonic seconds.
        tenant: Whose a key is; unless told otherwise each key is a tenant of its own, so that they go in their order.
    """

    clock: Callable[[], float]
    tenant: Callable[[K], str] = str
    _usual: _Line[K] = field(default_factory=_Line)
    _slow: _Line[K] = field(default_factory=_Line)
    """Of tenants whose reconciliations took long when the key was queued; they are not looked at while theirs last."""
    _slow_last: bool = False
    _idle: "deque[asyncio.Future[tuple[_Line[K], str, K]]]" = field(default_factory=deque)
    _took: Excess = field(
        default_factory=lambda: Excess(_USUAL_SECONDS, limit=_SLOW_SECONDS, most=_MOST_SECONDS, forgotten=_FORGOTTEN)
    )
    _queued: dict[K, tuple[_Line[K], str]] = field(default_factory=dict)
    _working: set[K] = field(default_factory=set)
    _dirty: set[K] = field(default_factory=set)
    _urgent: set[K] = field(default_factory=set)
    _due: dict[K, float] = field(default_factory=dict)
    _timers: list[tuple[float, int, K]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, key: K) -> None:
        """Reconcile this key as soon as a worker is free; if it is being reconciled, once more afterwards."""
        self._due.pop(key, None)
        if key in self._working:
            self._dirty.add(key)
        elif key not in self._queued:
            line, tenant = self._place(key)
            line.ready.push(tenant, key)
            self._hand_out()

    def add_first(self, key: K) -> None:
        """As `add`, but before all others of its tenant: something that others wait for, too, is kept for it."""
        self._due.pop(key, None)
        if key in self._working:
            self._dirty.add(key)
            self._urgent.add(key)
            return
        line, tenant = self._place(key)
        line.ready.push_first(tenant, key)
        self._hand_out()

    def _place(self, key: K) -> tuple[_Line[K], str]:
        """Whose it is, or was when it was queued: an object that goes meanwhile is in no second queue."""
        if key not in self._queued:
            tenant = self.tenant(key)
            line = self._slow if self._took.is_much(tenant, self.clock()) else self._usual
            self._queued[key] = line, tenant
        return self._queued[key]

    def add_after(self, key: K, seconds: float) -> None:
        """Reconcile this key in so many seconds, unless a reconciliation is due earlier anyway."""
        if seconds <= 0:
            self.add(key)
            return
        at = self.clock() + seconds
        if key in self._queued or self._due.get(key, at + 1) <= at:
            return
        self._due[key] = at
        if len(self._timers) > 2 * len(self._due) + _FEW:
            self._timers = [one for one in self._timers if self._due.get(one[2]) == one[0]]
            heapq.heapify(self._timers)
        heapq.heappush(self._timers, (at, next(self._order), key))
        self._wake.set()

    def __len__(self) -> int:
        return len(self._queued)

    def is_working(self, key: K) -> bool:
        """Whether a worker is reconciling this key now."""
        return key in self._working

    async def work(self, reconcile: Callable[[K], Awaitable[None]]) -> None:
        """Take keys for ever and reconcile them; run as many of these as there shall be workers.

        Args:
            reconcile: Must not raise: what goes wrong is its own decision about time.
        """
        loop = asyncio.get_running_loop()
        while True:
            free: asyncio.Future[tuple[_Line[K], str, K]] = loop.create_future()
            self._idle.append(free)
            self._hand_out()
            line, tenant, key = await free
            began = self.clock()
            with measuring_waits(tenant) as waited:
                try:
                    await reconcile(key)
                finally:
                    own = self.clock() - began - waited.seconds
                    self._took.note(tenant, min(own, _NOTED_SECONDS), self.clock())
                    line.put_down(tenant)
                    self._put_down(key)

    def _hand_out(self) -> None:
        """Give free workers what waits.

        A tenant begins another reconciliation only while it holds fewer workers than are free, not counting an eighth
        of all, which is for tenants that hold none. So one alone has nearly half of them, the next half of the rest,
        and reconciliations that hang on some tenants' slow workspaces leave workers to everybody else. All whose
        reconciliations took long lately share half of the workers in the same way, however many tenants they are.
        """
        while self._idle:
            if self._idle[0].done():
                self._idle.popleft()  # its worker was cancelled
                continue
            taken = self._next()
            if taken is None:
                return
            _, _, key = taken
            self._queued.pop(key, None)
            self._working.add(key)
            self._idle.popleft().set_result(taken)

    def _next(self) -> tuple[_Line[K], str, K] | None:
        """What a free worker does next: in turns, of those who are slow and of the others."""
        free = len(self._idle)
        workers = free + len(self._working)
        most = max(1, workers // _SLOW)
        for line in (self._usual, self._slow) if self._slow_last else (self._slow, self._usual):
            slow = line is self._slow
            taken = line.take(min(free, most - line.held.total()), most) if slow else line.take(free, workers)
            if taken is not None:
                self._slow_last = slow
                return line, *taken
        return None

    def _put_down(self, key: K) -> None:
        self._working.discard(key)
        if key in self._dirty:
            self._dirty.discard(key)
            first = key in self._urgent
            self._urgent.discard(key)
            (self.add_first if first else self.add)(key)

    async def keep_time(self) -> None:
        """Put keys into the queue when their time has come, for ever; one of these runs beside the workers."""
        while True:
            self._ripen()
            self._wake.clear()
            delay = self._timers[0][0] - self.clock() if self._timers else None
            try:
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _ripen(self) -> None:
        """A timer that an earlier reconciliation overtook is stale: it no longer is what `_due` says."""
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            at, _, key = heapq.heappop(self._timers)
            if self._due.get(key) == at:
                self.add(key)
