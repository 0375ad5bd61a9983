"""QuantumWorkspaces at work: which one a job uses, their pollers, and their own status.

Lives here: the shell around `connections` and `poller`, and the look at one QuantumWorkspace. Must not live here:
anything about a job's state.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from quantumjob_operator.cluster.api import ClusterError, Conflict
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.conditions import with_condition
from quantumjob_operator.connections import Connection, Connections
from quantumjob_operator.errors import CredentialsRefused, EndpointNotAllowed, Refused, ServiceError
from quantumjob_operator.instance import Clock
from quantumjob_operator.inventory import Inventory
from quantumjob_operator.jobstatus import Condition
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.facts import Trouble
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.naming import API_VERSION, WORKSPACE_KIND
from quantumjob_operator.poller import Poller, Wake
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.quantumworkspace import Name, QuantumWorkspace, resolve_reference
from quantumjob_operator.schedule import backoff
from quantumjob_operator.settings import Settings
from quantumjob_operator.workqueue import WorkQueue
from quantumjob_operator.workspace.wire import TargetStatus

_log = logging.getLogger(__name__)
READY: Final = "Ready"


@dataclass(slots=True)
class Followed:
    """A poller and the task that runs it."""

    poller: Poller
    task: "asyncio.Task[None]"


class Workspaces:
    """All QuantumWorkspaces that this process serves."""

    def __init__(
        self,
        *,
        inventory: Inventory,
        objects: Objects,
        events: Events,
        connections: Connections,
        queue: WorkQueue[str],
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._inventory = inventory
        self._objects = objects
        self._events = events
        self._connections = connections
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        place = settings.default_workspace
        self._default: Name | None = (place.partition("/")[0], place.partition("/")[2]) if place else None
        self._known: set[str] = set()
        self._followed: dict[str, Followed] = {}
        self._where: dict[str, str] = {}
        self._failures: dict[str, int] = {}
        self.wake: Wake | None = None

    async def for_job(self, job: QuantumJob) -> Connection | Trouble:
        """The connection that a job's reference leads to.

        Raises:
            ClusterError: The API server could not be asked for the Secret.
        """
        found = resolve_reference(job, self._inventory.find_workspace, self._default)
        if isinstance(found, str):
            return Trouble("WorkspaceNotFound", found)
        connection = await self._connections.get(found)
        if isinstance(connection, Trouble):
            name = f"{found.namespace}/{found.name}"
            # What is wrong with another namespace's workspace is its owner's business.
            detail = connection.message if found.namespace == job.namespace else "ask its owner"
            return Trouble("WorkspaceNotReady", f"QuantumWorkspace {name} is not ready: {connection.reason}: {detail}")
        return connection

    async def refused(self, connection: Connection) -> None:
        """The service refused the credentials: read the Secret again at the next need, and say so on the workspace."""
        await self._connections.drop(connection.workspace.uid)
        self._queue.add(connection.workspace.uid)

    def follow(self, connection: Connection, uid: str, job_id: str, word: str | None) -> None:
        """Let the workspace's poller follow a job."""
        workspace = connection.workspace
        followed = self._followed.get(workspace.uid)
        if followed is None:
            followed = self._followed[workspace.uid] = self._start(connection)
        followed.poller.client = connection.client
        if self._where.get(uid) not in (None, workspace.uid):
            self.unfollow(uid)
        self._where[uid] = workspace.uid
        followed.poller.watch(uid, job_id, word)

    def unfollow(self, uid: str) -> None:
        """Follow a job no longer."""
        followed = self._followed.get(self._where.pop(uid, ""))
        if followed:
            followed.poller.unwatch(uid)

    def pollers(self) -> Iterable[Poller]:
        """The running pollers, for metrics and health."""
        return [followed.poller for followed in self._followed.values()]

    def _start(self, connection: Connection) -> Followed:
        if self.wake is None:
            raise RuntimeError("nobody would be told what the poller learns")
        workspace = connection.workspace
        name = f"{workspace.namespace}/{workspace.name}"
        poller = Poller(name, connection.client, self._settings, self.wake, self._clock.monotonic)
        task = asyncio.create_task(poller.run(), name=f"poller {name}")
        return Followed(poller, task)

    def serves(self, uid: str) -> bool:
        """Whether this uid is, or was, that of a workspace."""
        if uid in self._inventory.workspaces:
            self._known.add(uid)
        return uid in self._known

    async def look(self, uid: str) -> None:
        """Look at the workspace of this uid and say how it is; never raises."""
        workspace = self._inventory.workspaces.get(uid)
        if workspace is None:
            await self._forget(uid)
            return
        try:
            trouble, targets = await self._examine(workspace)
            await self._write(workspace, trouble, targets)
        except Conflict:
            self._queue.add_after(uid, 1.0)
        except ClusterError as error:
            self._again(workspace, failed=True)
            _log.warning("%s", error)
        except Exception:  # noqa: BLE001 - one object's trouble must not end the worker; counted and logged
            self._metrics.reconcile_errors.labels("workspace").inc()
            _log.exception("a look at workspace %s/%s failed", workspace.namespace, workspace.name)
            self._again(workspace, failed=True)
        else:
            self._again(workspace, failed=trouble is not None)

    async def _forget(self, uid: str) -> None:
        self._failures.pop(uid, None)
        self._known.discard(uid)
        followed = self._followed.pop(uid, None)
        if followed:
            followed.task.cancel()
        await self._connections.drop(uid)

    def _again(self, workspace: QuantumWorkspace, *, failed: bool) -> None:
        count = self._failures[workspace.uid] = self._failures.get(workspace.uid, 0) + 1 if failed else 0
        delay = backoff(count, workspace.uid) if failed else self._settings.workspace_refresh_seconds
        self._queue.add_after(workspace.uid, delay)

    async def _examine(self, workspace: QuantumWorkspace) -> tuple[Trouble | None, list[TargetStatus]]:
        connection = await self._connections.get(workspace)
        if isinstance(connection, Trouble):
            return connection, []
        try:
            return None, await connection.client.provider_status()
        except ServiceError as error:
            if isinstance(error, CredentialsRefused):
                await self._connections.drop(workspace.uid)
            return _trouble(error), []

    async def _write(self, workspace: QuantumWorkspace, trouble: Trouble | None, targets: list[TargetStatus]) -> None:
        before = next((one for one in workspace.conditions if one.type == READY), None)
        ready = Condition(
            type=READY,
            status="False" if trouble else "True",
            reason=trouble.reason if trouble else "Connected",
            message=trouble.message if trouble else "the service answers and accepts the credentials",
            observed_generation=workspace.generation,
        )
        conditions = with_condition(workspace.conditions, ready, self._clock.now())
        status: dict[str, Any] = {
            "observedGeneration": workspace.generation,
            "conditions": [_condition_json(one) for one in conditions],
        }
        shown = _targets_json(targets)
        if trouble is None and _availability(shown) != _availability(workspace.status.get("targets") or []):
            status["targets"] = shown
        written = await self._objects.write_workspace_status(workspace, status)
        self._inventory.put_workspace(written)
        if before is None or (before.status, before.reason) != (ready.status, ready.reason):
            await self._turned(workspace, ready)

    async def _turned(self, workspace: QuantumWorkspace, ready: Condition) -> None:
        """The workspace became ready or stopped being so: tell, and look at the jobs that wait for it."""
        involved = {
            "apiVersion": API_VERSION,
            "kind": WORKSPACE_KIND,
            "name": workspace.name,
            "namespace": workspace.namespace,
            "uid": workspace.uid,
        }
        notice = Notice(ready.reason, ready.message, warning=ready.status != "True")
        await self._events.publish(involved, notice, self._clock.now())
        if ready.status == "True":
            self.wake_waiting()

    def wake_waiting(self) -> None:
        """Look at the jobs that are held back: what they wait for may have come."""
        for job in self._inventory.jobs.values():
            if not job.status.finished and not job.status.is_true("Submitted"):
                self._queue.add(job.uid)

    async def close(self) -> None:
        """Stop all pollers and close all connections."""
        for followed in self._followed.values():
            followed.task.cancel()
        await asyncio.gather(*(one.task for one in self._followed.values()), return_exceptions=True)
        await self._connections.close()


def _trouble(error: ServiceError) -> Trouble:
    match error:
        case CredentialsRefused():
            remedy = "the service refuses the credential; write a valid one into the Secret of spec.credentials"
            return Trouble("CredentialsInvalid", f"{remedy} ({error})")
        case EndpointNotAllowed():
            remedy = "correct spec.endpoint, or ask the operator's administrator to allow it (allowed_endpoints)"
            return Trouble("NotAllowed", f"{error.detail}; {remedy}")
        case Refused():
            remedy = "check spec.resourceId and the role Quantum Workspace Data Contributor"
            return Trouble("Refused", f"the service refuses ({error}); {remedy}")
        case _:
            return Trouble("Unreachable", f"the service can't be reached or gives no usable answer ({error})")


def _targets_json(targets: list[TargetStatus]) -> list[dict[str, Any]]:
    rows = [
        {
            "provider": one.provider,
            "target": one.target,
            "availability": one.availability,
            "averageQueueTimeSeconds": one.average_queue_time_seconds,
        }
        for one in sorted(targets, key=lambda one: (one.provider, one.target))
    ]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _availability(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What counts as a change: queue times alone move all the time."""
    return [(row["provider"], row["target"], row["availability"]) for row in rows]


def _condition_json(condition: Condition) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": condition.last_transition_time,
        "observedGeneration": condition.observed_generation,
    }
