"""The conditions of a budget.

Rules:
1. Ready says whether the budget is kept, and stays True when a limit is used up: tools that wait for Ready would never
   go on. Exceeded says that.
2. What its owner should know, and what stops nothing, is a condition of its own, which is there only while it holds.
3. What holds for long changes no time stamp.
4. What one process knows and another one doesn't, the other one leaves (`controller.own_words`, `unconfirmed`): None
   keeps what is said.

Must not live here: who else counts the same jobs (`membership`), or when a step of a limit is told (`thresholds`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.needs import is_known, limited_units
from quantumjob_operator.model.budgetstatus import Total
from quantumjob_operator.model.conditions import Words, with_condition, without_conditions, words
from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.money import is_currency, spoken
from quantumjob_operator.model.quantumbudget import QuantumBudget

READY: Final = "Ready"
EXCEEDED: Final = "Exceeded"
COUNTING: Final = "Counting"
UNIT_UNKNOWN: Final = "UnitUnknown"
UNCONFIRMED: Final = "Unconfirmed"
"""Type of the condition; its reason is SpendingUnconfirmed."""
OTHER_CURRENCY: Final = "OtherCurrency"
OVERLAPPING: Final = "Overlapping"
LIMIT_REACHED: Final = "LimitReached"
_OF_KEPT: Final = (READY, OVERLAPPING)
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether the budget is kept, and why not.

    Attributes:
        reason: Kept, or what is in the way.
        message: For people.
        overlapping: Names of budgets that may count the same jobs.
    """

    reason: str = "Kept"
    message: str = "what jobs may cost is reserved here before they are submitted"
    overlapping: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is in the way."""
        return self.reason == "Kept"


def conditions_of(
    budget: QuantumBudget, totals: tuple[Total, ...], now: datetime, kept: Kept | None, unconfirmed: str | None = None
) -> tuple[Condition, ...]:
    """All conditions.

    Args:
        budget: Whose they are.
        totals: Its sums.
        now: The time, for those that change.
        kept: Whether the budget is kept, and who else counts its jobs, if that was looked at; else that stays as it is
            said.
        unconfirmed: What is told of jobs that nobody answers for; empty if there are none, None if nobody looked.
    """
    wanted = [_exceeded(totals), *_remarks(budget, totals)]
    gone = {UNIT_UNKNOWN, OTHER_CURRENCY} - {one.type for one in wanted}
    if kept:
        wanted += _conditions(kept)
        gone |= set() if kept.overlapping else {OVERLAPPING}
    if unconfirmed:
        wanted.append(_condition(UNCONFIRMED, true=True, reason="SpendingUnconfirmed", message=unconfirmed))
    gone |= {UNCONFIRMED} if unconfirmed == "" else set()
    if budget.is_counted:
        gone.add(COUNTING)
    else:
        told = "what was spent is being counted from the service's list, and nothing that costs is submitted meanwhile"
        wanted.append(_condition(COUNTING, true=True, reason="BudgetCounting", message=told))
    conditions = without_conditions(budget.status.conditions, gone)
    for one in wanted:
        conditions = with_condition(conditions, one, now)
    return tuple(replace(one, observed_generation=budget.generation) for one in conditions)


def with_kept(budget: QuantumBudget, kept: Kept, now: datetime) -> tuple[Condition, ...]:
    """The conditions that a budget has, of which Ready says whether it is kept; the others stay as they are."""
    ready = replace(_conditions(kept)[0], observed_generation=budget.generation)
    return tuple(with_condition(budget.status.conditions, ready, now))


def words_of(kept: Kept) -> Words:
    """What the conditions will say of it."""
    return words(_conditions(kept), _OF_KEPT)


def words_in(conditions: tuple[Condition, ...]) -> Words:
    """What they say of whether a budget is kept, and who else counts its jobs."""
    return words(conditions, _OF_KEPT)


def _conditions(kept: Kept) -> list[Condition]:
    ready = _condition(READY, true=kept.good, reason=kept.reason, message=kept.message)
    return [ready, *_overlap(kept.overlapping)]


def _exceeded(totals: tuple[Total, ...]) -> Condition:
    out = [row for row in totals if row.left is not None and Decimal(row.left) <= 0]
    if not out:
        return _condition(EXCEEDED, true=False, reason="WithinLimits", message="something is left of every limit")
    first = out[0]
    spent, reserved, limit = (Decimal(text or "0") for text in (first.spent, first.reserved, first.limit))
    whose = f" of namespace {first.namespace}" if first.namespace else ""
    more = f", and of {len(out) - 1} more" if len(out) > 1 else ""
    message = (
        f"nothing is left of {spoken(limit, first.unit)} {first.unit}{whose} ({spoken(spent, first.unit)} spent, "
        f"{spoken(reserved, first.unit)} reserved){more}: nothing that costs it is submitted, and what runs is not "
        "cancelled"
    )
    return _condition(EXCEEDED, true=True, reason=LIMIT_REACHED, message=message)


def _remarks(budget: QuantumBudget, totals: tuple[Total, ...]) -> Iterator[Condition]:
    """What is there only while it holds."""
    unknown = [unit for unit in limited_units(budget.spec) if not is_known(unit)]
    if unknown:
        told = (
            f"spec.limits: nobody is known to bill {', '.join(unknown)}, so that jobs are held unless they declare it "
            "in spec.maxCost; a currency is written in capitals, as USD"
        )
        yield _condition(UNIT_UNKNOWN, true=True, reason=UNIT_UNKNOWN, message=told)
    limited = [one.unit for one in budget.spec.limits if is_currency(one.unit)]
    bills = [row for row in totals if row.limit is None and is_currency(row.unit) and Decimal(row.spent)]
    if limited and bills:
        billed = " and ".join(dict.fromkeys(f"{spoken(Decimal(row.spent), row.unit)} {row.unit}" for row in bills))
        told = (
            f"jobs were billed {billed}, and spec.limits has {', '.join(limited)} only: nothing is converted, and what "
            "was reserved for them counts instead; add a limit in the currency of the bills"
        )
        yield _condition(OTHER_CURRENCY, true=True, reason=OTHER_CURRENCY, message=told)


def _overlap(others: tuple[str, ...]) -> list[Condition]:
    if not others:
        return []
    named = ", ".join(others[:_MOST_NAMED])
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    told = (
        f"QuantumBudgets that may count the same jobs: {named}{more}; each of them has to let a job pass, and each "
        "counts its bill"
    )
    return [_condition(OVERLAPPING, true=True, reason=OVERLAPPING, message=told)]


def _condition(kind: str, *, true: bool, reason: str, message: str) -> Condition:
    return Condition(type=kind, status="True" if true else "False", reason=reason, message=message)
