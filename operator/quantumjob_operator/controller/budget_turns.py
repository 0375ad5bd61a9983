"""Who has a turn, in the lines of all budgets together.

A job that several budgets count needs what it asks of each of them at the same moment. So whoever has a turn in one
line has it in all: each budget keeps for it what it needs there. Else what one can give would be gone again when the
other can, for as long as small jobs come. Those who have a turn are in one order, the same in every line: the first of
them waits for nobody who waits, so that no two wait for each other. Must not live here: who waits for a turn
(`budget_line`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from quantumjob_operator.budgets.fit import Ahead

MOST_TURNS: Final = 200
"""For so many one line keeps something."""


class LineKey(NamedTuple):
    """The line of one group of a budget, which is named by its uid."""

    budget: str
    group: str


@dataclass(slots=True)
class Turns:
    """Jobs that have a turn, by uid, in the order in which they got it, and what they ask of each line."""

    _wants: dict[str, dict[LineKey, Ahead]] = field(default_factory=dict)
    _of: dict[LineKey, dict[str, None]] = field(default_factory=dict)
    _number: dict[str, int] = field(default_factory=dict)
    _next: int = 0

    def __contains__(self, uid: str) -> bool:
        return uid in self._number

    def take(self, uid: str, wants: Mapping[LineKey, Ahead], *, woken_in: LineKey | None = None) -> None:
        """Have a turn, after all others that have one; whoever has it already keeps its place, and may want more.

        Args:
            uid: Of the job.
            wants: What it asks of which line.
            woken_in: The line in which it was woken, if it was: others keep something for it only if they do so for
                few, since whoever asks looks at all of them.
        """
        if uid not in self._number:
            self._number[uid] = self._next
            self._next += 1
        former = self._wants.pop(uid, {})
        for key in former:
            self._no_more(key, uid)
        kept = {
            key: who
            for key, who in wants.items()
            if woken_in in (None, key) or key in former or len(self._of.get(key, ())) < MOST_TURNS
        }
        self._wants[uid] = kept
        for key in kept:
            self._of.setdefault(key, {})[uid] = None

    def got(self, uid: str, key: LineKey) -> None:
        """Want nothing more in one line; with the last one, the turn is over."""
        wants = self._wants.get(uid, {})
        if wants.pop(key, None):
            self._no_more(key, uid)
            if not wants:
                self.drop(uid)

    def drop(self, uid: str) -> tuple[LineKey, ...]:
        """Have no turn any more.

        Returns:
            The lines in which something was kept.
        """
        self._number.pop(uid, None)
        wants = self._wants.pop(uid, {})
        for key in wants:
            self._no_more(key, uid)
        return tuple(wants)

    def wanting(self, key: LineKey) -> list[tuple[str, Ahead]]:
        """Those who have a turn and want something in one line, in their order."""
        found = sorted(self._of.get(key, ()), key=self._number.__getitem__)
        return [(uid, self._wants[uid][key]) for uid in found]

    def is_before(self, one: str, other: str) -> bool:
        """Whether one has a turn, and the other none, or a later one."""
        return one in self and (other not in self or self._number[one] < self._number[other])

    def _no_more(self, key: LineKey, uid: str) -> None:
        known = self._of[key]
        del known[uid]
        if not known:
            del self._of[key]
