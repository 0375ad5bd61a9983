"""The rows of a service's list, added up as they arrive.

A list may have a hundred thousand rows, and whoever owns it writes what they like into it. So what is billed becomes a
sum at once; only rows that the ledger has to know one by one are kept, as many as a ledger holds, and of a namespace no
more than its share of these (`room`): what it has beyond counts as reserved for good, and stops nobody else; but not
what only claims tell of, since a job whose claim is true asks for its reservation before it is sent. Must not live
here: what a ledger makes of the rows that are kept (`count`), or who reads the list.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.count import Row
from quantumjob_operator.budgets.ledger import Key, Ledger, counted_of, group_of
from quantumjob_operator.budgets.needs import limited_units
from quantumjob_operator.budgets.room import MAX_OPEN, Room
from quantumjob_operator.model.naming import is_guid
from quantumjob_operator.model.quantumbudget import QuantumBudget

MOST_ROWS: Final = 200_000
"""Jobs of one period: of each the id is known, so that none counts twice."""
_MOST_AWAITED: Final = MAX_OPEN // 2
"""Places of a ledger that are full of those that have ended without a bill: more of them count as reserved for good."""
_MOST_RECENT: Final = 256
_SUMS_OF_A_PLACE: Final = 2
"""Rows of sums in a status that are as long as a reservation."""
_MOST_PLACES: Final = MAX_OPEN + 500
"""Of reservations and sums together, which stand in one object."""


class TooManyError(Exception):
    """A list has more than can be counted; the message says of what."""


class Listed:
    """The ids of the jobs that one reading of the lists has shown: none counts twice, and they have an end."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def __contains__(self, job_id: object) -> bool:
        """Whether a job was listed."""
        # A ledger may have been written by hand.
        return isinstance(job_id, str) and is_guid(job_id) and _short(job_id) in self._seen

    def is_new(self, job_id: str) -> bool:
        """Whether a job was not listed before; it is now.

        Raises:
            TooManyError: There were too many already.
        """
        if job_id in self:
            return False
        if len(self._seen) >= MOST_ROWS:
            raise TooManyError(f"more than {MOST_ROWS:,} jobs of this period")
        self._seen.add(_short(job_id))
        return True


class Tally:
    """What one reading of the lists comes to.

    Args:
        budget: Whose jobs they are; those that are reserved already are kept as they are listed.
        lately: Of what was sent since then, some are kept as they are listed.

    Attributes:
        rows: Those that are kept.
        spent: The sums of all others.
        beyond: How many jobs of each namespace have not ended and are in these sums.
    """

    def __init__(self, budget: QuantumBudget, lately: datetime) -> None:
        self._budget = budget
        self._held = frozenset(one.job_id for one in budget.status.reservations)
        self._lately = lately
        self._listed = Listed()
        self._room = Room(budget.status.reservations)
        self._recent = 0
        self._groups: set[str] = set()
        self._units = len(limited_units(budget.spec))
        self.rows: list[Row] = []
        self.spent: dict[Key, Decimal] = {}
        self.beyond: Counter[str] = Counter()

    def __contains__(self, job_id: object) -> bool:
        """Whether a job was listed."""
        return job_id in self._listed

    def add(self, row: Row) -> None:
        """One more row; nothing if the job was listed before.

        Raises:
            TooManyError: There were too many already.
        """
        if not self._listed.is_new(row.entry.job_id):
            return
        if self._keeps(row):
            self.rows.append(row)
            self._know(group_of(self._budget, row.entry.namespace))
        elif row.ended is None and row.accepted:
            self.beyond[row.entry.namespace] += 1
            self._sum(row, None)
        elif row.ended is not None and (row.ended.bill is not None or row.ended.began):
            self._sum(row, row.ended.bill)

    def without_those_added_up(self, open_now: Collection[str]) -> bool:
        """Whether nothing was reserved meanwhile for a job that has become part of a sum."""
        kept = {row.entry.job_id for row in self.rows}
        return not any(one in self for one in open_now if one not in kept)

    def added_to(self, ledger: Ledger) -> Ledger:
        """A ledger with what was added up."""
        spent = dict(ledger.spent)
        for key, amount in self.spent.items():
            spent[key] = spent.get(key, Decimal(0)) + amount
        return replace(ledger, spent={key: amount for key, amount in spent.items() if amount})

    def _keeps(self, row: Row) -> bool:
        if row.entry.job_id in self._held:
            return True
        if row.ended is None:
            return self._has_place(row)
        if row.sent >= self._lately and self._recent < _MOST_RECENT:
            self._recent += 1
            return True
        awaited = row.ended.bill is None and row.ended.began and any(one.value for one in row.entry.amounts)
        return awaited and self._room.taken < _MOST_AWAITED and self._has_place(row)

    def _has_place(self, row: Row) -> bool:
        """Whether its namespace may have one more; then it is taken."""
        if not self._room.has_place(row.entry.namespace):
            return False
        self._room.put(row.entry)
        return True

    def _sum(self, row: Row, bill: Mapping[str, Decimal] | None) -> None:
        group = group_of(self._budget, row.entry.namespace)
        for unit, amount in counted_of(self._budget, row.entry, bill).items():
            key = Key(group, unit)
            self.spent[key] = self.spent.get(key, Decimal(0)) + amount
        self._know(group)

    def _know(self, group: str) -> None:
        self._groups.add(group)
        sums = len(self._groups) * self._units + len(self.spent)
        if self._room.taken + sums // _SUMS_OF_A_PLACE > _MOST_PLACES:
            raise TooManyError("more namespaces and currencies than a budget can show")


def _short(job_id: str) -> bytes:
    """A GUID in the least memory."""
    return bytes.fromhex(job_id.replace("-", ""))


Take = Callable[[Row], None]
"""What becomes of a row."""
