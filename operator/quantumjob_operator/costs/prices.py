"""The price list: a dated document of what the targets' providers ask for.

Azure Quantum tells prices only as text for people, so that somebody has to write them down; nothing here knows whether
they are true. Must not live here: where the document is read, or counting.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from quantumjob_operator.model.patterns import fits

MAX_PRICES_BYTES: Final = 32 * 1024
"""What is read of a price list; the published one has two kilobytes."""
MAX_SHOTS: Final = 10**9
_MAX_BRACKETS: Final = 8
"""Open at once: the time of PyYAML's scanner is their number times the length."""

_BRACKETS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}

Money = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12)]
Unit = Annotated[str, Field(pattern=r"^[A-Za-z][-A-Za-z0-9_]{0,62}$")]


class PricesUnreadableError(Exception):
    """A price list that can't be used; the text names the field, for people."""


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class UnitPrice(_Model):
    """Money for one of a provider's own units."""

    currency: Unit
    amount: Money


class _Target(_Model):
    target: str = Field(
        pattern=r"^\*?[-.A-Za-z0-9_]+(\*[-.A-Za-z0-9_]+)*\*?$",
        max_length=128,
        description="name of a target, * standing for anything",
    )
    default_shots: int | None = Field(
        default=None, ge=1, le=MAX_SHOTS, description="what the target runs if parameters name no shots"
    )

    def fits(self, target: str) -> bool:
        """Whether the entry is meant for a target."""
        return fits(self.target, target)


class GateShots(_Target):
    """IonQ: a price for each gate and shot, with a minimum for a job."""

    model: Literal["GateShots"]
    currency: Unit
    one_qubit: Money
    two_qubit: Money
    minimum: Money = Decimal(0)
    minimum_without_mitigation: Money | None = Field(
        default=None, description="the minimum if parameters switch error mitigation off"
    )
    rule: Literal["Max", "Sum"] = Field(
        default="Max", description="whether the minimum is a floor, or is added, as the formula of the page says"
    )


class Hqc(_Target):
    """Quantinuum: 5 + shots (N1 + 10 N2 + 5 Nm) / 5000 of its credits."""

    model: Literal["Hqc"]
    unit: Unit
    margin: Money = Field(default=Decimal(0), description="added to what depends on gates, for the provider's compiler")
    unit_price: UnitPrice | None = None

    @model_validator(mode="after")
    def _two_units(self) -> "Hqc":
        if self.unit_price and self.unit_price.currency == self.unit:
            raise ValueError("unitPrice.currency is the unit itself")
        return self


class Time(_Target):
    """Billed by the time that the job executes, which nobody knows before."""

    model: Literal["Time"]
    unit: Unit
    currency: Unit
    price: Money


class Free(_Target):
    """Costs nothing."""

    model: Literal["Free"]


Price = Annotated[GateShots | Hqc | Time | Free, Field(discriminator="model")]


class PriceList(_Model):
    """All prices of one date."""

    as_of: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    targets: tuple[Price, ...]

    @model_validator(mode="after")
    def _each_target_once(self) -> "PriceList":
        names = [one.target for one in self.targets]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"target {twice} is there twice")
        return self

    def price_of(self, target: str) -> GateShots | Hqc | Time | Free | None:
        """The entry for a target: the one of its very name, or else the pattern that matches the most of it."""
        target = target.lower()  # as the service compares them
        fitting = [one for one in self.targets if fits(one.target.lower(), target)]
        most = [(one.target.lower() == target, len(one.target) - one.target.count("*")) for one in fitting]
        return fitting[most.index(max(most))] if fitting else None


def parse_prices(text: str) -> PriceList:
    """A price list from its YAML.

    Raises:
        PricesUnreadableError: It is not one; the text names the field.
    """
    if len(text) > MAX_PRICES_BYTES:
        raise PricesUnreadableError(f"it has more than {MAX_PRICES_BYTES // 1024} KiB")
    if max(accumulate(_BRACKETS.get(one, 0) for one in text), default=0) > _MAX_BRACKETS:
        raise PricesUnreadableError("it is nested too deep")
    try:
        return PriceList.model_validate(yaml.load(text, Loader=_Loader))  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = "a key is there twice" if isinstance(error, _KeyTwiceError) else "it is no YAML"
        raise PricesUnreadableError(f"{why} (line {mark.line + 1 if mark else 1})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise PricesUnreadableError(f"{_spelt(first['loc'])}{first['msg'].removeprefix('Value error, ')}") from None
    except RecursionError:
        raise PricesUnreadableError("it is nested too deep") from None
    except (ValueError, OverflowError):  # PyYAML reads escapes and directives without a check
        raise PricesUnreadableError("it is no YAML") from None


def _spelt(place: Sequence[int | str]) -> str:
    return f"{'.'.join(str(step) for step in place)}: " if place else ""


class _KeyTwiceError(yaml.YAMLError):
    """The last would win in silence."""

    def __init__(self, mark: yaml.Mark) -> None:
        self.problem_mark = mark
        super().__init__()


class _Loader(yaml.BaseLoader):
    """Reads texts, lists and mappings only: 0.1 is no binary fraction, tags mean nothing, aliases are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own
        names = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        if len(names) < len(node.value):
            raise _KeyTwiceError(node.start_mark)
        return super().construct_mapping(node, deep)
