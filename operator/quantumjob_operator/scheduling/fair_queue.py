"""A fair queue: one queue for each tenant, served round-robin.

Whoever has the most to do waits for its own, not the others: between two turns of a tenant that has something waiting,
each other tenant has one turn at most. Used wherever tenants share what is scarce: workers, requests, in-flight slots.
Must not live here: what a turn is for, or what it costs.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class _Queue(Generic[T]):
    """Items of one tenant in their order, numbered so that a place in it is found without counting all before."""

    numbers: dict[T, int] = field(default_factory=dict)
    _order: list[int] = field(default_factory=list)
    _front: list[int] = field(default_factory=list)
    _urgent: dict[T, None] = field(default_factory=dict)
    _next: int = 0
    _before: int = -1

    def push(self, item: T) -> None:
        self.numbers[item] = self._next
        self._order.append(self._next)
        self._next += 1

    def push_first(self, item: T) -> None:
        self.numbers[item] = self._before
        self._front.append(self._before)
        self._urgent[item] = None
        self._before -= 1

    def first(self) -> T:
        """Of those that were put to the front the last, else of those that were not the first."""
        return next(reversed(self._urgent)) if self._urgent else next(iter(self.numbers))

    def items(self) -> list[T]:
        return sorted(self.numbers, key=self.numbers.__getitem__)

    def remove(self, item: T) -> None:
        number = self.numbers.pop(item)
        if number < 0:
            del self._front[self._from_the_back(number)]
        else:
            del self._order[bisect_left(self._order, number)]
        self._urgent.pop(item, None)

    def place(self, item: T) -> int:
        number = self.numbers[item]
        if number < 0:
            return len(self._front) - 1 - self._from_the_back(number)
        return len(self._front) + bisect_left(self._order, number)

    def _from_the_back(self, number: int) -> int:
        """The first of those in front is the last that was put there: at the end, where putting one costs nothing."""
        return bisect_left(self._front, -number, key=lambda one: -one)


@dataclass(slots=True)
class FairQueue(Generic[T]):
    """Items of several tenants, each at most once; first come, first served among those of one tenant.

    Whoever is put to the front is served before these.
    """

    _queues: dict[str, "_Queue[T]"] = field(default_factory=dict)
    _size: int = 0

    def push(self, tenant: str, item: T) -> None:
        """Put an item at the end of its tenant's queue; one that is there already stays where it is.

        A tenant that had nothing waiting has its turn after all others that have.
        """
        queue = self._queues.setdefault(tenant, _Queue())
        if item not in queue.numbers:
            queue.push(item)
            self._size += 1

    def push_first(self, tenant: str, item: T) -> None:
        """Put an item before all others of its tenant, also if it waits there already."""
        queue = self._queues.setdefault(tenant, _Queue())
        if item in queue.numbers:
            queue.remove(item)
            self._size -= 1
        queue.push_first(item)
        self._size += 1

    def arrange(self, tenants: Iterable[str]) -> None:
        """Have the turns of these tenants follow each other in this order, after those of all others."""
        for tenant in tenants:
            if queue := self._queues.pop(tenant, None):
                self._queues[tenant] = queue

    def put_first(self, tenant: str) -> None:
        """Have a tenant's turn come next, if it has something waiting."""
        if queue := self._queues.pop(tenant, None):
            self._queues = {tenant: queue, **self._queues}

    def tenants(self) -> Collection[str]:
        """Who has something waiting."""
        return self._queues.keys()

    def orders(self) -> list[tuple[str, list[T]]]:
        """Everything that waits, in the order of the turns, by tenant in its order."""
        return [(tenant, queue.items()) for tenant, queue in self._queues.items()]

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
        item = queue.first()
        queue.remove(item)
        self._size -= 1
        if queue.numbers:
            self._queues[tenant] = queue
        return tenant, item

    def peek(self, may: Callable[[str, T], bool] = lambda _tenant, _item: True) -> tuple[str, T] | None:
        """Who would be next, without a turn being taken.

        Args:
            may: Whether a tenant can use a turn for its first item now.
        """
        first = ((tenant, queue.first()) for tenant, queue in self._queues.items())
        return next((one for one in first if may(*one)), None)

    def discard(self, tenant: str, item: T) -> None:
        """Take an item out of its queue, wherever it stands; nothing happens if it doesn't."""
        queue = self._queues.get(tenant)
        if queue and item in queue.numbers:
            queue.remove(item)
            self._size -= 1
            if not queue.numbers:
                del self._queues[tenant]

    def ahead(self, tenant: str, item: T, may: Callable[[str], bool] = lambda _: True) -> int:
        """How many items have their turn before one that waits, as things stand.

        Args:
            tenant: Whose item.
            item: Which waits.
            may: Whether another tenant can use its turns now.

        Raises:
            KeyError: It does not wait.
        """
        before = self._queues[tenant].place(item)
        earlier, turns = True, before
        for other, queue in self._queues.items():
            if other == tenant:
                earlier = False
            elif may(other):
                turns += min(len(queue.numbers), before + earlier)
        return turns

    def __len__(self) -> int:
        return self._size
