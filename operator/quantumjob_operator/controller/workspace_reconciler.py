"""The reconciliation of one QuantumWorkspace: does it answer, what does it offer, is it still needed; and its status.

Each version is news for another process: two that get different answers say so in turn, once a minute (`own_words`).
Lives here: the only writer of a workspace's status and finalizer. Must not live here: which job uses which workspace
(`controller.workspaces`).
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.connections import Connections
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError, Conflict, NotFound
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects, workspace_reference
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.own_words import OwnWords
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reaching import unless_refused
from quantumjob_operator.controller.workspace_offer import ask_offer, room_of
from quantumjob_operator.controller.workspace_status import (
    IN_USE,
    LISTING_REFUSED,
    READY,
    Offer,
    Shown,
    listing_refused,
    offer_shown,
    ready,
    shown_in,
    trouble_with,
)
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.conditions import with_condition, without_conditions
from quantumjob_operator.model.errors import CredentialsRefused, ServiceError
from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.scheduling.backoff import backoff
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings

CLUSTER_RENAMED: Final = "ClusterRenamed"
_MAX_CLUSTER_NAME: Final = 256
_NAMED: Final = 10
_log = logging.getLogger(__name__)


class WorkspaceReconciler:
    """Reconciles workspaces, one at a time per worker."""

    def __init__(
        self,
        *,
        cache: Cache,
        objects: Objects,
        events: Events,
        connections: Connections,
        workspaces: Workspaces,
        limiter: InflightLimiter,
        quotas: QuotaGuards,
        prices: PriceLists,
        queue: WorkQueue[str],
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._events = events
        self._connections = connections
        self._workspaces = workspaces
        self._limiter = limiter
        self._quotas = quotas
        self._prices = prices
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._failures: dict[str, int] = {}
        self._names: dict[str, Name] = {}
        self._words: OwnWords[Shown] = OwnWords(clock.monotonic)

    async def reconcile(self, uid: str) -> None:
        """Reconcile the workspace of this uid and say how it is; never raises."""
        workspace = self._cache.workspaces.get(uid)
        if workspace is None:
            await self._forget(uid)
            return
        self._names[uid] = workspace.key
        try:
            workspace = await self._release(workspace)
            async with asyncio.timeout(self._settings.reconciliation_seconds):
                trouble, offer = await self._examine(workspace)
            await self._write(workspace, trouble, offer)
        except Conflict:
            self._queue.add_after(uid, 1.0)
        except NotFound:
            self._again(workspace, failed=True)  # the watch will tell that it is gone
        except TimeoutError:
            self._again(workspace, failed=True)
            _log.warning("workspace %s/%s: its service takes too long to answer", workspace.namespace, workspace.name)
        except ClusterError as error:
            self._again(workspace, failed=True)
            _log.warning("%s", error)
        except Exception:  # noqa: BLE001 - one object's trouble must not end the worker; counted and logged
            self._metrics.reconcile_errors.labels("workspace").inc()
            _log.exception("reconciling workspace %s/%s failed", workspace.namespace, workspace.name)
            self._again(workspace, failed=True)
        else:
            self._again(workspace, failed=trouble is not None)

    async def _forget(self, uid: str) -> None:
        """Whoever makes QuantumWorkspaces anew without end leaves nothing of those that are gone."""
        self._failures.pop(uid, None)
        self._quotas.forget(uid)
        self._prices.forget(uid)
        self._words.forget(uid)
        if name := self._names.pop(uid, None):
            self._limiter.forget_workspace(uid)
            if self._cache.find_workspace(name) is None:
                self._metrics.credentials_refused.pop(name, None)
        await self._workspaces.forget(uid)

    def _again(self, workspace: QuantumWorkspace, *, failed: bool) -> None:
        count = self._failures[workspace.uid] = self._failures.get(workspace.uid, 0) + 1 if failed else 0
        delay = backoff(count, workspace.uid) if failed else self._settings.workspace_refresh_seconds
        self._queue.add_after(workspace.uid, delay)

    async def _release(self, workspace: QuantumWorkspace) -> QuantumWorkspace:
        """Take the finalizer off once no claim points to the workspace any more."""
        if not workspace.in_use or self._limiter.admitted(workspace):
            return workspace
        self._connections.idle(workspace.uid)
        released = await self._objects.mark_workspace(workspace, in_use=False)
        if released is None:
            self._cache.remove(workspace.uid)
            return workspace
        self._cache.update(released)
        if self._limiter.admitted(workspace):
            # A job came in between: it needs the finalizer again.
            self._connections.use(workspace.uid)
            released = await self._objects.mark_workspace(released, in_use=True) or released
            self._cache.update(released)
        return released

    async def _examine(self, workspace: QuantumWorkspace) -> tuple[Trouble | None, Offer]:
        connection = await unless_refused(self._connections.refresh(workspace))
        if isinstance(connection, Trouble):
            return connection, Offer()
        self._workspaces.renewed(connection)
        try:
            return None, await self._offer(workspace, connection.client)
        except ServiceError as error:
            if isinstance(error, CredentialsRefused):
                await self._connections.refuse(workspace.uid)
            return trouble_with(error, workspace.spec.credentials.refused_remedy), Offer()

    async def _offer(self, workspace: QuantumWorkspace, client: WorkspaceClient) -> Offer:
        """What it offers; news of quotas that are enforced, and of prices, wake who waits for them."""
        asked = self._clock.monotonic()
        offer = await ask_offer(workspace, client, room_of(workspace, self._cache.workspaces.values()))
        quotas = offer.quotas if workspace.spec.guards_quota else None
        news = quotas is not None and self._quotas.learn(workspace.uid, quotas, asked)
        if await self._has_new_prices(workspace) or news:
            self._wake_waiting(workspace)
        return offer

    async def _has_new_prices(self, workspace: QuantumWorkspace) -> bool:
        """Nothing watches ConfigMaps; what can't be read now is no reason to say nothing of the workspace."""
        try:
            return await self._prices.is_news(workspace)
        except ClusterError as error:
            _log.info("%s", error)
            return False

    async def _write(self, workspace: QuantumWorkspace, trouble: Trouble | None, offer: Offer) -> None:
        before = next((one for one in workspace.conditions if one.type == READY), None)
        now_ready = ready(trouble, workspace.generation)
        conditions = self._conditions(workspace, now_ready)
        status: dict[str, Any] = {
            "observedGeneration": workspace.generation,
            "conditions": [_condition_json(one) for one in conditions],
        }
        if trouble is None:
            status |= offer_shown(offer, workspace.status)
        name = clean_text(self._settings.cluster_name, _MAX_CLUSTER_NAME)
        status |= {"clusterName": name} if name else {}
        differs = any(workspace.status.get(key) != value for key, value in status.items())
        if before and differs and (wait := self._patience(workspace, conditions, None if trouble else offer)):
            self._queue.add_after(workspace.uid, wait)
            return
        written = await self._objects.write_workspace_status(workspace, status)
        self._cache.update(written)
        self._words.say(workspace.uid, shown_in(written.conditions, written.status))
        await self._tell_renamed(workspace, name)
        if before is None or (before.status, before.reason) != (now_ready.status, now_ready.reason):
            await self._became(workspace, now_ready)

    def _patience(self, workspace: QuantumWorkspace, conditions: tuple[Condition, ...], offer: Offer | None) -> float:
        """Seconds for which is left what another process says, if nothing that was found is new here."""
        there = shown_in(workspace.conditions, workspace.status)
        return self._words.patience(workspace.uid, there, lambda said: said.is_alike(conditions, offer))

    def _conditions(self, workspace: QuantumWorkspace, now_ready: Condition) -> tuple[Condition, ...]:
        """Ready, and what is there only while it holds."""
        wanted, generation = [now_ready], workspace.generation
        if workspace.deletion_requested and (admitted := self._limiter.admitted(workspace)):
            wanted.append(Condition(IN_USE, "True", "JobsInFlight", _waits_for(admitted), "", generation))
        if error := self._workspaces.list_trouble(workspace.uid):
            wanted.append(listing_refused(error, generation))
        gone = {IN_USE, LISTING_REFUSED} - {one.type for one in wanted}
        conditions = without_conditions(workspace.conditions, gone)
        for one in wanted:
            conditions = with_condition(conditions, one, self._clock.now())
        return conditions

    async def _became(self, workspace: QuantumWorkspace, ready: Condition) -> None:
        """The workspace became ready or stopped being so: tell, and reconcile the jobs that wait for it."""
        notice = Notice(ready.reason, ready.message, warning=ready.status != "True")
        await self._events.publish(workspace_reference(workspace), notice, self._clock.now())
        if ready.status == "True":
            self._wake_waiting(workspace)

    async def _tell_renamed(self, workspace: QuantumWorkspace, name: str) -> None:
        """Keyed jobs that were billed under another name of this cluster are found only if that is adoptable."""
        former = str(workspace.status.get("clusterName") or "")
        if former in {"", name, *self._settings.adoptable_clusters} or not name:
            return
        notice = Notice(CLUSTER_RENAMED, renamed(former, name), warning=True)
        _log.warning("workspace %s/%s: %s", workspace.namespace, workspace.name, notice.message)
        await self._events.publish(workspace_reference(workspace), notice, self._clock.now())

    def _wake_waiting(self, workspace: QuantumWorkspace) -> None:
        """Reconcile the jobs that are pending here: what they wait for may have come."""
        for job in self._workspaces.jobs_of(workspace.key):
            if job.status.finished or job.status.is_true("Submitted"):
                continue
            if self._workspaces.referenced(job) == workspace.key:
                self._queue.add(job.uid)


def renamed(former: str, name: str) -> str:
    """What to do when the operator's name for its cluster was changed."""
    return (
        f"jobs of this workspace were submitted from a cluster named {former!r}, and this one's name is now {name!r}: "
        "those with an idempotencyKey are not taken over any more and end as IdempotencyKeyReused; add the former name "
        "to the operator's setting adoptable_clusters (settings.adoptableClusters of the chart), or set cluster_name "
        "back to it"
    )


def _waits_for(admitted: Mapping[str, int]) -> str:
    """Whose jobs keep an object from going: the namespaces are its own, or those that it admits or has admitted."""
    first = [f"{number} of namespace {namespace}" for namespace, number in sorted(admitted.items())[:_NAMED]]
    rest = [f"others of {len(admitted) - _NAMED} more namespaces"] if len(admitted) > _NAMED else []
    total = sum(admitted.values())
    jobs = "1 job" if total == 1 else f"{total} jobs"
    return f"the deletion waits for the end of {jobs}: {', '.join([*first, *rest])}; delete or cancel them to hurry it"


def _condition_json(condition: Condition) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": condition.last_transition_time,
        "observedGeneration": condition.observed_generation,
    }
