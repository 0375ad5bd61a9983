"""Reconciles QuantumBudgets: the period, the conditions, the finalizer, and who is woken.

Must not live here: what jobs reserve and settle (`spending`), or how ledgers are written (`budget_ledger`).
"""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final

from quantumjob_operator.budgets.conditions import Kept, with_kept, words_in, words_of
from quantumjob_operator.budgets.membership import overlapping
from quantumjob_operator.budgets.refusals import UNREADABLE
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict
from quantumjob_operator.cluster.budgets import BudgetObjects
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_counter import BudgetCounter
from quantumjob_operator.controller.budget_ledger import Ledgers, State
from quantumjob_operator.controller.budget_sweep import BudgetSweep
from quantumjob_operator.controller.own_words import OwnWords
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.controller.unconfirmed import Found
from quantumjob_operator.model.conditions import Words
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.scheduling.backoff import backoff
from quantumjob_operator.scheduling.work_queue import WorkQueue

_AGAIN_SECONDS: Final = 60.0
_BUSY_SECONDS: Final = 15.0
"""The same while something is reserved; memory alone tells whether anybody has to be asked."""
_UNCOUNTED_SECONDS: Final = 3.0
_SOON_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 900.0
"""For so long one reconciliation takes at most: longer than lists are read, and twenty jobs asked for."""
_log = logging.getLogger(__name__)


class BudgetReconciler:
    """Reconciles one budget at a time per worker."""

    def __init__(
        self,
        *,
        cache: Cache,
        objects: BudgetObjects,
        ledgers: Ledgers,
        spending: Spending,
        sweep: BudgetSweep,
        counter: BudgetCounter,
        queue: WorkQueue[str],
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._ledgers = ledgers
        self._spending = spending
        self._sweep = sweep
        self._counter = counter
        self._queue = queue
        self._clock = clock
        self._known: dict[str, tuple[int, str | None, bool] | None] = {}
        self._failures: dict[str, int] = {}
        self._idle: dict[str, float] = {}
        self._words: OwnWords[Words] = OwnWords(clock.monotonic)

    def serves(self, uid: str) -> bool:
        """Whether this uid is, or was, that of a budget."""
        return uid in self._cache.budgets or uid in self._known or self._spending.was_asked(uid)

    async def reconcile(self, uid: str) -> None:
        """Reconcile the budget of this uid; never raises."""
        budget = self._cache.budgets.get(uid)
        if budget is None:
            self._known.pop(uid, None)
            self._failures.pop(uid, None)
            self._idle.pop(uid, None)
            self._words.forget(uid)
            self._spending.gone(uid)
            return
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                await self._reconcile(budget)
        except Outdated:
            self._queue.add_after(uid, _SOON_SECONDS)
        except (ClusterError, TimeoutError) as error:
            self._failures[uid] = self._failures.get(uid, 0) + 1
            _log.warning("QuantumBudget %s/%s: %s", *budget.key, error)
            self._queue.add_after(uid, backoff(self._failures[uid], uid))
        except Exception as error:  # noqa: BLE001 - one object's trouble must not end the worker
            _log.exception("reconciling QuantumBudget %s/%s failed: %s", *budget.key, type(error).__name__)
            self._queue.add_after(uid, _AGAIN_SECONDS)
        else:
            self._failures.pop(uid, None)

    async def _reconcile(self, budget: QuantumBudget) -> None:
        if budget.unreadable:
            await self._say_unreadable(budget)
            if budget.deletion_requested and budget.has_finalizer and not budget.status.reservations:
                await self._let_go(self._cache.budgets.get(budget.uid, budget))
            return
        closed = budget.doubted or not budget.is_counted
        uncounted = await self._counter.look(budget)
        before = budget = self._cache.budgets.get(budget.uid, budget)
        # Before the sweep: it asks for other jobs, one after the other, and may not come to its end.
        self._wake(budget, closed=closed, still=uncounted is not None)
        await self._say(budget, self._kept(budget, uncounted), await self._sweep.sweep(budget))
        if uncounted:
            self._queue.add_after(budget.uid, _UNCOUNTED_SECONDS)
        budget = self._cache.budgets.get(budget.uid, budget)
        if budget is not before:
            self._wake(budget, closed=False, still=uncounted is not None)
        await self._spending.look_at_namespaces(budget)
        if budget.has_finalizer and not budget.status.reservations:
            await self._let_go(budget)
        else:
            self._idle.pop(budget.uid, None)
        self._queue.add_after(budget.uid, self._again(budget))

    async def _say_unreadable(self, budget: QuantumBudget) -> None:
        """Of all that status says, this condition alone changes: nobody knows what the rest would have to be."""
        if budget.status.torn:
            return  # what can't be read either would be replaced
        told = Kept(
            UNREADABLE, f"{budget.unreadable}: mend it, or upgrade the operator, which may be older than its CRDs"
        )
        conditions = with_kept(budget, told, self._clock.now())
        self._cache.update(await self._objects.write_status(budget, replace(budget.status, conditions=conditions)))

    def _wake(self, budget: QuantumBudget, *, closed: bool, still: bool) -> None:
        """Have who waits ask: all, if the budget is another one, or was closed when this look at it began.

        While it is still closed, nobody: all would be refused again, every few seconds, before everything else.
        """
        period = budget.status.period.start if budget.status.period else None
        known = None if still else (budget.generation, period, budget.is_counted)
        self._spending.changed(budget, everybody=not still and (closed or self._known.get(budget.uid) != known))
        self._known[budget.uid] = known

    async def _say(self, budget: QuantumBudget, kept: Kept, found: Found) -> None:
        """Have status say what was found, unless another process says otherwise and nothing of it is new here."""
        words = words_of(kept)

        def change(newest: QuantumBudget, state: State, _now: datetime) -> tuple[State, float]:
            there = words_in(newest.status.conditions)
            patience = self._words.patience(newest.uid, there, partial(_are_alike, words)) if there != words else 0.0
            return replace(state, kept=None if patience else kept, unconfirmed=found.of(newest)), patience

        patience = await self._ledgers.change(budget.uid, change)
        self._sweep.said(budget.uid, found)
        if patience:
            self._queue.add_after(budget.uid, patience)
        else:
            self._words.say(budget.uid, words)

    def _kept(self, budget: QuantumBudget, uncounted: Kept | None) -> Kept:
        places = ((budget.namespace, name) for name in budget.spec.workspaces)
        others = overlapping(budget, chain.from_iterable(map(self._cache.budgets.naming, places)))
        return replace(uncounted or self._in_the_way(budget), overlapping=tuple(others))

    def _in_the_way(self, budget: QuantumBudget) -> Kept:
        """What keeps a budget from counting anything."""
        missing = [name for name in budget.spec.workspaces if not self._cache.find_workspace((budget.namespace, name))]
        if not missing:
            return Kept()
        named = ", ".join(missing)
        message = (
            f"spec.workspaces: there is no QuantumWorkspace {named} in namespace {budget.namespace}; create it, or "
            "create another budget without it"
        )
        return Kept("WorkspaceNotFound", message)

    async def _let_go(self, budget: QuantumBudget) -> None:
        """Nothing is reserved: the budget may go. Not at once, because the next job often follows."""
        now = self._clock.monotonic()
        since = self._idle.setdefault(budget.uid, now)
        if not budget.deletion_requested and now - since < _IDLE_SECONDS:
            self._queue.add_after(budget.uid, _IDLE_SECONDS)
            return
        try:
            released = await self._objects.mark(budget, in_use=False)
        except Conflict:
            return  # the next version is reconciled, too
        if released is None:
            self._cache.remove(budget.uid)
            self._spending.gone(budget.uid)
        else:
            self._cache.update(released)

    def _again(self, budget: QuantumBudget) -> float:
        """Seconds until the next look: at the end of the period at the latest, or when who rests may be woken."""
        period, pause = budget.status.period, _BUSY_SECONDS if budget.status.reservations else _AGAIN_SECONDS
        pause = min(pause, self._spending.lines.rest_left(budget.uid) or pause)
        if period is None or period.end is None:
            return pause
        left = (datetime.fromisoformat(period.end) - self._clock.now()).total_seconds()
        return min(max(left, 0.0) + _SOON_SECONDS, pause)


def _are_alike(one: Words, other: Words) -> bool:
    """Whether they differ in texts only."""
    return [condition[:-1] for condition in one] == [condition[:-1] for condition in other]
