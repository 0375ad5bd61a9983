"""QuantumWorkspaces at work: which one a job uses, and their pollers.

Lives here: the shell around `connections` and `poller`. Must not live here: anything about a job's state, or the
reconciliation at a workspace itself (`workspace_reconciler`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.azure.positions import TellPlace
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.followed import Followed, begin
from quantumjob_operator.controller.workspace_status import unreadable, usual_wait
from quantumjob_operator.lifecycle.admission import bound_to, may_serve
from quantumjob_operator.lifecycle.attempts import is_cancelling
from quantumjob_operator.lifecycle.observation import Trouble, left_behind
from quantumjob_operator.lifecycle.transitions import is_cancelling_word
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace, referenced_name, resolve_reference
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings


class LearnPlace(Protocol):
    """Told of a waiting job's place in its provider's queue."""

    def __call__(self, uid: str, ahead: int | None, usual_wait: int | None) -> None:
        """See `QueuePlace`."""


class Workspaces:
    """All QuantumWorkspaces that this process serves."""

    def __init__(
        self,
        *,
        cache: Cache,
        objects: Objects,
        namespaces: Namespaces,
        connections: Connections,
        queue: WorkQueue[str],
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._namespaces = namespaces
        self._connections = connections
        self._queue = queue
        self._settings = settings
        self._clock = clock
        place = settings.default_workspace
        self._default: Name | None = (place.partition("/")[0], place.partition("/")[2]) if place else None
        self._followed: dict[str, Followed] = {}
        self._where: dict[str, str] = {}
        self.wake: Callable[..., None] | None = None
        self.learn_place: LearnPlace | None = None

    async def for_job(self, job: QuantumJob) -> Connection | Trouble:
        """The connection through which a job is served.

        A claim names its Azure workspace for good: from then on the way leads there through the QuantumWorkspace object
        that the job was claimed through, the one that its reference names, or the operator's default, and through no
        other. Each must admit the namespace, or be named by status for this attempt: what runs is still polled and
        cancelled. A job that is being cancelled can also go by the last good connection of one of these, when the
        credential or the object itself is gone.

        Raises:
            ClusterError: The API server could not be asked.
        """
        way = await self._way(job)
        if isinstance(way, Trouble) and is_cancelling(job):
            uid = job.claim.through.uid if job.claim and job.claim.through else None
            return self._connections.for_cancelling(uid, self._names(job), lambda one: self._is_way(job, one)) or way
        return way

    async def _way(self, job: QuantumJob) -> Connection | Trouble:
        if any(namespace != job.namespace for namespace, _ in self._names(job)):
            await self._namespaces.labels(job.namespace)
        found = self._found(job)
        if isinstance(found, Trouble):
            return found
        name = f"{found.namespace}/{found.name}"
        if found.deletion_requested and not job.has_finalizer and not job.deletion_requested:
            return Trouble(
                "WorkspaceNotReady",
                f"QuantumWorkspace {name} is being deleted; create it again, or name another in a new job",
            )
        # A finalizer on the job is no proof that the workspace was marked: users can write it.
        mark = not found.deletion_requested and not job.deletion_requested and not job.status.finished
        if mark or bound_to(job):
            self._connections.use(found.uid)
        connection = await self._connect(found, mark=mark)
        if isinstance(connection, Trouble):
            # What is wrong with another namespace's workspace is its owner's business.
            detail = connection.message if found.namespace == job.namespace else "ask its owner"
            return Trouble("WorkspaceNotReady", f"QuantumWorkspace {name} is not ready: {connection.reason}: {detail}")
        return connection

    async def _connect(self, workspace: QuantumWorkspace, *, mark: bool) -> Connection | Trouble:
        """What the API server refuses of it is trouble of the workspace: its jobs wait, and say for what.

        Raises:
            ClusterError: It did not answer, which says nothing of the workspace.
        """
        try:
            return await self._connections.get(await self._mark(workspace) if mark else workspace)
        except ClusterError as error:
            if not error.refused:
                raise
            return unreadable(error)

    def moved(self, job: QuantumJob) -> bool:
        """Whether the reference of a claimed job now leads to another workspace than its claim names, or to none."""
        if job.claim is None:
            return False
        found, serving = self._resolve(job), self.serving(job)
        if isinstance(found, str) or found.id != job.claim.workspace:
            return True
        # Another object for the same Azure workspace: what runs is served as before, nothing new is sent.
        return serving is not None and serving != found.key

    def referenced(self, job: QuantumJob) -> Name:
        """The name of the QuantumWorkspace that a job's reference means."""
        return referenced_name(job, self._cache.find_workspace, self._default)

    def jobs_of(self, name: Name) -> Iterable[QuantumJob]:
        """All jobs that a QuantumWorkspace may serve, and perhaps some more; no others have to be looked at."""
        return self._cache.jobs.values() if name == self._default else self._cache.by_way.naming(name)

    def offers(self, name: Name) -> Sequence[Mapping[str, Any]]:
        """The targets that a QuantumWorkspace shows now; a connection knows only those of when it was made."""
        found = self._cache.find_workspace(name)
        return (found.status.get("targets") or ()) if found else ()

    def _resolve(self, job: QuantumJob) -> QuantumWorkspace | str:
        return resolve_reference(job, self._cache.find_workspace, self._default, self._namespaces.known(job.namespace))

    def serving(self, job: QuantumJob) -> Name | None:
        """The QuantumWorkspace that serves a job which is bound to an Azure workspace; None if there is none."""
        candidates = map(self._cache.find_workspace, self._names(job))
        return next((one.key for one in candidates if one is not None and self._is_way(job, one)), None)

    def _found(self, job: QuantumJob) -> QuantumWorkspace | Trouble:
        bound, resolved = bound_to(job), self._resolve(job)
        serving = self._cache.find_workspace(self.serving(job) or ("", "")) if bound else None
        if serving is not None:
            return serving
        if isinstance(resolved, str):
            return Trouble("WorkspaceNotFound", resolved)
        return left_behind(bound) if bound else resolved

    def _names(self, job: QuantumJob) -> list[Name]:
        """The QuantumWorkspaces that may serve a job, the first that does before the others."""
        through = job.claim.through if job.claim else None
        claimed = [(through.namespace, through.name)] if through else []
        default = [self._default] if self._default and bound_to(job) else []
        return [*claimed, self.referenced(job), *default]

    def _is_way(self, job: QuantumJob, workspace: QuantumWorkspace) -> bool:
        """Whether a bound job may be served through an object, which may be gone already."""
        named = (self.referenced(job), self._default)
        return may_serve(job, workspace, named, self._namespaces.known(job.namespace))

    async def _mark(self, workspace: QuantumWorkspace) -> QuantumWorkspace:
        """The finalizer stands before the first claim points to the workspace."""
        if workspace.in_use:
            return workspace
        marked = await self._objects.mark_workspace(workspace, in_use=True)
        if marked is None:
            return workspace
        self._cache.update(marked)
        return marked

    async def refused(self, connection: Connection) -> None:
        """The service refused the credentials: read the Secret again at the next need, and say so on the workspace."""
        await self._connections.refuse(connection.workspace.uid)
        self._queue.add(connection.workspace.uid)

    def renewed(self, connection: Connection) -> None:
        """The workspace was authenticated anew: its poller goes on with the new client."""
        followed = self._followed.get(connection.workspace.uid)
        if followed:
            followed.use(connection)

    def follow(self, connection: Connection, job: QuantumJob, job_id: str) -> None:
        """Let the workspace's poller follow a job under its id at the service."""
        workspace, uid = connection.workspace, job.uid
        followed = self._followed.get(workspace.uid)
        if followed is None:
            followed = self._followed[workspace.uid] = self._start(connection)
        followed.use(connection)
        if self._where.get(uid) not in (None, workspace.uid):
            self.unfollow(uid)
        self._where[uid] = workspace.uid
        age = job.status.seconds_in_state(self._clock.now())
        cancelling = job.status.state is State.CANCELLING and not is_cancelling_word(job.status.remote_status or "")
        known = job.status.remote_status
        followed.poller.watch(uid, job_id, known, job.namespace, age=age, is_cancelling=cancelling)
        if job.status.state is State.WAITING:
            shown = job.status.queue.ahead if job.status.queue else None
            followed.positions.watch(uid, job_id, job.namespace, shown)
        else:
            followed.positions.unwatch(uid)

    def unfollow(self, uid: str) -> None:
        """Follow a job no longer; after the last one of a QuantumWorkspace, nobody asks for anything."""
        place = self._where.pop(uid, "")
        followed = self._followed.get(place)
        if followed and not followed.unwatch(uid):
            if followed.poller.list_trouble:
                self._queue.add(place)  # which says so
            self._stop(place)

    def pollers(self) -> Iterable[Poller]:
        """The running pollers, for metrics and health."""
        return [followed.poller for followed in self._followed.values()]

    def _start(self, connection: Connection) -> Followed:
        if self.wake is None:
            raise RuntimeError("nobody would be told what the poller learns")
        uid = connection.workspace.uid
        return begin(
            connection,
            self._settings,
            self._clock.monotonic,
            wake=partial(self.wake, through=uid),
            changed=lambda: self._queue.add(uid),
            tell=self._tell_place(uid),
        )

    def _tell_place(self, workspace_uid: str) -> TellPlace:
        def tell(uid: str, ahead: int | None) -> None:
            """With the target's usual wait as the workspace's status has it now."""
            workspace, job = self._cache.workspaces.get(workspace_uid), self._cache.jobs.get(uid)
            usual = usual_wait(workspace.status, job.spec.provider, job.spec.target) if workspace and job else None
            if self.learn_place:
                self.learn_place(uid, ahead, usual)

        return tell

    def list_trouble(self, uid: str) -> ServiceError | None:
        """Why the jobs of a workspace are asked about one by one although a list would cost less."""
        followed = self._followed.get(uid)
        return followed.poller.list_trouble if followed else None

    def serves(self, uid: str) -> bool:
        """Whether this uid is that of a workspace, or was and not all that was kept of it is forgotten."""
        return uid in self._cache.workspaces or uid in self._cache.gone_workspaces

    async def forget(self, uid: str) -> None:
        """The workspace object is gone: stop its poller; what it authenticated with serves only cancelling."""
        self._stop(uid)
        for job in [job for job, place in self._where.items() if place == uid]:
            self._queue.add(job)  # nobody else tells it that it is asked about no more
        await self._connections.gone(uid)
        self._cache.gone_workspaces.discard(uid)

    def _stop(self, uid: str) -> None:
        if followed := self._followed.pop(uid, None):
            followed.stop()

    async def close(self) -> None:
        """Stop all pollers and close all connections."""
        for followed in self._followed.values():
            followed.stop()
        tasks = [task for one in self._followed.values() for task in one.tasks]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connections.close()
