"""In which order a budget is looked after."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_reconciler import BudgetReconciler
from quantumjob_operator.controller.unconfirmed import Found
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.values import replace
from rooms.budgets.values import NOW, budget


@dataclass
class Parts:
    """All that a reconciler hands work to, and what it was asked for, in order.

    Attributes:
        cache: Of the reconciler; the sweep may release something there.
        error: What the sweep comes upon.
    """

    cache: Cache
    error: Exception | None = None
    releases: bool = False
    done: list[str] = field(default_factory=list)

    async def look(self, _budget: QuantumBudget) -> None:
        """As the counter's."""
        self.done.append("look")

    async def sweep(self, one: QuantumBudget) -> Found:
        """As the sweep's."""
        self.done.append("sweep")
        if self.error:
            raise self.error
        if self.releases:
            self.cache.put_budget(replace(one, resource_version="8"))
        return Found()

    def changed(self, _budget: QuantumBudget, *, everybody: bool) -> None:
        """As the spending's."""
        self.done.append("wake all" if everybody else "wake")

    def said(self, _uid: str, _found: Found) -> None:
        """As the sweep's."""

    async def change(self, _uid: str, _change: Any) -> float:
        """As the ledgers'."""
        return 0.0

    def add_after(self, _uid: str, _seconds: float) -> None:
        """As the queue's."""


@pytest.mark.parametrize(
    ("error", "releases", "done"),
    [
        pytest.param(None, False, ["look", "wake all", "sweep"], id="nothing is released"),
        pytest.param(None, True, ["look", "wake all", "sweep", "wake"], id="the sweep released something"),
        pytest.param(
            ClusterError("GET secrets", None, "Timeout", "no answer"),
            False,
            ["look", "wake all", "sweep"],
            id="the sweep does not come to its end",
        ),
    ],
)
async def test_who_waits_is_woken_before_others_jobs_are_asked_for(
    error: Exception | None, done: list[str], *, releases: bool
) -> None:
    """That may be twenty requests to a service that does not answer."""
    cache, one = Cache(), budget()
    cache.put_budget(one)
    cache.trust_budget(one.uid)
    parts = Parts(cache, error, releases)
    played: Any = dict.fromkeys(("objects", "ledgers", "spending", "sweep", "counter", "queue"), parts)
    clock = Clock(lambda: 0.0, lambda: NOW + timedelta(seconds=1))
    await BudgetReconciler(cache=cache, clock=clock, **played).reconcile(one.uid)
    assert parts.done == done
