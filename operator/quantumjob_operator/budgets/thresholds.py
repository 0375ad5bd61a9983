"""When the owner of a budget is warned that a limit is nearly, or wholly, used up.

Rules:
1. Used is what is spent and reserved. Each step of a limit is told once in a period, whatever is released meanwhile;
   status remembers it, so that a restart repeats nothing. A changed limit is another one.
2. A limit of 0 warns nobody: somebody wants it so.

Must not live here: publishing (`controller.budget_ledger`).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.period import Period, within
from quantumjob_operator.model.budgetstatus import BudgetStatus, Total, Warned
from quantumjob_operator.model.money import spoken
from quantumjob_operator.model.quantumbudget import QuantumBudget

NEAR: Final = 80
FULL: Final = 100
_STEPS: Final = (NEAR, FULL)
_Key = tuple[str | None, str]


def warned(budget: QuantumBudget, totals: Iterable[Total], start: str) -> tuple[Warned, ...]:
    """What is told in this period, with what has to be now.

    Args:
        budget: With what was told so far.
        totals: As they are to be.
        start: The first moment of the period, as it stands in status.
    """
    limits = {one.unit: one.value for one in budget.spec.limits}
    said = {_key(one): one for one in _said_in(budget.status, start) if Decimal(one.limit) == limits.get(one.unit)}
    for row in totals:
        limit = limits.get(row.unit)
        if not limit or row.limit is None:
            continue
        before = said.get(_key(row))
        used = Decimal(row.spent) + Decimal(row.reserved)
        reached = max((step for step in _STEPS if used * 100 >= limit * step), default=0)
        if reached > (before.percent if before else 0):
            said[_key(row)] = Warned(row.unit, row.limit, reached, row.namespace)
    return tuple(said.values())


def crossed(before: BudgetStatus, after: BudgetStatus) -> list[tuple[int, Total]]:
    """The steps that were reached by a written change, with the sums that reached them."""
    start = after.period.start if after.period else ""
    old = set(_said_in(before, start))
    rows = {_key(row): row for row in after.totals}
    return [(one.percent, rows[_key(one)]) for one in after.warned if one not in old and _key(one) in rows]


def message(budget: QuantumBudget, period: Period, percent: int, row: Total) -> str:
    """What the owner is told."""
    limit, unit = Decimal(row.limit or "0"), row.unit
    spent, reserved, left = (Decimal(text or "0") for text in (row.spent, row.reserved, row.left))
    share = "all" if percent >= FULL else f"{int((spent + reserved) * 100 / limit)}%"
    whose = f" of namespace {row.namespace}" if row.namespace else ""
    what = f"nothing that costs {unit}" if percent >= FULL else "nothing that needs more than is left"
    renewed = f"{period.end:%Y-%m-%d}, or until " if period.end else ""
    return (
        f"{share} of {spoken(limit, unit)} {unit}{whose}{within(budget.spec.period, period)} is used: "
        f"{spoken(spent, unit)} spent, {spoken(reserved, unit)} reserved, {spoken(left, unit)} left; {what} is "
        f"submitted until {renewed}the limit is raised (spec.limits)"
    )


def _said_in(status: BudgetStatus, start: str) -> tuple[Warned, ...]:
    return status.warned if status.period and status.period.start == start else ()


def _key(one: Total | Warned) -> _Key:
    return one.namespace, one.unit
