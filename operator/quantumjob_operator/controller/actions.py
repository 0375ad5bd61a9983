"""The steps of a reconciliation of a job: one method for each action, in one table.

Each takes the facts as they are and adds what it learnt. Nothing here chooses the next step (`lifecycle`), orders steps
or writes status (`reconciler`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.controller.finalization import Finalization
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.output_writer import OutputWriter
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.process_state import LASTING
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.read_before import ReadBefore
from quantumjob_operator.controller.reconcile_context import Outdated, ReconcileContext, ready, trouble
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.lifecycle import Action
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import current_attempt
from quantumjob_operator.lifecycle.definition import (
    billable_digest,
    first_entry_points,
    input_params,
    lacks_entry_point,
    unread_entry_point,
)
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, ProgramFacts, Trouble
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.errors import Refused, ServiceError
from quantumjob_operator.model.naming import is_orphan_tag, orphan_tag, program_digest
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.programs import UnreadableProgram, entry_points
from quantumjob_operator.scheduling.calculations import aside
from quantumjob_operator.settings import Settings

_READ_ASIDE_BYTES: Final = 16 * 1024
"""A longer program is read beside the event loop, which goes on."""
_MOST_PROGRAMS: Final = 512
"""Of which the entry points are remembered."""


class Actions:
    """The `Action → method` table."""

    def __init__(
        self,
        *,
        submitter: Submitter,
        finalization: Finalization,
        delivery: OutputWriter,
        references: References,
        prices: PriceLists,
        limiter: InflightLimiter,
        quotas: QuotaGuards,
        spending: Spending,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._finalization = finalization
        self._spending = spending
        self._quotas = quotas
        self._prices = prices
        self._limiter = limiter
        self._references = references
        self._entry_points: ReadBefore[dict[str, Any]] = ReadBefore(_MOST_PROGRAMS)
        self.table: Final[Mapping[Action, Callable[[ReconcileContext], Awaitable[None]]]] = {
            Action.READ_PROGRAM: self.read_program,
            Action.CHECK_OUTPUT: delivery.check,
            Action.GET_REMOTE: self.get_remote,
            Action.RESERVE: spending.reserve,
            Action.SETTLE: spending.settle,
            Action.CLAIM: submitter.claim,
            Action.CHECK_KEY: submitter.check_key,
            Action.LOOK_AT_QUOTA: self.look_at_quota,
            Action.TAKE_SLOT: self.take_slot,
            Action.FIND_LAST_ATTEMPT: submitter.find_last_attempt,
            Action.RENOUNCE: submitter.renounce,
            Action.SUBMIT: submitter.submit,
            Action.CANCEL: self.cancel,
            Action.MARK_ORPHAN: self.mark_orphan,
            Action.WRITE_OUTPUT: delivery.write,
            Action.WRITE_OUTPUT_BARE: delivery.write_bare,
        }

    def forget(self, uid: str) -> None:
        """An object is gone, and so is what its job may have left: it waits for nothing any more."""
        self._spending.forget(uid)

    async def over(self, context: ReconcileContext) -> None:
        """A reconciliation is over: what it reserved anew is given back, unless there may be a job under it."""
        may_run = context.at_service or was_accepted(context.job)
        await self._spending.reconciled(context.job.uid, may_run=may_run, refused=context.turned_down)

    async def read_program(self, context: ReconcileContext) -> None:
        """Read the program, and estimate its cost; its bytes stay in memory until the reconciliation ends."""
        connection, _ = ready(context)
        try:
            program = await self._references.program(context.job)
        except BrokenReferenceError as error:
            context.know(program=Trouble(error.reason, error.message, final=error.final))
            return
        memory, digest = context.memory, program_digest(program)
        facts = memory.program_facts
        if facts is None or facts.digest != digest:
            read = partial(self._facts_of, context.job, program, digest)
            is_short = len(program) <= _READ_ASIDE_BYTES
            memory.program_facts = facts = read() if is_short else await aside(context.job.namespace, read)
        memory.program = program
        sent = input_params(context.job.spec, facts)
        cost = await self._prices.estimate(connection.workspace, context.job, program, sent, facts.spec_digest)
        context.know(program=replace(facts, estimate=cost))

    def _facts_of(self, job: QuantumJob, program: bytes, digest: str) -> ProgramFacts:
        """What decisions need to know of a program; its entry points only where the job names none."""
        facts = ProgramFacts(digest, billable_digest(job, program) or "")
        if not lacks_entry_point(job.spec):
            return facts
        return replace(facts, **self._entry_points.get(digest, partial(_entry_points_of, program)))

    async def look_at_quota(self, context: ReconcileContext) -> None:
        """Find out whether the provider's quotas serve the job."""
        try:
            looked = await self._quotas.look(context)
        except ServiceError as error:
            context.know(quota=trouble(context, error))
        else:
            context.know(quota=looked)

    async def take_slot(self, context: ReconcileContext) -> None:
        """Take an in-flight slot, or stand in the queue for one."""
        connection, _ = ready(context)
        memory = context.memory
        unsent = memory.fence_state.is_unsent(current_attempt(context.job))
        first = self._spending.lines.has_turn(context.job.uid)
        full = self._limiter.take(connection.workspace, context.job, ours=memory.has_sent, unsent=unsent, first=first)
        context.know(needs_slot=False, full=full)

    async def get_remote(self, context: ReconcileContext) -> None:
        """GET the job. What can't be asked is trouble, never absence."""
        connection, job_id = ready(context)
        asked = self._clock.monotonic()
        try:
            found = await connection.client.get_job(job_id)
        except ServiceError as error:
            remote: RemoteJob | Absent | Trouble = trouble(context, error)
        else:
            remote = ABSENT if found is None else found
            context.at_service = context.at_service or found is not None
        now, attempt = self._clock.monotonic(), current_attempt(context.job)
        context.memory.fence_state = context.memory.fence_state.answered(remote, asked, now, attempt)
        context.know(remote=remote)

    async def cancel(self, context: ReconcileContext) -> None:
        """Ask the service to cancel; what was seen before its answer is old news then.

        A request that failed is not noted as made: the back-off decides when it is made again.

        Raises:
            Outdated: The object does not want it any more; or it is gone, and another one has its job.
            ClusterError: The API server did not tell whether it is.
        """
        connection, _ = ready(context)
        try:
            await connection.client.wait_for_turn(cancelling=True)
        except ServiceError as error:
            context.know(cancel=trouble(context, error))
            return
        if not context.seen.gone:
            looked = self._clock.monotonic()
            await self._finalization.require_wanted(context)
            await self._ask_to_cancel(context, looked)
            return
        await self._look_again(context)
        if isinstance(context.seen.remote, Trouble):
            return
        looked = self._clock.monotonic()
        await self._finalization.leave_to_heirs(context)
        await self._ask_to_cancel(context, looked)
        await self._finalization.found_running(context)

    async def _look_again(self, context: ReconcileContext) -> None:
        """While its cancellation waited for the rate limit, an heir may have come, taken the job over and released it.

        Looked at before the heirs are: an heir tags the job before it goes.

        Raises:
            Outdated: The job is no longer what the decision rests on.
        """
        before = context.seen.remote
        await self.get_remote(context)
        now = context.seen.remote
        if not isinstance(before, RemoteJob) or isinstance(now, Trouble):
            return
        if not isinstance(now, RemoteJob) or _what_decides(now) != _what_decides(before):
            raise Outdated

    async def _ask_to_cancel(self, context: ReconcileContext, looked: float) -> None:
        """Unless the last look is old by now, as after a sleep of the machine: others may have released the job since.

        An API server whose answers are always old keeps no job running for long.

        Raises:
            Outdated: It is old, and nothing was asked.
        """
        connection, job_id = ready(context)
        memory, asked_at, old = context.memory, self._clock.monotonic(), False

        def may_start() -> bool:
            nonlocal old
            old = memory.stale <= LASTING and self._clock.monotonic() - looked >= self._settings.put_start_seconds
            memory.stale = memory.stale if old else 0
            if memory.unwritten and not old:
                memory.unwritten = replace(memory.unwritten, asked=True)
            return not old

        try:
            answer = await connection.client.cancel_job(job_id, may_start=may_start)
        except ServiceError as error:
            if old:
                memory.stale += 1
                raise Outdated from None
            context.know(cancel=trouble(context, error))
        else:
            memory.asked_at = asked_at
            memory.asking_since = asked_at if memory.asking_since is None else memory.asking_since
            context.know(cancel=answer, remote=None)

    async def mark_orphan(self, context: ReconcileContext) -> None:
        """Tell the remote job that its object released it on purpose; a service that takes no tags is left alone."""
        connection, job_id = ready(context)
        remote = context.seen.remote
        tags = remote.tags if isinstance(remote, RemoteJob) else ()
        try:
            marked = await connection.client.set_tags(job_id, [*tags, orphan_tag(context.job.uid)])
        except Refused:
            context.know(marked=False)
        except ServiceError as error:
            context.know(marked=trouble(context, error))
        else:
            context.know(marked=marked)


def _what_decides(remote: RemoteJob) -> tuple[bool, frozenset[str]]:
    """Whether it is over, and who let it go: other words may change at each look, for ever."""
    return is_final_word(remote.status), frozenset(filter(is_orphan_tag, remote.tags))


def _entry_points_of(program: bytes) -> dict[str, Any]:
    """What `ProgramFacts` has of them."""
    try:
        found = entry_points(program)
    except UnreadableProgram as error:
        return {"unread": unread_entry_point(str(error))}
    kept = first_entry_points(found)
    return {"entry_points": kept, "further": len(found) - len(kept)}
