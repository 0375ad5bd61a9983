"""QuantumBudgets in the cluster: read, marked with the finalizer, and the one writer of their status.

Must not live here: what is written (`budgets`), or how many changes go into one write (`controller.budget_ledger`).
"""

from typing import Any

from quantumjob_operator.cluster.api import Api, NotFound
from quantumjob_operator.cluster.objects import BASE
from quantumjob_operator.cluster.paths import path_of
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.naming import API_VERSION, BUDGET_FINALIZER, BUDGET_KIND, BUDGET_PLURAL
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget


class BudgetObjects:
    """The QuantumBudgets on one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, budget: QuantumBudget) -> QuantumBudget | None:
        """The object as it is now; None if it is gone, or another one has its name."""
        try:
            live = parse_budget(await self._api.request("GET", _path(budget)))
        except NotFound:
            return None
        return live if live.uid == budget.uid else None

    async def write_status(self, budget: QuantumBudget, status: BudgetStatus) -> QuantumBudget:
        """Write what differs, in one PATCH; nothing if nothing differs.

        Raises:
            Conflict: Somebody changed the object since it was read.
        """
        patch = budget_status_patch(budget.status, status)
        if not patch:
            return budget
        guarded = {"uid": budget.uid, "resourceVersion": budget.resource_version}
        return parse_budget(await self._api.patch(_path(budget, "status"), {"metadata": guarded, "status": patch}))

    async def mark(self, budget: QuantumBudget, *, in_use: bool) -> QuantumBudget | None:
        """Put on or take off the finalizer that keeps a budget while something is reserved; None if it is gone.

        Raises:
            Conflict: Somebody changed the object since it was read.
        """
        rest = [name for name in budget.finalizers if name != BUDGET_FINALIZER]
        finalizers = [*rest, BUDGET_FINALIZER] if in_use else rest
        guarded = {"finalizers": finalizers, "uid": budget.uid, "resourceVersion": budget.resource_version}
        try:
            marked = parse_budget(await self._api.patch(_path(budget), {"metadata": guarded}))
        except NotFound:
            return None
        return None if marked.deletion_requested and not finalizers else marked


def budget_reference(budget: QuantumBudget) -> dict[str, Any]:
    """An involvedObject that is a budget."""
    return {
        "apiVersion": API_VERSION,
        "kind": BUDGET_KIND,
        "name": budget.name,
        "namespace": budget.namespace,
        "uid": budget.uid,
    }


def _path(budget: QuantumBudget, *rest: str) -> str:
    return path_of(BASE, BUDGET_PLURAL, budget.namespace, budget.name, *rest)
