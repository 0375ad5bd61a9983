"""A ledger as it stands in `.status`. The same ledger gives the same status.

Must not live here: how a ledger changes (`ledger`), or what conditions say (`conditions`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.conditions import COUNTING, Kept, conditions_of
from quantumjob_operator.budgets.ledger import UNUSED, Key, Ledger, Used, used
from quantumjob_operator.budgets.needs import limited_units
from quantumjob_operator.budgets.thresholds import warned
from quantumjob_operator.model.budgetstatus import BudgetStatus, Counted, PeriodShown, Summary, Total
from quantumjob_operator.model.conditions import stamp, without_conditions
from quantumjob_operator.model.money import Amount, plain
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.values import replace

_MAX_SUMMARY: Final = 512


def shown(
    budget: QuantumBudget, ledger: Ledger, now: datetime, kept: Kept | None = None, unconfirmed: str | None = None
) -> BudgetStatus:
    """The status that says what the ledger says.

    Args:
        budget: Whose it is.
        ledger: As it is to be.
        now: The time, for conditions that change.
        kept: Whether the budget is kept, if that was looked at; else that stays as it is said.
        unconfirmed: What is told of jobs that nobody answers for; empty if there are none, None if nobody looked.
    """
    sums, end = used(budget, ledger), ledger.period.end
    totals = tuple(_totals(budget, sums))
    unsettled, start = sum(one.ended_at is not None for one in ledger.open.values()), stamp(ledger.period.start)
    status = replace(
        budget.status,
        observed_generation=budget.generation,
        period=PeriodShown(start, stamp(end) if end else None),
        totals=totals,
        reservations=tuple(ledger.open.values()),
        history=ledger.history,
        unsettled=unsettled or None,
        warned=warned(budget, totals, start),
        summary=_summary(budget, totals),
    )
    return replace(status, conditions=conditions_of(budget, totals, now, kept, unconfirmed))


def as_counted(budget: QuantumBudget, status: BudgetStatus, now: datetime, jobs: tuple[str, ...] = ()) -> BudgetStatus:
    """The status of a ledger that was counted from the service's list at this time.

    Args:
        budget: Whose it is.
        status: That of the ledger.
        now: The time.
        jobs: The ids of those that are in it though they were sent a moment before.
    """
    rest = without_conditions(status.conditions, [COUNTING])
    return replace(status, counted=Counted(stamp(now), budget.uid, budget.scope, jobs or None), conditions=rest)


def _totals(budget: QuantumBudget, sums: Mapping[Key, Used]) -> Iterator[Total]:
    limits = {one.unit: one.value for one in budget.spec.limits}
    groups = dict.fromkeys(sorted({key.group for key in sums})) or {"": None}
    for group in groups:
        units = [*limited_units(budget.spec), *sorted(key.unit for key in sums if key.group == group)]
        for unit in dict.fromkeys(units):
            spent, reserved, *_ = sums.get(Key(group, unit), UNUSED)
            limit = limits.get(unit)
            yield Total(
                unit=unit,
                spent=plain(spent),
                reserved=plain(reserved),
                namespace=group or None,
                limit=None if limit is None else plain(limit),
                left=None if limit is None else plain(limit - spent - reserved),
            )


def _summary(budget: QuantumBudget, totals: tuple[Total, ...]) -> Summary:
    """In each limited unit: the sums of all namespaces, and what is left to the one that has least."""
    units = [one.unit for one in budget.spec.limits]
    rows = {unit: [row for row in totals if row.unit == unit] for unit in units}
    return Summary(
        limit=_line(one for one in budget.spec.limits),
        spent=_line(_summed(unit, (row.spent for row in rows[unit])) for unit in units),
        reserved=_line(_summed(unit, (row.reserved for row in rows[unit])) for unit in units),
        left=_line(_least(unit, rows[unit], budget) for unit in units),
    )


def _summed(unit: str, amounts: Iterator[str]) -> Amount:
    return Amount(unit, plain(sum(map(Decimal, amounts), Decimal(0))))


def _least(unit: str, rows: list[Total], budget: QuantumBudget) -> Amount:
    limit = next(one.value for one in budget.spec.limits if one.unit == unit)
    return Amount(unit, plain(min((Decimal(row.left) for row in rows if row.left is not None), default=limit)))


def _line(amounts: Iterator[Amount]) -> str:
    return ", ".join(f"{plain(one.value)} {one.unit}" for one in amounts)[:_MAX_SUMMARY]
