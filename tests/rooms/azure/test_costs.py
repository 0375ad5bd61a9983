"""Costs as the service tells them, with units; amounts are decimal texts."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.azure.costs import MAX_EVENTS, decimal_text
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.remotejob import Cost, CostEvent
from rooms.azure.samples import job

EVENT = {
    "dimensionId": "ehqc",
    "dimensionName": "EHQC",
    "measureUnit": "hqc",
    "amountBilled": 11.100000381469727,
    "amountConsumed": 11.1,
    "unitPrice": 0.0,
}


@pytest.mark.parametrize(
    ("told", "read"),
    [
        pytest.param(None, None, id="null is no cost"),
        pytest.param({}, Cost(), id="nothing in it"),
        pytest.param({"estimatedTotal": None, "currencyCode": "USD"}, Cost(None, "USD"), id="a total of null"),
        pytest.param(
            {"estimatedTotal": 0.0, "currencyCode": "USD", "events": None}, Cost("0", "USD"), id="a total of 0"
        ),
        pytest.param(
            {"currencyCode": "USD", "estimatedTotal": 0.0, "events": [EVENT]},
            Cost("0", "USD", (CostEvent("ehqc", "hqc", "11.1", "11.1", "0"),)),
            id="a plan of credits: nothing to pay, and units that were billed",
        ),
        pytest.param(
            {"events": [{"dimensionId": "gs1q", "amountBilled": None}]},
            Cost(None, "", (CostEvent("gs1q"),)),
            id="a dimension without amounts",
        ),
    ],
)
def test_a_cost_is_read_as_it_was_told(told: Any, read: Cost | None) -> None:
    """Null stays absent, and is not 0; amounts of dimensions keep their units."""
    parsed = parse_job(job(costEstimate=told))
    assert (parsed.cost, parsed.left_out) == (read, ())


def test_usage_has_the_provider_s_own_names() -> None:
    """With amounts as texts; a null is none."""
    parsed = parse_job(job(usage={"standardMinutes": 7, "shots": 100.0, "high": None}))
    assert parsed.usage == {"shots": "100", "standardMinutes": "7"}


def test_a_bill_is_not_longer_than_a_status_may_be() -> None:
    """What comes after the schema's limit is cut off, and the rest is shown."""
    parsed = parse_job(job(costEstimate={"events": [EVENT] * 1000}, usage={str(n): n for n in range(1000)}))
    assert parsed.cost is not None
    assert (len(parsed.cost.events), len(parsed.usage)) == (MAX_EVENTS, MAX_EVENTS)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        pytest.param(11.100000381469727, "11.1", id="a float of 32 bits"),
        pytest.param(0.0026000000070780516, "0.0026", id="a small one"),
        pytest.param(8.61e-06, "0.00000861", id="no exponent"),
        pytest.param(12.42, "12.42", id="a double of its own"),
        pytest.param(0.1 + 0.2, "0.30000000000000004", id="a double's noise is the service's own number"),
        pytest.param(7, "7", id="a whole number"),
        pytest.param(1200.0, "1200", id="a whole number as a float"),
        pytest.param(-0.5, "-0.5", id="a refund"),
        pytest.param("97.50", "97.5", id="a text"),
        pytest.param(16777217, "16777217", id="a whole number beyond 24 bits"),
    ],
)
def test_amounts(value: Any, read: str) -> None:
    """The shortest text that means the same; money is never told with the noise of a float."""
    assert decimal_text(value) == read


@pytest.mark.parametrize("value", ["much", "1" * 65, "1e400", float("nan"), float("inf"), "NaN", 1e300, 10**100])
def test_what_is_no_amount(value: Any) -> None:
    """It is left out of the job, and so is the cost that it stands in."""
    parsed = parse_job(job(costEstimate={"estimatedTotal": value, "currencyCode": "USD"}))
    assert (parsed.cost, parsed.left_out) == (None, ("costEstimate",))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=2**-40, max_value=2**60))
def test_no_float_of_32_bits_loses_its_value(value: float) -> None:
    """The text is within half of its last digit, and no longer than nine digits."""
    told = Decimal(decimal_text(value))
    assert abs(told - Decimal(value)) <= Decimal(value) * Decimal(2) ** -24
    assert len(told.normalize().as_tuple().digits) <= 9
