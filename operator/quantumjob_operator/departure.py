"""How an object leaves: released in order, or removed by force.

Rules:
1. Whatever could not be confirmed leaves a trace: a Warning Event (on the Namespace where the object's own namespace
   refuses Events, as a terminating one does), an ERROR in the log, and a counter.
2. A job whose object was removed by force is cancelled once, from memory, unless another object owns it too.

Must not live here: when an object may leave (`lifecycle.deletion`).
"""

import logging
from collections.abc import Iterable
from typing import Any

from quantumjob_operator.cluster.api import NotFound
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects, job_reference
from quantumjob_operator.connections import Connection
from quantumjob_operator.errors import ServiceError
from quantumjob_operator.instance import Clock, Memory
from quantumjob_operator.inventory import Inventory
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.deletion import CANCELLATION_UNCONFIRMED
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.quantumjob import QuantumJob

_log = logging.getLogger(__name__)


def about(job: QuantumJob | None) -> dict[str, Any]:
    """The fields by which log lines about a job are found again."""
    if job is None:
        return {}
    # `object_name`, because a log record has a `name` of its own.
    return {"namespace": job.namespace, "object_name": job.name, "uid": job.uid, "jobId": job.status.job_id}


class Departures:
    """Lets objects go."""

    def __init__(
        self, *, objects: Objects, events: Events, inventory: Inventory, clock: Clock, metrics: Metrics
    ) -> None:
        self._objects = objects
        self._events = events
        self._inventory = inventory
        self._clock = clock
        self._metrics = metrics

    async def tell(self, job: QuantumJob, notice: Notice) -> bool:
        """Log a notice and publish it as an Event; False if the API server refused the Event."""
        level = logging.WARNING if notice.warning else logging.INFO
        _log.log(level, "%s: %s", notice.reason, notice.message, extra=about(job))
        involved = {**job_reference(job), "namespace": job.namespace, "resourceVersion": job.resource_version}
        return await self._events.publish(involved, notice, self._clock.now())

    async def release(self, job: QuantumJob, notices: Iterable[Notice]) -> QuantumJob | None:
        """Take the finalizer off; None if the object is gone with it.

        What it was held for is told first, because afterwards nobody can be told.
        """
        for notice in notices:
            told = await self.tell(job, notice)
            if notice.reason == CANCELLATION_UNCONFIRMED:
                await self._leave_trace(job, notice, told=told)
        try:
            released = await self._objects.release(job)
        except NotFound:
            released = None
        if released is None:
            self._inventory.remove(job.uid)
        else:
            self._inventory.update(released)
        return released

    async def _leave_trace(self, job: QuantumJob, notice: Notice, *, told: bool) -> None:
        self._metrics.unconfirmed.inc()
        _log.error("%s: %s", notice.reason, notice.message, extra=about(job))
        if not told:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "name": job.namespace}
            message = f"QuantumJob {job.key}: {notice.message}"
            await self._events.publish(namespace, Notice(notice.reason, message, warning=True), self._clock.now())

    async def is_gone(self, job: QuantumJob) -> bool:
        """Whether the object really is gone: a live read, since the watch may err."""
        live = await self._objects.read_job(job.namespace, job.name)
        if live is None or live.uid != job.uid:
            return True
        self._inventory.put_job(live)
        return False

    def left_by_force(self, memory: Memory) -> bool:
        """Whether an object that is gone took a job with it that may still run."""
        job = memory.job
        key = job.spec.idempotency_key
        shared = key is not None and any(
            other.spec.idempotency_key == key and other.namespace == job.namespace
            for other in self._inventory.jobs.values()
            if other.uid != job.uid
        )
        done = not job.has_finalizer or job.status.finished or memory.certainty.never_sent
        return not (done or shared or job.spec.deletion_policy == "Orphan")

    async def cancel_left_job(self, job: QuantumJob, connection: Connection, job_id: str) -> None:
        """Cancel a job whose object was removed by force: once, for nobody would see the end."""
        if await self._has_ended(connection, job_id):
            # Another instance let the object go in order.
            return
        self._metrics.unconfirmed.inc()
        _log.error("the object was removed by force; cancelling its job %s once", job_id, extra=about(job))
        try:
            await connection.client.cancel_job(job_id)
        except ServiceError:
            _log.exception("job %s could not be cancelled and may still run", job_id, extra=about(job))

    async def _has_ended(self, connection: Connection, job_id: str) -> bool:
        """Whether the service says so; a question that failed is no such answer, and keeps nobody from cancelling."""
        try:
            found = await connection.client.get_job(job_id)
        except ServiceError:
            return False
        return found is not None and is_final_word(found.status)
