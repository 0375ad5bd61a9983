"""A ledger counted anew from the service's list, which is the truth.

Rules:
1. What has ended counts as billed; what has ended without a bill after it began stays reserved, as does what is
   unfinished.
2. A reservation that the list does not show stays: its job may be on its way.
3. What a job settled while the list was read is counted once: a job that the list shows as unfinished, and that has no
   reservation any more, gets one, and the service is asked for its end.

Must not live here: reading the list (`controller.budget_counter`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from quantumjob_operator.budgets.ledger import Ended, Key, Ledger, counted_of, group_of
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.quantumbudget import QuantumBudget, Reservation


@dataclass(frozen=True, slots=True)
class Row:
    """A job of the list that a budget counts.

    Attributes:
        entry: What is reserved for it, or would be.
        created: When the service accepted it.
        ended: How it ended; None if it has not.
    """

    entry: Reservation
    created: datetime
    ended: Ended | None


def count(budget: QuantumBudget, ledger: Ledger, rows: Iterable[Row], now: datetime) -> Ledger:
    """The ledger as the list has it.

    Args:
        budget: Whose ledger it is.
        ledger: As it is now, which may be later than the list.
        rows: The jobs that the service accepted in this period, and that the budget counts.
        now: The time.
    """
    spent: dict[Key, Decimal] = {}
    entries = dict(ledger.open)
    for row in rows:
        entry, ended = entries.get(row.entry.job_id, row.entry), row.ended
        if ended is None:
            entries[entry.job_id] = entry
        elif ended.bill is not None:
            entries.pop(entry.job_id, None)
            group = group_of(budget, entry.namespace)
            for unit, amount in counted_of(budget, entry, ended.bill).items():
                spent[Key(group, unit)] = spent.get(Key(group, unit), Decimal(0)) + amount
        elif ended.began:
            entries[entry.job_id] = entry if entry.ended_at else replace(entry, ended_at=stamp(now))
        else:
            entries.pop(entry.job_id, None)
    return replace(ledger, spent={key: amount for key, amount in spent.items() if amount}, open=entries)
