"""A ledger in which jobs have asked already, and the refusal of a further one."""

from typing import Any

from quantumjob_operator.budgets.ledger import Ledger, ledger_of
from quantumjob_operator.budgets.needs import CostUnknown, Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, request, usd


def told(one: QuantumBudget, ledger: Ledger, needs: Needs | CostUnknown, **fields: Any) -> Refusal:
    """The refusal of a further job."""
    after, answer = ask(one, ledger, request(99, needs, **fields), NOW)
    assert isinstance(answer, Refusal)
    assert after == ledger
    return answer


def filled(one: QuantumBudget, *amounts: str) -> Ledger:
    """The budget's ledger with a job under way for each amount."""
    ledger = ledger_of(one, NOW)
    for number, amount in enumerate(amounts):
        ledger, answer = ask(one, ledger, request(number, usd(amount)), NOW)
        assert isinstance(answer, Granted)
    return ledger
