"""When the owner of a budget is warned, and what is said."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import Key, Ledger, ledger_of
from quantumjob_operator.budgets.thresholds import crossed, message
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, written

Steps = list[tuple[str | None, int]]


def spent(one: QuantumBudget, amount: str, now: datetime = NOW, group: str = "") -> tuple[QuantumBudget, Steps]:
    """The budget after so much was spent, and the steps that this reached."""
    after = written(one, _with(ledger_of(one, now), group, amount), now)
    return after, [(row.namespace, percent) for percent, row in crossed(one.status, after.status)]


def _with(ledger: Ledger, group: str, amount: str) -> Ledger:
    return replace(ledger, spent={**ledger.spent, Key(group, "USD"): Amount("USD", amount).value})


@pytest.mark.parametrize(
    ("amounts", "steps"),
    [
        pytest.param(["1599.99"], [[]], id="just below the first step"),
        pytest.param(["1600"], [[(None, 80)]], id="the first step"),
        pytest.param(["2000"], [[(None, 100)]], id="both at once are told as one"),
        pytest.param(["1600", "1999.999999", "2000"], [[(None, 80)], [], [(None, 100)]], id="one after the other"),
        pytest.param(["1700", "10", "1700"], [[(None, 80)], [], []], id="what was released is used again"),
        pytest.param(["2100", "0", "2100"], [[(None, 100)], [], []], id="and all of it"),
    ],
)
def test_each_step_is_told_once(amounts: list[str], steps: list[Steps]) -> None:
    """In a period."""
    one, told = budget(), []
    for amount in amounts:
        one, now = spent(one, amount)
        told.append(now)
    assert told == steps


def test_the_next_period_is_warned_anew() -> None:
    """What was told of the last one counts no more."""
    one, _ = spent(budget(), "1700")
    later = datetime(2026, 12, 3, tzinfo=UTC)
    one, told = spent(one, "1700", later)
    assert told == [(None, 80)]
    assert len(one.status.warned) == 1


def test_a_raised_limit_is_another_one() -> None:
    """Whose first step is told, too."""
    one, _ = spent(budget(), "2000")
    raised = replace(one, spec=replace(one.spec, limits=(Amount("USD", "2500"),)))
    assert spent(raised, "2000")[1] == [(None, 80)]


def test_each_namespace_has_its_own_steps() -> None:
    """If the budget is for each."""
    one, first = spent(budget(each="Namespace"), "1600", group="vqe")
    _, second = spent(one, "2000", group="qaoa")
    assert (first, second) == ([("vqe", 80)], [("qaoa", 100)])


def test_a_limit_of_nothing_warns_nobody() -> None:
    """Somebody has frozen it."""
    one, told = spent(budget(limits=[{"unit": "USD", "amount": "0"}]), "5")
    assert (told, one.status.warned) == ([], ())


@pytest.mark.parametrize(
    ("spec", "percent", "says"),
    [
        pytest.param(
            {},
            80,
            "94% of 2,000.00 USD in November is used: 1,640.50 spent, 240.00 reserved, 119.50 left; nothing that needs "
            "more than is left is submitted until 2026-12-01, or until the limit is raised (spec.limits)",
            id="nearly",
        ),
        pytest.param(
            {"each": "Namespace", "period": "Lifetime", "limits": [{"unit": "USD", "amount": "1880.5"}]},
            100,
            "all of 1,880.50 USD of namespace vqe in all is used: 1,640.50 spent, 240.00 reserved, 0.00 left; nothing "
            "that costs USD is submitted until the limit is raised (spec.limits)",
            id="wholly, and for ever",
        ),
    ],
)
def test_what_is_said(spec: dict[str, Any], percent: int, says: str) -> None:
    """How much of what is used, and what follows."""
    status: dict[str, Any] = {
        "totals": [{"namespace": "vqe", "unit": "USD", "spent": "1640.5", "reserved": "0"}],
        "reservations": [
            json.dumps(
                {
                    "jobId": "job-1",
                    "namespace": "vqe",
                    "name": "ghz",
                    "uid": "u",
                    "workspace": "shared",
                    "reservedAt": "2026-11-22T12:00:00Z",
                    "amounts": [{"unit": "USD", "amount": "240"}],
                }
            )
        ],
    }
    if "each" not in spec:
        del status["totals"][0]["namespace"]
    one = budget(status, **spec)
    ledger = ledger_of(one, NOW)
    (row,) = written(one, ledger).status.totals
    assert message(one, ledger.period, percent, row) == says
