"""Who waits for a budget, and whose turn it is.

Tenants have turns round-robin. What the one whose turn it is needs is kept for it, so that small jobs don't take for
ever what is released for a large one; who could not fit however much others released has no turn. Nothing here survives
a restart: whoever waits asks again then. Must not live here: whether a job fits (`budgets`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.scheduling.fair_queue import FairQueue

OFFER_SECONDS: Final = 30.0
"""For so long something is kept for a job that was woken, before it asks."""
_AT_ONCE: Final = 100
"""Jobs that are woken when something is released; the others when it is again."""
_LOOKED_AT: Final = 1_000
"""Jobs that are looked at for that: many may wait for a unit of which nothing is left."""


class RoomLeft(Protocol):
    """What is left in one group of a budget."""

    def takes(self, who: Ahead) -> bool:
        """Whether a job fits beside everything that was asked for before; then it is in."""

    def could_fit(self, who: Ahead) -> bool:
        """Whether it would if others released everything."""

    def keep(self, who: Ahead) -> None:
        """Leave so much to it, though it does not fit now."""


@dataclass(slots=True)
class Line:
    """Those who wait for what one group of a budget has.

    Attributes:
        clock: Monotonic seconds.
    """

    clock: Callable[[], float]
    _waiting: FairQueue[str] = field(default_factory=FairQueue)
    _needs: dict[str, Ahead] = field(default_factory=dict)
    _turn: str | None = None
    _offered: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._needs)

    def everybody(self) -> list[str]:
        """All who wait."""
        return list(self._needs)

    def before(self, uid: str, waits: Callable[[str], bool]) -> tuple[Ahead, ...]:
        """For whom something is kept when this one asks.

        Who was woken goes before whose turn came afterwards: else each would keep the other from what is free.

        Args:
            uid: Of the job that asks.
            waits: Whether a job wants to be sent; nothing is kept for one that is deleted, suspended or cancelled.
        """
        self._expire(waits)
        ahead = list(self._offered)
        if uid in self._offered:
            ahead = ahead[: ahead.index(uid)]
        elif self._turn and self._turn not in (uid, *ahead):
            ahead.append(self._turn)
        return tuple(self._needs[other] for other in ahead)

    def stand(self, uid: str, who: Ahead) -> None:
        """Wait; whoever stands in line already keeps the place."""
        self._offered.pop(uid, None)
        self._needs[uid] = who
        if uid != self._turn:
            self._waiting.push(who.namespace, uid)

    def leave(self, uid: str) -> None:
        """Wait no more."""
        known = self._needs.pop(uid, None)
        self._offered.pop(uid, None)
        if self._turn == uid:
            self._turn = None
        if known:
            self._waiting.discard(known.namespace, uid)

    def woken(self, room: RoomLeft, waits: Callable[[str], bool]) -> list[str]:
        """Those who can go now, in their order; what they need is kept for them for a while.

        Whose turn it is may wait for one unit only: who comes behind and fits beside what is kept for it goes.

        Args:
            room: What is left, which those who are asked about take one after the other.
            waits: As in `before`.
        """
        self._expire(waits)
        for offered in self._offered:
            room.takes(self._needs[offered])
        found, passed, behind, impossible, kept = list[str](), list[str](), list[str](), list[str](), False
        turns, all_seen = list[str](), len(self._needs) <= _LOOKED_AT
        for _ in range(min(len(self._needs), _LOOKED_AT)):
            uid = self._next(waits, kept=kept) if len(found) + len(passed) < _AT_ONCE else None
            if uid is None:
                break
            who = self._needs[uid]
            if room.takes(who):
                self._offered[uid] = self.clock()
                (passed if kept else found).append(uid)
            elif kept:
                behind.append(uid)
            elif room.could_fit(who):
                self._turn, kept = uid, True
                room.keep(who)
                turns = list(self._waiting.tenants())
            else:
                impossible.append(uid)
                if all_seen:
                    self._waiting.put_first(who.namespace)  # to look at it was no turn
            if uid == self._turn and not kept:
                self._turn = None
        self._put_back(behind, turns, dict.fromkeys(self._needs[uid].namespace for uid in passed))
        # Nobody loses a place by jobs of its own that go before it; in a line that is too long, others are looked at.
        for uid in reversed(impossible) if all_seen else impossible:
            (self._waiting.push_first if all_seen else self._waiting.push)(self._needs[uid].namespace, uid)
        return [*found, *passed]

    def _put_back(self, behind: list[str], turns: list[str], went: Collection[str]) -> None:
        """Who was looked at had no turn, unless somebody of the same tenant passed; else the crowd would be first."""
        for uid in reversed(behind):
            self._waiting.push_first(self._needs[uid].namespace, uid)
        self._waiting.arrange([*(one for one in turns if one not in went), *went])

    def _next(self, waits: Callable[[str], bool], *, kept: bool) -> str | None:
        """Whose turn it is unless that is kept, or else the next one; who does not want to be sent leaves the line."""
        while uid := (None if kept else self._turn) or (self._waiting.pop() or (None, None))[1]:
            if waits(uid):
                return uid
            self.leave(uid)
        return None

    def _expire(self, waits: Callable[[str], bool]) -> None:
        """Whoever was woken and did not ask may stand in line anew when it does; who wants nothing keeps nothing."""
        late = self.clock() - OFFER_SECONDS
        over = [uid for uid, since in self._offered.items() if since <= late or not waits(uid)]
        for uid in [*over, *([self._turn] if self._turn and not waits(self._turn) else [])]:
            self.leave(uid)
