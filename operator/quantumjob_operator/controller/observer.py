"""What is known of a job at the beginning of a reconciliation, without asking the service.

Lives here: the way to its workspace, and the facts that this process holds. Must not live here: the steps of a
reconciliation (`reconciler`), or what follows from the facts (`lifecycle`).
"""

from functools import partial

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.in_memory_writer import InMemoryWriter
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.lifecycle import Observation
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import current_attempt, fence_of, has_own_claim, identify
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import ClaimOwnership, Claims, Limits, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.slots import holds_slot
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings


class Observer:
    """Begins reconciliations."""

    def __init__(
        self,
        *,
        cache: Cache,
        objects: Objects,
        submitter: Submitter,
        status: StatusWriter,
        workspaces: Workspaces,
        limiter: InflightLimiter,
        spending: Spending,
        settings: Settings,
        clock: Clock,
        holder: str,
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._submitter = submitter
        self._status = status
        self._workspaces = workspaces
        self._limiter = limiter
        self._spending = spending
        self._settings = settings
        self._clock = clock
        self._holder = holder

    async def begin(self, job: QuantumJob, memory: Memory) -> ReconcileContext:
        """What is known without asking the service.

        Raises:
            ClusterError: The API server could not be asked for what the way to the workspace needs.
        """
        written = job.claim.attempt if has_own_claim(job) and job.claim else 0
        stored, job = job.status, memory.believed(memory.shown(job))
        memory.released = False
        news, memory.fresh = memory.fresh, None  # they are not kept for the next look, which may come late
        bill_due = memory.bill_at is not None and memory.bill_at <= self._clock.now()
        workspace, connection = await self._way(job, bill_due=bill_due)
        job_id = self._job_id(job, workspace)
        fresh = news.of(job_id, connection.workspace.uid if connection else None) if news else None
        place, memory.place = memory.place, None
        memory.fence_state = self._fence_state(job, memory.fence_state, written, job_id, fresh)
        if connection is None and self._workspaces.serving(job) is None:
            # No object that is left, or that admits it, serves the job: it keeps nobody else waiting.
            self._limiter.free(job.uid)
        through = connection.workspace.key if connection else None
        concerned = self._spending.concerned(through)
        seen = Observation(
            job=job,
            now=self._clock.now(),
            ownership=self.ownership(job, memory),
            limits=self._limits(),
            workspace=workspace,
            workspace_moved=self._workspaces.moved(job),
            job_id=job_id,
            remote=fresh,
            needs_slot=connection is not None and not self._has_slot(connection.workspace, job, memory, job_id),
            in_line=connection is not None and self._limiter.stands_in_line(connection.workspace, job),
            queue=place,
            policies=self._cache.policies_of(job.namespace),
            gone=memory.gone,
            unfollowed=not memory.followed,
            bill_due=bill_due,
            needs_reservation=bool(concerned),
            reserved=self._spending.reserved(job_id),
        )
        writer = InMemoryWriter() if memory.gone else self._objects
        same_budgets = partial(self._spending.are_these, through, concerned)
        return ReconcileContext(
            seen, memory, connection, stored, writer, may_send=same_budgets, at_service=fresh is not None
        )

    def _fence_state(
        self, job: QuantumJob, known: FenceState, written: int, job_id: str | None, fresh: RemoteJob | None
    ) -> FenceState:
        """How sure this process is now; a claim that was lost is fenced for once, by who asks first."""
        now, fence = self._clock.monotonic(), fence_of(job, self._settings.fence_seconds)
        heard = self._cache.claims
        claims = Claims(max(heard.named.get(job.uid, 0), written), written, job.uid in heard.unfenced)
        if claims.lost:
            heard.unfenced.discard(job.uid)
            self._submitter.missed(job)  # for others with its key
        known = known.met(job, self._holder, now, fence, claims)
        if job_id:
            known = known.fence_until(self._submitter.fence_until(job_id, job), now)
        return known.answered(fresh, now, now) if fresh else known

    def missed(self, job: QuantumJob) -> None:
        """A job's object is gone, and its job may have been sent: whoever has its key next is fenced."""
        self._submitter.missed(job)

    def _has_slot(self, workspace: QuantumWorkspace, job: QuantumJob, memory: Memory, job_id: str | None) -> bool:
        """Count a job that is in flight already; any other asks once it could be sent with a slot."""
        if memory.saw_end_of(job_id):
            return False
        may_run = memory.fence_state.fence_left(self._clock.monotonic()) > 0
        unsent = memory.fence_state.is_unsent(current_attempt(job))
        if not holds_slot(job, ours=memory.has_sent, may_run=may_run, unsent=unsent):
            return False
        self._limiter.take(workspace, job, ours=memory.has_sent, may_run=may_run)
        return True

    def _limits(self) -> Limits:
        return Limits(
            cancellation_grace=self._settings.cancellation_grace_period_seconds,
            cluster=self._settings.cluster_name,
            adoptable_clusters=frozenset(self._settings.adoptable_clusters),
            crd_outdated=self._status.crd_outdated,
            reserved_output_names=tuple(self._settings.reserved_output_names),
            reserved_output_labels=tuple(self._settings.reserved_output_labels),
        )

    def ownership(self, job: QuantumJob, memory: Memory) -> ClaimOwnership:
        """What this process may do and believe at this moment."""
        now, settings = self._clock.monotonic(), self._settings
        fence = fence_of(job, settings.fence_seconds)
        return memory.ownership(self._holder, now, fence=fence, timeout=settings.output_timeout_seconds)

    async def _way(self, job: QuantumJob, *, bill_due: bool) -> tuple[WorkspaceFacts | Trouble, Connection | None]:
        if job.status.finished and not bill_due:
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
            offers=self._workspaces.offers(workspace.key),
            guards_quota=workspace.spec.guards_quota,
        )
        return facts, found

    def _job_id(self, job: QuantumJob, workspace: WorkspaceFacts | Trouble) -> str | None:
        """The id that status shows is the truth for an accepted job; before, it follows from the claim."""
        if was_accepted(job):
            return job.status.job_id
        place = job.claim.workspace if job.claim else None if isinstance(workspace, Trouble) else workspace.id
        return identify(job, place) if place else None
