"""Whose handshakes have a thread, and when: steps that begin when it is their turn and end when they may."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from quantumjob_operator.azure.http.handshake_threads import HandshakeThreads, rest_after
from quantumjob_operator.azure.http.handshakes import Opening


class _Gone(asyncio.Transport):
    def is_closing(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        pytest.param(0.003, 1.0, id="a usual one: no rest"),
        pytest.param(0.02, 0.25, id="twenty milliseconds"),
        pytest.param(0.09, 0.22, id="a certificate that takes a little less than the worst"),
        pytest.param(20.0, 0.21, id="all that has room"),
    ],
)
def test_what_is_costly_has_a_fifth_of_a_cpu(seconds: float, most: float) -> None:
    """However the cost is divided: steps that are just short enough would have a thread for good."""
    assert seconds / (seconds + rest_after(seconds)) <= most
    assert rest_after(0.003) == 0


class Pool:
    """The threads, in which steps begin when it is their turn and end when they may."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self.threads = HandshakeThreads()
        self.may_end = threading.Event()
        self.begun = asyncio.Queue[str]()
        self._loop = asyncio.get_running_loop()

    def opens(self, tenant: str, seconds: float = 0.0, *, is_done: bool = False) -> Opening:
        """A tenant's handshake needs a step that takes so many seconds of CPU."""

        def step() -> float:
            self._loop.call_soon_threadsafe(self.begun.put_nowait, tenant)
            self.may_end.wait()
            return seconds

        made = Opening(tenant, self.threads, _Gone())
        made.step, made.is_done = step, is_done
        made.take_turn()
        return made

    async def next(self, number: int) -> list[str]:
        """Whose steps have begun, of so many."""
        return sorted([await asyncio.wait_for(self.begun.get(), 5) for _ in range(number)])

    async def nobody(self) -> bool:
        """Whether no further one begins."""
        await asyncio.sleep(0.05)
        return self.begun.empty()

    async def knows(self, *tenants: str, seconds: float = 0.002) -> None:
        """Each of these has had a whole handshake that took so long, and its rest."""
        self.may_end.set()
        for tenant in tenants:
            self.opens(tenant, seconds, is_done=True)
        await self.next(len(tenants))
        await asyncio.sleep(rest_after(seconds) + 0.05)
        self.may_end.clear()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Threads that end after the test."""
    made = Pool()
    yield made
    made.may_end.set()
    made.threads.close()


async def test_a_tenant_has_one_thread_and_rests_as_it_costs(pool: Pool) -> None:
    """Its further handshakes wait, those given up need none, and four tenants have the four threads."""
    await pool.knows(*"abcdefg")
    pool.opens("a", 0.2)
    pool.opens("a")
    pool.threads.give_up(pool.opens("b"))
    pool.threads.give_up(pool.opens("b"))
    for tenant in "bcdef":
        pool.opens(tenant)
    assert await pool.next(4) == ["a", "b", "c", "d"]
    assert await pool.nobody()
    pool.may_end.set()
    assert await pool.next(3) == ["b", "e", "f"]
    assert await pool.nobody()
    assert await pool.next(1) == ["a"]
    pool.threads.close()
    pool.opens("h")
    assert await pool.nobody()


async def test_tenants_of_whom_nothing_is_known_leave_a_thread_to_the_others(pool: Pool) -> None:
    """Twenty that come in the same moment may all be costly."""
    await pool.knows("known")
    for number in range(20):
        pool.opens(f"new-{number:02}")
    assert await pool.next(3) == ["new-00", "new-01", "new-02"]
    assert await pool.nobody()
    pool.opens("known")
    assert await pool.next(1) == ["known"]


async def test_whose_handshakes_were_costly_have_one_thread_together(pool: Pool) -> None:
    """However many namespaces they have: each with a fifth of a CPU would have all of it."""
    await pool.knows("first", "second", "third", seconds=0.31)
    await pool.knows("known")
    for tenant in ("first", "second", "third"):
        pool.opens(tenant, 0.05)
    assert await pool.next(1) == ["first"]
    for tenant in ("known", "new-1", "new-2", "new-3"):
        pool.opens(tenant)
    assert await pool.next(3) == ["known", "new-1", "new-2"]
    pool.may_end.set()
    assert await pool.next(1) == ["new-3"]
    assert await pool.nobody(), "they rest together as well"
    assert await pool.next(1) == ["second"]


async def test_who_is_usual_has_waited_for_others(pool: Pool) -> None:
    """Until its turn, or until it gives up; whoever is not known may have waited for its own."""
    await pool.knows("known", "usual")
    for number in range(3):
        pool.opens(f"new-{number}")
    pool.opens("known")
    await pool.next(4)
    waiting = [pool.opens(tenant) for tenant in ("usual", "known", "new-9")]
    given_up = pool.opens("usual")
    await asyncio.sleep(0.1)
    pool.threads.give_up(given_up)
    pool.may_end.set()
    await pool.next(3)
    waited = {one.tenant: one.waits.seconds for one in waiting}
    assert min(waited["usual"], waited["known"], given_up.waits.seconds) >= 0.1
    assert waited["new-9"] == 0


async def test_a_short_rest_ends_no_long_one(pool: Pool) -> None:
    """Whoever is almost costly would let all that are go on at once."""
    await pool.knows("almost", seconds=0.303)
    pool.may_end.set()
    pool.opens("long", 0.5)
    await pool.next(1)
    pool.opens("almost", 0.02)
    await pool.next(1)
    await asyncio.sleep(0.3)
    pool.opens("almost")
    assert await pool.nobody()
    assert await pool.next(1) == ["almost"]


async def test_costs_that_are_spread_over_many_handshakes_are_added_up(pool: Pool) -> None:
    """Each of them is short, and a whole one has ended well before."""
    await pool.knows("spread", "known")
    for _ in range(8):
        await pool.knows("spread", seconds=0.05)
    pool.opens("spread")
    for number in range(4):
        pool.opens(f"new-{number}")
    assert await pool.next(3) == ["new-0", "new-1", "spread"]
    pool.opens("known")
    assert await pool.next(1) == ["known"]
