"""Who reads in which turn of the event loop."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import pytest

from quantumjob_operator.azure.http.loop_turns import LoopTurns

CHEAP: Final = 0.0001
COSTLY: Final = 0.004
"""Seconds of CPU that the parsers above take for a piece of framing alone."""


@dataclass
class Sockets:
    """Sockets that always have something to be read, in the order in which the loop names them.

    Attributes:
        read: How many pieces each tenant has had.
        longest: Seconds of the longest turn.
    """

    costs: dict[str, float]
    each: int = 8
    now: float = 0.0
    read: "Counter[str]" = field(default_factory=Counter)
    longest: float = 0.0

    async def turns(self, number: int, beside: float = 0.0) -> None:
        """So many turns of the loop, with others' callbacks that take so long."""
        turns = LoopTurns(cpu=lambda: self.now)
        for _ in range(number):
            began = self.now
            for tenant, seconds in self.costs.items():
                for _ in range(self.each):
                    if turns.may_read(tenant):
                        self.read[tenant] += 1
                        self.now += seconds
                self.now += beside
            self.longest = max(self.longest, self.now - began)
            await asyncio.sleep(0)


async def test_what_is_cheap_is_read_four_pieces_at_a_time() -> None:
    """As long as the turn is short."""
    sockets = Sockets({f"t{number}": CHEAP for number in range(20)})
    await sockets.turns(10)
    assert set(sockets.read.values()) == {40}


async def test_one_tenant_holds_the_loop_for_two_pieces_of_framing() -> None:
    """However many sockets it has."""
    sockets = Sockets({"chunks": COSTLY}, each=300)
    await sockets.turns(10)
    assert sockets.longest <= 2 * COSTLY


@pytest.mark.parametrize("beside", [0.0, 0.03], ids=["nothing else", "much else is to be done in each turn"])
async def test_twenty_tenants_hold_it_for_few_pieces_each(beside: float) -> None:
    """And all of them read on, whoever is named last."""
    sockets = Sockets({f"t{number:02}": COSTLY for number in range(20)})
    await sockets.turns(100, beside)
    assert sockets.longest - 20 * beside < 26 * COSTLY
    assert min(sockets.read.values()) >= 33


async def test_who_is_usual_reads_beside_those_who_are_costly() -> None:
    """Though the loop names it after all of them."""
    sockets = Sockets({f"t{number:02}": COSTLY for number in range(20)} | {"usual": CHEAP})
    await sockets.turns(100)
    assert sockets.read["usual"] >= 33


async def test_no_socket_of_a_tenant_waits_for_its_others_for_good() -> None:
    """A large output comes in by one, polls by others; those who are costly are named before all of them."""
    costly = {f"t{number:02}": COSTLY for number in range(10)}
    turns, now, read = LoopTurns(cpu=lambda: now), 0.0, Counter[int]()
    for _ in range(300):
        for tenant in costly:
            if turns.may_read(tenant):
                now += COSTLY
        for socket in range(3):
            if turns.may_read("usual"):
                read[socket] += 1
                now += CHEAP
        await asyncio.sleep(0)
    assert min(read[socket] for socket in range(3)) >= 30
