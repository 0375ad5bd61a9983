"""The shell around the core: gather, decide, act, write. The only place that orders side effects on jobs.

A look begins with what is known without asking, and follows `decide` from step to step until it says that nothing is
to be done now. Must not live here: what follows from what (`lifecycle`), or how a step is done (`deeds`).
"""

import asyncio
import logging
from collections.abc import Set as AbstractSet
from typing import Final

from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.connections import Connection
from quantumjob_operator.deeds import Deeds
from quantumjob_operator.departure import Departures, about
from quantumjob_operator.instance import Clock, Memory
from quantumjob_operator.inventory import Inventory
from quantumjob_operator.jobstatus import JobStatus, status_json, status_patch
from quantumjob_operator.lifecycle import Action, Decision, Observation, decide
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.facts import ABSENT, Limits, Tenure, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.transcript import notices_between
from quantumjob_operator.look import Look
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import RemoteJob
from quantumjob_operator.schedule import backoff
from quantumjob_operator.settings import Settings
from quantumjob_operator.slots import Slots, in_flight
from quantumjob_operator.workqueue import WorkQueue
from quantumjob_operator.workspaces import Workspaces

_MAX_STEPS: Final = 24
_UNBROKEN: Final = frozenset({Action.CLAIM, Action.RENOUNCE, Action.FIND_LAST_ATTEMPT})
"""Steps that no deadline cuts off; finding the last attempt has one of its own, before it claims."""
_log = logging.getLogger(__name__)


class Reconciler:
    """Looks at one job at a time per worker; holds what this process remembers of each."""

    def __init__(
        self,
        *,
        inventory: Inventory,
        objects: Objects,
        departures: Departures,
        deeds: Deeds,
        workspaces: Workspaces,
        slots: Slots,
        queue: WorkQueue[str],
        settings: Settings,
        clock: Clock,
        holder: str,
        metrics: Metrics,
    ) -> None:
        self._inventory = inventory
        self._objects = objects
        self._departures = departures
        self._deeds = deeds
        self._workspaces = workspaces
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._holder = holder
        self._metrics = metrics
        self._lost: AbstractSet[str] = frozenset()
        self._slots = slots
        self._memories: dict[str, Memory] = {}

    def learned(self, uid: str, remote: RemoteJob | None) -> None:
        """The poller's news of a job: kept for the look that follows at once."""
        memory = self._memories.get(uid)
        if memory:
            # A 404 counts from the moment in which it was asked for, which only the look's own GET knows.
            memory.fresh = remote
            self._queue.add(uid)

    async def look(self, uid: str) -> None:
        """Look at the job of this uid; never raises, whatever happens is a decision about time."""
        job = self._inventory.jobs.get(uid)
        try:
            if job is None:
                await self._disappeared(uid)
            else:
                await self._walk(job, self._memories.setdefault(uid, Memory(job)))
        except (Conflict, NotFound) as error:
            _log.info("%s; looking again", error, extra=about(job))
            await self._refresh(uid, job)
        except (ClusterError, TimeoutError) as error:
            self._stumbled(uid, job, error)
        except Exception as error:  # noqa: BLE001 - one object's trouble must not end the worker; counted and logged
            _log.exception("a look at %s failed", job.key if job else uid, extra=about(job))
            self._stumbled(uid, job, error)

    def _stumbled(self, uid: str, job: QuantumJob | None, error: Exception) -> None:
        self._metrics.reconcile_errors.labels(type(error).__name__).inc()
        memory = self._memories.get(uid)
        if memory:
            memory.failures += 1
        delay = backoff(memory.failures if memory else 1, uid)
        _log.warning("%s; looking again in %.1f s", error, delay, extra=about(job))
        self._queue.add_after(uid, delay)

    async def _refresh(self, uid: str, job: QuantumJob | None) -> None:
        """What was decided on is no longer so, and the watch may lag: read the object itself, then look again."""
        memory = self._memories.get(uid)
        if job is None or memory is None:
            return
        try:
            live = await self._objects.read_job(job.namespace, job.name)
        except ClusterError as error:
            self._stumbled(uid, job, error)
            return
        if live is None or live.uid != uid:
            self._inventory.remove(uid)
        else:
            self._inventory.put_job(live)
        memory.failures += 1
        self._queue.add_after(uid, backoff(memory.failures, uid) / 10)

    async def _walk(self, job: QuantumJob, memory: Memory) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.reconciliation_seconds
        async with asyncio.timeout_at(deadline):
            look = await self._begin(job, memory)
        try:
            for _ in range(_MAX_STEPS):
                decision = decide(look.seen)
                if decision.action is Action.RELEASE:
                    await self._release(look, decision)
                    if look.job.deletion_requested:
                        return
                elif decision.action is Action.DELETE:
                    await self._objects.delete(look.job)
                    return
                elif decision.action in (Action.NONE, Action.RECORD):
                    await self._write(look, decision)
                    if decision.action is Action.NONE:
                        self._plan(look, decision)
                        return
                else:
                    # What writes to the API server has a time-out there, and its answer is not to be missed.
                    async with asyncio.timeout_at(None if decision.action in _UNBROKEN else deadline):
                        await self._deeds.table[decision.action](look)
                    look.know(tenure=self._tenure(memory))
            raise RuntimeError(f"{job.key}: no end after {_MAX_STEPS} steps")
        finally:
            memory.program = None
            memory.job = self._inventory.jobs.get(job.uid, memory.job)
            if not in_flight(memory.job):
                self._slots.free(job.uid)
            if look.refused and look.connection:
                await self._workspaces.refused(look.connection)

    async def _begin(self, job: QuantumJob, memory: Memory) -> Look:
        """What is known without asking the service."""
        workspace, connection = await self._way(job)
        job_id, now = self._job_id(job, workspace), self._clock.monotonic()
        fresh, memory.fresh = memory.fresh, None
        if isinstance(fresh, RemoteJob) and fresh.id.lower() != job_id:
            fresh = None  # news of an attempt that is over
        memory.certainty = memory.certainty.met(job, self._holder, now, self._settings.fence_seconds)
        if fresh:
            memory.certainty = memory.certainty.looked(fresh, now, now)
        if connection is None and self._workspaces.serving(job) is None:
            # No object that is left, or that admits it, serves the job: it keeps nobody else waiting.
            self._slots.free(job.uid)
        seen = Observation(
            job=job,
            now=self._clock.now(),
            tenure=self._tenure(memory),
            limits=self._limits(),
            workspace=workspace,
            workspace_moved=self._workspaces.moved(job),
            job_id=job_id,
            remote=fresh,
            full=self._slots.take(connection.workspace, job) if connection else None,
        )
        return Look(seen, memory, connection)

    def _limits(self) -> Limits:
        return Limits(
            cancellation_grace=self._settings.cancellation_grace_period_seconds,
            cluster=self._settings.cluster_name,
            adoptable_clusters=frozenset(self._settings.adoptable_clusters),
            crd_outdated=self.crd_outdated,
            reserved_output_names=tuple(self._settings.reserved_output_names),
            reserved_output_labels=tuple(self._settings.reserved_output_labels),
        )

    def _tenure(self, memory: Memory) -> Tenure:
        """What this process may do and believe at this moment."""
        now, settings = self._clock.monotonic(), self._settings
        return memory.tenure(self._holder, now, fence=settings.fence_seconds, patience=settings.output_patience_seconds)

    async def _way(self, job: QuantumJob) -> tuple[WorkspaceFacts | Trouble, Connection | None]:
        if job.status.finished:
            return Trouble("NotNeeded", "the job has ended"), None
        found = await self._workspaces.for_job(job)
        if isinstance(found, Trouble):
            return found, None
        workspace = found.workspace
        facts = WorkspaceFacts(
            id=workspace.id,
            resource_id=workspace.spec.resource_id,
            endpoint=workspace.endpoint,
            namespace=workspace.namespace,
            name=workspace.name,
            uid=workspace.uid,
        )
        return facts, found

    def _job_id(self, job: QuantumJob, workspace: WorkspaceFacts | Trouble) -> str | None:
        """The id that status shows is the truth for an accepted job; before, it follows from the claim."""
        if was_accepted(job):
            return job.status.job_id
        place = job.claim.workspace if job.claim else None if isinstance(workspace, Trouble) else workspace.id
        return identify(job, place) if place else None

    async def _write(self, look: Look, decision: Decision) -> None:
        """Status first, then the Events that speak of it."""
        before = look.job.status
        written = await self._objects.write_status(look.job, decision.status)
        self._inventory.update(written)
        look.know(job=written)
        self._compare(look, decision.status)
        for notice in (*notices_between(before, decision.status), *decision.notices):
            await self._departures.tell(look.job, notice)

    def _compare(self, look: Look, wanted: JobStatus) -> None:
        """What the API server dropped shows that the installed CRDs are older than this operator."""
        dropped = status_patch(look.job.status, wanted).keys()
        lost = (self._lost | dropped) - (status_json(wanted).keys() - dropped)
        if lost != self._lost:
            _log.error("status fields that the installed CRDs drop: %s (nothing is submitted while any)", sorted(lost))
            self._lost = lost

    @property
    def crd_outdated(self) -> bool:
        """Whether the API server dropped a part of a status that this operator wrote."""
        return bool(self._lost)

    async def _release(self, look: Look, decision: Decision) -> None:
        released = await self._departures.release(look.job, decision.notices)
        self._workspaces.unfollow(look.job.uid)
        if released is None:
            self._slots.forget(look.job.uid)
            self._memories.pop(look.job.uid, None)
        else:
            look.know(job=released)

    def _plan(self, look: Look, decision: Decision) -> None:
        """When to look again, and whether the poller follows the job meanwhile."""
        job, memory = look.job, look.memory
        if decision.watch and look.connection and look.seen.job_id:
            self._workspaces.follow(look.connection, job, look.seen.job_id)
        else:
            self._workspaces.unfollow(job.uid)
        doubting = look.seen.remote is ABSENT and decision.again is not None
        memory.looked(self._clock.monotonic(), trouble=decision.backoff or doubting)
        if decision.backoff:
            delay = backoff(memory.failures, job.uid, at_least=decision.again)
            self._queue.add_after(job.uid, delay if decision.latest is None else min(delay, decision.latest))
        elif decision.again is not None:
            self._queue.add_after(job.uid, decision.again)
        if job.status.finished and not job.has_finalizer:
            self._memories.pop(job.uid, None)

    async def _disappeared(self, uid: str) -> None:
        """An object is gone: in order, or by force while its job may still run."""
        memory = self._memories.get(uid)
        if memory and self._departures.left_by_force(memory):
            if not await self._departures.is_gone(memory.job):
                self._queue.add(uid)
                return
            workspace, connection = await self._way(memory.job)
            job_id = self._job_id(memory.job, workspace)
            if connection and job_id:
                way = connection.on_behalf(memory.job.namespace, cancelling=True)
                await self._departures.cancel_left_job(memory.job, way, job_id)
        self._memories.pop(uid, None)
        self._workspaces.unfollow(uid)
        self._slots.forget(uid)
