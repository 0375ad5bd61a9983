"""The writer of budgets' ledgers: one patch takes everything that waits for it.

Each budget has one object, and every change of its ledger is a compare-and-swap on it: two operators can't both take
the last of it. While one patch is under way, and for a moment afterwards, further changes of the same budget collect,
and go into the next one together; a conflict is read again and decided again. What no job waits for to be sent goes
with what one waits for, or in a moment. A change that changes nothing costs nothing. Must not live here: what a change
is (`budgets`), or who asks for it (`spending`, `budget_reconciler`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from quantumjob_operator.budgets.conditions import LIMIT_REACHED, Kept
from quantumjob_operator.budgets.ledger import Ledger, ledger_of
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.budgets.thresholds import FULL, crossed, message
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict
from quantumjob_operator.cluster.budgets import BudgetObjects, budget_reference
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.model.budgetstatus import digest_of, is_ahead
from quantumjob_operator.model.conditions import micro_stamp
from quantumjob_operator.model.naming import BUDGET_PLURAL
from quantumjob_operator.model.quantumbudget import QuantumBudget

_MOST_CONFLICTS: Final = 10
_SECONDS_FOR_EACH: Final = 0.0003
"""The pause after a write, for each open reservation: a write takes all of them, however little is new."""
_SHORTEST_SECONDS: Final = 0.02
_LONGEST_SECONDS: Final = 0.3
Pause = Callable[[float, asyncio.Event | None], Awaitable[None]]
"""Waits for some seconds, or until something happens if that is given."""


@dataclass(frozen=True, slots=True)
class State:
    """What a change may change.

    Attributes:
        ledger: The budget's sums and reservations.
        kept: Whether the budget is kept; None if that was not looked at.
        unconfirmed: What is told of reservations that nobody answers for; None if that was not looked at.
        counted: The ledger was counted from the service's list; False: it has to be; None: that stays as it is.
        remembered: The ids of jobs that were sent a moment before it was counted, and are in it.
    """

    ledger: Ledger
    kept: Kept | None = None
    unconfirmed: str | None = None
    counted: bool | None = None
    remembered: tuple[str, ...] = ()


Change = Callable[[QuantumBudget, State, datetime], tuple[State, Any]]
"""From the newest version of a budget to the state that it is to have, and an answer for whoever asked."""


class Ledgers(Protocol):
    """Takes changes."""

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """See `BudgetLedgers.change`."""


def pause_after(reservations: int) -> float:
    """For how many seconds others are waited for after a write of so many, before the next one begins."""
    return min(max(_SECONDS_FOR_EACH * reservations, _SHORTEST_SECONDS), _LONGEST_SECONDS)


async def pause_for(seconds: float, event: asyncio.Event | None) -> None:
    """Wait for some seconds, or until something happens if that is given."""
    if event is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class BudgetLedgers:
    """Writes the ledgers of all budgets."""

    def __init__(
        self, *, objects: BudgetObjects, events: Events, cache: Cache, clock: Clock, pause: Pause = pause_for
    ) -> None:
        self._objects = objects
        self._events = events
        self._cache = cache
        self._clock = clock
        self._pause = pause
        self._waiting: dict[str, list[tuple[Change, asyncio.Future[Any]]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._hurried: dict[str, asyncio.Event] = {}

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """Have a change made, with others of the same budget; returns its answer once it is written.

        Args:
            uid: Of the budget.
            change: What is to be done.
            patient: No job waits to be sent until it is done: it may wait for a moment for a change for which one does.

        Raises:
            ClusterError: It could not be written; perhaps it was all the same, so that it has to bear being repeated.
            Outdated: The budget is gone, or its spec can't be read.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(uid, []).append((change, answer))
        hurried = self._hurried.setdefault(uid, asyncio.Event())
        if not patient:
            hurried.set()
        if uid not in self._tasks:
            self._tasks[uid] = asyncio.create_task(self._work(uid), name=f"ledger of budget {uid}")
        return await answer

    async def _work(self, uid: str) -> None:
        """One write after the other while anybody waits for one, with a pause in which others may come."""
        hurried = self._hurried[uid]
        try:
            while uid in self._waiting:
                if not hurried.is_set():
                    await self._pause(_LONGEST_SECONDS, hurried)
                hurried.clear()
                if await self._turn(uid, self._waiting.pop(uid)):
                    await self._pause(pause_after(self._reservations(uid)), None)
        finally:
            del self._tasks[uid], self._hurried[uid]

    def _reservations(self, uid: str) -> int:
        budget = self._cache.budgets.get(uid)
        return len(budget.status.reservations) if budget else 0

    async def _turn(self, uid: str, waiting: list[tuple[Change, asyncio.Future[Any]]]) -> bool:
        """Everything that waits, in one write; whoever gave up meanwhile is not told. False if nothing was written."""
        try:
            answers, written = await self._write(uid, [change for change, _ in waiting])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(error)
            return True
        for (_, answer), told in zip(waiting, answers, strict=True):
            if not answer.done():
                answer.set_result(told)
        return written

    async def _write(self, uid: str, changes: list[Change]) -> tuple[list[Any], bool]:
        for _ in range(_MOST_CONFLICTS):
            budget = self._cache.budgets.get(uid)
            if budget is None:
                raise Outdated
            before = State(ledger_of(budget, self._clock.now()))
            after, answers = self._applied(budget, before, changes)
            if after == before:
                return answers, False
            if budget.unreadable:
                raise Outdated  # nobody knows of which period its sums are
            try:
                await self._store(budget, after)
            except Conflict:
                await self._read_again(budget)
            else:
                return answers, True
        raise ClusterError(f"PATCH {BUDGET_PLURAL}", None, "Conflict", f"the budget {uid} is changed all the time")

    def _applied(self, budget: QuantumBudget, state: State, changes: list[Change]) -> tuple[State, list[Any]]:
        """One change after another: each sees what those before it have reserved."""
        answers = []
        for change in changes:
            state, answer = change(budget, state, self._clock.now())
            answers.append(answer)
        return state, answers

    async def _store(self, budget: QuantumBudget, state: State) -> None:
        """The finalizer stands before the first reservation: what is reserved is settled before the budget goes.

        A ledger that is doubted keeps its time until it was compared: by that it is known what it may lack, also by
        whoever comes after a crash.
        """
        unsure = budget.doubted and not state.counted
        if state.ledger.open and not budget.has_finalizer:
            marked = await self._objects.mark(budget, in_use=True)
            if marked is None:
                raise Outdated
            budget = replace(marked, status=budget.status)
        now = self._clock.now()
        # What is written while the spec means others is counted for them: the mark must not hold again by itself.
        doubted = state.counted is False or not budget.is_counted
        before = replace(budget, status=replace(budget.status, counted=None)) if doubted else budget
        status = shown(before, state.ledger, now, state.kept, state.unconfirmed)
        if state.counted:
            status = as_counted(budget, status, now, state.remembered)
        if state.ledger != ledger_of(budget, now) and not unsure:
            status = replace(status, changed_at=_after(budget.status.changed_at, now))
        status = replace(status, digest=digest_of(status))
        written = await self._objects.write_status(budget, status)
        self._cache.update(written)
        await self._warn(budget, written, state.ledger)

    async def _warn(self, before: QuantumBudget, written: QuantumBudget, ledger: Ledger) -> None:
        """Whoever wrote that a step of a limit is reached tells it: nobody else does, and not again."""
        for percent, row in crossed(before.status, written.status):
            reason = LIMIT_REACHED if percent >= FULL else "LimitNear"
            notice = Notice(reason, message(written, ledger.period, percent, row), warning=True)
            await self._events.publish(budget_reference(written), notice, self._clock.now())

    async def _read_again(self, budget: QuantumBudget) -> None:
        live = await self._objects.read(budget)
        if live is None:
            self._cache.remove(budget.uid)
        else:
            self._cache.put_budget(live)


def _after(before: str | None, now: datetime) -> str:
    """When a ledger changes that changed before at another time, which the clock of somebody else may have told.

    One that lies far ahead is no time to go on from: the order begins anew, and the ledger is counted as if it had been
    set back.
    """
    last = datetime.fromisoformat(before) if before else None
    return micro_stamp(now if last is None or is_ahead(last, now) else max(now, last + timedelta.resolution))
