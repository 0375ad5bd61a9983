"""Workers and keys of several namespaces, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.fair_share import FairShare
from quantumjob_operator.scheduling.work_queue import WorkQueue

pytestmark = pytest.mark.looptime(noop_cycles=3)


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def namespace_of(key: str) -> str:
    """The letter before the number."""
    return key[0]


@dataclass(slots=True)
class Reconciliations:
    """Looks that last as long as their namespace's do, and their order.

    Attributes:
        seconds: How long a reconciliation of a namespace lasts; one second if it isn't named.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    begun: list[tuple[float, str]] = field(default_factory=list)
    held: "Counter[str]" = field(default_factory=Counter)
    most_held: "Counter[str]" = field(default_factory=Counter)

    async def reconcile(self, key: str) -> None:
        """Look at a key."""
        self.begun.append((round(now(), 3), key))
        self.held[key[0]] += 1
        self.most_held[key[0]] = max(self.most_held[key[0]], self.held[key[0]])
        await asyncio.sleep(self.seconds.get(key[0], 1.0))
        self.held[key[0]] -= 1

    def place(self, key: str) -> int:
        """How many reconciliations began before the first of this key."""
        return [one for _, one in self.begun].index(key)


@asynccontextmanager
async def at_work(queue: "WorkQueue[str]", reconciliations: Reconciliations, workers: int) -> AsyncIterator[None]:
    """Workers, for as long as the context is open."""
    tasks = [asyncio.create_task(queue.work(reconciliations.reconcile)) for _ in range(workers)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_key_waits_for_one_turn_of_five_thousand() -> None:
    """The other namespace's first job is reconciled after at most one of them, not after all."""
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations()
    for number in range(5000):
        queue.add(f"a{number}")
    async with at_work(queue, reconciliations, workers=1):
        await asyncio.sleep(100.5)
        queue.add("b0")
        await asyncio.sleep(10)
    assert reconciliations.place("b0") in {101, 102}


@pytest.mark.parametrize(
    "slow", [pytest.param("a", id="of one namespace"), pytest.param("abc", id="of three namespaces")]
)
async def test_looks_that_hang_leave_workers_to_the_others(slow: str) -> None:
    """A tenant whose workspace answers nobody holds half of what is free, and the others go on at once."""
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations(dict.fromkeys(slow, 3600))
    for number in range(100):
        for namespace in slow:
            queue.add(f"{namespace}{number}")
    async with at_work(queue, reconciliations, workers=32):
        await asyncio.sleep(10)
        assert reconciliations.held.total() < 32
        assert max(reconciliations.held.values()) <= 16
        queue.add("z0")
        await asyncio.sleep(10)
    assert (10, "z0") in reconciliations.begun


async def test_a_worker_alone_serves_everybody() -> None:
    """The smallest number of workers there can be still turns."""
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations()
    for key in ("a0", "a1", "b0"):
        queue.add(key)
    async with at_work(queue, reconciliations, workers=1):
        await asyncio.sleep(10)
    assert [key for _, key in reconciliations.begun] == ["a0", "b0", "a1"]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40)), min_size=1, max_size=80), st.integers(1, 6))
async def test_every_key_is_looked_at_in_the_end(keys: list[tuple[str, int]], workers: int) -> None:
    """Whatever the crowd and however few the workers: each key once, and no worker idles while somebody waits alone."""
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations()
    for namespace, number in keys:
        queue.add(f"{namespace}{number}")
    async with at_work(queue, reconciliations, workers):
        await asyncio.sleep(len(keys) + 1)
    assert Counter(key for _, key in reconciliations.begun) == dict.fromkeys(
        {f"{one}{number}" for one, number in keys}, 1
    )
    assert len(queue) == 0


async def test_six_slow_namespaces_one_after_another_leave_a_worker_to_a_seventh() -> None:
    """Each takes its share of what the others left; the last workers are for those that hold none."""
    slow = "abcdef"
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations(dict.fromkeys(slow, 3600.0))
    async with at_work(queue, reconciliations, workers=32):
        for namespace in slow:
            for number in range(100):
                queue.add(f"{namespace}{number}")
            await asyncio.sleep(1)
        queue.add("g0")
        await asyncio.sleep(1)
    assert (6, "g0") in reconciliations.begun


async def test_any_number_of_slow_namespaces_have_half_of_the_workers() -> None:
    """One after the other they take all that is left, and each of the last ones the last worker but one.

    Once that is known, nobody else waits for them.
    """
    slow = "abcdefghijklmnopqrst"
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations(dict.fromkeys(slow, 30.0))
    waited = list[float]()
    async with at_work(queue, reconciliations, workers=32):
        for wave in range(3):
            for namespace in slow:
                for number in range(20):
                    queue.add(f"{namespace}{number}")
                await asyncio.sleep(0.1)
            asked = round(now(), 3)
            queue.add(f"z{wave}")
            await asyncio.sleep(1_000)
            waited += [at - asked for at, key in reconciliations.begun if key == f"z{wave}"]
    assert waited[0] > 10
    assert waited[1:] == [0, 0]


async def test_those_who_are_slow_share_their_half_as_all_share_the_whole() -> None:
    """Two that hang leave workers to others whose workspaces were slow once, and are well."""
    queue, reconciliations = WorkQueue(now, namespace_of), Reconciliations(dict.fromkeys("abc", 30.0))
    async with at_work(queue, reconciliations, workers=32):
        for number in range(4):
            for namespace in "abc":
                queue.add(f"{namespace}{number}")
        await asyncio.sleep(40)
        reconciliations.seconds |= {"a": 3600.0, "b": 3600.0, "c": 1.0}
        for number in range(50):
            queue.add(f"a{number}")
            queue.add(f"b{number}")
        await asyncio.sleep(1)
        held = reconciliations.held.total()
        queue.add("c9")
        await asyncio.sleep(1)
    assert held < 16
    assert (41, "c9") in reconciliations.begun


async def test_slow_namespaces_that_wait_are_not_looked_at() -> None:
    """While theirs is full: each key of the others would walk through all of them."""
    asked = Counter[str]()

    class Slow(Excess):
        def is_much(self, tenant: str, now: float) -> bool:  # noqa: ARG002 - as it is called
            asked[tenant] += 1
            return tenant.startswith("slow")

    queue = WorkQueue[str](now, lambda key: key.partition("/")[0])
    queue._took = Slow(5.0, limit=1.0, most=1.0, forgotten=0.0)
    reconciliations = Reconciliations({"s": 3600.0})
    async with at_work(queue, reconciliations, workers=8):
        for number in range(1_000):
            queue.add(f"slow-{number}/job")
        await asyncio.sleep(1)
        assert asked.total() == 1_000
        for number in range(100):
            queue.add(f"usual/{number}")
        await asyncio.sleep(60)
    assert asked.total() == 1_100
    assert sum(key.startswith("usual") for _, key in reconciliations.begun) == 100


@pytest.mark.parametrize(
    ("holder", "at_once"),
    [
        pytest.param(str, 14, id="others-had-it"),
        pytest.param(namespace_of, 7, id="its-own-had-it"),
    ],
)
async def test_who_waits_for_what_others_have_is_not_slow_by_that(holder: Callable[[str], str], at_once: int) -> None:
    """All threads for handshakes, or all memory for answers, may be a crowd's."""
    queue, share, begun = WorkQueue(now, namespace_of), FairShare(1), Counter[float]()

    async def waits(key: str) -> None:
        begun[now()] += 1
        async with share.hold(holder(key)):
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(queue.work(waits)) for _ in range(32)]
    for _ in range(2):  # 14 at a time, the last of which waits for 13 seconds
        for number in range(28):
            queue.add(f"a{number}")
        await asyncio.sleep(100)
    for task in tasks:
        task.cancel()
    assert (begun[0], begun[100]) == (14, at_once)
