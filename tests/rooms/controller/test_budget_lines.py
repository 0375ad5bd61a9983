"""Jobs that several budgets count, among others that need less: in a small world of budgets, jobs and time."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

import pytest

from quantumjob_operator.budgets.ledger import Key, ledger_of, release
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_ledger import Change, State
from quantumjob_operator.controller.budget_line import RoomLeft
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.lifecycle.observation import ProgramFacts
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget, written
from rooms.lifecycle.observations import WORKSPACE, new, seen
from rooms.model.bodies import RESOURCE_ID, workspace

LIMIT: Final = 100


@dataclass(slots=True)
class World:
    """Budgets of 100 USD each, and jobs that run for some minutes.

    Attributes:
        counting: By budget: the workspaces whose jobs it counts.
        for_each: Budgets whose limits are for each namespace.
        ends: The minute in which a job that runs ends, by its uid.
    """

    counting: Mapping[str, list[str]]
    for_each: tuple[str, ...] = ()
    longest: int = 4
    slots: int | None = None
    now: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    asking: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    amounts: dict[str, tuple[str, int]] = field(default_factory=dict)
    cache: Cache = field(default_factory=Cache)
    spending: Spending = field(init=False)
    limiter: InflightLimiter = field(init=False)
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secret

    def __post_init__(self) -> None:
        """All budgets are there and counted."""
        self.limiter = InflightLimiter(
            jobs=lambda _: (),
            exists=lambda _: True,
            serving=lambda _: None,
            wake=self.asking.append,
            left=lambda _: None,
            clock=lambda: 60.0 * self.now,
        )
        for name, workspaces in self.counting.items():
            limits = [{"unit": "USD", "amount": str(LIMIT)}]
            each = "Namespace" if name in self.for_each else "Together"
            one = replace(budget(workspaces=workspaces, limits=limits, each=each), name=name, uid=name)
            self.cache.put_budget(written(one, ledger_of(one, NOW)))
            self.cache.trust_budget(name)
        self.spending = Spending(
            ledgers=self,
            cache=self.cache,
            namespaces=None,  # type: ignore[arg-type]  # no budget selects any
            wake=self.asking.append,
            needs_slot=self.limiter.waits_for_others,
            settings=Settings(),
            clock=Clock(lambda: 60.0 * self.now, lambda: NOW),
        )

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """As `BudgetLedgers.change`."""
        del patient
        one = self.cache.budgets[uid]
        before = State(ledger_of(one, NOW))
        state, answer = change(one, before, NOW + timedelta(seconds=self.now))
        if state != before:
            self._write(one, state)
        return answer

    def _write(self, one: QuantumBudget, state: State) -> None:
        version = str(int(one.resource_version) + 1)
        self.cache.put_budget(replace(written(one, state.ledger), resource_version=version))
        self.cache.trust_budget(one.uid)

    def make(self, uid: str, workspace: str, amount: int, *, namespace: str = "small") -> None:
        """A job that asks at once."""
        self.amounts[uid] = workspace, amount
        self.cache.put_job(replace(new(), uid=uid, name=uid, namespace=namespace, resource_version="1"))
        self.asking.append(uid)

    async def turn(self) -> None:
        """A minute: some jobs end, then all that were woken ask, and so do the budgets that changed."""
        self.now += 1
        for uid in [uid for uid, end in self.ends.items() if end <= self.now]:
            del self.ends[uid]
            for one in list(self.cache.budgets.values()):
                state = State(ledger_of(one, NOW))
                entry = next((each for each in state.ledger.open.values() if each.uid == uid), None)
                if entry:
                    self._write(one, replace(state, ledger=release(state.ledger, entry.job_id)))
            self._end(uid)
        for name in self.counting:
            self.spending.changed(self.cache.budgets[name], everybody=False)
        for _ in range(1000):
            if not self.asking:
                return
            uid = self.asking.pop(0)
            if uid in self.counting:
                self.spending.changed(self.cache.budgets[uid], everybody=False)
            elif uid in self.cache.jobs and uid not in self.ends:
                await self._ask(uid)
        raise AssertionError("they wake each other without end")

    def _end(self, uid: str) -> None:
        self.limiter.forget(uid)
        self.spending.forget(uid)
        self.cache.remove(uid)

    async def _ask(self, uid: str) -> None:
        job, (through, amount) = self.cache.jobs[uid], self.amounts[uid]
        limits = {"resourceId": RESOURCE_ID} | ({"maxJobsInFlight": self.slots} if self.slots else {})
        place = workspace(limits, namespace="quantum-platform", name=through, uid=through)
        if self.limiter.take(place, job, first=self.spending.lines.has_turn(uid)):
            return
        estimate = Estimate(Basis.PRICE_LIST, "counted", (Amount("USD", str(amount)),))
        context = ReconcileContext(
            seen=seen(
                job,
                workspace=replace(WORKSPACE, namespace="quantum-platform", name=through),
                program=ProgramFacts("digest", estimate=estimate),
            ),
            memory=Memory(job),
            connection=None,
            stored=job.status,
            writer=None,  # type: ignore[arg-type]  # unused
        )
        await self.spending.reserve(context)
        sent = context.seen.kept_back is None
        await self.spending.reconciled(uid, may_run=sent)
        if sent:
            self.passed.append(uid)
            self.ends[uid] = self.now + self.random.randint(1, self.longest)
        else:
            self.limiter.forget(uid)
        for one in self.cache.budgets.values():
            assert sum(float(each.amounts[0].value) for each in one.status.reservations) <= LIMIT


SHARED: Final = {"a": ["first", "both"], "b": ["second", "both"]}
THREE: Final = {"a": ["one", "ab", "ac"], "b": ["two", "ab", "bc"], "c": ["three", "ac", "bc"]}


@pytest.mark.parametrize(
    ("counting", "large"),
    [
        pytest.param(SHARED, [("both", 60)], id="one that needs more than half of both"),
        pytest.param(SHARED, [("both", 100)], id="one that needs all of both"),
        pytest.param(SHARED, [("both", 60), ("both", 70), ("both", 80)], id="three of them"),
        pytest.param(SHARED, [("both", 90), ("first", 90), ("second", 90)], id="and one in each"),
        pytest.param(THREE, [("ab", 90), ("bc", 90), ("ac", 90)], id="each two of three budgets, in a circle"),
        pytest.param(THREE, [("ac", 60), ("ab", 60), ("bc", 60), ("three", 100)], id="and one that needs all of one"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
async def test_small_jobs_keep_no_large_one_waiting(
    counting: Mapping[str, list[str]], large: list[tuple[str, int]], seed: int
) -> None:
    """They come without end, and take what is released for it in one budget while it waits for another one."""
    world, numbers = World(counting), itertools.count()
    world.random = Random(seed)  # noqa: S311 - no secret
    waited = [f"large-{number}" for number in range(len(large))]
    alone = sorted(
        {one for many in counting.values() for one in many if sum(one in each for each in counting.values()) == 1}
    )
    for each in range(200):
        for through in alone:
            while sum(uid not in world.ends for uid in world.cache.jobs if world.amounts[uid][0] == through) < 6:
                world.make(f"small-{next(numbers)}", through, world.random.choice([10, 15, 20]))
        if each == 5:
            for uid, (place, amount) in zip(waited, large, strict=True):
                world.make(uid, place, amount, namespace=uid)
        await world.turn()
        if set(waited) <= set(world.passed):
            break
    assert [uid for uid in waited if uid not in world.passed] == []
    assert each < 5 + 15 * len(large) * world.longest


@pytest.mark.parametrize("seed", range(5))
async def test_a_job_that_waits_for_a_slot_and_for_a_budget_gets_both(seed: int) -> None:
    """What a budget has released for it is not taken by small ones while it waits for others' slots."""
    world, numbers = World({"a": ["one"]}, slots=4), itertools.count()
    world.random = Random(seed)  # noqa: S311 - no secret
    for each in range(200):
        for tenant in "xyz":
            while sum(job.namespace == tenant and uid not in world.ends for uid, job in world.cache.jobs.items()) < 4:
                world.make(f"small-{next(numbers)}", "one", 24, namespace=tenant)
        if each == 5:
            world.make("large", "one", 90, namespace="w")
        await world.turn()
        if "large" in world.passed:
            break
    assert "large" in world.passed
    assert each < 5 + 15 * world.longest


@pytest.mark.parametrize("counting", [SHARED, THREE])
@pytest.mark.parametrize("seed", range(5))
async def test_all_pass_when_no_more_come(counting: Mapping[str, list[str]], seed: int) -> None:
    """Whatever they need, and in whichever order they came; nothing is kept for anybody at the end."""
    world, chance = World(counting), Random(seed)  # noqa: S311 - no secret
    workspaces = sorted({one for many in counting.values() for one in many})
    for number in range(60):
        workspace, tenant = chance.choice(workspaces), f"tenant-{chance.randrange(4)}"
        world.make(f"job-{number}", workspace, chance.choice([5, 10, 40, 60, 90, 100]), namespace=tenant)
        if chance.random() < 0.5:
            await world.turn()
    for _ in range(1500):
        if len(world.passed) == 60:
            break
        await world.turn()
    assert len(set(world.passed)) == len(world.passed) == 60
    for _ in range(6):
        await world.turn()
    for workspace in workspaces:
        world.make(f"last-{workspace}", workspace, 100)
        await world.turn()
        assert world.passed[-1] == f"last-{workspace}"
        for _ in range(6):
            await world.turn()


async def test_what_stands_in_one_budget_is_not_confirmed_for_a_job_that_another_one_refuses() -> None:
    """It is found unused then, however often its user has it ask: else it would fill the budget of others."""
    world = World(SHARED)
    world.make("first", "second", 100)
    await world.turn()
    world.ends["first"] = 1000
    world.make("refused", "both", 10)
    for _ in range(3):
        await world.turn()
        world.asking.append("refused")
    assert world.passed == ["first"]
    assert (world.cache.budgets["a"].resource_version, world.cache.budgets["a"].status.reservations) == ("7", ())


async def test_a_turn_that_another_budget_could_not_honour_is_not_given() -> None:
    """What was offered there to another job of its namespace, which waits for a slot, leaves too little for it.

    The one budget would give it a turn and the other one take it away, in the same moment and without end.
    """
    world = World({"a": ["w1", "w3"], "b": ["w2", "w3", "w4"]}, slots=1)

    async def begun(uid: str, workspace: str, amount: int, *, lasts: int) -> None:
        world.make(uid, workspace, amount, namespace="others")
        await world.turn()
        world.ends[uid] = world.now + lasts

    await begun("fills-b", "w4", 100, lasts=3)
    world.make("offered", "w2", 60, namespace="own")
    await world.turn()
    await begun("has-the-slot", "w2", 0, lasts=1_000)
    await world.turn()
    await world.turn()
    world.make("second", "w3", 60, namespace="own")
    await world.turn()
    await begun("fills-a", "w1", 100, lasts=1_000)
    for _ in range(3):
        world.asking.append("second")
        await world.turn()
    waiting = [set(world.spending.lines.everybody(name)) for name in ("a", "b")]
    assert waiting == [{"second"}, {"offered", "second"}]
    assert world.passed == ["fills-b", "has-the-slot", "fills-a"]
    assert not world.spending.lines.rests("second")  # as who has lost a turn


async def test_of_another_budget_there_is_one_look_however_many_namespaces_wait() -> None:
    """Its ledger may have thousands of reservations, and the loop stands still meanwhile."""
    world = World({"a": ["w1"], "b": ["w1"]}, for_each=("b",))
    lines, looked = world.spending.lines, list[str]()
    world.make("fills-a", "w1", 100)
    await world.turn()
    world.ends["fills-a"] = 1_000
    one = world.cache.budgets["b"]
    spent = {Key(f"n-{number}", "USD"): Decimal(50) for number in range(30)}
    world._write(one, State(replace(ledger_of(one, NOW), spent=spent)))
    for number in range(30):
        world.make(f"waits-{number}", "w1", 90, namespace=f"n-{number}")
    await world.turn()
    room_of = lines.room_of

    def looks(uid: str) -> RoomLeft | None:
        looked.append(uid)
        return room_of(uid)

    lines.room_of = looks
    world.spending.changed(world.cache.budgets["a"], everybody=False)
    assert looked.count("b") == 1
