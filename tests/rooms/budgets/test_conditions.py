"""What conditions tell the owner of a budget."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.ledger import Ended, Ledger, ledger_of, settle
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.budgets.shown import shown
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, request, usd, written


def condition(one: QuantumBudget, kind: str) -> str:
    """The message of a condition; empty if it is not there."""
    return next((each.message for each in one.status.conditions if each.type == kind), "")


def billed(one: QuantumBudget, amount: str, unit: str) -> Ledger:
    """A ledger in which a job of 97.50 USD has ended with a bill."""
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)
    bill = Ended({unit: Decimal(amount)})
    return settle(one, ledger, "job-0", bill, NOW, tolerance=timedelta(0))[0]


@pytest.mark.parametrize(
    ("unit", "amount", "conditions"),
    [
        pytest.param("USD", "2000", {"Exceeded": "False"}, id="something is left"),
        pytest.param("USD", "0", {"Exceeded": "True"}, id="frozen"),
        pytest.param("dollars", "1", {"Exceeded": "False", "UnitUnknown": "True"}, id="a unit that nobody bills"),
    ],
)
def test_conditions(unit: str, amount: str, conditions: dict[str, str]) -> None:
    """Exceeded is a condition of its own."""
    one = budget(limits=[{"unit": unit, "amount": amount}])
    assert {each.type: each.status for each in one.status.conditions} == conditions


def test_a_bill_in_another_currency_is_told() -> None:
    """It is not converted, and what was reserved counts."""
    one = budget(limits=[{"unit": "USD", "amount": "100"}])
    told = condition(written(one, billed(one, "12.5", "EUR")), "OtherCurrency")
    assert "jobs were billed 12.50 EUR, and spec.limits has USD only: nothing is converted" in told
    assert condition(one, "OtherCurrency") == ""


def test_a_limit_below_what_is_spent_is_told() -> None:
    """With what is spent; Ready is another condition."""
    one = budget()
    lowered = replace(one, spec=replace(one.spec, limits=(Amount("USD", "50"),)))
    told = condition(written(lowered, billed(one, "90", "USD")), "Exceeded")
    assert told == (
        "nothing is left of 50.00 USD (90.00 spent, 0.00 reserved): nothing that costs it is submitted, and what runs "
        "is not cancelled"
    )


def test_other_budgets_of_the_same_jobs_are_told() -> None:
    """Only while there are any."""
    one = budget()
    shared = replace(one, status=shown(one, ledger_of(one, NOW), NOW, Kept(overlapping=("a", "b"))))
    assert "count the same jobs: a, b; each of them has to let a job pass" in condition(shared, "Overlapping")
    assert condition(replace(one, status=shown(shared, ledger_of(one, NOW), NOW)), "Overlapping") != ""
    assert condition(replace(one, status=shown(shared, ledger_of(one, NOW), NOW, Kept())), "Overlapping") == ""
