"""What a job may cost at most: as people write it, as the API server gets it, as a list shows it."""

from typing import Any

import pytest

from quantumjobs import facts
from quantumjobs.errors import UsageError
from quantumjobs.limits import limits
from quantumjobs.manifest import Order, is_same_purchase, manifest
from quantumjobs.programs.prepared import IONQ, Prepared, Target


def order(*max_cost: str, **more: Any) -> Order:
    """A job with limits."""
    return Order(Prepared(IONQ, b"{}"), Target("ionq", "ionq.qpu.aria-1"), max_cost=limits(max_cost), **more)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        pytest.param("5USD", [("5", "USD")], id="a currency"),
        pytest.param("97.50 USD", [("97.50", "USD")], id="with a space"),
        pytest.param("0USD", [("0", "USD")], id="nothing at all"),
        pytest.param("12.5hqc", [("12.5", "hqc")], id="a provider's unit"),
        pytest.param("3compute-time-qpu", [("3", "compute-time-qpu")], id="a unit of several words"),
        pytest.param(["5USD", "3hqc"], [("5", "USD"), ("3", "hqc")], id="several units"),
        pytest.param((), [], id="no limit"),
    ],
)
def test_a_limit_is_an_amount_and_its_unit(given: Any, read: list[tuple[str, str]]) -> None:
    """It is sent as the CRD has it, digit by digit."""
    assert limits(given) == [{"unit": unit, "amount": amount} for amount, unit in read]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("5", id="no unit"),
        pytest.param(5, id="a number"),
        pytest.param("", id="nothing"),
        pytest.param("USD", id="no amount"),
        pytest.param("-5USD", id="below zero"),
        pytest.param("1,000USD", id="a comma"),
        pytest.param("5e3", id="an exponent, which would read as a unit"),
        pytest.param("5e3USD", id="an exponent before the unit"),
        pytest.param("0.1234567USD", id="more digits than are kept"),
        pytest.param("nanUSD", id="no number"),
        pytest.param("5$", id="a sign instead of a unit"),
        pytest.param("\N{ARABIC-INDIC DIGIT FIVE}USD", id="digits of another script"),
        pytest.param(["5USD", "6USD"], id="two limits in one unit"),
    ],
)
def test_what_is_no_limit_is_refused_before_anything_is_sent(given: Any) -> None:
    """With what to say instead."""
    with pytest.raises(UsageError, match=r"for example 5USD|say one"):
        limits(given)


def test_a_job_carries_its_limits() -> None:
    """A job without one does not have the field, which an older CRD would refuse."""
    assert manifest(order("5USD", "3hqc"))["spec"]["maxCost"] == [
        {"unit": "USD", "amount": "5"},
        {"unit": "hqc", "amount": "3"},
    ]
    assert "maxCost" not in manifest(order())["spec"]


def test_another_limit_is_no_other_purchase() -> None:
    """What was bought once is not bought again because it may cost more now."""
    first, second = manifest(order("5USD", once=True)), manifest(order("9USD", once=True))
    assert first["spec"]["idempotencyKey"] == second["spec"]["idempotencyKey"]
    assert is_same_purchase(first, second)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        pytest.param(None, None, id="nothing said yet"),
        pytest.param({"basis": "Unknown", "detail": "by time"}, "Unknown", id="unknown is not 0"),
        pytest.param({"basis": "Free"}, "Free", id="free"),
        pytest.param(
            {"basis": "PriceList", "amounts": [{"unit": "hqc", "amount": "9"}, {"unit": "USD", "amount": "112.5"}]},
            "9 hqc,112.5 USD",
            id="in two units",
        ),
    ],
)
def test_what_was_expected_is_shown_with_its_units(told: Any, shown: str | None) -> None:
    """As the operator says it."""
    assert facts.expected_cost({"spec": {}, "status": {"estimate": told} if told else {}}) == shown
