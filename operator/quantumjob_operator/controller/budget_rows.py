"""The jobs that a budget counts: rows of the service's lists, and jobs that are claimed and not listed yet.

Whoever owns a list writes what they like into it: a row counts only if its names are some, and rows are handed on as
they arrive. Must not live here: what they add up to (`budgets.tally`), or when lists are read (`budget_counter`).
"""

import asyncio
from collections.abc import Container
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.count import Row, completed
from quantumjob_operator.budgets.membership import counts
from quantumjob_operator.budgets.needs import (
    CLAIMED,
    JOBS,
    CostUnknown,
    Needs,
    at_most_allowed,
    limited_units,
    needs_of,
    surely_needed,
)
from quantumjob_operator.budgets.refusals import COUNTING
from quantumjob_operator.budgets.tally import Take, TooManyError
from quantumjob_operator.budgets.told import reserved_in, was_free
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.controller.reaching import unless_refused
from quantumjob_operator.controller.settlement import ended_as_known
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.garbage_collection import sender_of
from quantumjob_operator.lifecycle.transitions import FINAL_SIGHTINGS, seen_as
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.model.money import Amount, Basis
from quantumjob_operator.model.naming import is_guid
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace, referenced_name
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.reservation import Reservation
from quantumjob_operator.settings import Settings

_MOST_SECONDS: Final = 600.0
"""For so long the lists of a budget are read."""
_AT_ONCE: Final = 25
"""Rows or objects that are handled before others run on the event loop."""


class BudgetRows:
    """Reads lists."""

    def __init__(
        self, *, cache: Cache, connections: Connections, namespaces: Namespaces, settings: Settings, clock: Clock
    ) -> None:
        self._cache = cache
        self._connections = connections
        self._namespaces = namespaces
        self._settings = settings
        self._tolerance = timedelta(seconds=settings.fence_seconds)
        self._clock = clock

    async def listed(self, budget: QuantumBudget, start: datetime, take: Take) -> Kept | None:
        """Take each job that counts, since then; or why that was not possible."""
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                for name in budget.spec.workspaces:
                    if why := await self._listed_by(budget, name, start, take):
                        return why
        except TooManyError as error:
            return too_many(error)
        except TimeoutError:
            told = f"QuantumWorkspaces did not give their lists within {_MOST_SECONDS:.0f} s"
            return Kept(COUNTING, f"what was spent can't be counted yet: {told}")
        return None

    async def _listed_by(self, budget: QuantumBudget, name: str, start: datetime, take: Take) -> Kept | None:
        workspace = self._cache.find_workspace((budget.namespace, name))
        connection = await unless_refused(self._connections.get(workspace)) if workspace else None
        if not isinstance(connection, Connection):
            why = "does not exist" if workspace is None else "is not ready"
            return Kept(COUNTING, f"what was spent can't be counted yet: QuantumWorkspace {name} {why}")
        try:
            await self._pages(budget, connection, start, take)
        except ServiceError as error:
            return Kept(COUNTING, f"what was spent can't be counted yet: QuantumWorkspace {name}: {error}")
        return None

    async def _pages(self, budget: QuantumBudget, connection: Connection, start: datetime, take: Take) -> None:
        """The rows that count, the newest first, as far as what was sent since then."""
        held = {one.job_id: one for one in budget.status.reservations}
        # In the order in which the service accepted them, which is that of sending but for requests under way.
        last = start - self._tolerance
        async for page in connection.client.list_whole_jobs(only=""):
            for number, remote in enumerate(page):
                if not number % _AT_ONCE:
                    await asyncio.sleep(0)
                sent = remote.sent_at or self._clock.now()
                # By both clocks: what others write into their metadata must not hide what was accepted before.
                if max(sent, remote.creation_time or sent) < last:
                    return
                if sent < start:
                    continue
                if row := await self._row(budget, connection.workspace, remote, sent, held.get(remote.id)):
                    take(row)
            del page  # nobody counts what it takes while the next one does not come

    async def claimed(self, budget: QuantumBudget, start: datetime, listed: Container[str]) -> list[Row]:
        """Jobs that are claimed and not listed: the list shows late what was accepted, and a PUT may be on its way."""
        named = (self._cache.find_workspace((budget.namespace, name)) for name in budget.spec.workspaces)
        found: list[Row] = []
        for workspace in (one for one in named if one):
            for number, job in enumerate(list(self._cache.jobs.values())):
                if not number % _AT_ONCE:
                    await asyncio.sleep(0)
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
        told = status.submission_time if status.job_id == job_id else None
        amounts = _amounts(budget, job, job_id, accepted=told is not None)
        if (not amounts and _is_free(job)) or any(one.job_id == job_id for one in status.attempts):
            return None
        since = datetime.fromisoformat(told) if told else self._clock.now()
        held = next((one for one in budget.status.reservations if one.job_id == job_id), None)
        entry = self._standing(budget, held, job, accepted=told is not None) or Reservation(
            job_id=job_id,
            namespace=job.namespace,
            name=job.name,
            uid=job.uid,
            workspace=workspace.name,
            place=workspace.place,
            reserved_at=stamp(since),
            amounts=amounts,
            basis="Estimate" if told else CLAIMED,
        )
        return Row(entry, since, None, accepted=told is not None)

    async def _row(
        self,
        budget: QuantumBudget,
        workspace: QuantumWorkspace,
        remote: RemoteJob,
        sent: datetime,
        reserved: Reservation | None,
    ) -> Row | None:
        # A cluster that was renamed has sent what carries its former name.
        names = (self._settings.cluster_name or "", *self._settings.adoptable_clusters) if is_guid(remote.id) else ()
        origin = next(filter(None, (sender_of(remote, one) for one in names)), None)
        job = self._cache.jobs.get(origin.uid) if origin else None
        if origin is None or (job is not None and job.namespace != origin.namespace):
            return None
        held = self._standing(budget, reserved, job, accepted=True)
        ended = ended_as_known(remote, reserved, job) if seen_as(remote) in FINAL_SIGHTINGS else None
        if held is None and ended is None and (was_free(remote.metadata) or (job is not None and _is_free(job))):
            return None  # nothing was reserved for it, and any number of them may be under way
        gone, silent = job is None and held is None, held is None and not _tells(budget, job, remote.id)
        told = reserved_in(remote.metadata, budget.key) if silent else None
        if held is None and not await self._belongs(budget, workspace, origin.namespace, job, told=bool(told)):
            return None
        entry = held or Reservation(
            job_id=remote.id,
            namespace=origin.namespace,
            name=origin.name,
            uid=origin.uid,
            workspace=workspace.name,
            place=workspace.place,
            reserved_at=stamp(sent),
            amounts=_amounts_told(budget, job, remote, told)
            if silent
            else _amounts(budget, job, remote.id, accepted=True),
            basis="Estimate",
        )
        unknown = silent and told is None and (job is None or _is_unknown(budget, job))
        return Row(entry, sent, ended, unknown=unknown, unreserved=gone and told == ())

    async def _belongs(
        self,
        budget: QuantumBudget,
        workspace: QuantumWorkspace,
        namespace: str,
        job: QuantumJob | None,
        *,
        told: bool = False,
    ) -> bool:
        """Whether a job went through the QuantumWorkspace: others may lead to the same Azure workspace.

        Whose object is gone did if its own metadata tell that this budget has reserved something for it, whatever its
        namespace is admitted to since; else it may have, if that is admitted, and a budget of some jobs does not know
        it, since it has no labels.
        """
        selected = budget.spec.namespaces
        asks = selected is not None or workspace.spec.allowed_namespaces is not None
        labels = await self._namespaces.labels(namespace) if asks else None
        if job is not None:
            # Users write claims: what status does not tell of was sent only if the workspace admits its namespace.
            unread = labels is None and workspace.spec.allowed_namespaces is not None
            may_be = unread or job.status.workspace is not None or workspace.admits(namespace, labels)
            return may_be and self._goes_through(job, workspace) and counts(budget, job, labels)
        if not told and (budget.spec.jobs is not None or not workspace.admits(namespace, labels)):
            return False
        return selected is None or labels is None or selected.selector.matches(labels)

    def _goes_through(self, job: QuantumJob, workspace: QuantumWorkspace) -> bool:
        used = job.status.workspace
        if used is not None:
            return (used.ref.get("namespace"), used.ref.get("name")) == workspace.key
        namespace, _, name = (self._settings.default_workspace or "").partition("/")
        default = (namespace, name) if name else None
        return referenced_name(job, self._cache.find_workspace, default) == workspace.key

    def _standing(
        self, budget: QuantumBudget, held: Reservation | None, job: QuantumJob | None, *, accepted: bool
    ) -> Reservation | None:
        """What is reserved, with the units that were not limited when it was."""
        if held is None:
            return None
        lacking = _amounts(budget, job, held.job_id, accepted=accepted)
        return replace(held, amounts=completed(budget, held.amounts, lacking))


def _is_free(job: QuantumJob) -> bool:
    estimate = job.status.estimate
    return estimate is not None and estimate.basis is Basis.FREE


def _tells(budget: QuantumBudget, job: QuantumJob | None, job_id: str) -> bool:
    """Whether an object says what was reserved for an attempt; one that was restored may have forgotten it."""
    shown = job.status.budgets if job and job.status.job_id == job_id else ()
    return any((one.namespace, one.name) == budget.key for one in shown)


def _is_unknown(budget: QuantumBudget, job: QuantumJob) -> bool:
    return isinstance(needs_of(budget.spec, job.spec, job.status.estimate), CostUnknown)


def _amounts_told(
    budget: QuantumBudget, job: QuantumJob | None, remote: RemoteJob, told: tuple[Amount, ...] | None
) -> tuple[Amount, ...]:
    """What a job had reserved whose object does not say so, with as much as one job may of what nobody tells."""
    if was_free(remote.metadata):
        return ()
    return completed(budget, told or (), _amounts(budget, job, remote.id, accepted=True))


def _amounts(budget: QuantumBudget, job: QuantumJob | None, job_id: str, *, accepted: bool) -> tuple[Amount, ...]:
    """What an attempt would have reserved; of a job whose object is gone, as much as one job may, and it is one job.

    What runs costs what is expected, also where no limit would have let it begin. Status may still tell what became of
    the attempt before, though not in units that were not limited then.
    """
    if job is None:
        limits = {one.unit: one for one in budget.spec.per_job}
        one = {JOBS: Amount(JOBS, "1")} if JOBS in limited_units(budget.spec) else {}
        return tuple((limits | one).values())
    needs = needs_of(budget.spec, job.spec, job.status.estimate)
    known = surely_needed(budget.spec, job.spec, job.status.estimate)
    # What a claim or `maxCost` says is a user's word: nobody would have been let reserve more than this.
    sure = known if accepted else at_most_allowed(budget.spec, known)
    said = at_most_allowed(budget.spec, needs.amounts) if isinstance(needs, Needs) else budget.spec.per_job
    needed = completed(budget, sure, said)
    for shown in job.status.budgets if job.status.job_id == job_id else ():
        if (shown.namespace, shown.name) == budget.key:
            return completed(budget, shown.amounts, needed)
    return needed


def too_many(error: TooManyError) -> Kept:
    """What a budget says that has too much to count."""
    told = f"{error} are listed: a budget can't be kept of so many; delete it, or have it count fewer (spec.namespaces)"
    return Kept(COUNTING, f"what was spent can't be counted: {told}")
