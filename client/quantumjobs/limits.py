"""What a job may cost at most, as people write it: `5USD`, `12.5hqc`. Pure.

Must not live here: what a job is expected to cost, or did.
"""

import re
from collections.abc import Sequence
from typing import Final

from quantumjobs.errors import UsageError

Amount = dict[str, str]
# As the CRD has them; but 5e3 is meant as a number, and would read as 5 of the unit e3.
_LIMIT: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?((?![eE][0-9])[A-Za-z][-A-Za-z0-9_]{0,62})")


def limits(given: str | Sequence[str]) -> list[Amount]:
    """Limits as `spec.maxCost` has them.

    Args:
        given: An amount with its unit, a currency's or the provider's own; or several, each in a unit of its own.

    Raises:
        UsageError: One that cannot be read, or two in one unit.
    """
    found: dict[str, str] = {}
    for text in given if isinstance(given, list | tuple) else [given]:
        read = _LIMIT.fullmatch(str(text))
        if not read:
            raise UsageError(f"{text!r} is no limit of a cost: say an amount and its unit, for example 5USD or 12.5hqc")
        amount, unit = read.groups()
        if unit in found:
            raise UsageError(f"there are two limits in {unit}: say one")
        found[unit] = amount
    return [{"unit": unit, "amount": amount} for unit, amount in found.items()]


def shown(amounts: Sequence[Amount]) -> str:
    """Amounts with their units, for people."""
    return ",".join(f"{one['amount']} {one['unit']}" for one in amounts)
