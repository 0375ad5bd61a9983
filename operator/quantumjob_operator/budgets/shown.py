"""A ledger as it stands in `.status`, with the conditions that follow from it.

Rules:
1. Ready says whether the budget is kept, and stays True when a limit is used up: tools that wait for Ready would never
   go on. Exceeded says that.
2. What holds for long changes no time stamp: the same ledger gives the same status.

Must not live here: how a ledger changes (`ledger`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.ledger import Key, Ledger, Used, plain, used
from quantumjob_operator.budgets.needs import is_known, limited_units
from quantumjob_operator.model.conditions import stamp, with_condition, without_conditions
from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import BudgetStatus, Counted, PeriodShown, QuantumBudget, Summary, Total

READY: Final = "Ready"
EXCEEDED: Final = "Exceeded"
COUNTING: Final = "Counting"
UNIT_UNKNOWN: Final = "UnitUnknown"
UNCONFIRMED: Final = "Unconfirmed"
"""Type of the condition; its reason is SpendingUnconfirmed."""
_MAX_SUMMARY: Final = 512
_UNUSED: Final = Used(Decimal(0), Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether the budget is kept, and why not.

    Attributes:
        reason: Kept, or what is in the way.
        message: For people.
    """

    reason: str = "Kept"
    message: str = "what jobs may cost is reserved here before they are submitted"

    @property
    def good(self) -> bool:
        """Whether nothing is in the way."""
        return self.reason == "Kept"


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
    unsettled = sum(one.ended_at is not None for one in ledger.open.values())
    status = replace(
        budget.status,
        observed_generation=budget.generation,
        period=PeriodShown(stamp(ledger.period.start), stamp(end) if end else None),
        totals=totals,
        reservations=tuple(ledger.open.values()),
        history=ledger.history,
        unsettled=unsettled or None,
        summary=_summary(budget, totals),
    )
    conditions = _conditions(budget, totals, now, kept)
    return replace(status, conditions=_with_unconfirmed(budget, conditions, unconfirmed, now))


def as_counted(budget: QuantumBudget, status: BudgetStatus, now: datetime) -> BudgetStatus:
    """The status of a ledger that was counted from the service's list at this time."""
    conditions = without_conditions(status.conditions, [COUNTING])
    return replace(status, counted=Counted(stamp(now), budget.uid, budget.scope), conditions=conditions)


def _totals(budget: QuantumBudget, sums: Mapping[Key, Used]) -> Iterator[Total]:
    limits = {one.unit: one.value for one in budget.spec.limits}
    groups = dict.fromkeys(sorted({key.group for key in sums})) or {"": None}
    for group in groups:
        units = [*limited_units(budget.spec), *sorted(key.unit for key in sums if key.group == group)]
        for unit in dict.fromkeys(units):
            spent, reserved, _ = sums.get(Key(group, unit), _UNUSED)
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


def _conditions(
    budget: QuantumBudget, totals: tuple[Total, ...], now: datetime, kept: Kept | None
) -> tuple[Condition, ...]:
    wanted, past = [_exceeded(totals)], []
    if kept:
        wanted.append(_condition(READY, true=kept.good, reason=kept.reason, message=kept.message))
    if budget.is_counted:
        past.append(COUNTING)
    else:
        told = "what was spent is being counted from the service's list, and nothing that costs is submitted meanwhile"
        wanted.append(_condition(COUNTING, true=True, reason="BudgetCounting", message=told))
    unknown = [unit for unit in limited_units(budget.spec) if not is_known(unit)]
    if unknown:
        told = f"spec.limits: nobody is known to bill {', '.join(unknown)}; a currency is written in capitals, as USD"
        wanted.append(_condition(UNIT_UNKNOWN, true=True, reason=UNIT_UNKNOWN, message=told))
    else:
        past.append(UNIT_UNKNOWN)
    conditions = without_conditions(budget.status.conditions, past)
    for one in wanted:
        conditions = with_condition(conditions, one, now)
    return tuple(replace(one, observed_generation=budget.generation) for one in conditions)


def _with_unconfirmed(
    budget: QuantumBudget, conditions: tuple[Condition, ...], told: str | None, now: datetime
) -> tuple[Condition, ...]:
    if told is None:
        return conditions
    if not told:
        return without_conditions(conditions, [UNCONFIRMED])
    new = _condition(UNCONFIRMED, true=True, reason="SpendingUnconfirmed", message=told)
    return with_condition(conditions, replace(new, observed_generation=budget.generation), now)


def _exceeded(totals: tuple[Total, ...]) -> Condition:
    out = [row for row in totals if row.left is not None and Decimal(row.left) <= 0]
    if not out:
        return _condition(EXCEEDED, true=False, reason="WithinLimits", message="something is left of every limit")
    first = out[0]
    whose = f" of namespace {first.namespace}" if first.namespace else ""
    more = f", and {len(out) - 1} more" if len(out) > 1 else ""
    message = f"nothing is left of {first.limit} {first.unit}{whose}{more}: jobs that cost it wait"
    return _condition(EXCEEDED, true=True, reason="LimitReached", message=message)


def _condition(kind: str, *, true: bool, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True" if true else "False", reason=reason, message=message)
