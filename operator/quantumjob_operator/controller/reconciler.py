"""The shell around the core: gather, decide, act, write. The only place that orders side effects on jobs.

A reconciliation begins with what is known without asking, and follows `decide` from step to step until it says that
nothing is to be done now. Must not live here: what follows from what (`lifecycle`), or how a step is done (`actions`).
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.actions import Actions
from quantumjob_operator.controller.finalization import Finalization, about
from quantumjob_operator.controller.in_memory_writer import as_deleted
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.news import KeptNews
from quantumjob_operator.controller.observer import Observer
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import Outdated, ReconcileContext
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.lifecycle import Action, Decision, decide
from quantumjob_operator.lifecycle.attempts import current_attempt
from quantumjob_operator.lifecycle.fence import may_have_left_a_job
from quantumjob_operator.lifecycle.late_bills import next_look
from quantumjob_operator.lifecycle.observation import ABSENT, QueuePlace
from quantumjob_operator.lifecycle.slots import holds_slot
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remains import remains_of
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.scheduling.backoff import backoff
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings

_MAX_STEPS, _SOON_SECONDS = 24, 0.05
_LAST_WORD_SECONDS: Final = 60.0  # for so long an event of the watch may be late; what it has not told then is lost
_UNBROKEN: Final = frozenset({Action.CLAIM, Action.RENOUNCE, Action.FIND_LAST_ATTEMPT})
"""Steps that no deadline cuts off; finding the last attempt has one of its own, before it claims."""
_log = logging.getLogger(__name__)


class Reconciler:
    """Reconciles one job at a time per worker; holds what this process remembers of each."""

    def __init__(
        self,
        *,
        cache: Cache,
        objects: Objects,
        finalization: Finalization,
        actions: Actions,
        observer: Observer,
        status: StatusWriter,
        workspaces: Workspaces,
        limiter: InflightLimiter,
        queue: WorkQueue[str],
        settings: Settings,
        clock: Clock,
        holder: str,
        metrics: Metrics,
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._finalization = finalization
        self._actions = actions
        self._observer = observer
        self._status = status
        self._workspaces = workspaces
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._holder = holder
        self._metrics = metrics
        self._limiter = limiter
        self._memories: dict[str, Memory] = {}
        self._news = KeptNews()
        self._last_word: dict[str, float] = {}

    def learned(self, uid: str, remote: RemoteJob | None, *, through: str) -> None:
        """News of a job by a QuantumWorkspace's poller: kept for the reconciliation that follows at once."""
        if memory := self._memories.get(uid):
            self._news.put(uid, memory.job.namespace, remote, through)
            self._queue.add(uid)

    def learned_place(self, uid: str, ahead: int | None, usual_wait: int | None) -> None:
        """News of a waiting job's place in its provider's queue: kept for the reconciliation that follows at once."""
        if memory := self._memories.get(uid):
            memory.place = QueuePlace(ahead, usual_wait)
            self._queue.add(uid)

    def removed(self, uid: str) -> None:
        """An object is gone: of the job that it may have left, no more is kept than it takes to end it."""
        if memory := self._memories.get(uid):
            memory.job = remains_of(memory.job)

    def has_in_hand(self, uid: str) -> bool:
        """Whether the object of this uid is remembered, there or gone: its job is seen to its end from here."""
        return uid in self._memories

    async def reconcile(self, uid: str) -> None:
        """Reconcile the job of this uid; never raises, whatever happens is a decision about time."""
        job = self._cache.jobs.get(uid)
        try:
            if job is None:
                await self._disappeared(uid)
            else:
                memory = self._memories.setdefault(uid, Memory(job))
                memory.gone = False  # a cluster that is restored may bring it back
                await self._walk(job, memory)
        except Outdated:
            self._queue.add_after(uid, _SOON_SECONDS)
        except (Conflict, NotFound) as error:
            _log.info("%s; requeued", error, extra=about(job))
            await self._refresh(uid, job)
        except (ClusterError, TimeoutError) as error:
            self._requeue_failed(uid, job, error)
        except Exception as error:  # noqa: BLE001 - one object's trouble must not end the worker; counted and logged
            _log.exception("reconciling %s failed", job.key if job else uid, extra=about(job))
            self._requeue_failed(uid, job, error)

    def _requeue_failed(self, uid: str, job: QuantumJob | None, error: Exception) -> None:
        self._metrics.reconcile_errors.labels(type(error).__name__).inc()
        if memory := self._memories.get(uid):
            memory.failures += 1
        delay = backoff(memory.failures if memory else 1, uid)
        _log.warning("%s; requeued in %.1f s", error, delay, extra=about(job))
        self._queue.add_after(uid, delay)

    async def _refresh(self, uid: str, job: QuantumJob | None) -> None:
        """What was decided on is no longer so, and the watch may lag: read the object itself, then requeue."""
        memory = self._memories.get(uid)
        if memory is None:
            return
        if job is None:
            self._queue.add_after(uid, backoff(1, uid))
            return
        try:
            live = await self._objects.read_job(job.namespace, job.name)
        except ClusterError as error:
            self._requeue_failed(uid, job, error)
            return
        if live is None or live.uid != uid:
            self._cache.remove(uid)
        else:
            self._cache.put_job(live)
        memory.failures += 1
        self._queue.add_after(uid, backoff(memory.failures, uid) / 10)

    async def _walk(self, job: QuantumJob, memory: Memory) -> None:
        deadline = asyncio.get_running_loop().time() + self._settings.reconciliation_seconds
        memory.fresh = self._news.take(job.uid)
        async with asyncio.timeout_at(deadline):
            context = await self._observer.begin(job, memory)
        try:
            await self._steps(context, deadline)
        except ClusterError as error:
            await self._status.refused(context, error)
            raise
        finally:
            memory.program = None
            memory.job = self._cache.jobs.get(context.job.uid, context.job)
            memory.over(context.job, context.seen.remote, context.seen.job_id)
            self._keep_slot(context)
            if context.refused and context.connection:
                await self._workspaces.refused(context.connection)
            await self._actions.over(context)

    def _keep_slot(self, context: ReconcileContext) -> None:
        """A job in flight keeps its slot, one that lacks a slot alone its place in the queue, and no other has any."""
        job, memory, fence = context.memory.job, context.memory, context.memory.fence_state
        may_run, unsent = fence.fence_left(self._clock.monotonic()) > 0, fence.is_unsent(current_attempt(job))
        over = memory.released or memory.saw_end_of(context.seen.job_id)
        if over or not holds_slot(job, ours=memory.has_sent, may_run=may_run, unsent=unsent):
            if over or not context.seen.full:
                self._limiter.forget(job.uid)
        elif context.connection and not context.connection.cancel_only:
            self._limiter.take(context.connection.workspace, job, ours=memory.has_sent, may_run=may_run)

    async def _steps(self, context: ReconcileContext, deadline: float) -> None:
        for _ in range(_MAX_STEPS):
            decision = decide(context.seen)
            if decision.action is Action.RELEASE:
                if not await self._release(context, decision) or context.job.deletion_requested:
                    return
            elif decision.action is Action.DELETE:
                await self._objects.delete(context.job)
                return
            elif decision.action in (Action.NONE, Action.RECORD):
                decision = await self._write(context, decision)
                if decision.action is Action.NONE:
                    self._plan(context, decision)
                    return
            else:
                # What writes to the API server has a time-out there, and its answer is not to be missed.
                async with asyncio.timeout_at(None if decision.action in _UNBROKEN else deadline):
                    await self._actions.table[decision.action](context)
                self._cache.update(context.job)
                context.know(ownership=self._observer.ownership(context.job, context.memory))
        raise RuntimeError(f"{context.job.key}: no end after {_MAX_STEPS} steps")

    async def _write(self, context: ReconcileContext, decision: Decision) -> Decision:
        if context.seen.gone and decision.action is Action.RECORD:
            await self._finalization.leave_to_heirs(context)  # before people are told that it is cancelled
        return await self._status.write(context, decision)

    @property
    def crd_outdated(self) -> bool:
        """Whether the API server dropped a part of a status that this operator wrote."""
        return self._status.crd_outdated

    async def _release(self, context: ReconcileContext, decision: Decision) -> bool:
        """Take the finalizer off; False if the object is gone, whatever its last known version said."""
        released = await self._finalization.release(context, decision.notices)
        self._workspaces.unfollow(context.job.uid)
        if released is None:
            self._limiter.forget(context.job.uid)
            self._drop(context.job.uid)
            return False
        context.know(job=released)
        return True

    def _plan(self, context: ReconcileContext, decision: Decision) -> None:
        """When to reconcile again, and whether the poller follows the job meanwhile."""
        job, memory = context.job, context.memory
        if decision.watch and context.connection and context.seen.job_id:
            self._workspaces.follow(context.connection, job, context.seen.job_id)
            memory.followed = True
        else:
            self._workspaces.unfollow(job.uid)
        fenced = context.seen.remote is ABSENT and decision.again is not None
        memory.reconciled(self._clock.monotonic(), trouble=decision.backoff or fenced)
        if decision.backoff:
            delay = backoff(memory.failures, job.uid, at_least=decision.again)
            self._queue.add_after(job.uid, delay if decision.latest is None else min(delay, decision.latest))
        elif decision.again is not None:
            self._queue.add_after(job.uid, decision.again)
        if job.status.finished and not job.has_finalizer:
            now = self._clock.now()
            left = next_look(job, now)
            memory.bill_at = None if left is None else now + timedelta(seconds=left)
            if left is None:
                self._drop(job.uid)

    async def _disappeared(self, uid: str) -> None:
        """An object is gone: in order, or while its job may still run, which then stays in hand until it is over."""
        if self._awaits_last_word(uid):
            return
        last, known = self._cache.take_deleted(uid), self._memories.get(uid)
        if memory := known or (Memory(last) if last else None):
            memory.job = remains_of(memory.last_known(last))
            memory.fence_state = memory.fence_state.has_seen(self._cache.claims.named.pop(uid, 0))
        if not memory or memory.released or not may_have_left_a_job(memory.job, memory.fence_state, self._holder):
            self._forget(uid)
            return
        self._memories[uid] = memory
        if not memory.gone:
            # Before anything is waited for: whoever has its key next can come at any moment.
            self._observer.missed(memory.job)
            if not await self._finalization.is_gone(memory):
                self._queue.add(uid)
                return
        memory.gone = True
        if self._finalization.is_taken_over(memory.job):
            self._forget(uid)
        elif not self._finalization.has_heir(memory.job):
            await self._walk(as_deleted(memory.job), memory)
        elif (again := await self._finalization.await_heir(memory)) is not None:
            self._queue.add_after(uid, again)
        else:
            self._forget(uid)

    def _awaits_last_word(self, uid: str) -> bool:
        """A live read can be ahead of the watch: what users changed last, Orphan above all, is told in a moment."""
        if uid not in self._cache.unheard:
            self._last_word.pop(uid, None)
            return False
        now = self._clock.monotonic()
        left = self._last_word.setdefault(uid, now + _LAST_WORD_SECONDS) - now
        if left <= 0:
            del self._last_word[uid]
            return False
        self._queue.add_after(uid, left)
        return True

    def _forget(self, uid: str) -> None:
        self._drop(uid)
        self._workspaces.unfollow(uid)
        self._limiter.forget(uid)
        self._actions.forget(uid)

    def _drop(self, uid: str) -> None:
        self._memories.pop(uid, None)
        self._news.take(uid)
        self._finalization.forget(uid)
