"""A fair queue: one queue for each tenant, served round-robin.

Whoever has the most to do waits for its own, not the others: between two turns of a tenant that has something waiting,
each other tenant has one turn at most. Used wherever tenants share what is scarce: workers, requests, in-flight slots.
Must not live here: what a turn is for, or what it costs.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class FairQueue(Generic[T]):
    """Items of several tenants, each at most once; first come, first served among those of one tenant."""

    _queues: dict[str, dict[T, None]] = field(default_factory=dict)
    _size: int = 0

    def push(self, tenant: str, item: T) -> None:
        """Put an item at the end of its tenant's queue; one that is there already stays where it is.

        A tenant that had nothing waiting has its turn after all others that have.
        """
        queue = self._queues.setdefault(tenant, {})
        if item not in queue:
            queue[item] = None
            self._size += 1

    def pop(self, may: Callable[[str], bool] = lambda _: True) -> tuple[str, T] | None:
        """Take the first item of the tenant whose turn it is.

        Args:
            may: Whether a tenant can use a turn now; one that can't keeps its turn for later.

        Returns:
            The tenant and its item, or None if nobody who waits can use a turn.
        """
        tenant = next((one for one in self._queues if may(one)), None)
        if tenant is None:
            return None
        queue = self._queues.pop(tenant)
        item = next(iter(queue))
        del queue[item]
        self._size -= 1
        if queue:
            self._queues[tenant] = queue
        return tenant, item

    def discard(self, tenant: str, item: T) -> None:
        """Take an item out of its queue, wherever it stands; nothing happens if it doesn't."""
        queue = self._queues.get(tenant, {})
        if item in queue:
            del queue[item]
            self._size -= 1
            if not queue:
                del self._queues[tenant]

    def __len__(self) -> int:
        return self._size
