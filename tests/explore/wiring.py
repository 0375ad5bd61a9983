"""The real shell of one process, put together without sockets and threads, as `wiring` does it.

Must not live here: how it is driven (`drive`).
"""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from explore.asks import Ask
from explore.clients import Client, Objects
from explore.clone import Leaf, leaves
from explore.hand import Hand, Promise
from explore.money import BudgetObjects, Connections
from explore.parts import TIME, WORKSPACE, InflightLimiter, OutputWriter, Queue, Time, Told, Workspaces
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.claims_heard import ClaimsHeard
from quantumjob_operator.cluster.references import References
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.controller.actions import Actions
from quantumjob_operator.controller.budget_counter import BudgetCounter
from quantumjob_operator.controller.budget_ledger import BudgetLedgers
from quantumjob_operator.controller.budget_reconciler import BudgetReconciler
from quantumjob_operator.controller.budget_sweep import BudgetSweep
from quantumjob_operator.controller.finalization import Finalization
from quantumjob_operator.controller.observer import Observer
from quantumjob_operator.controller.price_lists import PriceLists
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconciler import Reconciler
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.controller.status_writer import StatusWriter
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.settings import Settings

# Short beside the steps in which the operator looks again: each of those is a moment in which anything may happen.
SETTINGS: Final = Settings(
    put_start_seconds=2,
    request_timeout_seconds=4,
    visibility_delay_seconds=4,
    cancellation_grace_period_seconds=60,
)
FENCE: Final = SETTINGS.fence_seconds
GRACE: Final = SETTINGS.cancellation_grace_period_seconds
SHORT: Final = SETTINGS.put_start_seconds + 1.0
"""Seconds of a pause after which a claim no longer lets a PUT begin."""
LONG: Final = FENCE + 1.0
"""Seconds of a pause after which nothing that was sent before it can still be hidden."""
ANY: Any = None
"""For parts that nothing reaches here."""


async def _no_pause(_seconds: float, _event: object) -> None:
    """Whatever asks for a write within a pause may as well come while the write before is under way."""


@dataclass(slots=True)
class Parts:
    """Everything that a process holds, without the looks that are under way."""

    time: Time
    queue: Queue
    cache: Cache
    workspaces: Workspaces
    told: Told
    watch: Watch
    reconciler: Reconciler
    budgets: BudgetReconciler
    hand: Hand = field(default_factory=Hand)
    tasks: dict[str, tuple[Coroutine[Any, Any, None], Ask]] = field(default_factory=dict)
    waiting: dict[str, tuple[Coroutine[Any, Any, None], Promise]] = field(default_factory=dict)
    leaves: list[Leaf] = field(default_factory=list)


def new_parts(holder: str, now: float) -> Parts:
    """A process that has just started, put together as `wiring` does it."""
    time, told, cache, objects = TIME, Told(), Cache(claims=ClaimsHeard(holder)), Objects()
    time.now = now
    queue, clock = Queue(time), Clock(time.monotonic, time.wall)
    cache.by_key.wake = queue.add
    workspaces = Workspaces(Connection(WORKSPACE, Client()))  # type: ignore[arg-type]
    shared: dict[str, Any] = {"objects": objects, "cache": cache, "clock": clock, "metrics": told}
    quotas = QuotaGuards(time.monotonic, cache.workspaces)
    submitter = Submitter(settings=SETTINGS, holder=holder, quotas=quotas, **shared)
    limiter: Any = InflightLimiter()
    finalization = Finalization(events=told, wake=queue.add, referenced=workspaces.serving, **shared)  # type: ignore[arg-type]
    ledgers = BudgetLedgers(objects=BudgetObjects(), events=told, cache=cache, clock=clock, pause=_no_pause)  # type: ignore[arg-type]
    spending = Spending(
        ledgers=ledgers,
        cache=cache,
        namespaces=ANY,
        wake=queue.add,
        needs_slot=limiter.waits_for_others,
        settings=SETTINGS,
        clock=clock,
    )
    actions: Any = Actions(
        submitter=submitter,
        finalization=finalization,
        delivery=OutputWriter(),  # type: ignore[arg-type]
        references=References(ANY),
        prices=PriceLists(References(ANY), clock),
        limiter=limiter,
        quotas=quotas,
        spending=spending,
        settings=SETTINGS,
        clock=clock,
    )
    status = StatusWriter(cache=cache, finalization=finalization, metrics=told, clock=clock)  # type: ignore[arg-type]
    observer = Observer(
        cache=cache,
        objects=objects,  # type: ignore[arg-type]
        submitter=submitter,
        status=status,
        workspaces=workspaces,  # type: ignore[arg-type]
        limiter=limiter,
        spending=spending,
        settings=SETTINGS,
        clock=clock,
        holder=holder,
    )
    reconciler = Reconciler(
        finalization=finalization,
        actions=actions,
        observer=observer,
        status=status,
        workspaces=workspaces,  # type: ignore[arg-type]
        limiter=limiter,
        queue=queue,  # type: ignore[arg-type]
        settings=SETTINGS,
        holder=holder,
        **shared,
    )
    watch = Watch(cache, objects, queue, SETTINGS, clock)  # type: ignore[arg-type]
    budgets = _budget_reconciler(cache, ledgers, spending, queue, clock, told=told, connection=workspaces.connection)
    parts = Parts(time, queue, cache, workspaces, told, watch, reconciler, budgets)
    parts.leaves += leaves(
        queue=queue,
        cache=cache,
        workspaces=workspaces,
        reconciler=reconciler,
        time=time,
        told=told,
        watch=watch,
        budgets=budgets,
    )
    return parts


def _budget_reconciler(
    cache: Cache,
    ledgers: BudgetLedgers,
    spending: Spending,
    queue: Queue,
    clock: Clock,
    *,
    told: Told,
    connection: Connection,
) -> BudgetReconciler:
    """What looks after the budget itself; without one, nothing is ever asked of it."""
    shared: Any = {"cache": cache, "ledgers": ledgers, "clock": clock}
    asking: Any = {"connections": Connections(connection), "settings": SETTINGS}
    return BudgetReconciler(
        objects=BudgetObjects(),  # type: ignore[arg-type]
        spending=spending,
        sweep=BudgetSweep(events=told, **asking, **shared),  # type: ignore[arg-type]
        counter=BudgetCounter(namespaces=ANY, **asking, **shared),
        queue=queue,  # type: ignore[arg-type]
        **shared,
    )
