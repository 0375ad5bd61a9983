"""Who may read a piece of what has come, in which turn of the event loop.

An HTTP parser works through whatever one read brings before the loop gets to anything else, so this is where the time
of the loop is divided among tenants. Must not live here: how large a piece is, or where an answer ends
(`paced_sockets`).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_PIECES: Final = 4
"""For each tenant in each turn."""
_OWN_SECONDS, _ALL_SECONDS = 0.004, 0.02
"""Of CPU in each turn, after which a tenant, or all of them, begin no further read."""


@dataclass(slots=True)
class _Turn:
    """One turn of the loop, as far as it has come.

    Attributes:
        number: Of the turns before it.
        began: Seconds of CPU when the first socket was named.
        asked: How many sockets of each tenant were named.
        read: How many of them had a piece.
        spent: What these pieces have taken, in seconds of CPU.
        last: Who had the last one, and since when.
    """

    number: int
    began: float
    asked: "Counter[str]" = field(default_factory=Counter)
    read: "Counter[str]" = field(default_factory=Counter)
    spent: dict[str, float] = field(default_factory=dict)
    last: tuple[str, float] | None = None

    def is_at(self, now: float) -> None:
        """What the last piece took of the parsers above is seen at the next read only."""
        if self.last is not None:
            reader, since = self.last
            self.spent[reader] = self.spent.get(reader, 0.0) + now - since
            self.last = None

    def may_more(self, tenant: str, now: float) -> bool:
        """Whether neither the tenant nor all of them have had what a turn has for them."""
        is_short = now - self.began < _ALL_SECONDS and self.spent.get(tenant, 0.0) < _OWN_SECONDS
        return is_short and self.read[tenant] < _PIECES


@dataclass(slots=True)
class LoopTurns:
    """One turn after the other.

    A tenant whose sockets the loop named so late that nothing was left reads one piece in the next turn, whatever
    others have read by then, each time from another of its sockets: the loop names them in the same order each time.

    Attributes:
        cpu: Seconds of CPU that this thread has had.
    """

    cpu: Callable[[], float] = time.thread_time
    _now: _Turn | None = None
    _before: _Turn = field(default_factory=lambda: _Turn(0, 0.0))

    def may_read(self, tenant: str) -> bool:
        """Whether a tenant's socket may be read now; else it is asked again in the loop's next turn."""
        cpu = self.cpu()
        if self._now is None:
            self._now = _Turn(self._before.number + 1, cpu)
            asyncio.get_running_loop().call_soon(self._end)
        turn = self._now
        turn.is_at(cpu)
        may = turn.may_more(tenant, cpu) or self._is_owed(tenant, turn)
        turn.asked[tenant] += 1
        if may:
            turn.read[tenant] += 1
            turn.last = tenant, cpu
        return may

    def _is_owed(self, tenant: str, turn: _Turn) -> bool:
        before = self._before
        if turn.read[tenant] or before.read[tenant] or not before.asked[tenant]:
            return False
        return turn.asked[tenant] == turn.number % before.asked[tenant]

    def _end(self) -> None:
        if self._now is not None:
            self._before, self._now = self._now, None
