"""What runs consume and cost: prices, and the dimensions in which each kind of target counts; no state, no job.

Names and units of the dimensions are those of recorded jobs; how a run's units are shared among them is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

CURRENCY: Final = "USD"
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Price:
    """What a run consumes and costs: units of the provider's quota for a job and for each shot, money for each unit."""

    units_per_job: float = 0.0
    units_per_shot: float = 0.0
    unit_price: float = 0.0

    def units(self, shots: int) -> float:
        """Return how many units of the quota a run of so many shots consumes."""
        return self.units_per_job + self.units_per_shot * shots


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that a provider counts.

    Attributes:
        id: `dimensionId` of an event.
        name: `dimensionName`.
        unit: `measureUnit`.
        share: Which part of a run's units is counted here; 0 where a target is free.
        is_billed: Whether what is consumed is billed as well.
    """

    id: str
    name: str
    unit: str
    share: float = 1.0
    is_billed: bool = True


def cost_json(dimensions: Sequence[Dimension], *, units: float, unit_price: float) -> dict[str, Any]:
    """Return a `costEstimate`: an event for each dimension, and the sum in money.

    A free target that was given a price of its own counts all units in its first dimension.
    """
    is_free = not any(dimension.share for dimension in dimensions)
    events = []
    for number, dimension in enumerate(dimensions):
        share = float(number == 0 and unit_price > 0) if is_free else dimension.share
        consumed = round(units * share, _DIGITS)
        events.append(
            {
                "dimensionId": dimension.id,
                "dimensionName": dimension.name,
                "measureUnit": dimension.unit,
                "amountBilled": consumed if dimension.is_billed else 0.0,
                "amountConsumed": consumed,
                "unitPrice": unit_price,
            }
        )
    return {"currencyCode": CURRENCY, "estimatedTotal": money(units, unit_price), "events": events}


def money(units: float, unit_price: float) -> float:
    """Return what so many units cost."""
    return round(units * unit_price, _DIGITS)
