"""What tenants share and hold for a while: turns, shares, and nothing lost when somebody gives up."""

import asyncio
from collections import Counter

import pytest

from quantumjob_operator.scheduling.fair_share import FairShare, Held


async def ask(share: FairShare, tenant: str, amount: int = 1, times: int = 1) -> list["asyncio.Task[Held]"]:
    """Tasks that want some, after each has had its chance."""
    asked = [asyncio.create_task(share.take(tenant, amount)) for _ in range(times)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return asked


def had(*asked: "list[asyncio.Task[Held]]") -> list[int]:
    """How many of each got it."""
    return [sum(one.done() for one in tasks) for tasks in asked]


@pytest.mark.parametrize(
    ("tenants", "capacity", "share"),
    [
        pytest.param("a", 512, [224], id="one alone has nearly half"),
        pytest.param("aa", 512, [224, 0], id="and no more by asking twice"),
        pytest.param("abcd", 512, [224, 112, 56, 28], id="each next half of the rest"),
        pytest.param("ab", 1, [1, 0], id="of one thing one has it"),
    ],
)
async def test_shares(tenants: str, capacity: int, share: list[int]) -> None:
    """Who asks for all that there is."""
    fair_share = FairShare(capacity)
    asked = [await ask(fair_share, tenant, times=capacity) for tenant in tenants]
    assert had(*asked) == share
    for one in [task for tasks in asked for task in tasks]:
        one.cancel()


async def test_who_holds_nothing_finds_something() -> None:
    """However many take all that they can get, there is some left for as many tenants as the reserve is large."""
    share = FairShare(128)
    for number in range(10):
        await ask(share, f"greedy-{number}", times=128)
    assert had(await ask(share, "late")) == [1]


async def test_turns_go_round() -> None:
    """The first of a tenant waits for one turn of another, not for all that it has waiting."""
    share = FairShare(1)
    order: list[str] = []

    async def one(tenant: str) -> None:
        async with share.hold(tenant):
            order.append(tenant)
            await asyncio.sleep(0)

    await asyncio.gather(*(one("crowd") for _ in range(9)), one("victim"))
    assert order.index("victim") <= 2
    assert share.free == 1


async def test_whoever_needs_much_is_not_overtaken_for_ever() -> None:
    """Small amounts don't go past a large one whose turn it is."""
    share = FairShare(10)
    small = await share.take("a", 4)
    large = await ask(share, "b", 8)
    late = await ask(share, "c", 4)
    assert had(large, late) == [0, 0]
    small.give_back()
    [had_much] = await asyncio.gather(*large)
    assert had(large, late) == [1, 0]
    assert had_much.wanted
    had_much.give_back()
    assert not had_much.wanted
    await asyncio.gather(*late)


async def test_more_than_there_is_means_all_of_it() -> None:
    """Nobody waits for what never comes."""
    share = FairShare(10)
    held = await share.take("a", 11)
    assert held.amount == 10
    held.give_back()
    held.give_back()
    assert share.free == 10


@pytest.mark.parametrize("when", [0, 1, 2])
async def test_nothing_is_lost_when_somebody_gives_up(when: int) -> None:
    """Before a turn, in the very moment of it, and afterwards."""
    share = FairShare(1)
    held = await share.take("a")
    quitter = asyncio.create_task(share.take("b"))
    other = asyncio.create_task(share.take("c"))
    await asyncio.sleep(0)
    if when == 0:
        quitter.cancel()
        await asyncio.sleep(0)
    held.give_back()
    if when == 1:
        quitter.cancel()
    if when == 2:
        (await quitter).give_back()
    (await asyncio.wait_for(other, 5)).give_back()
    assert (share.free, Counter(share._held).total()) == (1, 0)
