"""How the parts that act on jobs fit together, and what nearly every part needs.

Must not live here: behaviour, or the parts of the process itself (`wiring`).
"""

from dataclasses import dataclass, field

from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.cache import Inventory
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.outputs import Outputs
from quantumjob_operator.cluster.references import Materials
from quantumjob_operator.controller.actions import Deeds
from quantumjob_operator.controller.finalization import Departures
from quantumjob_operator.controller.inflight_limiter import Slots
from quantumjob_operator.controller.observer import Gathering
from quantumjob_operator.controller.output_writer import Delivery
from quantumjob_operator.controller.process_state import Clock, new_holder
from quantumjob_operator.controller.reconciler import Reconciler
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
    inventory: Inventory
    queue: WorkQueue[str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The ways to the API server."""

    api: Api
    objects: Objects
    materials: Materials
    events: Events
    namespaces: Namespaces


def reconciler_of(common: Common, cluster: Cluster, workspaces: Workspaces, slots: Slots) -> Reconciler:
    """The reconciler of jobs with everything that it acts through."""
    settings, clock, metrics, inventory = common.settings, common.clock, common.metrics, common.inventory
    submitter = Submitter(
        objects=cluster.objects,
        inventory=inventory,
        settings=settings,
        clock=clock,
        holder=common.holder,
        metrics=metrics,
    )
    delivery = Delivery(outputs=Outputs(cluster.api), materials=cluster.materials, clock=clock)
    departures = Departures(
        objects=cluster.objects, events=cluster.events, inventory=inventory, clock=clock, metrics=metrics
    )
    status = StatusWriter(inventory=inventory, departures=departures, metrics=metrics)
    gathering = Gathering(
        objects=cluster.objects,
        submitter=submitter,
        status=status,
        workspaces=workspaces,
        slots=slots,
        settings=settings,
        clock=clock,
        holder=common.holder,
    )
    return Reconciler(
        inventory=inventory,
        objects=cluster.objects,
        departures=departures,
        deeds=Deeds(submitter=submitter, delivery=delivery, materials=cluster.materials, clock=clock),
        gathering=gathering,
        status=status,
        workspaces=workspaces,
        slots=slots,
        queue=common.queue,
        settings=settings,
        clock=clock,
        holder=common.holder,
        metrics=metrics,
    )
