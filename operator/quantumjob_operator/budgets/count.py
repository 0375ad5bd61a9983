"""A ledger counted anew from the service's list, which is the truth.

Rules:
1. What has ended counts as billed; what has ended without a bill after it began stays reserved, as does what is
   unfinished. Where nothing would be reserved, no bill is waited for: a tenant's free jobs must not fill a ledger.
2. A reservation that the list does not show stays: its job may be on its way. It gets what it lacks of a unit that is
   limited since it was made. But nobody begins under it any more without asking the limits: that unit has not been
   asked, and a ledger that was set back does not know who was granted the same meanwhile.
3. A job that is newer than the ledger's last change and has no reservation shows that the ledger was set back: whatever
   is sent was reserved before, and settled after. Near that change the job's own status tells whether it was settled.
   One that says that nothing was reserved for it shows nothing.
4. What a job settled while the list was read is counted once: a job that the list shows as unfinished, and that has no
   reservation any more, gets one, and the service is asked for its end.
5. Of what was sent a moment before, the ids are remembered: an object with the key of such a job must not pay for it
   again, and one that the list hid is in no ledger yet. What stands reserved under a key is in it, though the list
   hides the job: it will be settled by that reservation.

Must not live here: reading the list (`controller.budget_counter`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.ledger import Ended, Key, Ledger, counted_of, group_of, is_current, last_confirmed
from quantumjob_operator.budgets.needs import CLAIMED, limited_units
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation

MOST_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class Row:
    """A job of the list that a budget counts.

    Attributes:
        entry: What is reserved for it, or would be.
        sent: When it was sent, by the clock of the ledger.
        ended: How it ended; None if it has not.
        unknown: Nothing tells what was reserved for it, not even its object if that is there.
        accepted: The service has it; else only a claim tells of it, which users write.
        unreserved: Its object is gone, and nothing was reserved for it in this budget when it was sent.
    """

    entry: Reservation
    sent: datetime
    ended: Ended | None
    unknown: bool = False
    accepted: bool = True
    unreserved: bool = False


def completed(budget: QuantumBudget, amounts: tuple[Amount, ...], known: Iterable[Amount]) -> tuple[Amount, ...]:
    """Amounts, with what is known of the limited units that they lack: these were limited later."""
    there, units = {one.unit for one in amounts}, limited_units(budget.spec)
    return (*amounts, *(one for one in known if one.unit in units and one.unit not in there))


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
    # Two QuantumWorkspaces may lead to the same list, and a list may show a job twice while it grows.
    once = {row.entry.job_id: row for row in rows}
    for row in once.values():
        entry, ended = entries.get(row.entry.job_id, row.entry), row.ended
        if row.accepted or is_current(ledger, entry):  # else its job has to ask for the unit, in this period
            entry = replace(entry, amounts=completed(budget, entry.amounts, row.entry.amounts))
        if ended is None:
            entries[entry.job_id] = entry
        elif ended.bill is not None:
            entries.pop(entry.job_id, None)
            group = group_of(budget, entry.namespace)
            for unit, amount in counted_of(budget, entry, ended.bill).items():
                spent[Key(group, unit)] = spent.get(Key(group, unit), Decimal(0)) + amount
        elif (ended.began or entry.ended_at) and (entry.job_id in entries or any(one.value for one in entry.amounts)):
            entries[entry.job_id] = entry if entry.ended_at else replace(entry, ended_at=stamp(now))
        else:
            entries.pop(entry.job_id, None)
    seen = {row.entry.job_id for row in once.values() if row.accepted}
    # The list begins with this period: of what was reserved before, it says nothing.
    entries = {
        job_id: _believed(entry, now, seen=job_id in seen) if is_current(ledger, entry) else entry
        for job_id, entry in entries.items()
    }
    return replace(ledger, spent={key: amount for key, amount in spent.items() if amount}, open=entries)


def _believed(entry: Reservation, now: datetime, *, seen: bool) -> Reservation:
    """A reservation, whose basis tells whether somebody but a claim or the former ledger knows of its job.

    When it was last confirmed is not known either, in a ledger that was set back: it stands for as long as a new one.
    """
    if not seen and not entry.ended_at:
        return replace(entry, basis=CLAIMED, renewed_at=stamp(now))
    return replace(entry, basis="Estimate") if seen and entry.basis == CLAIMED else entry


def sent_lately(rows: Iterable[Row], since: datetime, standing: Iterable[Reservation] = ()) -> tuple[str, ...]:
    """The ids of the jobs that are counted and may have been sent since then, as many as are remembered.

    Args:
        rows: The jobs that the list showed.
        since: Those that were sent before need not be remembered.
        standing: What is reserved once they are counted. When it was sent is not known, and it matters only under a
            key; who asked for it last goes first.
    """
    listed = (row.entry.job_id for row in rows if row.sent >= since)
    keyed = sorted((one for one in standing if one.asked_by), key=last_confirmed, reverse=True)
    return tuple(dict.fromkeys((*listed, *(one.job_id for one in keyed))))[:MOST_REMEMBERED]


def last_change(budget: QuantumBudget) -> datetime | None:
    """When the ledger last changed, or was found to be right, as far as its status tells."""
    counted = budget.status.counted
    told = (budget.status.changed_at, counted.time if counted else None)
    return max((datetime.fromisoformat(one) for one in told if one), default=None)


def is_missing(budget: QuantumBudget, row: Row, *, settled: bool, tolerance: timedelta) -> bool:
    """Whether a job of the list shows that a ledger was set back.

    Args:
        budget: With the ledger in its status.
        row: A job that the budget counts.
        settled: Its object says that this budget has settled it.
        tolerance: For so long a request may be under way.
    """
    changed = last_change(budget)
    if changed is None or not _weighs(budget, row):
        return False
    newer = row.sent > changed + tolerance
    if not newer and (settled or row.sent < changed - tolerance):
        return False
    # Last, since it takes the longest: the first job that is missing ends the search for others.
    return all(one.job_id != row.entry.job_id for one in budget.status.reservations)


def _weighs(budget: QuantumBudget, row: Row) -> bool:
    """Whether a job was reserved, or may have been: what is free never is."""
    if row.unreserved:
        return False
    if row.ended is None or (row.ended.bill is None and row.ended.began):
        return row.unknown or any(one.value for one in row.entry.amounts)
    return row.ended.bill is not None and any(counted_of(budget, row.entry, row.ended.bill).values())
