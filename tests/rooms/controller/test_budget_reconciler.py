"""In which order a budget is looked after."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from quantumjob_operator.budgets.conditions import Kept
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
        closed: Why the budget can't be counted.
    """

    cache: Cache
    error: Exception | None = None
    releases: bool = False
    closed: Kept | None = None
    done: list[str] = field(default_factory=list)

    async def look(self, _budget: QuantumBudget) -> Kept | None:
        """As the counter's."""
        self.done.append("look")
        return self.closed

    async def sweep(self, one: QuantumBudget) -> Found:
        """As the sweep's."""
        self.done.append("sweep")
        if self.error:
            raise self.error
        if self.releases:
            self.cache.put_budget(replace(one, resource_version="8"))
        return Found()

    async def look_at_namespaces(self, _budget: QuantumBudget) -> None:
        """As the spending's."""

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


async def test_nobody_is_woken_for_a_budget_that_stays_closed() -> None:
    """All would be refused again each three seconds, before whatever else their namespaces have."""
    cache, one = Cache(), budget()
    cache.put_budget(one)  # doubted: it came with a count
    parts = Parts(cache, closed=Kept("BudgetCounting", "no list"))
    played: Any = dict.fromkeys(("objects", "ledgers", "spending", "sweep", "counter", "queue"), parts)
    reconciler = BudgetReconciler(cache=cache, clock=Clock(lambda: 0.0, lambda: NOW), **played)
    for _ in range(3):
        await reconciler.reconcile(one.uid)
    assert "wake all" not in parts.done
    parts.closed = None
    cache.trust_budget(one.uid)  # by another look, or another process
    await reconciler.reconcile(one.uid)
    await reconciler.reconcile(one.uid)
    assert parts.done.count("wake all") == 1
