"""How the parts fit together: each is made once and handed down.

Must not live here: behaviour, or anything about the process itself (`__main__`).
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

from quantumjob_operator import __version__
from quantumjob_operator.azure.connections import Connections
from quantumjob_operator.azure.credentials import Authenticator
from quantumjob_operator.azure.entra import Provider
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.clock import Clock, monotonic_seconds
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.budgets import BudgetObjects
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.cache_figures import CacheFigures
from quantumjob_operator.cluster.election import Candidacy
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.identities import Identities
from quantumjob_operator.cluster.leadership import Leadership
from quantumjob_operator.cluster.leases import Leases
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.references import References
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.controller.garbage_collector import GarbageCollector
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.job_wiring import Cluster, Common, reconcilers_of
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.controller.workspace_reconciler import WorkspaceReconciler
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.model.naming import is_guid
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.probes import Probes
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings

_IDLE_SECONDS: Final = 5.0
_log = logging.getLogger("quantumjob_operator")


async def start(settings: Settings, allowed: AllowedOrigins, stack: AsyncExitStack) -> list[Coroutine[Any, Any, None]]:
    """Make all parts and open the probes.

    Args:
        settings: The operator's.
        allowed: Hosts that requests may go to.
        stack: Takes what has to be closed in the end.

    Returns:
        The loops that the operator consists of, to be run as tasks; none of them ends by itself.

    Raises:
        ClusterError: There is no configuration for an API server.
    """
    cache = Cache()
    queue = WorkQueue(monotonic_seconds, cache.namespace)
    api = await Api.connect()
    clock = Clock(monotonic_seconds, api.now)
    common = Common(settings=settings, allowed=allowed, clock=clock, cache=cache, queue=queue)
    cache.claims.holder, cache.by_key.wake = common.holder, queue.add
    common.metrics.clock_skew.set_function(lambda: api.skew.seconds)
    stack.push_async_callback(api.close)
    cluster = _cluster(api, common)
    opening = open_transport(ca_bundle=settings.ca_bundle, give_up_seconds=settings.request_timeout_seconds)
    transport = await stack.enter_async_context(opening)
    connections = _connections(common, cluster, transport)
    workspaces = _workspaces(common, cluster, connections)
    stack.push_async_callback(workspaces.close)
    reconciler, reconcile = _reconcilers(common, cluster, connections, workspaces)
    watch = Watch(common.cache, cluster.objects, common.queue, settings, common.clock)
    stack.push_async_callback(watch.close)
    leadership = _leadership(common, cluster)
    await _open_probes(common, watch, workspaces, reconciler, stack, leadership=leadership)
    if leadership:
        # Given back first of all: a successor begins while this process still takes down what acts no more.
        stack.push_async_callback(leadership.resign)
    garbage_collector = _garbage_collector(common, cluster, connections, reconciler)
    return _loops(common, cluster, watch, leadership, reconcile=reconcile, garbage_collector=garbage_collector)


def _cluster(api: Api, common: Common) -> Cluster:
    events, namespaces = Events(api, common.holder), Namespaces(api, common.clock.monotonic)
    references = References(api)
    prices = PriceLists(references, common.clock)
    return Cluster(api, Objects(api), BudgetObjects(api), references, prices, events, namespaces)


def _reconcilers(
    common: Common, cluster: Cluster, connections: Connections, workspaces: Workspaces
) -> tuple[Reconciler, Callable[[str], Coroutine[Any, Any, None]]]:
    """The reconciler of jobs, and what reconciles an object of whichever kind."""
    limiter, quotas = _limiter(common, workspaces), QuotaGuards(common.clock.monotonic, common.cache.workspaces)
    of_workspaces = _workspace_reconciler(common, cluster, connections, workspaces, limiter, quotas)
    of_jobs, of_budgets = reconcilers_of(common, cluster, workspaces, limiter, quotas, connections=connections)
    workspaces.wake, workspaces.learn_place = of_jobs.learned, of_jobs.learned_place
    common.cache.removed = of_jobs.removed

    async def reconcile(uid: str) -> None:
        serving = of_workspaces if workspaces.serves(uid) else of_jobs
        await (of_budgets if of_budgets.serves(uid) else serving).reconcile(uid)
        if common.cache.find(uid) is None and not of_jobs.has_in_hand(uid) and uid not in common.cache.deleted:
            common.cache.seen_to(uid)

    return of_jobs, reconcile


def _limiter(common: Common, workspaces: Workspaces) -> InflightLimiter:
    limiter = InflightLimiter(
        jobs=workspaces.jobs_of,
        exists=common.cache.workspaces.__contains__,
        serving=workspaces.serving,
        wake=common.queue.add_first,
        clock=common.clock.monotonic,
        left=_reconciling_later(common, lambda workspace: bool(limiter.admitted(workspace))),
    )
    return limiter


def _loops(
    common: Common,
    cluster: Cluster,
    watch: Watch,
    leadership: Leadership | None,
    *,
    reconcile: Callable[[str], Coroutine[Any, Any, None]],
    garbage_collector: GarbageCollector,
) -> list[Coroutine[Any, Any, None]]:
    settings, named = common.settings, asyncio.Event()

    async def follow() -> None:
        """Nothing is known before the first listing, and so nothing is done: who waits here is on standby."""
        if leadership:
            await leadership.leading.wait()
        await watch.run()

    async def name_cluster() -> None:
        """Jobs carry their cluster's name and its time, so none is reconciled before both are known."""
        await watch.listed.wait()
        await cluster.api.learn_time()
        settings.cluster_name = settings.cluster_name or await cluster.namespaces.cluster_uid()
        # A name that somebody chose may be another cluster's too, whose jobs have their objects there.
        garbage_collector.may_cancel = is_guid(settings.cluster_name)
        named.set()
        await garbage_collector.run()

    async def worker() -> None:
        await named.wait()
        await common.queue.work(reconcile)

    electing = [leadership.run()] if leadership else []
    return [*electing, follow(), name_cluster(), common.queue.keep_time(), *(worker() for _ in range(settings.workers))]


def _leadership(common: Common, cluster: Cluster) -> Leadership | None:
    """None without a Lease: then this process leads from the beginning."""
    common.metrics.leader.set(0 if common.settings.lease else 1)
    if common.settings.lease is None:
        return None
    # The host's name, which is the pod's, tells people who leads; the holder's makes it unique.
    candidacy = Candidacy(f"{socket.gethostname()}_{common.holder}")
    return Leadership(Leases(cluster.api, common.settings.lease), candidacy, common.clock, common.metrics)


def _connections(common: Common, cluster: Cluster, transport: HttpTransport) -> Connections:
    settings, monotonic = common.settings, common.clock.monotonic
    authenticator = Authenticator(
        references=cluster.references,
        identities=Identities(cluster.api, settings.workload_service_account, monotonic),
        provider=Provider(transport.identity, settings.authority, instance_discovery=settings.instance_discovery),
        settings=settings,
        monotonic=monotonic,
    )
    return Connections(
        authenticator=authenticator,
        transport=transport,
        allowed=common.allowed,
        settings=settings,
        observer=lambda name: Observer(common.metrics.observe_request, partial(count_refused, common, name)),
        monotonic=monotonic,
        is_there=common.cache.workspaces.__contains__,
    )


def count_refused(common: Common, name: Name) -> None:
    """A request was not let in; one that ends after its QuantumWorkspace counts for nothing, or its name would stay."""
    if common.cache.find_workspace(name):
        common.metrics.credentials_refused.update([name])


def _workspaces(common: Common, cluster: Cluster, connections: Connections) -> Workspaces:
    return Workspaces(
        cache=common.cache,
        objects=cluster.objects,
        namespaces=cluster.namespaces,
        connections=connections,
        queue=common.queue,
        settings=common.settings,
        clock=common.clock,
    )


def _reconciling_later(common: Common, in_use: Callable[[QuantumWorkspace], bool]) -> Callable[[Name], None]:
    def reconcile_later(name: Name) -> None:
        """An idle workspace needs no finalizer; a moment later, because the next job often follows at once.

        One that is being deleted says how many jobs it still waits for.
        """
        workspace = common.cache.find_workspace(name)
        if workspace is None:
            return
        idle = not in_use(workspace)
        if idle or workspace.deletion_requested:
            common.queue.add_after(workspace.uid, 0 if idle and workspace.deletion_requested else _IDLE_SECONDS)

    return reconcile_later


def _garbage_collector(
    common: Common, cluster: Cluster, connections: Connections, reconciler: Reconciler
) -> GarbageCollector:
    return GarbageCollector(
        cache=common.cache,
        objects=cluster.objects,
        events=cluster.events,
        connections=connections,
        settings=common.settings,
        clock=common.clock,
        metrics=common.metrics,
        holder=common.holder,
        in_hand=reconciler.has_in_hand,
    )


def _workspace_reconciler(  # noqa: PLR0917 - the parts that it is made of
    common: Common,
    cluster: Cluster,
    connections: Connections,
    workspaces: Workspaces,
    limiter: InflightLimiter,
    quotas: QuotaGuards,
) -> WorkspaceReconciler:
    return WorkspaceReconciler(
        cache=common.cache,
        objects=cluster.objects,
        events=cluster.events,
        connections=connections,
        workspaces=workspaces,
        limiter=limiter,
        quotas=quotas,
        prices=cluster.prices,
        queue=common.queue,
        settings=common.settings,
        clock=common.clock,
        metrics=common.metrics,
    )


async def _open_probes(
    common: Common,
    watch: Watch,
    workspaces: Workspaces,
    reconciler: Reconciler,
    stack: AsyncExitStack,
    *,
    leadership: Leadership | None,
) -> None:
    common.metrics.count_from(CacheFigures(common.cache), common.clock.now)
    probes = Probes(
        watch=watch,
        leadership=leadership,
        workspaces=workspaces,
        metrics=common.metrics,
        clock=common.clock,
        workqueue_depth=lambda: len(common.queue),
        crd_outdated=lambda: reconciler.crd_outdated,
        request_seconds=common.settings.request_timeout_seconds,
    )
    stack.push_async_callback(probes.close)
    settings = common.settings
    port = await probes.open(settings.host, settings.port, settings.ready_file)
    _log.info("version %s, holder %s, probes on port %d", __version__, common.holder, port)
