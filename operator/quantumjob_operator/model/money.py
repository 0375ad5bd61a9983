"""Amounts of money and of providers' own units, and what is known about a job's cost before it runs.

Amounts are decimal texts, as in the manifests: a float would turn 12.4166 into something else. Must not live here: how
a cost is estimated (`costs`), or what follows from it (`lifecycle`).
"""

from collections.abc import Iterable
from dataclasses import field
from decimal import ROUND_CEILING, Context, Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
_SIXTH_DIGIT: Final = Decimal("0.000001")
_EXACT: Final = Context(prec=300, rounding=ROUND_CEILING)
"""Amounts of a bill have 64 digits before and behind the point at the most."""
_CENT: Final = Decimal("0.01")
_CURRENCY_LETTERS: Final = 3


@dataclass(frozen=True, slots=True, config=_JSON)
class Amount:
    """So much of one unit.

    Attributes:
        unit: An ISO 4217 currency code or a provider's own unit, such as `hqc`.
        amount: A decimal text without sign or exponent.
    """

    unit: str
    amount: str

    @property
    def value(self) -> Decimal:
        """The number."""
        return Decimal(self.amount)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


def amount_of(value: Decimal, unit: str) -> Amount:
    """A number of a unit as it is written: rounded up at the sixth digit, never with an exponent."""
    return Amount(unit, rounded_up(value))


def rounded_up(value: Decimal) -> str:
    """A number as it is written: rounded up at the sixth digit, so that a float's noise (12.4166002) stays small."""
    text = f"{value.quantize(_SIXTH_DIGIT, context=_EXACT):f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def plain(value: Decimal) -> str:
    """A number as it is written: without an exponent, and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_currency(unit: str) -> bool:
    """Whether a unit looks like a currency's code (ISO 4217)."""
    return len(unit) == _CURRENCY_LETTERS and unit.isascii() and unit.isalpha() and unit.isupper()


def spoken(value: Decimal, unit: str) -> str:
    """A number for people: of money with at least two digits after the point, and never rounded."""
    rounded = value.quantize(_CENT, context=_EXACT)
    return f"{rounded if is_currency(unit) and rounded == value else Decimal(plain(value)):,f}"


@dataclass(frozen=True, slots=True)
class ByShots:
    """How a job's cost in one unit follows from its shots: fixed + each x shots, but never less than the minimum.

    Attributes:
        unit: The unit.
        fixed: Of each job, whatever it does.
        each: Of one shot.
        minimum: Of each job.
    """

    unit: str
    fixed: Decimal
    each: Decimal
    minimum: Decimal = Decimal(0)

    def cost_of(self, shots: int) -> Decimal:
        """What so many shots cost."""
        return max(self.fixed + self.each * shots, self.minimum)

    def most_within(self, limit: Decimal) -> int | None:
        """The most shots that a limit allows, 0 if it allows none; None if their number changes nothing."""
        if self.cost_of(1) > limit:
            return 0
        if not self.each:
            return None
        return int(_EXACT.divide_int(limit - self.fixed, self.each))


class Basis(StrEnum):
    """What an estimate rests on."""

    PRICE_LIST = "PriceList"
    FREE = "Free"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, config=_JSON)
class Estimate:
    """What a job is expected to cost: never a promise, and "unknown" is not 0.

    Attributes:
        basis: What it rests on.
        amounts: In each unit that the price list knows for the target; empty if unknown.
        at_least: What it costs whatever it does, where the amounts are unknown and the list has a minimum.
        as_of: The date of the prices.
        detail: What was counted and assumed, or why nothing can be told.
        by_shots: How the amounts follow from the shots; not part of a status.
    """

    basis: Basis
    detail: str
    amounts: tuple[Amount, ...] = ()
    as_of: str | None = None
    at_least: tuple[Amount, ...] | None = None
    by_shots: Annotated[tuple[ByShots, ...], Field(exclude=True)] = field(default=(), compare=False)

    def least_of(self, unit: str) -> Amount | None:
        """What it costs at least of one unit, if that is known."""
        return next((one for one in self.at_least or () if one.unit == unit), None)

    def of(self, unit: str) -> Amount | None:
        """The amount of one unit, if the estimate has it."""
        return next((one for one in self.amounts if one.unit == unit), None)


def within_shots(by_shots: Iterable[ByShots], limit: Amount) -> str:
    """What to do about the shots of a job that is above a limit, for people."""
    most = next((one.most_within(limit.value) for one in by_shots if one.unit == limit.unit), None)
    if most is None:
        return "use fewer shots"
    return f"use fewer shots (at most {most:,})" if most else "use another target, as one shot costs more,"


def larger(standing: tuple[Amount, ...], needed: tuple[Amount, ...]) -> tuple[Amount, ...]:
    """The larger amount of each unit, in the order in which they stand."""
    both = (*standing, *needed)
    units = dict.fromkeys(one.unit for one in both)
    return tuple(max((one for one in both if one.unit == unit), key=lambda one: one.value) for unit in units)
