"""What a budget lets through, and what it says to the others."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.needs import CostUnknown, Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask
from quantumjob_operator.model.money import Amount, ByShots
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.asking import filled, told
from rooms.budgets.values import NOW, budget, request, usd, written

SPENT = {
    "period": {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"},
    "totals": [{"namespace": "vqe", "unit": "USD", "spent": "1640.5", "reserved": "0"}],
}


def counted(**spec: Any) -> QuantumBudget:
    """The budget of the usual message: 1,640.50 USD are spent by the namespace vqe."""
    one = budget(SPENT, each="Namespace", **spec)
    return written(one, ledger_of(one, NOW))


def test_exactly_as_many_as_fit() -> None:
    """Twenty jobs of 97.50 USD, of a budget of 2,000."""
    one = budget()
    ledger, answers = ledger_of(one, NOW), []
    for number in range(60):
        ledger, answer = ask(one, ledger, request(number, usd("97.5")), NOW)
        answers.append(isinstance(answer, Granted))
    assert answers == [True] * 20 + [False] * 40


def test_nothing_left() -> None:
    """With what is used, the limit, what is needed, when it ends and who can change it."""
    one = counted()
    found = told(one, filled(one, "80", "80", "80"), usd("217"))
    assert found.reason == "BudgetExceeded"
    assert found.message == (
        "QuantumBudget quantum-platform/research has 119.50 USD left for namespace vqe of 2,000.00 in November "
        "(1,640.50 spent, 240.00 reserved by 3 jobs); this job needs 217.00 USD: 1,000 shots on ionq.qpu.aria-1 at the "
        "prices of 2025-09-17. It starts when enough is released, on 2026-12-01, or when the limit is raised by the "
        "owner of quantum-platform/research"
    )
    assert not found.final


def test_more_than_the_limit_never_starts_by_itself() -> None:
    """Neither a release nor the next month would help."""
    one = budget()
    assert "It starts when the limit is raised by" in told(one, ledger_of(one, NOW), usd("2000.01")).message


def test_other_namespaces_have_their_own() -> None:
    """If the budget is for each."""
    one = counted()
    _, answer = ask(one, filled(one, "300"), request(9, usd("1900"), namespace="other"), NOW)
    assert isinstance(answer, Granted)


@pytest.mark.parametrize(
    ("spec", "needs", "reason", "says"),
    [
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "250"}]},
            usd("260.4"),
            "AboveJobLimit",
            "allows 250.00 USD a job, and this one needs 260.40 USD: 1,000 shots on ionq.qpu.aria-1 at the prices of "
            "2025-09-17. Use fewer shots in a new job, or ask the owner of quantum-platform/research to "
            "raise spec.perJob",
            id="one job is too large",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "250"}]},
            replace(usd("260.4"), by_shots=(ByShots("USD", Decimal(0), Decimal("0.00217"), Decimal("97.5")),)),
            "AboveJobLimit",
            "Use fewer shots (at most 115,207) in a new job, or ask",
            id="and fewer shots would do",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "90"}]},
            replace(usd("97.5"), by_shots=(ByShots("USD", Decimal(0), Decimal("0.00217"), Decimal("97.5")),)),
            "AboveJobLimit",
            "Use another target, as one shot costs more, in a new job, or ask",
            id="and the least is too much",
        ),
        pytest.param(
            {"perJob": [{"unit": "USD", "amount": "5"}]},
            replace(usd("6"), basis="MaxCost"),
            "AboveJobLimit",
            "Set a lower spec.maxCost in a new job, or ask",
            id="by the user's own word",
        ),
        pytest.param(
            {},
            CostUnknown("USD", "the cost of rigetti.qpu.cepheus depends on its execution time"),
            "CostUnknown",
            'execution time; set spec.maxCost in a new job, for example [{unit: USD, amount: "5"}]',
            id="nothing is known",
        ),
        pytest.param(
            {"unknownCost": "Hold"}, CostUnknown("USD", "no"), "CostUnknown", "holds such jobs", id="and is held"
        ),
        pytest.param({"suspend": True}, usd("1"), "BudgetSuspended", "sets spec.suspend to false", id="suspended"),
        pytest.param(
            {"limits": [{"unit": "USD", "amount": "0"}]}, usd("0.01"), "BudgetExceeded", "0.00 USD left", id="frozen"
        ),
    ],
)
def test_kept_back(spec: dict[str, Any], needs: Needs | CostUnknown, reason: str, says: str) -> None:
    """Each with its remedy."""
    one = budget(**spec)
    found = told(one, ledger_of(one, NOW), needs)
    assert found.reason == reason
    assert says in found.message


def test_what_is_free_passes_whatever_holds() -> None:
    """Even a suspended budget, or one that is not counted."""
    for one in (budget(suspend=True), budget({}), replace(budget(), deletion_requested=True)):
        ledger = ledger_of(one, NOW)
        assert ask(one, ledger, request(1, Needs((), "Free", "")), NOW) == (ledger, Granted((), None))


def test_while_a_budget_is_about_to_go_only_what_it_waits_for_passes() -> None:
    """It is kept until nothing is reserved in it: a job that waited for it in turn would wait for ever."""
    ledger, _ = ask(budget(), ledger_of(budget(), NOW), request(1, usd("5")), NOW)
    going = replace(written(budget(), ledger), deletion_requested=True)
    for needs in (usd("5"), usd("7"), usd("9999"), CostUnknown("PriceUnknown", "no list")):
        answer = ask(going, ledger, request(1, needs), NOW)[1]
        assert isinstance(answer, Granted)
        assert answer.amounts == usd("5").amounts
    assert told(going, ledger, usd("5")).reason == "BudgetSuspended"
    another = request(1, usd("9999"), uid="another object with its key")
    assert isinstance(ask(going, ledger, another, NOW)[1], Refusal)


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param({}, id="wiped"),
        pytest.param({"counted": {"time": "2026-11-01T00:00:00Z", "uid": "another", "scope": "x"}}, id="copied"),
    ],
)
def test_nothing_passes_before_the_ledger_is_counted(spoilt: dict[str, Any]) -> None:
    """A ledger that is not this budget's says nothing."""
    one = budget(spoilt)
    assert told(one, ledger_of(one, NOW), usd("1")).reason == "BudgetCounting"


def test_a_wider_budget_is_counted_anew() -> None:
    """And so is one whose owner asks for it; a limit that is raised needs no count."""
    one = budget()
    spec = one.spec
    assert not replace(one, spec=replace(spec, each="Namespace")).is_counted
    assert not replace(one, spec=replace(spec, period="Year")).is_counted
    assert not replace(one, recount="2026-11-22").is_counted
    assert replace(one, spec=replace(spec, limits=(Amount("USD", "5000"),))).is_counted


def test_a_lowered_limit_stops_only_what_costs() -> None:
    """Nothing is cancelled, and nothing that costs begins."""
    one = budget()
    ledger = filled(one, "1500")
    lowered = replace(one, spec=replace(one.spec, limits=(Amount("USD", "100"),)))
    lowered = written(lowered, ledger)
    assert "-1,400.00 USD left" in told(lowered, ledger, usd("1")).message
    assert [row.left for row in lowered.status.totals] == ["-1400"]


def test_a_doubted_ledger_lets_through_what_is_free_only() -> None:
    """Until it was compared with the service's list."""
    one = replace(budget(), doubted=True)
    assert told(one, ledger_of(one, NOW), usd("1")).reason == "BudgetCounting"
    free = Needs((), "Free", "")
    assert isinstance(ask(one, ledger_of(one, NOW), request(1, free), NOW)[1], Granted)
