"""A ledger counted anew from the service's list."""

from datetime import timedelta
from decimal import Decimal

import pytest

from quantumjob_operator.budgets.count import Row, count
from quantumjob_operator.budgets.ledger import Ended, ledger_of
from quantumjob_operator.budgets.requests import ask
from rooms.budgets.values import NOW, budget, request, usd

ENTRY = ask(budget(), ledger_of(budget(), NOW), request(0, usd("97.5")), NOW)[0].open["job-0"]
BILL = Ended({"USD": Decimal(90)})


@pytest.mark.parametrize(
    ("ended", "held", "spent", "left"),
    [
        pytest.param(BILL, True, ["90"], 0, id="billed, and its reservation goes"),
        pytest.param(BILL, False, ["90"], 0, id="billed, and it had none"),
        pytest.param(None, True, [], 1, id="unfinished"),
        pytest.param(None, False, [], 1, id="unfinished, and its reservation was lost"),
        pytest.param(Ended(None), False, [], 1, id="ended without a bill after it began"),
        pytest.param(Ended(None, began=False), True, [], 0, id="it never began"),
    ],
)
def test_each_job_counts_once(ended: Ended | None, held: bool, spent: list[str], left: int) -> None:  # noqa: FBT001
    """As spent or as reserved, whatever the ledger said before."""
    one = budget()
    before = ledger_of(one, NOW)
    if held:
        before = ask(one, before, request(0, usd("97.5")), NOW)[0]
    after = count(one, before, [Row(ENTRY, NOW - timedelta(days=1), ended)], NOW)
    assert [f"{amount:f}" for amount in after.spent.values()] == spent
    assert len(after.open) == left
    assert count(one, after, [Row(ENTRY, NOW - timedelta(days=1), ended)], NOW).spent == after.spent


def test_what_the_list_does_not_show_stays_reserved() -> None:
    """Its job may be on its way."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    assert count(one, before, [], NOW) == before
