"""The composition root: settings → clients → reconciler → watch.

Everything is made here and handed down; nothing below reaches for a global. Must not live here: behaviour.
"""

import asyncio
import logging
import signal
import sys
import time
from contextlib import AsyncExitStack
from typing import Final

from pydantic import ValidationError
from pydantic_settings import CliApp
from pythonjsonlogger.json import JsonFormatter

from quantumjob_operator import __version__
from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.identities import Identities
from quantumjob_operator.cluster.materials import Materials
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.outputs import Outputs
from quantumjob_operator.connections import Connections
from quantumjob_operator.deeds import Deeds
from quantumjob_operator.delivery import Delivery
from quantumjob_operator.departure import Departures
from quantumjob_operator.inspection import Inspector
from quantumjob_operator.instance import Clock, new_holder
from quantumjob_operator.inventory import Inventory
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.probes import Probes
from quantumjob_operator.reconciler import Reconciler
from quantumjob_operator.settings import Settings
from quantumjob_operator.signin import SignIn
from quantumjob_operator.slots import Slots
from quantumjob_operator.submitter import Submitter
from quantumjob_operator.watch import Watch
from quantumjob_operator.workqueue import WorkQueue
from quantumjob_operator.workspace.entra import Provider
from quantumjob_operator.workspace.origins import AllowedOrigins, OriginError
from quantumjob_operator.workspace.redaction import redact_logging
from quantumjob_operator.workspace.transport import open_transport
from quantumjob_operator.workspaces import Workspaces

_log = logging.getLogger("quantumjob_operator")
_USAGE: Final = 2
_IDLE_SECONDS: Final = 5.0


def main() -> None:
    """Run the operator until SIGTERM or SIGINT."""
    try:
        settings = CliApp.run(Settings, cli_args=sys.argv[1:])
        allowed = AllowedOrigins.parse(settings.allowed_endpoints)
    except (ValidationError, OriginError) as error:
        print(f"quantumjob-operator: {error}", file=sys.stderr)  # noqa: T201 - before there is a log
        raise SystemExit(_USAGE) from None
    set_up_logging(settings)
    try:
        asyncio.run(run(settings, allowed))
    except ClusterError as error:
        _log.critical("%s", error)
        raise SystemExit(1) from None


def set_up_logging(settings: Settings) -> None:
    """Structured logs on standard error, without secrets whatever a library logs."""
    handler = logging.StreamHandler()
    if settings.log_format == "json":
        fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
        renamed = {"asctime": "time", "levelname": "level", "name": "logger", "object_name": "name"}
        handler.setFormatter(JsonFormatter(fields, rename_fields=renamed, rename_fields_keep_missing=False))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # It warns that signals are ours, as they should be.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    redact_logging()


async def run(settings: Settings, allowed: AllowedOrigins) -> None:
    """Make all parts, run them until a signal, and take them down in the reverse order.

    Raises:
        ClusterError: There is no configuration for an API server.
    """
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with AsyncExitStack() as stack:
        tasks = await _start(settings, allowed, stack)
        for task in tasks:
            # A loop that ends is a defect: stop, say which, and let the kubelet start the process anew.
            task.add_done_callback(lambda _: stopping.set())
        await stopping.wait()
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        for task in ended:
            task.result()


async def _start(settings: Settings, allowed: AllowedOrigins, stack: AsyncExitStack) -> list["asyncio.Task[None]"]:
    clock, holder, metrics = Clock(time.monotonic), new_holder(), Metrics()
    queue: WorkQueue[str] = WorkQueue(clock.monotonic)
    inventory = Inventory()
    api = await Api.connect()
    stack.push_async_callback(api.close)
    transport = await stack.enter_async_context(open_transport(ca_bundle=settings.ca_bundle))
    objects, materials, events = Objects(api), Materials(api), Events(api, holder)
    sign_in = SignIn(
        materials=materials,
        identities=Identities(api, settings.workload_service_account, clock.monotonic),
        provider=Provider(transport.identity, settings.authority, instance_discovery=settings.instance_discovery),
        settings=settings,
        monotonic=clock.monotonic,
    )
    connections = Connections(
        sign_in=sign_in,
        transport=transport,
        allowed=allowed,
        settings=settings,
        observer=metrics.observe_request,
        monotonic=clock.monotonic,
    )
    workspaces = Workspaces(
        inventory=inventory,
        objects=objects,
        namespaces=Namespaces(api, clock.monotonic),
        connections=connections,
        queue=queue,
        settings=settings,
        clock=clock,
    )
    stack.push_async_callback(workspaces.close)

    def inspect_later(workspace_id: str) -> None:
        """An idle workspace needs no finalizer; a moment later, because the next job often follows at once."""
        for workspace in inventory.workspaces.values():
            if workspace.id == workspace_id:
                queue.add_after(workspace.uid, 0 if workspace.deletion_requested else _IDLE_SECONDS)

    slots = Slots(jobs=inventory.jobs.values, wake=queue.add, emptied=inspect_later)
    inspector = Inspector(
        inventory=inventory,
        objects=objects,
        events=events,
        connections=connections,
        workspaces=workspaces,
        slots=slots,
        queue=queue,
        settings=settings,
        clock=clock,
        metrics=metrics,
    )
    submitter = Submitter(objects=objects, settings=settings, clock=clock, holder=holder, metrics=metrics)
    delivery = Delivery(outputs=Outputs(api), materials=materials, clock=clock)
    departures = Departures(objects=objects, events=events, inventory=inventory, clock=clock, metrics=metrics)
    reconciler = Reconciler(
        inventory=inventory,
        objects=objects,
        departures=departures,
        deeds=Deeds(submitter=submitter, delivery=delivery, materials=materials, clock=clock),
        workspaces=workspaces,
        slots=slots,
        queue=queue,
        settings=settings,
        clock=clock,
        holder=holder,
        metrics=metrics,
    )
    workspaces.wake = reconciler.learned
    metrics.count_jobs_from(inventory.labels)
    watch = Watch(inventory, objects, queue, settings, clock)
    stack.push_async_callback(watch.close)
    probes = Probes(
        watch=watch,
        workspaces=workspaces,
        metrics=metrics,
        clock=clock,
        queue_depth=lambda: len(queue),
        crd_outdated=lambda: reconciler.crd_outdated,
    )
    stack.push_async_callback(probes.close)
    port = await probes.open(settings.host, settings.port, settings.ready_file)
    _log.info("version %s, holder %s, probes on port %d", __version__, holder, port)

    async def look(uid: str) -> None:
        await (inspector.look(uid) if workspaces.serves(uid) else reconciler.look(uid))

    async def worker() -> None:
        await watch.listed.wait()
        await queue.work(look)

    loops = [watch.run(), queue.keep_time(), *(worker() for _ in range(settings.workers))]
    return [asyncio.create_task(loop) for loop in loops]


if __name__ == "__main__":
    main()
