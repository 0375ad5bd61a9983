"""Who waits for a budget, and whose turn it is.

Tenants have turns round-robin. What the one whose turn it is needs is kept for it, so that small jobs don't take for
ever what is released for a large one; who could not fit however much others released has no turn. Nothing here survives
a restart: whoever waits asks again then. Must not live here: whether a job fits (`budgets`), or what a turn in one line
means in another one (`budget_turns`).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.controller.budget_turns import LineKey, Turns
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
class _Look:
    """What came of looking at those who wait.

    Attributes:
        found: They go, before anybody is kept waiting.
        passed: They go, and fit beside what is kept for whose turn it is.
        behind: They don't.
        impossible: They could not, whatever others released.
        kept: Whether something is kept for whose turn it is.
        turns: The order of the tenants when that began.
    """

    found: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    kept: bool = False
    turns: list[str] = field(default_factory=list)


class AllLines(Protocol):
    """What a line needs of the others.

    Attributes:
        turns: Who has a turn, in any of them.
    """

    turns: Turns

    def waits(self, uid: str) -> bool:
        """Whether a job wants to be sent; nothing is kept for one that is deleted, suspended or cancelled."""

    def needs_slot(self, uid: str) -> bool:
        """Whether a job waits for an in-flight slot that others have."""

    def wants(self, uid: str) -> Mapping[LineKey, Ahead]:
        """What a job that waits asks of which line."""

    def could_fit_elsewhere(self, uid: str, key: LineKey) -> bool:
        """Whether a job could fit in all other lines in which it needs something, if others released everything."""

    def rests(self, uid: str) -> bool:
        """Whether a job was refused, or lost its turn, a moment ago: it is not woken again at once, and has no turn."""

    def rest(self, uid: str) -> None:
        """Have a job rest from now on."""

    def heard(self, uid: str) -> None:
        """Hear that a job has a turn now, or asks: for a while it need not say that it still comes."""

    def lost(self, uid: str, kept: tuple[LineKey, ...]) -> None:
        """Hear that a job has no turn any more, and which lines kept something for it."""


@dataclass(slots=True)
class Line:
    """Those who wait for what one group of a budget has.

    Attributes:
        key: Whose line it is.
        clock: Monotonic seconds.
    """

    key: LineKey
    clock: Callable[[], float]
    _waiting: FairQueue[str] = field(default_factory=FairQueue)
    _needs: dict[str, Ahead] = field(default_factory=dict)
    _turn: str | None = None
    _offered: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._needs)

    def __contains__(self, uid: str) -> bool:
        return uid in self._needs

    def everybody(self) -> list[str]:
        """All who wait."""
        return list(self._needs)

    def has_woken(self, uid: str) -> bool:
        """Whether a job was told that it can go, and has not asked yet."""
        return uid in self._offered

    def before(self, uid: str, lines: AllLines) -> tuple[Ahead, ...]:
        """For whom something is kept when this one asks.

        Who was woken goes before whose turn came afterwards: else each would keep the other from what is free. Where
        they wait in different lines, whoever had its turn first goes first.

        Args:
            uid: Of the job that asks.
            lines: This one among all others.
        """
        self._expire(lines)
        here = list(self._offered)
        if uid in self._offered:
            here = here[: here.index(uid)]
        elif uid != self._turn:
            here += [self._turn] if self._turn and self._turn not in here else []
            here = [other for other in here if not lines.turns.is_before(uid, other)]
        seen = {uid, self._turn, *self._offered}
        elsewhere = [
            who
            for other, who in lines.turns.wanting(self.key)
            if other not in seen and not lines.turns.is_before(uid, other)
        ]
        offered = (self._needs[other]._replace(offered=other in self._offered) for other in here)
        return (*offered, *elsewhere)

    def stand(self, uid: str, who: Ahead, turns: Turns) -> None:
        """Wait; whoever stands in line already keeps the place, and whoever has a turn needs none."""
        self._offered.pop(uid, None)
        self._needs[uid] = who
        if uid != self._turn and uid not in turns:
            self._waiting.push(who.namespace, uid)

    def leave(self, uid: str) -> None:
        """Wait no more here; a turn is kept."""
        known = self._needs.pop(uid, None)
        self._offered.pop(uid, None)
        if self._turn == uid:
            self._turn = None
        if known:
            self._waiting.discard(known.namespace, uid)

    def has_no_turn(self, uid: str) -> None:
        """Whoever waits here without a turn stands in line for one."""
        if uid in self._needs and uid not in self._offered:
            self._turn = None if self._turn == uid else self._turn
            self._waiting.push(self._needs[uid].namespace, uid)

    def woken(self, room: RoomLeft, lines: AllLines) -> list[str]:
        """Those who can go now, in their order; what they need is kept for them for a while.

        Whose turn it is may wait for one unit only: who comes behind and fits beside what is kept for it goes.

        Args:
            room: What is left, which those who are asked about take one after the other.
            lines: As in `before`.
        """
        self._expire(lines)
        for offered in self._offered:
            room.takes(self._needs[offered])
        look, all_seen = _Look(), len(self._needs) <= _LOOKED_AT
        self._look_at_turns(room, look, lines)
        for _ in range(min(len(self._needs), _LOOKED_AT)):
            uid = self._next(lines) if len(look.found) + len(look.passed) < _AT_ONCE else None
            if uid is None:
                break
            self._look_at(uid, room, look, lines)
            if all_seen and look.impossible[-1:] == [uid]:
                self._waiting.put_first(self._needs[uid].namespace)  # to look at it was no turn
        self._put_back(look.behind, look.turns, dict.fromkeys(self._needs[uid].namespace for uid in look.passed))
        # Nobody loses a place by jobs of its own that go before it; in a line that is too long, others are looked at.
        for uid in reversed(look.impossible) if all_seen else look.impossible:
            (self._waiting.push_first if all_seen else self._waiting.push)(self._needs[uid].namespace, uid)
        return [*look.found, *look.passed]

    def put_those_in_front(self, room: RoomLeft, lines: AllLines) -> None:
        """Have those who were woken here, and those who have a turn, take what is left, as `woken` does.

        Args:
            room: What is left without them.
            lines: As in `before`.
        """
        for offered in self._offered:
            room.takes(self._needs[offered])
        for uid, who in lines.turns.wanting(self.key):
            if uid not in self._offered and room.could_fit(who):
                room.keep(who)

    def _look_at_turns(self, room: RoomLeft, look: _Look, lines: AllLines) -> None:
        """Those who have a turn, here or in another line."""
        for uid, who in lines.turns.wanting(self.key):
            if uid in self._offered:
                continue
            self._waiting.discard(who.namespace, uid)
            if uid not in self._needs:
                if room.could_fit(who):
                    room.keep(who)
            elif not lines.rests(uid) and room.takes(self._needs[uid]):
                self._offer(uid, lines)
                look.found.append(uid)
            elif room.could_fit(self._needs[uid]):
                self._keep(uid, room, look)
            else:
                self._lose(uid, lines)

    def _look_at(self, uid: str, room: RoomLeft, look: _Look, lines: AllLines) -> None:
        """The next one in the line."""
        who = self._needs[uid]
        if lines.rests(uid):
            look.behind.append(uid)
        elif room.takes(who):
            self._offer(uid, lines)
            (look.passed if look.kept else look.found).append(uid)
        elif look.kept:
            look.behind.append(uid)
        elif room.could_fit(who) and lines.could_fit_elsewhere(uid, self.key):
            self._turn = uid
            lines.turns.take(uid, {**lines.wants(uid), self.key: who})
            lines.heard(uid)
            self._keep(uid, room, look)
        else:
            look.impossible.append(uid)

    def _offer(self, uid: str, lines: AllLines) -> None:
        self._offered[uid] = self.clock()
        if self._turn == uid:
            self._turn = None
        lines.turns.take(uid, {**lines.wants(uid), self.key: self._needs[uid]}, woken_in=self.key)
        lines.heard(uid)

    def _keep(self, uid: str, room: RoomLeft, look: _Look) -> None:
        room.keep(self._needs[uid])
        if uid == self._turn:
            look.kept, look.turns = True, list(self._waiting.tenants())

    def _lose(self, uid: str, lines: AllLines) -> None:
        """It can't fit any more, whatever others release, and is the next of its tenant when it can."""
        if self._turn == uid:
            self._turn = None
        self._waiting.push_first(self._needs[uid].namespace, uid)
        self._waiting.put_first(self._needs[uid].namespace)
        # What another line knows, or this one at its next look, may differ: nobody has it and loses it without end.
        lines.rest(uid)
        lines.lost(uid, lines.turns.drop(uid))

    def _put_back(self, behind: list[str], turns: list[str], went: Collection[str]) -> None:
        """Who was looked at had no turn, unless somebody of the same tenant passed; else the crowd would be first."""
        for uid in reversed(behind):
            self._waiting.push_first(self._needs[uid].namespace, uid)
        self._waiting.arrange([*(one for one in turns if one not in went), *went])

    def _next(self, lines: AllLines) -> str | None:
        """The next one in the line; who does not want to be sent leaves it."""
        while uid := (self._waiting.pop() or (None, None))[1]:
            if lines.waits(uid):
                return uid
            self.leave(uid)
        return None

    def _expire(self, lines: AllLines) -> None:
        """Whoever was woken and did not ask may stand in line anew when it does; who wants nothing keeps nothing.

        One that waits for a slot is waited for, or it would have each only while it lacks the other; not more of them,
        since others may need no slot.
        """
        late = self.clock() - OFFER_SECONDS
        over = [uid for uid, since in self._offered.items() if since <= late]
        if first := next(filter(lines.needs_slot, over), None):
            over.remove(first)
        for uid in [*over, *(uid for uid, _ in lines.turns.wanting(self.key) if not lines.waits(uid))]:
            self.leave(uid)
            lines.lost(uid, lines.turns.drop(uid))
