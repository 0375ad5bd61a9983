"""Looks after reservations whose job can no longer settle them itself.

Rules:
1. A job that has ended is settled from the service's word, whether its object is still there or not.
2. A reservation without a claim, or of a job that is suspended, is released when the service has no such job, and only
   after the time in which somebody could still send it.
3. That the service has no such job is believed only through the QuantumWorkspace object that the job was reserved
   through: another one of its name may lead elsewhere.
4. What can't be found out counts as reserved, and is told. After a week, of which nobody answered for a day on end, it
   counts as spent: else a workspace that is gone would keep it, and the budget, for ever.

Must not live here: what settling does to a ledger (`budgets`), or when the condition goes (`unconfirmed`).
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.budgets.ledger import AWAITED, Ended, last_confirmed, release
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.budgets import budget_reference
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.controller.budget_ledger import Change, Ledgers, State
from quantumjob_operator.controller.reaching import unless_refused
from quantumjob_operator.controller.settlement import Settlement, ended_as_known
from quantumjob_operator.controller.spending import valid_for
from quantumjob_operator.controller.unconfirmed import Found, Unconfirmed
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.transitions import FINAL_SIGHTINGS, seen_as
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.reservation import Reservation
from quantumjob_operator.settings import Settings

UNCONFIRMED: Final = "SpendingUnconfirmed"
_MOST: Final = 20
"""Questions to the service in one look at a budget."""
_LONGEST_SECONDS: Final = 3.0
"""After so long none is begun: whoever waits for what is released meanwhile is told after the look."""
_AGAIN_SECONDS: Final = 60.0
_DAY_SECONDS: Final = 86_400.0
_CLEANED_SECONDS: Final = 60.0
_log: Final = logging.getLogger(__name__)


class BudgetSweep:
    """Asks the service about reservations that nobody else settles."""

    def __init__(
        self,
        *,
        cache: Cache,
        ledgers: Ledgers,
        connections: Connections,
        events: Events,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._ledgers = ledgers
        self._connections = connections
        self._events = events
        self._settings = settings
        self._clock = clock
        self._looked: dict[tuple[str, str], float] = {}
        """When each job was asked for last, for each budget that has reserved something for it."""
        self._unconfirmed = Unconfirmed()
        self._cleaned = 0.0

    async def sweep(self, budget: QuantumBudget) -> Found:
        """Look at one budget's reservations; what can't be asked now is asked the next time.

        Returns:
            What is to be told of those that nobody answers for.

        Raises:
            ClusterError: A ledger could not be written.
        """
        now, entries = self._clock.monotonic(), budget.status.reservations
        self._clean(now)
        named = self._unconfirmed.see(budget)
        due = [
            one
            for one in entries
            if self._is_due(budget, one, now, named) and (one.job_id == named or self._is_left(one))
        ]
        # Who waited longest goes first: else those in front, if nobody answers for them, would keep out the others.
        due.sort(key=lambda one: self._looked.get((budget.uid, one.job_id), -_DAY_SECONDS))
        for entry in due[:_MOST]:
            if self._clock.monotonic() - now > _LONGEST_SECONDS:
                break
            self._looked[budget.uid, entry.job_id] = now
            await self._look(budget, entry)
        newest = self._cache.budgets.get(budget.uid, budget)
        return self._unconfirmed.found(newest, lambda job_id: self._looked.get((budget.uid, job_id)))

    def said(self, uid: str, found: Found) -> None:
        """What a sweep has found stands in the budget's status."""
        self._unconfirmed.say(uid, found)

    def _clean(self, now: float) -> None:
        """Forget what nobody asks for any more: not for each budget, since all of it is looked through."""
        if now - self._cleaned < _CLEANED_SECONDS:
            return
        self._cleaned = now
        self._looked = {one: at for one, at in self._looked.items() if now - at < _DAY_SECONDS}
        self._unconfirmed.keep(self._cache.budgets)

    def _is_due(self, budget: QuantumBudget, entry: Reservation, now: float, named: str | None) -> bool:
        """Whether to ask; for whom the budget's condition names that is soon, also where its bill is awaited."""
        awaited = entry.ended_at and entry.job_id != named
        pause = _DAY_SECONDS if awaited else min(_AGAIN_SECONDS, self._out_of_date().total_seconds())
        return now - self._looked.get((budget.uid, entry.job_id), -_DAY_SECONDS) >= pause

    def _out_of_date(self) -> timedelta:
        """Since when an unclaimed reservation must have stood: nothing that was sent under it is hidden any more."""
        return valid_for(self._settings) + timedelta(seconds=self._settings.fence_seconds)

    def _is_old(self, entry: Reservation) -> bool:
        return self._clock.now() - last_confirmed(entry) > self._out_of_date()

    def _is_left(self, entry: Reservation) -> bool:
        """Whether no reconciliation of a job will settle it."""
        job = self._cache.jobs.get(entry.uid)
        if job is None or entry.ended_at:
            return True
        over = job.status.finished or any(one.job_id == entry.job_id for one in job.status.attempts)
        # Users can edit a claim: it keeps nothing. Whoever is to be sent all the same reserves anew.
        idle = job.spec.suspend or entry.job_id != job.status.job_id
        return over or (idle and self._is_old(entry))

    async def _look(self, budget: QuantumBudget, entry: Reservation) -> None:
        # As of the question: while it is under way, or this process stands still, the job may be sent.
        old = self._is_old(entry)
        found = await self._ask(budget, entry)
        if isinstance(found, str):
            if self._is_left(entry):
                await self._unknown(budget, entry, found)
            return
        self._unconfirmed.answered(entry.job_id)
        change = self._change(budget, entry, found, old=old) if self._is_left(entry) else None
        if change:
            await self._ledgers.change(budget.uid, change)

    async def _ask(self, budget: QuantumBudget, entry: Reservation) -> RemoteJob | str | None:
        """What the service has of a job; or why that is not known."""
        name = entry.workspace
        workspace = self._cache.find_workspace((budget.namespace, name))
        connection = await unless_refused(self._connections.get(workspace)) if workspace else None
        if not isinstance(connection, Connection):
            return f"QuantumWorkspace {name} is gone or not ready"
        try:
            remote = await connection.on_behalf(entry.namespace).client.get_job(entry.job_id)
        except ServiceError as error:
            _log.info("the cost of job %s could not be asked for: %s", entry.job_id, error)
            return f"QuantumWorkspace {name} can't be asked: {error}"
        if remote is None and entry.place not in (None, connection.workspace.place):
            return f"QuantumWorkspace {name} was created anew, and has no such job"
        return remote

    def _change(
        self, budget: QuantumBudget, entry: Reservation, remote: RemoteJob | None, *, old: bool
    ) -> Change | None:
        """What follows for a reservation; None if it stands."""
        job = self._cache.jobs.get(entry.uid)
        if remote is not None:
            if seen_as(remote) not in FINAL_SIGHTINGS:
                return None
            return self._settlement(entry, ended_as_known(remote, entry, job, budget.key))
        if entry.ended_at or was_sent(job, entry.job_id):
            return self._settlement(entry, Ended(None))
        return Abandonment(entry.job_id, last_confirmed(entry)) if old else None

    def _settlement(self, entry: Reservation, ended: Ended) -> Settlement:
        return Settlement(entry.job_id, ended, timedelta(seconds=self._settings.fence_seconds))

    async def _unknown(self, budget: QuantumBudget, entry: Reservation, why: str) -> None:
        """Nobody answers for a reservation now."""
        now = self._clock.monotonic()
        since = self._unconfirmed.unanswered(entry.job_id, now, why)
        if since is None:
            await self._tell(budget, entry, why)
        elif now - since >= _DAY_SECONDS and self._clock.now() - last_confirmed(entry) >= AWAITED:
            await self._ledgers.change(budget.uid, self._settlement(entry, Ended(None, given_up=True)))

    async def _tell(self, budget: QuantumBudget, entry: Reservation, why: str) -> None:
        message = (
            f"what job {entry.job_id} of QuantumJob {entry.namespace}/{entry.name} cost is not known, because {why}; "
            "it counts as reserved"
        )
        _log.warning("%s: %s", UNCONFIRMED, message)
        notice = Notice(UNCONFIRMED, message, warning=True)
        try:
            await self._events.publish(budget_reference(budget), notice, self._clock.now(), once=True)
        except ClusterError as error:
            _log.info("%s", error)


def was_sent(job: QuantumJob | None, job_id: str) -> bool:
    """Whether status says that the service had accepted a job; a deletion writes down the id of one that was not."""
    if job is None:
        return False
    accepted = job.status.job_id == job_id and job.status.is_true(Kind.SUBMITTED)
    return accepted or any(one.job_id == job_id for one in job.status.attempts)


@dataclass(frozen=True, slots=True)
class Abandonment:
    """The change that releases what was never sent, unless it was confirmed meanwhile."""

    job_id: str
    confirmed: datetime

    def __call__(self, _budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
        """Release."""
        entry = state.ledger.open.get(self.job_id)
        if entry is None or last_confirmed(entry) != self.confirmed:
            return state, None
        return replace(state, ledger=release(state.ledger, self.job_id)), None
