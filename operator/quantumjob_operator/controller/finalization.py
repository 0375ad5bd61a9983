"""How an object leaves: released in order, or gone before its job was over.

Rules:
1. Whatever could not be confirmed leaves a trace: a Warning Event (on the Namespace where the object's own namespace
   refuses Events, as a terminating one does), an ERROR in the log, and a counter.
2. A job whose object is gone stays in hand until it is over, unless another object owns it too. That it was found
   running is told once.

Must not live here: when an object may leave (`lifecycle.deletion`).
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects, job_reference
from quantumjob_operator.controller.awaited_heirs import AwaitedHeirs
from quantumjob_operator.controller.process_state import LASTING, Memory
from quantumjob_operator.controller.reconcile_context import Outdated, ReconcileContext
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import identify, is_heir
from quantumjob_operator.lifecycle.cancelling import is_still_wanted
from quantumjob_operator.lifecycle.deletion import UNCONFIRMED
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name
from quantumjob_operator.model.values import replace

_LONG_SECONDS: Final = 600.0
_log = logging.getLogger(__name__)


def about(job: QuantumJob | None) -> dict[str, Any]:
    """The fields by which log lines about a job are found again."""
    if job is None:
        return {}
    # `object_name`, because a log record has a `name` of its own.
    return {"namespace": job.namespace, "object_name": job.name, "uid": job.uid, "jobId": job.status.job_id}


class Finalization:
    """Lets objects go.

    Args:
        wake: Has an object reconciled: what a live read told of it is no news to the watch any more.
        referenced: The QuantumWorkspace that a job's reference means.
    """

    def __init__(
        self,
        *,
        objects: Objects,
        events: Events,
        cache: Cache,
        wake: Callable[[str], None],
        referenced: Callable[[QuantumJob], Name],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._objects = objects
        self._events = events
        self._cache = cache
        self._wake = wake
        self._referenced = referenced
        self._clock = clock
        self._metrics = metrics
        self._heirs = AwaitedHeirs()

    async def tell(self, job: QuantumJob, notice: Notice, *, once: bool = False, of_version: bool = False) -> bool:
        """Log a notice and publish it as an Event; False if the API server refused the Event.

        Args:
            job: Of which it speaks.
            notice: What to say.
            once: It can happen only once to an object.
            of_version: Or only once to each version of it.
        """
        level = logging.WARNING if notice.warning else logging.INFO
        _log.log(level, "%s: %s", notice.reason, notice.message, extra=about(job))
        involved = {**job_reference(job), "namespace": job.namespace, "resourceVersion": job.resource_version}
        version = job.resource_version if of_version else ""
        return await self._events.publish(involved, notice, self._clock.now(), once=once, version=version)

    async def release(self, context: ReconcileContext, notices: Iterable[Notice]) -> QuantumJob | None:
        """Take the finalizer off; None if the object is gone with it.

        What it was held for is told first, because afterwards nobody can be told; and once, however often the API
        server has to be asked.
        """
        job, memory = context.job, context.memory
        for notice in notices:
            if notice in memory.told:
                continue
            told = await self.tell(job, notice, once=True)
            if notice.reason in UNCONFIRMED:
                await self._leave_trace(job, notice, told=told)
            memory.told.add(notice)
        memory.released = True
        try:
            released = await context.writer.release(job)
        except NotFound:
            released = None
        except Conflict:
            memory.released = False
            raise
        if released is None:
            self._cache.forget(job.uid)
        else:
            memory.released = False
            self._cache.update(released)
        return released

    async def _leave_trace(self, job: QuantumJob, notice: Notice, *, told: bool) -> None:
        self._metrics.unconfirmed.inc()
        _log.error("%s: %s", notice.reason, notice.message, extra=about(job))
        if not told:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "name": job.namespace}
            message = f"QuantumJob {job.key}: {notice.message}"
            trace = Notice(notice.reason, message, warning=True)
            await self._events.publish(namespace, trace, self._clock.now(), once=True)

    async def is_gone(self, memory: Memory) -> bool:
        """Whether the object really is gone: a live read, since the watch may err.

        Raises:
            ClusterError: The API server did not answer; after failures in a row what the watch has told is enough.
        """
        job = memory.job
        try:
            live = await self._objects.read_job(job.namespace, job.name)
        except ClusterError as error:
            _go_on_without(memory, error)
            return True
        memory.unread = 0
        if live is None or live.uid != job.uid:
            return True
        self._cache.put_job(live)
        return False

    def forget(self, uid: str) -> None:
        """What is gone is over, or has come back."""
        self._heirs.forget(uid)

    def has_heir(self, job: QuantumJob) -> bool:
        """Whether another object has the same idempotency key, so that the remote job may be its own by now."""
        key, now = job.spec.idempotency_key, self._clock.now()
        same = self._cache.with_key(job.namespace, key) if key is not None else ()
        return any(is_heir(other, job, now, self._referenced) for other in same)

    def is_taken_over(self, job: QuantumJob) -> bool:
        """Whether another object with the key has accepted this very job: then it is seen to its end from there."""
        key, claim = job.spec.idempotency_key, job.claim
        ids = {job.status.job_id, identify(job, claim.workspace) if claim else None} - {None}
        same = self._cache.with_key(job.namespace, key) if key is not None else ()
        return any(other.uid != job.uid and was_accepted(other) and other.status.job_id in ids for other in same)

    async def await_heir(self, memory: Memory) -> float | None:
        """An object with the key will take the job over; one that does not for long is held by something else.

        Nothing is cancelled then, because it still may: but the job runs, and somebody has to know.

        Returns:
            Seconds until it is to be looked at again; None if so many wait that this one, of which a claim alone says
            that it may have been sent, is left to the search for jobs without an object.
        """
        job, now = memory.job, self._clock.monotonic()
        sent = memory.has_sent or job.attempt_at_service is not None
        if (again := self._heirs.wait(job.namespace, job.uid, surely_sent=sent)) is None:
            _log.warning("too many objects with an idempotency key are gone: left to the search", extra=about(job))
            return None
        if memory.awaits_heir_since is None:
            memory.awaits_heir_since = now
        claim = job.claim
        job_id = job.status.job_id or (identify(job, claim.workspace) if claim else "of this resource")
        message = (
            f"the QuantumJob is gone and its job {job_id} may still run; it is not cancelled, because a QuantumJob "
            "with the same spec.idempotencyKey can take it over, which has not done so for ten minutes: see to that one"
        )
        notice = Notice("ObjectGone", message, warning=True)
        if now - memory.awaits_heir_since >= _LONG_SECONDS and notice not in memory.told:
            memory.told.add(notice)
            await self.tell(job, notice, once=True)
        return again

    async def require_wanted(self, context: ReconcileContext) -> None:
        """Right before its job is cancelled: its user may have thought better of it since that was decided.

        What only an API server that answers could tell, keeps no job running for long: after failures in a row the
        decision stands. Nor does a user who goes on changing what matters for nothing here.

        Raises:
            Outdated: By the object as it is now the job is not to be cancelled, or it is gone; the cache knows,
                whatever the watch has told.
            ClusterError: The API server did not answer.
        """
        job, memory = context.job, context.memory
        try:
            live = await self._objects.read_job(job.namespace, job.name)
        except ClusterError as error:
            _go_on_without(context.memory, error)
            live = self._cache.jobs.get(job.uid)
        else:
            context.memory.unread = 0
        if live is None or live.uid != job.uid:
            self._cache.remove(job.uid)
            raise Outdated
        asked = memory.unwritten is not None and memory.unwritten.asked
        told = job.status.cancellation if asked else context.stored.cancellation
        if not is_still_wanted(context.seen, live, told):
            memory.unwritten = memory.unwritten if asked else None
            self._cache.put_job(live)
            raise Outdated
        if live.status == context.stored and live.resource_version != job.resource_version:
            # What is written next is written to this version, not to one that its user has changed since.
            self._cache.put_job(live)
            context.know(job=replace(live, status=job.status))

    async def leave_to_heirs(self, context: ReconcileContext) -> None:
        """Before its job is cancelled, or anybody is told so: another object may have taken it over meanwhile.

        Raises:
            Outdated: One has, or is about to; it is in the cache, whatever the watch has told.
            ClusterError: The API server did not answer; after failures in a row what the watch has told is enough.
        """
        job = context.job
        if job.spec.idempotency_key is not None:
            await self._hear_of(context, job.namespace, job.spec.idempotency_key)
        if self.is_taken_over(job) or self.has_heir(job):
            raise Outdated

    async def _hear_of(self, context: ReconcileContext, namespace: str, key: str) -> None:
        """Of all with the key, page by page: no more of them is in memory than the cache keeps anyway."""

        def hear(live: QuantumJob) -> None:
            if self._cache.put_job(live):
                self._wake(live.uid)

        try:
            await self._objects.each_with_key(namespace, key, hear)
        except ClusterError as error:
            _go_on_without(context.memory, error)
            return
        context.memory.unread = 0

    async def found_running(self, context: ReconcileContext) -> None:
        """The object is gone and its job ran: told once the service was asked to cancel it, whatever it answered.

        Not before: until the last look another object may take the job over, and then nothing is cancelled.
        """
        job, memory = context.job, context.memory
        message = f"the QuantumJob is gone and its job {context.seen.job_id} still ran; it is being cancelled"
        notice = Notice("ObjectGone", message, warning=True)
        if notice not in memory.told:
            memory.told.add(notice)
            self._metrics.left_behind.inc()
            await self.tell(job, notice, once=True)


def _go_on_without(memory: Memory, error: ClusterError) -> None:
    """Nobody tells how things are before a cancellation; what may be an accident of the moment is raised."""
    memory.unread += 1
    if memory.unread <= LASTING:
        try:
            raise error
        finally:
            del error
    _log.warning("%s; cancelling as it was last known", error, extra=about(memory.job))
