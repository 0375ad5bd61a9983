"""What a job cost, as it may stand in `.status`, and the sum over its attempts.

Rules:
1. What the service doesn't say stays absent: it is not 0.
2. A sum is by currency, and beside it by dimension of what was billed: a plan of credits has prices of 0.
3. An attempt counts once, however often its end is written.

Must not live here: reading the service's answer (`azure.costs`).
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from quantumjob_operator.model.jobstatus import CostEventShown, CostShown
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.remotejob import Cost, CostEvent, RemoteJob

_MAX_CURRENCY: Final = 16
_MAX_NAME: Final = 128
_MAX_AMOUNT: Final = 64
MAX_UNITS: Final = 64


def cost_of(remote: RemoteJob) -> CostShown | None:
    """What the service says that the attempt cost, if it says anything."""
    cost = remote.cost or Cost()
    shown = CostShown(
        estimated_total=cost.estimated_total and clean_text(cost.estimated_total, _MAX_AMOUNT),
        currency_code=clean_text(cost.currency_code, _MAX_CURRENCY) or None,
        events=tuple(map(_event, cost.events)) or None,
        usage={clean_text(name, _MAX_NAME): value for name, value in remote.usage.items()} or None,
    )
    told = shown.estimated_total is not None or shown.events or shown.usage
    return shown if told else None


def total_with(total: tuple[Amount, ...], former: CostShown | None, cost: CostShown | None) -> tuple[Amount, ...]:
    """The sum over all attempts, with the cost of one that has ended.

    Args:
        total: As it stands in status.
        former: What is contained in it for this attempt already.
        cost: What the attempt cost.
    """
    sums = {one.unit: Decimal(one.amount) for one in total}
    for sign, each in ((-1, former), (1, cost)):
        for unit, amount in _amounts(each):
            sums[unit] = sums.get(unit, Decimal(0)) + sign * amount
    return tuple(Amount(unit, format(sums[unit], "f")) for unit in sorted(sums)[:MAX_UNITS])


def _amounts(cost: CostShown | None) -> Iterator[tuple[str, Decimal]]:
    """What a cost adds to the sum: money under its currency, and what was billed under its dimension."""
    if cost is None:
        return
    told = [(cost.currency_code, cost.estimated_total)] + [(one.dimension, one.billed) for one in cost.events or ()]
    for unit, amount in told:
        try:
            number = Decimal(amount or "")
        except InvalidOperation:
            continue
        if unit and number.is_finite():
            yield unit, number


def _event(event: CostEvent) -> CostEventShown:
    return CostEventShown(
        dimension=clean_text(event.dimension, _MAX_NAME),
        unit=clean_text(event.unit, _MAX_NAME) or None,
        consumed=event.consumed,
        billed=event.billed,
        unit_price=event.unit_price,
    )
