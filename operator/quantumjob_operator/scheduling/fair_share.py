"""Something of which there is only so much, held by tenants for a while: connections, bytes in memory, a parser.

Whoever waits is served round-robin by tenant. A tenant that holds some gets more only while that leaves as much to the
others, and an eighth beside it: so one alone has nearly half, the next half of the rest, and whoever holds nothing
finds something. Must not live here: what it is that is held, or for how long.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.scheduling.fair_queue import FairQueue
from quantumjob_operator.scheduling.shared_waits import Waited, waits_behind, waits_here

_RESERVE: Final = 8
"""One unit of so many is for tenants that hold none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    amount: int
    turn: "asyncio.Future[None]"


@dataclass(slots=True)
class Held:
    """What a tenant has of a share, until it is given back."""

    share: "FairShare"
    tenant: str
    amount: int

    @property
    def wanted(self) -> bool:
        """Whether another tenant waits for some."""
        return self.share.wanted_by_others(self.tenant)

    def give_back(self) -> None:
        """Others may have it; done once."""
        amount, self.amount = self.amount, 0
        self.share.give_back(self.tenant, amount)


@dataclass(slots=True)
class FairShare:
    """A capacity that tenants share.

    Attributes:
        capacity: In units of the caller's.
    """

    capacity: int
    _held: "Counter[str]" = field(default_factory=Counter)
    _waiting: FairQueue[_Waiter] = field(default_factory=FairQueue)

    @property
    def free(self) -> int:
        """What nobody holds."""
        return self.capacity - self._held.total()

    @asynccontextmanager
    async def hold(self, tenant: str, amount: int = 1) -> AsyncIterator[Held]:
        """Wait for a turn, and have so much of it meanwhile."""
        held = await self.take(tenant, amount)
        try:
            yield held
        finally:
            held.give_back()

    async def take(self, tenant: str, amount: int = 1) -> Held:
        """Wait for a turn.

        Args:
            tenant: In whose name.
            amount: All that there is if it is more.
        """
        waiter = _Waiter(min(amount, self.capacity), asyncio.get_running_loop().create_future())
        self._waiting.push(tenant, waiter)
        self._serve()
        waits, since = self._waits(tenant), self._now()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.cancelled():
                self._waiting.discard(tenant, waiter)
                self._serve()
            else:
                self.give_back(tenant, waiter.amount)
            raise
        finally:
            waits.seconds += self._now() - since
        return Held(self, tenant, waiter.amount)

    def _waits(self, tenant: str) -> Waited:
        """Where its wait is noted: whoever holds some waits for its own as well, and that is its own matter."""
        return waits_behind(tenant) if self._held.get(tenant) else waits_here()

    def take_now(self, tenant: str, amount: int) -> bool:
        """Take so much, if the tenant may have it without waiting: whether it has."""
        may = not len(self._waiting) and amount <= self.free and self._may_have(tenant, amount)
        if may:
            self._held[tenant] += amount
        return may

    def wanted_by_others(self, tenant: str) -> bool:
        """Whether anybody but this tenant waits."""
        return self._waiting.peek(lambda one, _: one != tenant) is not None

    def give_back(self, tenant: str, amount: int) -> None:
        """Others may have so much of what a tenant holds."""
        self._held[tenant] -= amount
        if not self._held[tenant]:
            del self._held[tenant]
        self._serve()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _serve(self) -> None:
        """Give to those whose turn it is; whoever needs more than is free keeps the turn, and nobody overtakes."""
        while (first := self._waiting.peek(self._may_hold)) is not None:
            tenant, waiter = first
            if waiter.turn.cancelled():
                self._waiting.discard(tenant, waiter)
                continue
            if waiter.amount > self.free:
                return
            self._waiting.pop(lambda one, turn=tenant: one == turn)  # type: ignore[misc]
            self._held[tenant] += waiter.amount
            waiter.turn.set_result(None)

    def _may_hold(self, tenant: str, waiter: _Waiter) -> bool:
        return self._may_have(tenant, waiter.amount)

    def _may_have(self, tenant: str, amount: int) -> bool:
        held = self._held.get(tenant, 0)
        return not held or held + amount <= self.free - amount - self.capacity // _RESERVE
