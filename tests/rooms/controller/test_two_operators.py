"""Two operators that know different things of one object: they don't write its status in turn without end."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Conflict, NotFound
from quantumjob_operator.cluster.budgets import BudgetObjects
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects, parse_known
from quantumjob_operator.controller import workspace_reconciler
from quantumjob_operator.controller.budget_ledger import BudgetLedgers
from quantumjob_operator.controller.budget_reconciler import BudgetReconciler
from quantumjob_operator.controller.unconfirmed import Found
from quantumjob_operator.controller.workspace_reconciler import WorkspaceReconciler
from quantumjob_operator.controller.workspace_status import Offer
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.naming import BUDGET_PLURAL, WORKSPACE_PLURAL
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget
from quantumjob_operator.model.quantumworkspace import parse_workspace
from quantumjob_operator.model.quotas import Quota
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, SPEC, digested
from rooms.controller.test_budget_ledger import no_pause
from rooms.model.bodies import Body, workspace_body

UID: Final = "u"
MINUTES: Final = 10


class World:
    """An API server with one object, two operators, and the time."""

    def __init__(self, plural: str, body: Body) -> None:
        self.plural = plural
        self.body = body
        body["metadata"] |= {"uid": UID, "resourceVersion": "1"}
        self.now = 0.0
        self.writes = 0
        self.gone = False
        self.operators: list[Operator] = []

    async def request(self, _method: str, _path: str, _body: Any = None) -> Body:
        """The object, or an Event that is taken."""
        return deepcopy(self.body)

    async def patch(self, path: str, patch: Body) -> Body:
        """Written if nobody wrote before; the other operator hears of it, and looks at once."""
        meta = self.body["metadata"]
        if self.gone:
            raise NotFound(f"PATCH {path}", 404, "NotFound", "not found")
        if patch["metadata"]["resourceVersion"] != meta["resourceVersion"]:
            raise Conflict(f"PATCH {path}", 409, "Conflict", "changed")
        self.writes += 1
        self.body["status"] = self.body.get("status", {}) | patch["status"]
        meta["resourceVersion"] = str(self.writes + 1)
        for one in self.operators:
            if one.cache.put(parse_known(self.plural, deepcopy(self.body))):
                one.queue.add(UID)
        return deepcopy(self.body)

    async def passes(self, minutes: float) -> None:
        """Time passes; whoever has something to do does it at once."""
        until = self.now + 60 * minutes
        for _ in range(1_000):
            busy = [one for one in self.operators if one.queue.due <= self.now]
            for one in busy:
                one.queue.due = float("inf")
                await one.reconcile(UID)
            if busy:
                continue
            self.now = min(one.queue.due for one in self.operators)
            if self.now > until:
                self.now = until
                return
        raise AssertionError("time does not go on")

    @property
    def ready(self) -> str:
        """The reason of Ready."""
        return next(str(one["reason"]) for one in self.body["status"]["conditions"] if one["type"] == "Ready")


@dataclass
class Queue:
    """When its operator looks again."""

    world: World
    due: float = 0.0

    def add(self, _uid: str) -> None:
        """At once."""
        self.due = self.world.now

    def add_after(self, _uid: str, seconds: float) -> None:
        """As the work queue's."""
        self.due = min(self.due, self.world.now + seconds)


@dataclass
class Operator:
    """What it knows, when it looks, and how."""

    cache: Cache
    queue: Queue
    reconcile: Callable[[str], Any]


@dataclass
class Answers:
    """The service, and the other parts, as one operator knows them.

    Attributes:
        trouble: Why this operator does not reach the service.
        offer: What it is told.
    """

    trouble: Trouble | None = None
    offer: Offer = field(default_factory=Offer)

    async def look_at_namespaces(self, _budget: Any) -> None:
        """As the spending's."""

    async def refresh(self, _workspace: Any) -> Any:
        """As the connections'."""
        return self.trouble or self

    @property
    def client(self) -> "Answers":
        """Hands itself on to `ask_offer`."""
        return self

    async def is_news(self, _workspace: Any) -> bool:
        """As the price lists'."""
        return False

    def jobs_of(self, _name: Any) -> tuple[()]:
        """As the workspaces': nobody waits."""
        return ()

    async def look(self, _budget: QuantumBudget) -> None:
        """As the counter's: nothing has to be counted."""

    async def sweep(self, _budget: QuantumBudget) -> Found:
        """As the sweep's: nothing is found."""
        return Found()

    def __getattr__(self, _name: str) -> Any:
        """Whatever else is called is of no importance here."""
        return lambda *_args, **_more: None


def add_budget_operator(world: World, *, lags: bool) -> None:
    """One operator, whose watch may not have told of the QuantumWorkspace yet."""
    cache, queue, clock = Cache(), Queue(world), Clock(lambda: world.now, lambda: NOW + timedelta(seconds=world.now))
    cache.put(parse_known(world.plural, deepcopy(world.body)))
    if not lags:
        cache.put_workspace(_shared())
    objects: Any = BudgetObjects(world)  # type: ignore[arg-type]
    parts: dict[str, Any] = dict.fromkeys(("spending", "sweep", "counter"), Answers())
    ledgers = BudgetLedgers(objects=objects, events=Events(world, "x"), cache=cache, clock=clock, pause=no_pause)  # type: ignore[arg-type]
    made = BudgetReconciler(cache=cache, objects=objects, ledgers=ledgers, queue=queue, clock=clock, **parts)  # type: ignore[arg-type]
    world.operators.append(Operator(cache, queue, made.reconcile))


def add_workspace_operator(world: World, answers: Answers, cluster: str) -> None:
    """One operator."""
    cache, queue, clock = Cache(), Queue(world), Clock(lambda: world.now, lambda: NOW + timedelta(seconds=world.now))
    cache.put(parse_known(world.plural, deepcopy(world.body)))
    others: dict[str, Any] = dict.fromkeys(
        ("connections", "workspaces", "limiter", "quotas", "prices", "metrics"), answers
    )
    typed: Any = {"queue": queue, "objects": Objects(world), "events": Events(world, "x")}  # type: ignore[arg-type]
    made = WorkspaceReconciler(cache=cache, settings=Settings(cluster_name=cluster), clock=clock, **typed, **others)
    world.operators.append(Operator(cache, queue, made.reconcile))


def _shared() -> Any:
    return parse_workspace(workspace_body(namespace="quantum-platform", name="shared"))


def _budget() -> Body:
    meta = {"name": "research", "namespace": "quantum-platform", "uid": UID, "resourceVersion": "1"}
    body: Body = {"metadata": meta | {"creationTimestamp": "2026-01-15T10:00:00Z"}, "spec": dict(SPEC)}
    one = parse_budget(body)
    counted = as_counted(one, shown(one, ledger_of(one, NOW), NOW), NOW)
    return digested(body | {"status": budget_status_patch(one.status, counted)})


async def test_an_operator_that_has_not_heard_of_a_workspace_does_not_contradict_for_ever() -> None:
    """Nor does it stay that way: the other one says its own again, once a minute."""
    world = World(BUDGET_PLURAL, _budget())
    add_budget_operator(world, lags=True)
    add_budget_operator(world, lags=False)
    await world.passes(MINUTES)
    assert world.writes <= MINUTES + 2
    lagging, _ = world.operators
    lagging.cache.put_workspace(_shared())
    await world.passes(2)
    assert world.ready == "Kept"
    before = world.writes
    await world.passes(MINUTES)
    assert world.writes == before


async def test_what_an_operator_that_is_gone_has_said_of_a_budget_is_put_right() -> None:
    """By who knows better, within a minute or two."""
    world = World(BUDGET_PLURAL, _budget())
    add_budget_operator(world, lags=False)
    await world.passes(1)
    add_budget_operator(world, lags=True)
    await world.passes(0.5)
    assert world.ready == "WorkspaceNotFound"
    world.operators.pop()
    await world.passes(2)
    assert world.ready == "Kept"


DOWN: Final = Answers(Trouble("Unreachable", "no route"))
QUOTA: Final = Quota("qgs", "Subscription", "ionq", "Monthly", utilization=1.0, holds=0.0, limit=100.0)
TOLD: Final = Answers(offer=Offer(quotas=[QUOTA], usages=[]))
REFUSED: Final = Answers(offer=Offer(quotas=[], usages=[]))


@pytest.mark.parametrize(
    ("one", "other", "clusters"),
    [
        pytest.param(DOWN, TOLD, ("lab", "lab"), id="only one reaches the service"),
        pytest.param(TOLD, REFUSED, ("lab", "lab"), id="only one may see the quotas"),
        pytest.param(TOLD, TOLD, ("lab", "factory"), id="each knows the cluster by another name"),
    ],
)
async def test_two_operators_with_different_answers_do_not_write_a_workspace_in_turn(
    one: Answers, other: Answers, clusters: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says its own once a minute at most; alone, one is right within a minute or its usual pause."""

    async def asked(_workspace: Any, client: Answers, _room: Any) -> Offer:
        return client.offer

    monkeypatch.setattr(workspace_reconciler, "ask_offer", asked)
    world = World(WORKSPACE_PLURAL, workspace_body(namespace="research", name="default"))
    for answers, cluster in zip((one, other), clusters, strict=True):
        add_workspace_operator(world, replace(answers), cluster)
    await world.passes(MINUTES)
    assert 2 <= world.writes <= MINUTES + 2
    world.operators.pop(0)
    await world.passes(MINUTES)
    assert world.ready == "Connected"
    assert bool(world.body["status"].get("quotas")) == bool(other.offer.quotas)
    assert world.body["status"]["clusterName"] == clusters[1]


async def test_a_workspace_that_goes_is_no_news_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Its last look may come between the deletion and the watch's word of it."""
    world = World(WORKSPACE_PLURAL, workspace_body(namespace="research", name="default"))
    add_workspace_operator(world, replace(DOWN), "lab")
    world.gone = True
    await world.passes(MINUTES)
    assert not caplog.records
    assert world.writes == 0
