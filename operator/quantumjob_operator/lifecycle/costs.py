"""What a job cost, as it may stand in `.status`, and the sum over its attempts.

Rules:
1. What the service doesn't say stays absent: it is not 0.
2. A sum is by currency, and beside it by dimension of what was billed: a plan of credits has prices of 0.
3. An attempt counts once, however often its end is written.
4. Money and what is summed is rounded up at the sixth digit; the lines of a bill are shown as they came.

Must not live here: reading the service's answer (`azure.costs`).
"""

from collections.abc import Iterator
from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Final

from quantumjob_operator.model.jobstatus import CostEventShown, CostShown
from quantumjob_operator.model.money import Amount, rounded_up
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.remotejob import Cost, CostEvent, RemoteJob

_MAX_CURRENCY: Final = 16
_MAX_NAME: Final = 48
"""Characters of a name; the longest known one, qpu_time_centiseconds, has 21."""
_MAX_AMOUNT: Final = 64
MAX_UNITS: Final = 64
_EXACT: Final = Context(prec=200)


def cost_of(remote: RemoteJob) -> CostShown | None:
    """What the service says that the attempt cost, if it says anything."""
    cost = remote.cost or Cost()
    shown = CostShown(
        estimated_total=_rounded(cost.estimated_total),
        currency_code=_name(cost.currency_code, _MAX_CURRENCY) or None,
        events=tuple(map(_event, cost.events)) or None,
        usage={_name(name): value for name, value in remote.usage.items()} or None,
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
    with localcontext(_EXACT):
        for sign, each in ((-1, former), (1, cost)):
            for unit, amount in amounts_in(each):
                sums[unit] = sums.get(unit, Decimal(0)) + sign * amount
    return tuple(Amount(unit, format(sums[unit], "f")) for unit in sorted(sums)[:MAX_UNITS])


def _rounded(amount: str | None) -> str | None:
    try:
        return amount and rounded_up(Decimal(amount))[:_MAX_AMOUNT]
    except InvalidOperation:
        return None


def amounts_in(cost: CostShown | None) -> Iterator[tuple[str, Decimal]]:
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
            yield unit, Decimal(rounded_up(number))


def _event(event: CostEvent) -> CostEventShown:
    return CostEventShown(
        dimension=_name(event.dimension),
        unit=_name(event.unit) or None,
        consumed=event.consumed,
        billed=event.billed,
        unit_price=event.unit_price,
    )


def _name(text: str, most: int = _MAX_NAME) -> str:
    """A name that takes no more than two bytes of memory for each character: hundreds of them are kept of a job."""
    return clean_text(text.encode("ascii", "replace").decode(), most)
