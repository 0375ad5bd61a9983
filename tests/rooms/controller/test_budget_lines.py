"""Jobs that several budgets count, among others that need less."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Final

import pytest

from quantumjob_operator.budgets.ledger import Key, ledger_of
from quantumjob_operator.controller.budget_ledger import State
from quantumjob_operator.controller.budget_line import RoomLeft
from rooms.budgets.values import NOW
from rooms.controller.budgetworld import World

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
