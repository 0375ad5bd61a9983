"""Counts a budget's ledger from the service's list: a new one, a wiped one, one that was set back, or means other jobs.

Nothing is submitted under the budget meanwhile. Must not live here: which rows count (`budget_rows`), or what follows
from one (`budgets.count`).
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from quantumjob_operator.azure.connections import Connections
from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.count import MOST_REMEMBERED, Row, count, is_missing, last_change, sent_lately
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.refusals import COUNTING
from quantumjob_operator.budgets.tally import Listed, Tally, TooManyError
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.controller.budget_ledger import Change, Ledgers, State
from quantumjob_operator.controller.budget_rows import BudgetRows, too_many
from quantumjob_operator.controller.settlement import settled_by
from quantumjob_operator.model.budgetstatus import is_ahead
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.settings import Settings

_PAUSE_SHARE: Final = 4.0
"""Lists that could not be counted are left alone for so many times the seconds that they took."""
_AGAIN: Final = Kept(COUNTING, "jobs have ended, or ledgers were set back, meanwhile: they are counted again")
_log: Final = logging.getLogger(__name__)


class _MissingError(Exception):
    """A ledger lacks a job; whether it lacks others makes no difference."""

    def __init__(self, row: Row) -> None:
        super().__init__(row.entry.job_id)
        self.row = row


class BudgetCounter:
    """Reads lists for budgets that are not counted."""

    def __init__(
        self,
        *,
        cache: Cache,
        ledgers: Ledgers,
        connections: Connections,
        namespaces: Namespaces,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._ledgers = ledgers
        self._rows = BudgetRows(
            cache=cache, connections=connections, namespaces=namespaces, settings=settings, clock=clock
        )
        self._tolerance = timedelta(seconds=settings.fence_seconds)
        self._clock = clock
        self._paused: dict[str, tuple[float, Kept]] = {}
        """Until when the lists of a budget are not read again, by its uid, and why."""

    async def look(self, budget: QuantumBudget) -> Kept | None:
        """Compare a doubted ledger with the list, and count what is not counted; or what is in the way.

        Lists that are long or slow and can't be counted are not read at once again: some tenant may own them.

        Raises:
            ClusterError: The API server could not be asked, or the ledger not written.
        """
        began = self._clock.monotonic()
        until, told = self._paused.get(budget.uid, (began, None))
        if began < until:
            return told
        why = await self._look(budget)
        now = self._clock.monotonic()
        self._paused.pop(budget.uid, None)
        if len(self._paused) > len(
            self._cache.budgets
        ):  # budgets are gone; who has thousands must not walk through all
            self._paused = {uid: one for uid, one in self._paused.items() if uid in self._cache.budgets}
        if why:
            share = 1.0 if why is _AGAIN else _PAUSE_SHARE
            self._paused[budget.uid] = (now + share * (now - began), why)
        return why

    async def _look(self, budget: QuantumBudget) -> Kept | None:
        doubt = self._cache.doubts.get(budget.uid)
        if budget.doubted and budget.is_counted:
            why = await self._compare(budget)
            if why:
                return why
            budget = self._cache.budgets.get(budget.uid, budget)
        if budget.status.torn:
            _log.warning("QuantumBudget %s/%s has a ledger that can't be read, and is counted anew", *budget.key)
        if not budget.is_counted:
            why = await self._count(budget)
            budget = self._cache.budgets.get(budget.uid, budget)
            if why or not budget.is_counted:
                return why or _AGAIN
        if self._cache.doubts.get(budget.uid) != doubt:
            return _AGAIN  # since the list was read
        self._cache.trust_budget(budget.uid)
        return None

    async def _compare(self, budget: QuantumBudget) -> Kept | None:
        """Take the ledger for uncounted if a job is missing in it."""
        tolerance, listed = self._tolerance, Listed()
        changed, start = last_change(budget), ledger_of(budget, self._clock.now()).period.start

        def take(row: Row) -> None:
            if listed.is_new(row.entry.job_id) and self._is_missing(budget, row):
                raise _MissingError(row)

        if changed and is_ahead(changed, self._clock.now()):
            _log.warning("QuantumBudget %s/%s changed last in the future, and is counted anew", *budget.key)
            await self._ledgers.change(budget.uid, _as_uncounted)
            return None
        try:
            return await self._rows.listed(budget, max(start, changed - tolerance) if changed else start, take)
        except _MissingError as error:
            missing = error.row  # by name, the error itself would lie in a circle with this frame
        if not await self._ledgers.change(budget.uid, partial(self._uncounted, missing)):
            return _AGAIN
        told = "QuantumBudget %s/%s was set back: job %s is missing in it, and it is counted anew"
        _log.warning(told, *budget.key, missing.entry.job_id)
        return None

    def _is_missing(self, budget: QuantumBudget, row: Row) -> bool:
        return is_missing(budget, row, settled=self._settled(budget, row), tolerance=self._tolerance)

    def _uncounted(self, row: Row, budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, bool]:
        """Unless the job was reserved while the list was read, or settled: by another process, or by this one."""
        missing = self._is_missing(budget, row)
        return replace(state, counted=False) if missing else state, missing

    def _settled(self, budget: QuantumBudget, row: Row) -> bool:
        job = self._cache.jobs.get(row.entry.uid)
        return job is not None and settled_by(job, budget, row.entry.job_id)

    async def _count(self, budget: QuantumBudget) -> Kept | None:
        before = frozenset(one.job_id for one in budget.status.reservations)
        start = ledger_of(budget, self._clock.now()).period.start
        tally = Tally(budget, self._clock.now() - 2 * self._tolerance)
        earlier: list[Row] = []

        def take(row: Row) -> None:
            if row.sent >= start:
                tally.add(row)
            elif row.ended and len(earlier) < MOST_REMEMBERED:
                earlier.append(row)

        why = await self._rows.listed(budget, start - self._tolerance, take)
        if why:
            return why
        try:
            for row in await self._rows.claimed(budget, start, tally):
                tally.add(row)
        except TooManyError as error:
            return too_many(error)
        for namespace, number in tally.beyond.items():
            told = "QuantumBudget %s/%s: %d jobs of namespace %s that have not ended count as reserved for good"
            _log.warning(told, *budget.key, number, namespace)
        meant = (budget.scope, budget.generation)
        counted = Count(meant, tuple(tally.rows), before, start, self._tolerance, earlier=tuple(earlier))
        await self._ledgers.change(budget.uid, _with_sums(counted, tally))
        return None


def _as_uncounted(_budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
    """Nobody knows since when the list would have to be compared with it."""
    return replace(state, counted=False), None


def _with_sums(counting: Change, tally: Tally) -> Change:
    """A count that adds what is known as sums only; not if one of these jobs has been reserved meanwhile."""

    def change(budget: QuantumBudget, state: State, now: datetime) -> tuple[State, None]:
        if not tally.without_those_added_up(state.ledger.open):
            return state, None
        after, _ = counting(budget, state, now)
        return (state if after is state else replace(after, ledger=tally.added_to(after.ledger))), None

    return change


class Count:
    """The change that puts the list's sums in place.

    Not if the spec means other jobs by now, or another period has begun; nor if a job that was reserved before is
    neither in the list nor reserved any more: it was sent, and settled, while the list was read, and is forgotten else.
    Jobs that were sent a moment before the period are only remembered: the former one has counted them.
    """

    def __init__(
        self,
        meant: tuple[str, int],
        rows: tuple[Row, ...],
        before: frozenset[str],
        start: datetime,
        tolerance: timedelta,
        *,
        earlier: tuple[Row, ...] = (),
    ) -> None:
        self._tolerance = tolerance
        self._meant = meant
        self._start = start
        self._rows = rows
        self._before = before
        self._earlier = earlier

    def __call__(self, budget: QuantumBudget, state: State, now: datetime) -> tuple[State, None]:
        """Count."""
        gone = self._before - state.ledger.open.keys() - {row.entry.job_id for row in self._rows}
        # A spec that is changed and changed back has meant others meanwhile: these were sent without it.
        other = (budget.scope, budget.generation) != self._meant or state.ledger.period.start != self._start
        if budget.is_counted or other or gone:
            return state, None
        counted = count(budget, state.ledger, self._rows, now)
        standing = [one for job_id, one in state.ledger.open.items() if job_id in counted.open]
        lately = sent_lately((*self._rows, *self._earlier), now - 2 * self._tolerance, standing)
        return replace(state, ledger=counted, counted=True, remembered=lately), None
