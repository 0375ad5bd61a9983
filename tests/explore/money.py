"""The budget of a world in which jobs cost something: it has enough for one job at a time, and in the end for both.

Each job reserves more than it is billed. So whoever reserves for two at once, counts a bill twice or leaves a
reservation behind keeps the other job from ever being submitted, or is over the limit. Must not live here: when any of
that is wrong (`judge`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

from explore.asks import Ask
from explore.parts import EPOCH, WORKSPACE, wall
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.cluster.api import NotFound
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.naming import BUDGET_FINALIZER
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget
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


LIFETIME: Final = "Lifetime"
DAY: Final = "Day"
_BEFORE: Final = timedelta(hours=1)


@cache
def new_budget(period: str) -> QuantumBudget:
    """The budget of the jobs' QuantumWorkspace, of which nothing is spent; it was counted a while ago."""
    now, counted = wall(EPOCH), wall(EPOCH) - _BEFORE
    body: dict[str, Any] = {
        "metadata": {
            "name": "money",
            "namespace": WORKSPACE.namespace,
            "uid": BUDGET,
            "resourceVersion": "0",
            "creationTimestamp": counted.isoformat(),
        },
        "spec": {
            "workspaces": [WORKSPACE.name],
            "period": period,
            "limits": [{"unit": "USD", "amount": str(LIMIT)}],
        },
    }
    made = parse_budget(body)
    return replace(made, status=as_counted(made, shown(made, ledger_of(made, now), now), counted))


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger in numbers.

    Attributes:
        periods: What is spent and reserved in each, by its first moment.
        jobs: Those for which something is reserved.
    """

    periods: Mapping[str, Decimal]
    spent: Decimal
    jobs: frozenset[str]


def account_of(budget: QuantumBudget) -> Account:
    """What stands in a budget's status."""
    status = budget.status
    current = status.period.start if status.period else ""
    bills = {past.start: sum((one.value for one in past.spent), Decimal(0)) for past in status.history}
    bills[current] = sum((Decimal(one.spent) for one in status.totals), Decimal(0))
    periods = dict(bills)
    for one in status.reservations:
        # What belongs to a period that is forgotten counts in none.
        own = max((start for start in periods if start <= one.counts_at), default=None)
        if own is not None:
            periods[own] += sum((each.value for each in one.amounts), Decimal(0))
    return Account(periods, sum(bills.values(), Decimal(0)), frozenset(one.job_id for one in status.reservations))


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
