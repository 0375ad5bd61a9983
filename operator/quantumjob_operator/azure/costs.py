"""What a job cost, as the service tells it; pure. Must not live here: what is shown of it (`lifecycle.costs`).

Amounts become decimal texts. The service's own type for them is a float of 32 bits, which arrives as a double with
noise in its eighth digit: 11.1 as 11.100000381469727.
"""

import math
import struct
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from quantumjob_operator.azure.fields import as_object, label
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.remotejob import Cost, CostEvent

MAX_EVENTS: Final = 32
"""Recorded jobs have at most three; more are cut off."""
MAX_AMOUNT: Final = 64
_MAX_NAME: Final = 128
"""Characters of a name that is kept; longer ones were never recorded, and are left out."""
_FLOAT32_DIGITS: Final = 9
_LARGEST_FLOAT32: Final = 3.4e38


def parse_cost(row: Mapping[str, Any], key: str) -> Cost | None:
    """The field `costEstimate`; None where the service says nothing, which is not 0.

    Raises:
        Unreadable: It is no such thing.
    """
    if row.get(key) is None:
        return None
    cost = as_object(row[key], key)
    events = cost.get("events")
    if events is not None and not isinstance(events, list):
        raise Unreadable("events is no list")
    return Cost(
        estimated_total=amount(cost, "estimatedTotal"),
        currency_code=label(cost, "currencyCode", ""),
        events=tuple(_event(as_object(one, "event")) for one in (events or [])[:MAX_EVENTS]),
    )


def parse_usage(row: Mapping[str, Any], key: str) -> Mapping[str, str]:
    """The field `usage`: the provider's own names with numbers; those without a number are left out.

    Raises:
        Unreadable: It is no such thing.
    """
    usage = as_object(row.get(key) or {}, key)
    names = sorted(name for name, value in usage.items() if value is not None and len(name) <= _MAX_NAME)
    return {name: told for name in names[:MAX_EVENTS] if (told := amount(usage, name)) is not None}


def amount(row: Mapping[str, Any], key: str) -> str | None:
    """A number as a decimal text without exponent.

    Raises:
        Unreadable: It is no number, or has more digits than any amount.
    """
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Unreadable(f"{key} is no number")
    try:
        told = decimal_text(value)
    except (InvalidOperation, ValueError, OverflowError):
        raise Unreadable(f"{key} is no number") from None
    if len(told) > MAX_AMOUNT:
        raise Unreadable(f"{key} has more than {MAX_AMOUNT} digits")
    return told


def decimal_text(value: float | str) -> str:
    """The shortest decimal text of a number; for what was a float of 32 bits, the shortest that is the same float.

    Raises:
        ValueError: It is no finite number, or longer than any amount.
    """
    if isinstance(value, str) and len(value) > MAX_AMOUNT:
        raise ValueError("too long")
    number = Decimal(_shortest(value) if isinstance(value, float) else value)
    if not number.is_finite() or abs(number.adjusted()) > MAX_AMOUNT:
        raise ValueError("no amount")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") or "0" if "." in plain else plain


def _shortest(value: float) -> str:
    if not math.isfinite(value) or abs(value) > _LARGEST_FLOAT32 or _as_float32(value) != value:
        return repr(value)
    texts = (f"{value:.{digits}g}" for digits in range(1, _FLOAT32_DIGITS + 1))
    return next((one for one in texts if _as_float32(float(one)) == value), repr(value))


def _as_float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.inf


def _event(event: Mapping[str, Any]) -> CostEvent:
    return CostEvent(
        dimension=label(event, "dimensionId"),
        unit=label(event, "measureUnit", ""),
        consumed=amount(event, "amountConsumed"),
        billed=amount(event, "amountBilled"),
        unit_price=amount(event, "unitPrice"),
    )
