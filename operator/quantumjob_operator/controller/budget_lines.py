"""The lines of all budgets: who waits in which, and what a turn in one of them keeps in the others.

Must not live here: the order in one line (`budget_line`), or what a job asks of a budget (`spending`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import group_of
from quantumjob_operator.controller.budget_line import Line, RoomLeft
from quantumjob_operator.controller.budget_turns import MOST_TURNS, LineKey, Turns
from quantumjob_operator.model.quantumbudget import QuantumBudget

_REST_SECONDS: Final = 5.0
"""Processes and budgets may know different things: nobody is woken and refused again and again for that."""
_SILENT_SECONDS: Final = 300.0


def key_of(budget: QuantumBudget, namespace: str) -> LineKey:
    """The line in which the jobs of a namespace wait for a budget."""
    return LineKey(budget.uid, group_of(budget, namespace))


@dataclass(slots=True)
class Lines:
    """Where jobs wait, by budget and group.

    Attributes:
        clock: Monotonic seconds.
        waits: As in `AllLines`.
        look_again: Called with the uid of a budget in which nothing is kept any more for one that had a turn.
        needs_slot: As in `AllLines`.
        room_of: What is left in the budget of a uid; None if there is none.
        turns: Who has one.
    """

    clock: Callable[[], float]
    waits: Callable[[str], bool]
    look_again: Callable[[str], None]
    needs_slot: Callable[[str], bool]
    room_of: Callable[[str], RoomLeft | None]
    turns: Turns = field(default_factory=Turns)
    _lines: dict[str, dict[str, Line]] = field(default_factory=dict)
    _wants: dict[str, dict[LineKey, Ahead]] = field(default_factory=dict)
    """By the uid of a job that waits: what it asks of which line."""
    _parked: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the uid of a budget: the jobs that it keeps back whatever is released, and why."""
    _parked_at: dict[str, str] = field(default_factory=dict)
    _asking: set[str] = field(default_factory=set)
    """Those that have asked a budget in the reconciliation that is under way."""
    _heard: dict[str, float] = field(default_factory=dict)
    """When a job has asked last, or was given a turn."""
    _rests: dict[str, float] = field(default_factory=dict)
    """Until when a job is not woken by what is released."""
    _rooms: dict[str, RoomLeft | None] = field(default_factory=dict)
    """What is left in other budgets beside those in front in the lines that were asked, during one look at a budget."""
    _beside: set[LineKey] = field(default_factory=set)
    """These lines."""

    def has_turn(self, uid: str) -> bool:
        """Whether something is kept for a job."""
        return uid in self.turns

    def before(self, key: LineKey, uid: str) -> tuple[Ahead, ...]:
        """For whom something is kept when a job asks."""
        self._asking.add(uid)
        self.heard(uid)
        return self._line(key).before(uid, self)

    def refused(self, key: LineKey, uid: str, wants: Mapping[LineKey, Ahead]) -> None:
        """Have a job wait for a budget that has too little left.

        A turn that it has is kept, unless that was the budget's own, which has been of no use, or it can't fit here
        whatever others release: nothing is kept elsewhere for as long as that.

        Args:
            key: The line of the budget.
            uid: Of the job.
            wants: What it asks of all the budgets that count it.
        """
        line = self._line(key)
        self._leave_park(uid)
        if any(each.has_woken(uid) for each in self._of(uid)):
            self.rest(uid)
        for each in self._of(uid):
            if each is not line and (uid in self.turns or each.key not in wants):
                each.leave(uid)
        self._wants[uid] = dict(wants)
        if uid in self.turns:
            room = self.room_of(key.budget)
            if line.has_woken(uid) or room is None or not room.could_fit(wants[key]):
                self.lost(uid, self.turns.drop(uid))
            else:
                self.turns.take(uid, wants)
                self._bound(key)
        line.stand(uid, wants[key], self.turns)

    def reconciled(self, uid: str) -> None:
        """A job was looked at: one that has asked no budget waits for something else, and nothing is kept for it.

        Unless that is a slot which others have; it stands in line again.
        """
        if uid not in self._asking and not self.needs_slot(uid):
            self.lost(uid, self.turns.drop(uid))
        self._asking.discard(uid)

    def granted(self, key: LineKey, uid: str) -> None:
        """A job has what it asks of a budget; another one may refuse it."""
        if line := self._lines.get(key.budget, {}).get(key.group):
            line.leave(uid)
        self.turns.got(uid, key)
        self._leave_park(uid)

    def forget(self, uid: str) -> None:
        """A job waits nowhere any more."""
        for line in self._of(uid):
            line.leave(uid)
        self._leave_park(uid)
        self._rests.pop(uid, None)
        self._heard.pop(uid, None)
        self._wants.pop(uid, None)
        self.lost(uid, self.turns.drop(uid))

    def park(self, budget: str, uid: str, reason: str) -> None:
        """Have a job wait for a change of a budget, whatever is released."""
        self.forget(uid)
        self._parked.setdefault(budget, {})[uid] = reason
        self._parked_at[uid] = budget

    def unpark(self, budget: str, which: Callable[[str], bool]) -> list[str]:
        """Have those wait no more that wait for some reason.

        Returns:
            They.
        """
        found = [uid for uid, why in self._parked.get(budget, {}).items() if which(why)]
        for uid in found:
            self._leave_park(uid)
        return found

    def _leave_park(self, uid: str) -> None:
        if budget := self._parked_at.pop(uid, None):
            del self._parked[budget][uid]
            if not self._parked[budget]:
                del self._parked[budget]

    def woken(self, budget: str, room: RoomLeft | None) -> list[str]:
        """Those who can go now, of all groups of a budget; nobody, if that is gone."""
        self._rooms.clear()
        self._beside.clear()
        silent = [uid for line in self.of(budget) for uid in self._silent(line.key)]
        return [*silent, *(uid for line in self.of(budget) for uid in line.woken(room, self))] if room else []

    def _silent(self, key: LineKey) -> list[str]:
        """Those for whom several lines keep something, and who have not asked for long: they are to ask.

        What keeps them may be something else by now, and nothing is kept for who does not ask then, either. Whoever
        waits for others' slots asks when there is one.
        """
        found, now = list[str](), self.clock()
        for uid, _ in self.turns.wanting(key):
            silence = now - self._heard.setdefault(uid, now)
            if self.wants(uid).keys() <= {key} or silence < _SILENT_SECONDS or self.needs_slot(uid):
                continue
            if silence < 2 * _SILENT_SECONDS:
                found.append(uid)
            else:
                self.lost(uid, self.turns.drop(uid))
        return found

    def rest_left(self, budget: str) -> float | None:
        """Seconds until somebody who waits for a budget may be woken again; None if nobody rests."""
        now, lines = self.clock(), self.of(budget)
        self._rests = {uid: until for uid, until in self._rests.items() if until > now}
        return min(
            (until - now for uid, until in self._rests.items() if any(uid in line for line in lines)), default=None
        )

    def could_fit_elsewhere(self, uid: str, key: LineKey) -> bool:
        """As `AllLines`."""
        for other, who in self.wants(uid).items():
            if other == key:
                continue
            if other.budget not in self._rooms:  # once for all of its lines: a ledger has thousands of reservations
                self._rooms[other.budget] = self.room_of(other.budget)
            room = self._rooms[other.budget]
            if room is not None and other not in self._beside:
                self._beside.add(other)
                self._line(other).put_those_in_front(room, self)
            if room is not None and not room.could_fit(who):
                return False
        return True

    def heard(self, uid: str) -> None:
        """As `AllLines`."""
        self._heard[uid] = self.clock()

    def rest(self, uid: str) -> None:
        """As `AllLines`."""
        self._rests[uid] = self.clock() + _REST_SECONDS

    def rests(self, uid: str) -> bool:
        """As `AllLines`."""
        return self._rests.get(uid, 0.0) > self.clock()

    def everybody(self, budget: str) -> list[str]:
        """All who wait for a budget."""
        return [uid for line in self.of(budget) for uid in line.everybody()]

    def of(self, budget: str) -> list[Line]:
        """The lines of a budget's groups."""
        return list(self._lines.get(budget, {}).values())

    def waiting(self, budget: str) -> list[str]:
        """All that a budget keeps back, also those who wait in no line."""
        return [*self.everybody(budget), *self._parked.get(budget, ())]

    def gone(self, budget: str) -> list[str]:
        """A budget is gone: nobody waits for it any more.

        Returns:
            Those who did.
        """
        waiting = self.waiting(budget)
        for uid in waiting:
            self.forget(uid)
        self._lines.pop(budget, None)
        return waiting

    def __contains__(self, budget: str) -> bool:
        return budget in self._lines or budget in self._parked

    def _bound(self, key: LineKey) -> None:
        """Each that asks looks at all for whom something is kept: the last ones stand in line again."""
        for uid, _ in self.turns.wanting(key)[MOST_TURNS:]:
            self.lost(uid, self.turns.drop(uid))

    def _line(self, key: LineKey) -> Line:
        lines = self._lines.setdefault(key.budget, {})
        if key.group not in lines:
            lines[key.group] = Line(key, self.clock)
        return lines[key.group]

    def wants(self, uid: str) -> Mapping[LineKey, Ahead]:
        """As `AllLines`."""
        return self._wants.get(uid, {})

    def _of(self, uid: str) -> list[Line]:
        """The lines in which a job waits."""
        keys = self._wants.get(uid, {})
        found = [self._lines.get(key.budget, {}).get(key.group) for key in keys]
        return [line for line in found if line is not None and uid in line]

    def lost(self, uid: str, kept: tuple[LineKey, ...]) -> None:
        """A job has no turn any more: where it waits, it stands in line for one, and what was kept is others'."""
        for line in self._of(uid):
            line.has_no_turn(uid)
        for key in kept:
            if any(map(len, self.of(key.budget))):
                self.look_again(key.budget)
