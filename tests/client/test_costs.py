"""What a job cost, as `kubectl quantum list` and the library tell it."""

from typing import Any

import pytest

from quantumjobs import facts


def attempt(total: str | None, currency: str = "USD") -> dict[str, Any]:
    """One attempt as status lists it."""
    return {"cost": {"currencyCode": currency} | ({"estimatedTotal": total} if total else {})}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param({}, None, id="nothing said"),
        pytest.param({"cost": {"events": [{"dimension": "ehqc"}]}}, None, id="units alone are no money"),
        pytest.param({"cost": {"estimatedTotal": "0", "currencyCode": "USD"}}, ("0", "USD"), id="nothing to pay"),
        pytest.param({"attempts": [attempt("1.1"), attempt("2.2")]}, ("3.3", "USD"), id="written by an older operator"),
        pytest.param(
            {
                "attempts": [attempt("1")],
                "totalCost": [{"unit": "USD", "amount": "12"}, {"unit": "hqc", "amount": "9"}],
            },
            ("12", "USD"),
            id="with attempts that are shown no longer",
        ),
        pytest.param({"attempts": [attempt("5", "EUR"), attempt("2")]}, ("2", "USD"), id="currencies are not added up"),
        pytest.param({"attempts": [attempt(None), attempt("2")]}, ("2", "USD"), id="an attempt that says nothing"),
    ],
)
def test_the_cost_of_all_attempts(status: dict[str, Any], told: tuple[str, str] | None) -> None:
    """Money only; what was not told is not 0."""
    assert facts.cost({"spec": {}, "status": status}) == told
