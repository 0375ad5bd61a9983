"""A usual budget and ledger for the tests of this room: values only."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quantumjob_operator.budgets.ledger import Ledger, ledger_of
from quantumjob_operator.budgets.needs import CostUnknown, Needs
from quantumjob_operator.budgets.requests import Request
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.model.budgetstatus import digest_of
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget

NOW: Final = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)
FRESH: Final = timedelta(seconds=60)
SPEC: Final[Mapping[str, Any]] = {
    "workspaces": ["shared"],
    "period": "Month",
    "limits": [{"unit": "USD", "amount": "2000"}],
}


def budget(status: Mapping[str, Any] | None = None, **spec: Any) -> QuantumBudget:
    """The budget quantum-platform/research, counted; fields of its spec may be replaced."""
    body = {
        "metadata": {
            "name": "research",
            "namespace": "quantum-platform",
            "uid": "budget-uid",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-15T10:00:00Z",
        },
        "spec": {**SPEC, **spec},
        "status": status or {},
    }
    made = parse_budget(body)
    return written(made, ledger_of(made, NOW)) if status is None else made


def written(one: QuantumBudget, ledger: Ledger, now: datetime = NOW) -> QuantumBudget:
    """The budget with a ledger in its status, as the API server gives it back."""
    return replace(one, status=as_counted(one, shown(one, ledger, now), now))


def digested(body: dict[str, Any]) -> dict[str, Any]:
    """A stored budget with the digest that an operator writes."""
    return body | {"status": body["status"] | {"digest": digest_of(parse_budget(body).status)}}


def usd(amount: str) -> Needs:
    """A job that needs so many dollars."""
    return Needs((Amount("USD", amount),), "Estimate", "1,000 shots on ionq.qpu.aria-1 at the prices of 2025-09-17")


def request(number: int, needs: Needs | CostUnknown, **fields: Any) -> Request:
    """What a job asks for."""
    usual = {
        "job_id": f"job-{number}",
        "namespace": "vqe",
        "name": f"ghz-{number}",
        "uid": f"uid-{number}",
        "workspace": "shared",
        "place": "/subscriptions/s/resourcegroups/g/providers/microsoft.quantum/workspaces/w",
        "needs": needs,
        "fresh": FRESH,
    }
    return Request(**(usual | fields))


def estimate(*amounts: tuple[str, str]) -> Estimate:
    """An estimate by a price list."""
    return Estimate(Basis.PRICE_LIST, "counted", tuple(Amount(*one) for one in amounts), "2025-09-17")
