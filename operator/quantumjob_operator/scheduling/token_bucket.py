"""How many requests are sent when, and in which order those that wait are: pure functions of time.

A token bucket bounds the rate; in the queue before it cancelling goes first, but of five turns one is for the rest, and
in both parts namespaces are served round-robin. Must not live here: clocks and waiting (`rate_limiter`).
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from quantumjob_operator.scheduling.fair_queue import FairQueue

CANCELLING_IN_A_ROW: Final = 4
"""Turns that cancelling has before one of the rest: 80 % of what the service is asked."""
_ALMOST: Final = 1e-9

T = TypeVar("T", bound=Hashable)


@dataclass(slots=True)
class TokenBucket:
    """So many requests a second, and so many at once after a rest.

    Attributes:
        rate: Tokens that come in a second.
        burst: Tokens that the bucket holds; at least one.
    """

    rate: float
    burst: float
    _tokens: float = 0.0
    _at: float = 0.0

    @classmethod
    def full(cls, rate: float, burst: float, now: float) -> "TokenBucket":
        """A bucket that nobody has taken from."""
        return cls(rate, max(burst, 1.0), max(burst, 1.0), now)

    def wait(self, now: float) -> float:
        """Seconds until a token is there; 0 if there is one."""
        missing = 1.0 - self._held(now)
        # What is left after floating-point sums is no reason to wait.
        return missing / self.rate if missing > _ALMOST else 0.0

    def take(self, now: float) -> None:
        """Take a token; whoever does so without having waited owes it."""
        self._tokens, self._at = self._held(now) - 1.0, now

    def _held(self, now: float) -> float:
        return min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)


@dataclass(slots=True)
class RequestQueue(Generic[T]):
    """Who is next."""

    _cancelling: FairQueue[T] = field(default_factory=FairQueue)
    _others: FairQueue[T] = field(default_factory=FairQueue)
    _in_a_row: int = 0

    def push(self, tenant: str, item: T, *, cancelling: bool) -> None:
        """Join the line."""
        (self._cancelling if cancelling else self._others).push(tenant, item)

    def pop(self) -> T | None:
        """Take who is next; None if nobody waits."""
        full_share = self._in_a_row >= CANCELLING_IN_A_ROW
        first, then = (self._others, self._cancelling) if full_share else (self._cancelling, self._others)
        fair_queue = first if len(first) else then
        taken = fair_queue.pop()
        if taken is None:
            return None
        # While nobody else waits cancelling may have more than its share, and the next who comes is served at once.
        self._in_a_row = min(self._in_a_row + 1, CANCELLING_IN_A_ROW) if fair_queue is self._cancelling else 0
        return taken[1]

    def __len__(self) -> int:
        return len(self._cancelling) + len(self._others)
