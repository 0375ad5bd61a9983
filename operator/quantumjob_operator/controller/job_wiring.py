"""How the parts that act on jobs fit together, and what nearly every part needs.

Must not live here: behaviour, or the parts of the process itself (`wiring`).
"""

from dataclasses import dataclass, field
from typing import Any

from quantumjob_operator.azure.connections import Connections
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.budgets import BudgetObjects
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.outputs import Outputs
from quantumjob_operator.cluster.references import References
from quantumjob_operator.controller.actions import Actions
from quantumjob_operator.controller.budget_counter import BudgetCounter
from quantumjob_operator.controller.budget_ledger import BudgetLedgers
from quantumjob_operator.controller.budget_reconciler import BudgetReconciler
from quantumjob_operator.controller.budget_sweep import BudgetSweep
from quantumjob_operator.controller.finalization import Finalization
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.observer import Observer
from quantumjob_operator.controller.output_writer import OutputWriter
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.process_state import new_holder
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What nearly every part needs."""

    settings: Settings
    allowed: AllowedOrigins
    clock: Clock
    holder: str = field(default_factory=new_holder)
    metrics: Metrics = field(default_factory=Metrics)
    cache: Cache
    queue: WorkQueue[str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The ways to the API server, and what is read there for several parts."""

    api: Api
    objects: Objects
    budgets: BudgetObjects
    references: References
    prices: PriceLists
    events: Events
    namespaces: Namespaces


def reconcilers_of(
    common: Common,
    cluster: Cluster,
    workspaces: Workspaces,
    limiter: InflightLimiter,
    quotas: QuotaGuards,
    *,
    connections: Connections,
) -> tuple[Reconciler, BudgetReconciler]:
    """The reconcilers of jobs and of the budgets that count them."""
    ledgers = BudgetLedgers(objects=cluster.budgets, events=cluster.events, cache=common.cache, clock=common.clock)
    spending = Spending(
        ledgers=ledgers,
        cache=common.cache,
        namespaces=cluster.namespaces,
        wake=common.queue.add_first,
        needs_slot=limiter.waits_for_others,
        settings=common.settings,
        clock=common.clock,
    )
    jobs = _reconciler_of(common, cluster, workspaces, limiter, quotas, spending=spending)
    return jobs, _budget_reconciler_of(common, cluster, ledgers, spending, connections)


def _budget_reconciler_of(
    common: Common, cluster: Cluster, ledgers: BudgetLedgers, spending: Spending, connections: Connections
) -> BudgetReconciler:
    shared: Any = {"cache": common.cache, "ledgers": ledgers, "clock": common.clock}
    asking: Any = {"connections": connections, "settings": common.settings, **shared}
    return BudgetReconciler(
        objects=cluster.budgets,
        spending=spending,
        sweep=BudgetSweep(events=cluster.events, **asking),
        counter=BudgetCounter(namespaces=cluster.namespaces, **asking),
        queue=common.queue,
        **shared,
    )


def _reconciler_of(
    common: Common,
    cluster: Cluster,
    workspaces: Workspaces,
    limiter: InflightLimiter,
    quotas: QuotaGuards,
    *,
    spending: Spending,
) -> Reconciler:
    """The reconciler of jobs with everything that it acts through."""
    settings, clock, metrics, cache = common.settings, common.clock, common.metrics, common.cache
    shared: Any = {"objects": cluster.objects, "cache": cache, "clock": clock, "metrics": metrics}
    submitter = Submitter(quotas=quotas, settings=settings, holder=common.holder, **shared)
    wake, referenced = common.queue.add, workspaces.referenced
    finalization = Finalization(events=cluster.events, wake=wake, referenced=referenced, **shared)
    status = StatusWriter(cache=cache, finalization=finalization, metrics=metrics, clock=clock)
    own: Any = {"cache": cache, "objects": cluster.objects, "clock": clock, "settings": settings}
    own |= {"holder": common.holder, "status": status, "workspaces": workspaces, "limiter": limiter}
    return Reconciler(
        finalization=finalization,
        actions=_actions_of(common, cluster, submitter, finalization, limiter, quotas, spending=spending),
        observer=Observer(submitter=submitter, spending=spending, **own),
        queue=common.queue,
        metrics=metrics,
        **own,
    )


def _actions_of(  # noqa: PLR0917 - what `Actions` takes
    common: Common,
    cluster: Cluster,
    submitter: Submitter,
    finalization: Finalization,
    limiter: InflightLimiter,
    quotas: QuotaGuards,
    *,
    spending: Spending,
) -> Actions:
    references, clock = cluster.references, common.clock
    return Actions(
        submitter=submitter,
        finalization=finalization,
        delivery=OutputWriter(outputs=Outputs(cluster.api), references=references, clock=clock),
        references=references,
        prices=cluster.prices,
        limiter=limiter,
        quotas=quotas,
        spending=spending,
        settings=common.settings,
        clock=clock,
    )
