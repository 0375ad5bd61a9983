"""Writes status and the Events that speak of it, and says so when the API server refuses a write.

Rules:
1. Status first, then the Events.
2. A wish to cancel is written before the service is asked. If the API server refuses that for good (an admission
   policy, a stricter schema, the size of the object), or fails by it again and again, the service is asked all the
   same: what runs costs money, and what it should say stays in memory. So it is if somebody goes on changing the
   object, so that each write is decided on an older version than it meets.
3. Nothing else is passed over so: what has to be in status before a job is sent, and its end.
4. Why a job waits may be known differently to another process, as its place in a queue. Its words are left for some
   minutes, or two processes would write in turn without end (`own_words`).

Lives here: the one place that has status written. Must not live here: what it says (`lifecycle`).
"""

import logging
from collections.abc import Set as AbstractSet
from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.finalization import Finalization, about
from quantumjob_operator.controller.process_state import LASTING, Memory, Unwritten, Words
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.lifecycle import Decision, Notice
from quantumjob_operator.lifecycle.attempts import current_attempt, has_ended
from quantumjob_operator.lifecycle.cost_limits import cost_notices
from quantumjob_operator.lifecycle.decision import WRITE_REFUSED, Action, write_refused
from quantumjob_operator.lifecycle.doubts import doubt_of
from quantumjob_operator.lifecycle.event_rules import EXECUTING, notices_between
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus, fields_of, status_json, without_texts
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.values import replace

_MANY: Final = 5
"""Writes of one status in a row that the API server has failed by, after which it is not believed to recover."""
_PATIENCE_SECONDS: Final = 600.0
_log = logging.getLogger(__name__)


class StatusWriter:
    """Writes status, and tells of it."""

    def __init__(self, *, cache: Cache, finalization: Finalization, metrics: Metrics, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._finalization = finalization
        self._metrics = metrics
        self._lost: AbstractSet[str] = frozenset()

    async def write(self, context: ReconcileContext, decision: Decision) -> Decision:
        """Write the status of a decision and publish its Events.

        Returns:
            The decision, which is to be made again when another process's words have been left for long enough.

        Raises:
            ClusterError: The API server did not take it, and nothing may go on before it does.
        """
        before, memory = context.job.status, context.memory
        if left := _left_to_another(context, decision, self._clock.monotonic()):
            return replace(decision, again=min(left, decision.again or left))
        try:
            await self._store_what_fits(context, decision.status)
        except ClusterError as error:
            memory.conflicts += isinstance(error, Conflict)
            if not _lasts(memory, error) or not _may_wait(context, decision.status):
                raise
            await self.refused(context, error)
            asked = memory.unwritten is not None and memory.unwritten.asked
            memory.unwritten = Unwritten(context.stored, decision.status, asked)
            context.know(job=replace(context.job, status=decision.status))
        billed = cost_notices(context.job.spec.max_cost, before, decision.status)
        for notice in (*notices_between(before, decision.status), *billed, *decision.notices):
            # Of an object that is gone each process that knew it tells the same; and an attempt begins once, although
            # an endpoint may say for ever that it waits again.
            once = context.seen.gone or notice.reason == EXECUTING
            await self._finalization.tell(context.job, notice, once=once)
        return decision

    async def _store_what_fits(self, context: ReconcileContext, wanted: JobStatus) -> None:
        """The status, or what programs need of it, above all its end, where there is no room for more."""
        try:
            await self._store(context, wanted)
        except ClusterError as error:
            if not error.too_large:
                raise
            await self._store(context, without_texts(wanted))
            await self.refused(context, error)

    async def _store(self, context: ReconcileContext, wanted: JobStatus) -> None:
        memory, known = context.memory, replace(context.job, status=context.stored)
        written = await context.writer.write_status(known, wanted)
        if written.resource_version != known.resource_version:
            memory.refusals, memory.failed_writes, memory.conflicts, memory.refusal_told = 0, 0, 0, ""
        memory.unwritten, context.stored = None, written.status
        memory.said.say(_words(written.status))
        self._cache.update(written)
        context.know(job=written)
        self._compare(context, wanted)

    async def refused(self, context: ReconcileContext, error: ClusterError) -> None:
        """The API server refuses a write of ours: count it, show its words in status if it takes those, tell it once.

        A status by which the API server fails again and again counts as refused. What was not refused is no business of
        this method.
        """
        memory, about_status = context.memory, error.what.endswith("/status")
        memory.failed_writes += error.broken_inside and about_status
        if not error.write_refused and not (error.broken_inside and about_status and memory.failed_writes > _MANY):
            return
        memory.refusals += 1
        self._metrics.refused_writes.inc()
        message = f"the API server refuses what the operator writes: {clean_text(error.message)}"
        shown = any((one.reason, one.message) == (WRITE_REFUSED, message) for one in context.stored.conditions)
        if not about_status and not context.seen.gone and not context.job.status.finished:
            await self._show(context, message)
        # Another operator, or this one before a restart, has told it where status says so, or of this very version.
        if memory.refusal_told != message and not shown:
            notice = Notice(WRITE_REFUSED, message, warning=True)
            await self._finalization.tell(context.job, notice, once=True, of_version=True)
        memory.refusal_told = message

    async def _show(self, context: ReconcileContext, message: str) -> None:
        known = replace(context.job, status=context.stored)
        shown = write_refused(replace(context.seen, job=known), message)
        try:
            written = await context.writer.write_status(known, shown)
        except (Conflict, NotFound):
            return  # the next reconciliation sees the newer version
        except ClusterError as error:
            _log.info("%s", error, extra=about(context.job))
            return
        self._cache.update(written)
        context.stored = written.status
        context.memory.said.say(_words(written.status))

    def _compare(self, context: ReconcileContext, wanted: JobStatus) -> None:
        """A field that the API server dropped shows that the installed CRDs are older than this operator.

        Only its absence does. A value that is not as it was written is the business of that one job, and its text may
        come from outside: it must stop nobody else's.
        """
        if context.job.status == wanted and not self._lost:
            return  # nearly always: whatever was written is there
        written, kept = fields_of(status_json(wanted)), fields_of(status_json(context.job.status))
        lost = (self._lost | (written - kept)) - (written & kept)
        if lost != self._lost:
            _log.error("status fields that the installed CRDs drop: %s (nothing is submitted while any)", sorted(lost))
            self._lost = lost

    @property
    def crd_outdated(self) -> bool:
        """Whether the API server dropped a part of a status that this operator wrote."""
        return bool(self._lost)


def _left_to_another(context: ReconcileContext, decision: Decision, now: float) -> float:
    """Seconds for which it is left as it is why a job waits; what is doubted is always said."""
    there, wanted = context.stored, decision.status
    if decision.action is not Action.NONE or doubt_of(there) or doubt_of(wanted):
        return 0.0
    if _without_words(there) != _without_words(wanted):
        return 0.0
    found = _kinds(_words(wanted))
    return context.memory.said.patience(_words(there), lambda said: _kinds(said) == found, now, _PATIENCE_SECONDS)


def _words(status: JobStatus) -> Words:
    """What two processes may say differently; the service's own words of an error tell the time, or a request's id."""
    return status.conditions, status.error, status.message


def _without_words(status: JobStatus) -> JobStatus:
    return replace(status, conditions=(), error=None, message=None)


def _kinds(words: Words) -> tuple[Any, ...]:
    conditions, error, _ = words
    return *((one.type, one.status, one.reason) for one in conditions), error and error.code


def _lasts(memory: Memory, error: ClusterError) -> bool:
    """Whether a status can't be stored for longer.

    One that fails so often does it by what it says: an API server that takes no writes takes none of the Lease either,
    without which nothing is reconciled.
    """
    refused = error.write_refused and memory.refusals >= LASTING
    overtaken = isinstance(error, Conflict) and memory.conflicts > LASTING
    return refused or overtaken or (error.broken_inside and memory.failed_writes >= _MANY)


def _may_wait(context: ReconcileContext, status: JobStatus) -> bool:
    """Whether the job may go on before its status says so: what was sent, to be seen and cancelled; nothing else.

    Least of all an attempt that is to follow one that has ended: it is billed.
    """
    asked = status.cancellation is not None and status.cancellation.attempt == current_attempt(context.job)
    sent = status.is_true(Kind.SUBMITTED) or (asked and not has_ended(context.job))
    goes_on = sent and not has_ended(replace(context.job, status=status))
    return (goes_on or context.job.deletion_requested) and not status.finished
