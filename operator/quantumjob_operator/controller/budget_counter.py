"""Counts a budget's ledger from the service's list: a new one, a wiped one, one that was set back, or means other jobs.

Nothing is submitted under the budget meanwhile. Must not live here: what follows from a row (`budgets.count`).
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from quantumjob_operator.azure.client import PAGE
from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.count import Row, completed, count, is_missing, last_change
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.membership import counts
from quantumjob_operator.budgets.needs import JOBS, Needs, limited_units, needs_of
from quantumjob_operator.budgets.refusals import COUNTING
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.controller.budget_ledger import Ledgers, State
from quantumjob_operator.controller.spending import RESERVED, ended_of
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.garbage_collection import sender_of
from quantumjob_operator.lifecycle.transitions import FINAL_SIGHTINGS, seen_as
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import is_guid
from quantumjob_operator.model.quantumbudget import QuantumBudget, Reservation
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace, referenced_name
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings

_log: Final = logging.getLogger(__name__)


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
        self._connections = connections
        self._namespaces = namespaces
        self._settings = settings
        self._tolerance = timedelta(seconds=settings.fence_seconds)
        self._clock = clock

    async def look(self, budget: QuantumBudget) -> Kept | None:
        """Compare a doubted ledger with the list, and count what is not counted; or what is in the way.

        Raises:
            ClusterError: The API server could not be asked, or the ledger not written.
        """
        if budget.doubted and budget.is_counted:
            why = await self._compare(budget)
            if why:
                return why
            budget = self._cache.budgets.get(budget.uid, budget)
        if not budget.is_counted:
            why = await self._count(budget)
            budget = self._cache.budgets.get(budget.uid, budget)
            if why or not budget.is_counted:
                return why or Kept(COUNTING, "jobs have ended while they were counted: they are counted again")
        self._cache.trust_budget(budget.uid)
        return None

    async def _compare(self, budget: QuantumBudget) -> Kept | None:
        """Take the ledger for uncounted if jobs are missing in it."""
        tolerance = self._tolerance
        changed, start = last_change(budget), ledger_of(budget, self._clock.now()).period.start
        rows = await self._listed(budget, max(start, changed - tolerance) if changed else start)
        if isinstance(rows, Kept):
            return rows
        missing = [
            row for row in rows if is_missing(budget, row, settled=self._settled(budget, row), tolerance=tolerance)
        ]
        if missing:
            _log.warning(
                "QuantumBudget %s/%s was set back: %d jobs are missing in it, and it is counted anew",
                *budget.key,
                len(missing),
            )
            await self._ledgers.change(budget.uid, _uncounted)
        return None

    def _settled(self, budget: QuantumBudget, row: Row) -> bool:
        job = self._cache.jobs.get(row.entry.uid)
        shown = job.status.budgets if job and job.status.job_id == row.entry.job_id else ()
        return any((one.namespace, one.name) == budget.key and one.state != RESERVED for one in shown)

    async def _count(self, budget: QuantumBudget) -> Kept | None:
        before = frozenset(one.job_id for one in budget.status.reservations)
        start = ledger_of(budget, self._clock.now()).period.start
        rows = await self._listed(budget, start)
        if isinstance(rows, Kept):
            return rows
        rows += await self._claimed(budget, start, frozenset(row.entry.job_id for row in rows))
        await self._ledgers.change(budget.uid, Count(budget.scope, tuple(rows), before, start))
        return None

    async def _listed(self, budget: QuantumBudget, start: datetime) -> list[Row] | Kept:
        """The jobs that count, since then."""
        rows: list[Row] = []
        for name in budget.spec.workspaces:
            workspace = self._cache.find_workspace((budget.namespace, name))
            connection = await self._connections.get(workspace) if workspace else None
            if not isinstance(connection, Connection):
                why = "does not exist" if workspace is None else "is not ready"
                return Kept(COUNTING, f"what was spent can't be counted yet: QuantumWorkspace {name} {why}")
            try:
                rows += await self._rows(budget, connection, start)
            except ServiceError as error:
                return Kept(COUNTING, f"what was spent can't be counted yet: QuantumWorkspace {name}: {error}")
        return rows

    async def _rows(self, budget: QuantumBudget, connection: Connection, start: datetime) -> list[Row]:
        """The rows that count, the newest first, as far as what was sent since then."""
        found: list[Row] = []
        # In the order in which the service accepted them, which is that of sending but for requests under way.
        last = start - self._tolerance
        async for page in connection.client.list_whole_jobs(only="", top=PAGE):
            for remote in page:
                sent = remote.sent_at or self._clock.now()
                if sent < last:
                    return found
                if sent >= start and (row := await self._row(budget, connection.workspace, remote, sent)):
                    found.append(row)
        return found

    async def _claimed(self, budget: QuantumBudget, start: datetime, listed: frozenset[str]) -> list[Row]:
        """Jobs that are claimed and not listed: the list shows late what was accepted, and a PUT may be on its way."""
        named = (self._cache.find_workspace((budget.namespace, name)) for name in budget.spec.workspaces)
        found: list[Row] = []
        for workspace in (one for one in named if one):
            for job in list(self._cache.jobs.values()):
                row = self._claimed_row(budget, workspace, job)
                if row is None or row.entry.job_id in listed or row.sent < start:
                    continue
                if await self._belongs(budget, workspace, job.namespace, job):
                    found.append(row)
        return found

    def _claimed_row(self, budget: QuantumBudget, workspace: QuantumWorkspace, job: QuantumJob) -> Row | None:
        status, claim = job.status, job.claim
        if claim is None or claim.workspace != workspace.id or status.finished:
            return None
        job_id = identify(job, workspace.id, claim.attempt)
        amounts = _amounts(budget, job, job_id)
        if not amounts or any(one.job_id == job_id for one in status.attempts):
            return None
        told = status.submission_time if status.job_id == job_id else None
        since = datetime.fromisoformat(told) if told else self._clock.now()
        entry = self._standing(budget, job_id, job) or Reservation(
            job_id=job_id,
            namespace=job.namespace,
            name=job.name,
            uid=job.uid,
            workspace=workspace.name,
            workspace_uid=workspace.uid,
            reserved_at=stamp(since),
            amounts=amounts,
            basis="Estimate",
        )
        return Row(entry, since, None)

    async def _row(
        self, budget: QuantumBudget, workspace: QuantumWorkspace, remote: RemoteJob, sent: datetime
    ) -> Row | None:
        origin = sender_of(remote, self._settings.cluster_name or "") if is_guid(remote.id) else None
        job = self._cache.jobs.get(origin.uid) if origin else None
        if origin is None or (job is not None and job.namespace != origin.namespace):
            return None
        held = self._standing(budget, remote.id, job)
        if held is None and not await self._belongs(budget, workspace, origin.namespace, job):
            return None
        entry = held or Reservation(
            job_id=remote.id,
            namespace=origin.namespace,
            name=origin.name,
            uid=origin.uid,
            workspace=workspace.name,
            workspace_uid=workspace.uid,
            reserved_at=stamp(sent),
            amounts=_amounts(budget, job, remote.id),
            basis="Estimate",
        )
        ended = ended_of(remote) if seen_as(remote) in FINAL_SIGHTINGS else None
        return Row(entry, sent, ended, unknown=job is None and held is None)

    async def _belongs(
        self, budget: QuantumBudget, workspace: QuantumWorkspace, namespace: str, job: QuantumJob | None
    ) -> bool:
        """Whether a job went through the QuantumWorkspace: others may lead to the same Azure workspace.

        Whose object is gone may have, if its namespace is admitted. It has no labels: a budget of some jobs does not
        know it.
        """
        selected = budget.spec.namespaces
        asks = selected is not None or workspace.spec.allowed_namespaces is not None
        labels = await self._namespaces.labels(namespace) if asks else None
        if job is not None:
            return self._goes_through(job, workspace) and counts(budget, job, labels)
        if budget.spec.jobs is not None or not workspace.admits(namespace, labels):
            return False
        return selected is None or labels is None or selected.selector.matches(labels)

    def _goes_through(self, job: QuantumJob, workspace: QuantumWorkspace) -> bool:
        used = job.status.workspace
        if used is not None:
            return (used.ref.get("namespace"), used.ref.get("name")) == workspace.key
        namespace, _, name = (self._settings.default_workspace or "").partition("/")
        default = (namespace, name) if name else None
        return referenced_name(job, self._cache.find_workspace, default) == workspace.key

    def _standing(self, budget: QuantumBudget, job_id: str, job: QuantumJob | None) -> Reservation | None:
        """What is reserved, with the units that were not limited when it was."""
        held = next((one for one in budget.status.reservations if one.job_id == job_id), None)
        return held and replace(held, amounts=completed(budget, held.amounts, _amounts(budget, job, job_id)))


def _amounts(budget: QuantumBudget, job: QuantumJob | None, job_id: str) -> tuple[Amount, ...]:
    """What an attempt would have reserved; of a job whose object is gone, as much as one job may, and it is one job.

    Status may still tell what became of the attempt before, though not in units that were not limited then.
    """
    if job is None:
        limits = {one.unit: one for one in budget.spec.per_job}
        one = {JOBS: Amount(JOBS, "1")} if JOBS in limited_units(budget.spec) else {}
        return tuple((limits | one).values())
    needs = needs_of(budget.spec, job.spec, job.status.estimate)
    needed = needs.amounts if isinstance(needs, Needs) else budget.spec.per_job
    for shown in job.status.budgets if job.status.job_id == job_id else ():
        if (shown.namespace, shown.name) == budget.key:
            return completed(budget, shown.amounts, needed)
    return needed


def _uncounted(_budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
    return replace(state, counted=False), None


class Count:
    """The change that puts the list's sums in place.

    Not if the spec means other jobs by now, or another period has begun; nor if a job that was reserved before is
    neither in the list nor reserved any more: it was sent, and settled, while the list was read, and is forgotten else.
    """

    def __init__(self, scope: str, rows: tuple[Row, ...], before: frozenset[str], start: datetime) -> None:
        self._scope = scope
        self._start = start
        self._rows = rows
        self._before = before

    def __call__(self, budget: QuantumBudget, state: State, now: datetime) -> tuple[State, None]:
        """Count."""
        gone = self._before - state.ledger.open.keys() - {row.entry.job_id for row in self._rows}
        other = budget.scope != self._scope or state.ledger.period.start != self._start
        if budget.is_counted or other or gone:
            return state, None
        return replace(state, ledger=count(budget, state.ledger, self._rows, now), counted=True), None
