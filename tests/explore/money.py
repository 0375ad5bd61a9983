"""The budget of a world in which jobs cost something: it has enough for one job at a time, and in the end for both.

Each job reserves more than it is billed. So whoever reserves for two at once, counts a bill twice or leaves a
reservation behind keeps the other job from ever being submitted, or is over the limit. Must not live here: when any of
that is wrong (`judge`).
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any, Final

from explore.asks import Ask
from explore.parts import EPOCH, WORKSPACE, wall
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.cluster.api import NotFound
from quantumjob_operator.model.naming import BUDGET_FINALIZER
from quantumjob_operator.model.quantumbudget import BudgetStatus, QuantumBudget, parse_budget
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.model.remotejob import Cost

BUDGET: Final = "budget"
"""Its uid, and its name in moves."""
LEDGER: Final = "ledger"
"""The name of the task that writes it."""
LIMIT: Final = Decimal(100)
NEEDED: Final = Decimal(60)
BILLED: Final = Decimal(40)
MAX_COST: Final = {"maxCost": [{"unit": "USD", "amount": str(NEEDED)}]}
BILL: Final = Cost(str(BILLED), "USD")


@cache
def new_budget() -> QuantumBudget:
    """The budget of the jobs' QuantumWorkspace, of which nothing is spent."""
    body: dict[str, Any] = {
        "metadata": {
            "name": "money",
            "namespace": WORKSPACE.namespace,
            "uid": BUDGET,
            "resourceVersion": "0",
            "creationTimestamp": wall(EPOCH).isoformat(),
        },
        "spec": {
            "workspaces": [WORKSPACE.name],
            "period": "Lifetime",
            "limits": [{"unit": "USD", "amount": str(LIMIT)}],
        },
    }
    made = parse_budget(body)
    now = wall(EPOCH)
    return replace(made, status=as_counted(made, shown(made, ledger_of(made, now), now), now))


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger in numbers."""

    spent: Decimal
    reserved: Decimal
    jobs: frozenset[str]


def account_of(budget: QuantumBudget) -> Account:
    """What stands in a budget's status."""
    status = budget.status
    spent = sum((Decimal(one.spent) for one in status.totals), Decimal(0))
    reserved = sum((each.value for one in status.reservations for each in one.amounts), Decimal(0))
    return Account(spent, reserved, frozenset(one.job_id for one in status.reservations))


class BudgetObjects:
    """`cluster.budgets.BudgetObjects` as requests."""

    async def read(self, budget: QuantumBudget) -> QuantumBudget | None:
        """A live read."""
        return await Ask("read_budget", (budget.uid,))  # type: ignore[no-any-return]

    async def write_status(self, budget: QuantumBudget, status: BudgetStatus) -> QuantumBudget:
        """A patch, if anything differs."""
        return budget if budget.status == status else await Ask("ledger", (budget, status))

    async def mark(self, budget: QuantumBudget, *, in_use: bool) -> QuantumBudget | None:
        """The finalizer on or off."""
        finalizers = (BUDGET_FINALIZER,) if in_use else ()
        try:
            return await Ask("mark", (budget, finalizers))  # type: ignore[no-any-return]
        except NotFound:
            return None


@dataclass(slots=True)
class Connections:
    """The way to the one workspace, which always works."""

    connection: Connection

    async def get(self, _workspace: QuantumWorkspace) -> Connection:
        """The way."""
        return self.connection
