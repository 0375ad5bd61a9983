"""Claiming a job and sending it to the service, at most once.

Lives here: the order claim → upload → (still ours?) → PUT, and what is fenced after a PUT. Must not live here: whether
it is time to submit (`lifecycle.submission`).
"""

import asyncio
from collections.abc import Collection
from typing import Final

from quantumjob_operator.azure.client import ProgramLocation
from quantumjob_operator.azure.wire import JobDefinition
from quantumjob_operator.budgets.told import told
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.job_definition import definition_of
from quantumjob_operator.controller.key_fences import KeyFences
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconcile_context import Outdated, ReconcileContext, ready, trouble
from quantumjob_operator.lifecycle.attempts import attempt_to_claim, fence_of, further_attempts, identify, key_owner
from quantumjob_operator.lifecycle.fence import FenceState, Sent
from quantumjob_operator.lifecycle.further_attempts import may_be_hidden, unexplained
from quantumjob_operator.lifecycle.observation import ProgramFacts, Trouble
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.errors import Applied, ServiceError
from quantumjob_operator.model.naming import METADATA_HOLDER, METADATA_RESERVED, METADATA_SENT
from quantumjob_operator.model.quantumjob import Claim, QuantumJob, Through
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace
from quantumjob_operator.settings import Settings

CLAIM_DROPPED: Final = (
    "something in the cluster, perhaps a mutating webhook, takes the annotation quantumjobs.dev/claim or the finalizer "
    "quantumjobs.dev/cancel off again, without which nothing is sent"
)


class Submitter:
    """The two steps that cost money."""

    def __init__(
        self,
        *,
        objects: Objects,
        cache: Cache,
        quotas: QuotaGuards,
        settings: Settings,
        clock: Clock,
        holder: str,
        metrics: Metrics,
    ) -> None:
        self._objects = objects
        self._cache = cache
        self._quotas = quotas
        self._settings = settings
        self._clock = clock
        self._holder = holder
        self._metrics = metrics
        self.fences = KeyFences()

    async def claim(self, context: ReconcileContext) -> None:
        """Put on finalizer and claim, or take the claim over from another process, by compare-and-swap.

        Raises:
            Conflict: Somebody changed the object meanwhile.
        """
        job, workspace, memory = context.job, context.seen.workspace, context.memory
        if isinstance(workspace, Trouble):
            raise RuntimeError(f"{job.key}: a claim was decided on without a workspace")  # noqa: TRY004 - a state, no type
        attempt = attempt_to_claim(job)
        place = job.claim.workspace if job.claim else workspace.id
        fence = fence_of(job, self._settings.fence_seconds)
        # What may take effect for another object with the key fences this one, too.
        until = self.fence_until(identify(job, place, attempt), job)
        memory.fence_state = memory.fence_state.fence_until(until, self._clock.monotonic())
        through = Through(workspace.namespace, workspace.name, workspace.uid)
        new = Claim(1, job.uid, place, attempt, self._holder, fence, through)
        asked = self._clock.monotonic()
        claimed = await context.writer.claim(job, new)
        if claimed.claim != new or not claimed.has_finalizer:
            raise ClusterError("PATCH of the claim", 422, "Dropped", CLAIM_DROPPED)
        # Our own, too, unless we renounced it: between, another process may have held the claim and sent.
        lost = bool(self._cache.claims.lost.pop(job.uid, set()) - {self._holder})
        stripped = lost or (memory.claimed and job.claim is None)
        memory.claimed = True
        if memory.own:
            memory.own = new if attempt == memory.own.attempt else None
        memory.fence_state = memory.fence_state.claimed(
            job, attempt, asked=asked, now=self._clock.monotonic(), fence=fence, stripped=stripped
        )
        if job.claim and attempt > job.claim.attempt:
            # What became of cancelling the attempt before says nothing about this one.
            memory.asked_at, memory.asking_since, memory.unread = None, None, 0
        # What was known about the remote side and of rivals may have changed before the claim became ours.
        context.know(job=claimed, job_id=identify(claimed, place), remote=None, key_owner=None)

    async def renounce(self, context: ReconcileContext) -> None:
        """Take off claim and finalizer: the job belongs to another object with the same idempotency key.

        Raises:
            Conflict: Somebody changed the object meanwhile.
        """
        context.know(job=await context.writer.renounce(context.job))
        # Known as our own doing, before the watch tells of a claim that somebody took off.
        self._cache.update(context.job)
        self._cache.claims.renounced(context.job.uid)
        context.memory.fence_state = context.memory.fence_state.renounced()
        context.memory.claimed, context.memory.own = False, None

    async def check_key(self, context: ReconcileContext) -> None:
        """Find out which object an idempotency key belongs to.

        Memory suffices to wait; whoever would submit asks the API server. Else each of n duplicates would list all n.
        """
        job, key = context.job, context.job.spec.idempotency_key
        if key is None:
            return
        owner = key_owner(job, self._cache.by_key.deciding(job))
        if job.claim is not None or owner.uid == job.uid:
            live = await self._objects.rivals(job.namespace, key)
            self._miss(job, key, {one.uid for one in live})
            owner = replace(found := key_owner(job, live), unheard=found.uid != owner.uid)
        context.know(key_owner=owner)

    def _miss(self, job: QuantumJob, key: str, live: Collection[str]) -> None:
        """Who had the key and is gone may have been served by another process, whatever the watch has told of it.

        So may who lost a claim: it may not have the key any more.
        """
        known = (*self._cache.with_key(job.namespace, key), *self._cache.deleted_with_key(job.namespace, key))
        left = set(live) - (self._cache.claims.unfenced - {job.uid})
        self.missed(*(one for one in known if one.uid not in left and not one.status.finished))

    def missed(self, *gone: QuantumJob) -> None:
        """Objects are gone whose jobs may have been sent a moment ago: whoever has their keys next is fenced."""
        now = self._clock.monotonic()
        fences = [fence_of(one, self._settings.fence_seconds) for one in gone]
        self.fences.missed(gone, now + max(fences, default=0.0), now)

    def fence_until(self, job_id: str, job: QuantumJob) -> float:
        """Until when (monotonic) a 404 is not believed because of what was sent under this id, for whichever object.

        What is under way has no end yet: it is asked for again at the next reconciliation, and before a PUT.
        """
        until = max(self.fences.until(job_id), self.fences.until(job_id, job))
        return min(until, self._clock.monotonic() + fence_of(job, self._settings.fence_seconds))

    async def find_last_attempt(self, context: ReconcileContext) -> None:
        """Claim and status were lost: ask for the attempts after the one that was found, and claim the last."""
        connection, _ = ready(context)
        job, last = context.job, context.seen.remote
        claim = job.claim
        if claim is None:
            raise RuntimeError(f"{job.key}: a last attempt was looked for without a claim")
        number, most = claim.attempt, claim.attempt + further_attempts(job)
        asked = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._settings.reconciliation_seconds / 2):
                while (
                    found := await connection.client.get_job(identify(job, claim.workspace, number + 1))
                ) is not None:
                    number, last = number + 1, found
                    asked = self._clock.monotonic()
                    if number > most:
                        context.know(remote=unexplained(claim.attempt, number))
                        return
        except ServiceError as error:
            context.know(remote=trouble(context, error))
            return
        except TimeoutError:
            context.know(remote=Trouble("ServiceUnavailable", "the service takes too long to show the job's attempts"))
            return
        # So may one that was sent for another object with the key, which is gone, by whichever process: after an end.
        over = isinstance(last, RemoteJob) and is_final_word(last.status)
        others = self.fence_until(identify(job, claim.workspace, number + 1), job) - asked if over else 0.0
        if (hidden := max(context.memory.fence_state.hidden_for(number, asked), others)) > 0:
            context.know(remote=may_be_hidden(hidden, self._holder))
            return
        if number > claim.attempt:
            job = await context.writer.claim(job, replace(claim, attempt=number))
            context.memory.fence_state = context.memory.fence_state.found_last(number)
            context.memory.own, context.memory.asked_at, context.memory.asking_since = job.claim, None, None
        context.know(job=job, job_id=identify(job, claim.workspace), remote=last, later_attempts_checked=True)

    async def submit(self, context: ReconcileContext) -> None:
        """Upload the program and send the PUT, if the claim is still ours when it starts."""
        connection, job_id = ready(context)
        program, facts = context.memory.program, context.seen.program
        if program is None or not isinstance(facts, ProgramFacts):
            context.know(program=None)
            return
        if connection.cancel_only:
            message = "the workspace's credential is gone; what is still held in memory serves only cancelling"
            context.know(submission=Trouble("WorkspaceNotReady", message))
            return
        try:
            location = await connection.client.upload_program(job_id, program, context.job.spec.program.format)
            await self._quotas.look_again(context)
            # Waiting for the rate limit may take longer than a claim is fresh: before it is confirmed, not after.
            await connection.client.wait_for_turn()
            self._require_unchanged(context)
            if not self._may_start(context.memory.fence_state):
                await self._confirm_claim(context)
            if not self._is_alone(context):
                raise Outdated
            sender = {
                METADATA_HOLDER: self._holder,
                METADATA_SENT: stamp(self._clock.now()),
                METADATA_RESERVED: told(context.seen.reserved, facts.estimate),
            }
            definition = definition_of(context.job, job_id, facts, cluster=self._settings.cluster_name, sender=sender)
            short = self._quotas.enter(context)
            if short:
                context.know(submission=short)
                return
            accepted = await self._put(context, definition, location)
        except ServiceError as error:
            context.know(submission=trouble(context, error))
            return
        self._metrics.submissions.inc()
        self._metrics.submission_seconds.observe((self._clock.now() - context.job.created).total_seconds())
        # What was seen before the PUT, an absence, is old news.
        context.know(submission=accepted, remote=accepted)

    async def _put(self, context: ReconcileContext, definition: JobDefinition, location: ProgramLocation) -> RemoteJob:
        connection, job_id = ready(context)
        memory, before = context.memory, context.memory.fence_state
        known, outcome = (memory.own, context.at_service), Sent.UNKNOWN
        memory.fence_state, memory.own, context.at_service = before.sending(), context.job.claim, True
        others = self.fences.sending(job_id, context.job.uid)
        try:
            accepted = await connection.client.put_job(
                definition,
                location,
                may_start=lambda: self._may_start(before) and self._is_unchanged(context) and context.may_send(),
            )
            outcome = Sent.ACCEPTED
        except ServiceError as error:
            if error.applied is Applied.NO:
                outcome, context.turned_down = Sent.NOT_APPLIED, error.answered
            raise
        finally:
            now, fence = self._clock.monotonic(), fence_of(context.job, self._settings.fence_seconds)
            memory.fence_state = memory.fence_state.sent(outcome, before, now, fence)
            self._quotas.left(context, applied=outcome is not Sent.NOT_APPLIED)
            if outcome is Sent.NOT_APPLIED:
                memory.own, context.at_service = known
                self.fences.not_applied(job_id, others)
            else:
                self.fences.sent(job_id, context.job.uid, now + fence, now)
        return accepted

    def _is_alone(self, context: ReconcileContext) -> bool:
        """Whether nothing that was sent under this id for another object can still take effect."""
        _, job_id = ready(context)
        return self.fences.until(job_id, context.job) <= self._clock.monotonic()

    def _is_unchanged(self, context: ReconcileContext) -> bool:
        """Whether the watch has told nothing meanwhile that speaks against sending this job: it costs no request."""
        known, job = self._cache.jobs.get(context.job.uid), context.job
        if known is None or (known.claim, known.has_finalizer) != (job.claim, True):
            return False
        heard = job.uid in self._cache.claims.unfenced
        return not heard and (known.deletion_requested, known.generation) == (False, job.generation)

    def _require_unchanged(self, context: ReconcileContext) -> None:
        if not self._is_unchanged(context):
            raise Outdated

    def _may_start(self, fence_state: FenceState) -> bool:
        return fence_state.may_start(self._clock.monotonic(), self._settings.put_start_seconds)

    async def _confirm_claim(self, context: ReconcileContext) -> None:
        """A live read: is the object still there, unchanged in its claim, and wanted?

        Raises:
            Outdated: It is not; what was gathered before says nothing about what is there now.
        """
        started, job = self._clock.monotonic(), context.job
        live = await self._objects.read_job(job.namespace, job.name)
        if live is None or live.uid != job.uid:
            self._cache.remove(job.uid)
            raise Outdated
        known = (job.claim, False, job.generation, context.stored)
        heard = self._cache.has(job.uid, live.resource_version)
        if not heard or (live.claim, live.deletion_requested, live.generation, live.status) != known:
            self._cache.put_job(live)
            if not heard:
                # Nobody has told what stood there in between: a claim may have gone to another process and come back.
                self._cache.claims.unfenced.add(job.uid)
            raise Outdated
        context.memory.fence_state = context.memory.fence_state.confirmed(started)
        context.know(job=replace(live, status=job.status))
