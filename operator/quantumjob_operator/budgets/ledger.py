"""The ledger of a budget: what is spent and reserved in a period, and how that may change.

Rules:
1. A reservation is keyed by the job's id at the service: the same job never has two, whichever object, attempt at
   writing or operator asks.
2. It is made only if everything that is spent and reserved, with it, stays within every limit.
3. Settling adds the bill only if the reservation is there, and takes it out: doing it twice changes nothing.
4. A job that is older than its reservation was paid before: its reservation goes, and nothing is added. So it is if
   the job was sent for another object with its key than those that the reservation was made for.
5. A bill that is not told counts as what was reserved, for seven days as reserved and then as spent. What ended before
   it began costs nothing; nor is a bill waited for where nothing was to be paid in any limited unit. What was added
   to a reservation after its job was sent never counts: that was for another object with its key.
6. A job belongs to the period in which it was reserved, or raised last: what was raised was asked of its limits.
7. A period never comes again: where clocks differ, the one that is ahead has ended it for all.

Must not live here: what a job needs (`needs`), or what people are told (`refusals`).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from quantumjob_operator.budgets.needs import CLAIMED, JOBS, SHOTS, limited_units
from quantumjob_operator.budgets.period import Period, period_of
from quantumjob_operator.model.budgetstatus import PastPeriod
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount, is_currency, plain
from quantumjob_operator.model.quantumbudget import EACH_NAMESPACE, QuantumBudget
from quantumjob_operator.model.reservation import Reservation

AWAITED: Final = timedelta(days=7)
"""For so long a bill is waited for."""
_KEPT_PERIODS: Final = 12
_ZERO: Final = Decimal(0)
TOGETHER: Final = ""
OWN: Final = frozenset({JOBS, SHOTS})
"""Units that no provider bills."""


class Key(NamedTuple):
    """What is summed: a unit, of a namespace if the budget is for each."""

    group: str
    unit: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """One budget's sums and open reservations.

    Attributes:
        period: The current one.
        spent: What was billed in it.
        open: The reservations, by the job's id at the service.
        history: What was spent before, the latest period first.
    """

    period: Period
    spent: Mapping[Key, Decimal]
    open: Mapping[str, Reservation]
    history: tuple[PastPeriod, ...] = ()


class Used(NamedTuple):
    """What one unit has been used for.

    Of what is reserved, `awaited` is for jobs that have ended without a bill, and `claimed` for those whose claim a
    count believed.
    """

    spent: Decimal
    reserved: Decimal
    jobs: int
    awaited: Decimal = _ZERO
    claimed: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended.

    Attributes:
        bill: What was billed by unit; None if the service tells nothing.
        began: It executed, or may have.
        sent: When it was sent, if that is known.
        given_up: Nobody can be asked any more, and it counts as reserved for good.
        owner: The uid of the object that it was sent for, if the service tells.
        reserved: What stood reserved for it when it was sent, as far as the service tells.
    """

    bill: Mapping[str, Decimal] | None = None
    began: bool = True
    sent: datetime | None = None
    given_up: bool = False
    owner: str | None = None
    reserved: tuple[Amount, ...] = ()


UNUSED: Final = Used(_ZERO, _ZERO, 0)


class Outcome(StrEnum):
    """What settling did with a reservation; the words of a job's `status.budgets`."""

    SETTLED = "Settled"
    UNSETTLED = "Unsettled"
    RELEASED = "Released"
    NOTHING = "Nothing"


def group_of(budget: QuantumBudget, namespace: str) -> str:
    """Whose sums a namespace's jobs go into."""
    return namespace if budget.spec.each == EACH_NAMESPACE else TOGETHER


def ledger_of(budget: QuantumBudget, now: datetime) -> Ledger:
    """The ledger that stands in status, as of now: a new period begins with nothing spent."""
    status, current = budget.status, period_of(budget.spec.period, now, budget.created)
    spent = {Key(one.namespace or TOGETHER, one.unit): Decimal(one.spent) for one in status.totals}
    spent = {key: amount for key, amount in spent.items() if amount}
    entries = {one.job_id: one for one in status.reservations}
    start = datetime.fromisoformat(status.period.start) if status.period else current.start
    if start > current.start and budget.is_counted:
        current = period_of(budget.spec.period, start, budget.created)
    if start >= current.start:
        return Ledger(current, spent, entries, status.history)
    past = PastPeriod(stamp(start), _summed(spent))
    return Ledger(current, {}, entries, (past, *status.history)[:_KEPT_PERIODS])


def used(budget: QuantumBudget, ledger: Ledger) -> dict[Key, Used]:
    """What is spent and reserved of every unit in the current period."""
    sums = {key: Used(spent, _ZERO, 0) for key, spent in ledger.spent.items()}
    start = stamp(ledger.period.start)
    # There may be thousands, and this is asked for each job that reserves.
    for (group, unit, amount, ended, claimed), number in _alike(budget, ledger, start).items():
        key, value = Key(group, unit), number * Decimal(amount)
        known = sums.get(key, UNUSED)
        sums[key] = Used(
            known.spent,
            known.reserved + value,
            known.jobs + number * (value > 0),
            known.awaited + (value if ended else _ZERO),
            known.claimed + (value if claimed else _ZERO),
        )
    return sums


def _alike(budget: QuantumBudget, ledger: Ledger, start: str) -> Counter[tuple[str, str, str, bool, bool]]:
    """How many reservations of this period are alike: in group, unit and amount, ended or not, claims or not."""
    each = budget.spec.each == EACH_NAMESPACE
    # Stamps of one form are in the order of their times.
    return Counter(
        (
            one.namespace if each else TOGETHER,
            amount.unit,
            amount.amount,
            one.ended_at is not None,
            one.basis == CLAIMED and one.ended_at is None,
        )
        for one in ledger.open.values()
        if (one.period_start or one.reserved_at) >= start
        for amount in one.amounts
    )


def is_current(ledger: Ledger, entry: Reservation) -> bool:
    """Whether a reservation counts in the current period."""
    return datetime.fromisoformat(entry.counts_at) >= ledger.period.start


def last_confirmed(entry: Reservation) -> datetime:
    """As of when a reservation is known to be wanted."""
    return datetime.fromisoformat(entry.renewed_at or entry.reserved_at)


def put(ledger: Ledger, entry: Reservation) -> Ledger:
    """The ledger with a reservation; whether it fits is asked before (`allows`)."""
    return replace(ledger, open={**ledger.open, entry.job_id: entry})


def release(ledger: Ledger, job_id: str) -> Ledger:
    """The ledger without a reservation whose job was never sent."""
    return replace(ledger, open={one: entry for one, entry in ledger.open.items() if one != job_id})


def settle(
    budget: QuantumBudget, ledger: Ledger, job_id: str, ended: Ended, now: datetime, *, tolerance: timedelta
) -> tuple[Ledger, Outcome, tuple[Amount, ...]]:
    """A job has ended: its bill takes the place of its reservation.

    Args:
        budget: Whose ledger it is.
        ledger: As it is.
        job_id: The job's id at the service.
        ended: How it ended.
        now: The time.
        tolerance: By so much a job may look older than its reservation and be its own.

    Returns:
        The new ledger, what was done, and the amounts that are counted now.
    """
    entry = ledger.open.get(job_id)
    if entry is None:
        return ledger, Outcome.NOTHING, ()
    if _was_settled(budget, entry, ended, tolerance):
        return release(ledger, job_id), Outcome.RELEASED, ()
    entry = _as_sent(entry, ended)
    free = bool(entry.amounts) and not any(one.value for one in entry.amounts)
    if ended.bill is None and (free or not ended.began):
        return release(ledger, job_id), Outcome.RELEASED, ()
    if ended.bill is None and not ended.given_up and not _overdue(entry, now):
        waiting = entry if entry.ended_at else replace(entry, ended_at=stamp(now))
        return put(ledger, waiting), Outcome.UNSETTLED, entry.amounts
    counted = counted_of(budget, entry, ended.bill)
    group = group_of(budget, entry.namespace)
    return _add(release(ledger, job_id), entry, group, counted), Outcome.SETTLED, _amounts(counted)


def counted_of(budget: QuantumBudget, entry: Reservation, bill: Mapping[str, Decimal] | None) -> dict[str, Decimal]:
    """What a job counts for: each unit as billed, and what the bill says nothing of as reserved.

    A bill that names what the provider counts names all of it: other units of providers are 0. Only limited units and
    currencies are kept account of.
    """
    units = set(limited_units(budget.spec)) - OWN
    told = {unit: amount for unit, amount in (bill or {}).items() if unit in units or is_currency(unit)}
    itemised = any(not is_currency(unit) for unit in bill or {})
    untold = {one.unit: one.value for one in entry.amounts if one.unit not in told}
    kept = {unit: amount for unit, amount in untold.items() if not itemised or is_currency(unit) or unit in OWN}
    return kept | dict(told)


def _as_sent(entry: Reservation, ended: Ended) -> Reservation:
    """What is reserved, without what was added later: for an object that had the key, and another program."""
    sent = {one.unit: one for one in ended.reserved}
    amounts = (min(one, sent.get(one.unit, one), key=lambda each: each.value) for one in entry.amounts)
    return replace(entry, amounts=tuple(amounts))


def _was_settled(budget: QuantumBudget, entry: Reservation, ended: Ended, tolerance: timedelta) -> bool:
    """Whether the job was sent under another reservation, which is not there any more.

    Nothing is sent without one, so that one was settled. Only what was sent before the ledger was counted, and what the
    list hid then, may have none.
    """
    if ended.sent is None:
        return False
    counted = budget.status.counted
    if ended.sent < datetime.fromisoformat(entry.reserved_at) - tolerance:
        # For its own object it was only paid before if it was counted since: a clock that was set says nothing.
        own = ended.owner == entry.uid
        return not own or (counted is not None and ended.sent < datetime.fromisoformat(counted.time) + tolerance)
    if counted is None or entry.asked_by is None or ended.owner is None or ended.owner in entry.asked_by:
        return False
    return ended.sent >= datetime.fromisoformat(counted.time) or entry.job_id in (counted.jobs or ())


def _overdue(entry: Reservation, now: datetime) -> bool:
    return entry.ended_at is not None and now - datetime.fromisoformat(entry.ended_at) >= AWAITED


def _add(ledger: Ledger, entry: Reservation, group: str, counted: Mapping[str, Decimal]) -> Ledger:
    """Spent in the period of the reservation, which may be over."""
    if is_current(ledger, entry):
        spent = dict(ledger.spent)
        for unit, amount in counted.items():
            key = Key(group, unit)
            spent[key] = spent.get(key, _ZERO) + amount
        return replace(ledger, spent={key: amount for key, amount in spent.items() if amount})
    counts_at = datetime.fromisoformat(entry.counts_at)
    history = list(ledger.history)
    for number, past in enumerate(history):
        if datetime.fromisoformat(past.start) <= counts_at:
            sums = {one.unit: one.value for one in past.spent}
            for unit, amount in counted.items():
                sums[unit] = sums.get(unit, _ZERO) + amount
            history[number] = replace(past, spent=_amounts(sums))
            break
    return replace(ledger, history=tuple(history))


def _summed(spent: Mapping[Key, Decimal]) -> tuple[Amount, ...]:
    sums: dict[str, Decimal] = {}
    for key, amount in spent.items():
        sums[key.unit] = sums.get(key.unit, _ZERO) + amount
    return _amounts(sums)


def _amounts(sums: Mapping[str, Decimal]) -> tuple[Amount, ...]:
    return tuple(Amount(unit, plain(sums[unit])) for unit in sorted(sums))
