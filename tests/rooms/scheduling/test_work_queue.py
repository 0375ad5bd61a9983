"""The queue of keys, in virtual time: an hour of waiting costs nothing here."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from quantumjob_operator.scheduling.work_queue import WorkQueue

pytestmark = pytest.mark.looptime(noop_cycles=3)

Queue = WorkQueue[str]
ReconcileContext = Callable[[str], Awaitable[None]]


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Worked:
    """Looks that take some time, and when they began and how many ran at once."""

    seconds: float = 0.0
    reconciliations: list[tuple[float, str]] = field(default_factory=list)
    at_work: "Counter[str]" = field(default_factory=Counter)
    most_at_once: "Counter[str]" = field(default_factory=Counter)

    async def reconcile(self, key: str) -> None:
        """Look at a key for as long as a reconciliation takes."""
        self.reconciliations.append((round(now(), 3), key))
        for one in (key, "all"):
            self.at_work[one] += 1
            self.most_at_once[one] = max(self.most_at_once[one], self.at_work[one])
        await asyncio.sleep(self.seconds)
        self.at_work.subtract((key, "all"))


@asynccontextmanager
async def at_work(queue: Queue, reconcile: ReconcileContext, workers: int = 4) -> AsyncIterator[None]:
    """Workers and the keeper of time, for as long as the context is open."""
    tasks = [asyncio.create_task(queue.work(reconcile)) for _ in range(workers)]
    tasks.append(asyncio.create_task(queue.keep_time()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended)


async def test_a_key_stands_in_the_queue_once() -> None:
    """A thousand events about one object are one reconciliation."""
    queue, worked = Queue(now), Worked()
    for _ in range(1000):
        queue.add("a")
    queue.add("b")
    assert len(queue) == 2
    async with at_work(queue, worked.reconcile):
        await asyncio.sleep(60)
    assert worked.reconciliations == [(0, "a"), (0, "b")]
    assert len(queue) == 0


async def test_keys_are_worked_on_side_by_side_but_each_by_one_worker() -> None:
    """Two looks at one object at a time would fight over it."""
    queue, worked = Queue(now), Worked(seconds=10)
    async with at_work(queue, worked.reconcile, workers=3):
        for _ in range(20):
            for key in "abcde":
                queue.add(key)
            await asyncio.sleep(1)
        await asyncio.sleep(100)
    assert worked.most_at_once == Counter({"all": 3} | dict.fromkeys("abcde", 1))


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([0], [0], id="no change meanwhile"),
        pytest.param([0, 1], [0, 10], id="one change meanwhile"),
        pytest.param([0, 1, 2, 3, 9], [0, 10], id="many changes meanwhile"),
        pytest.param([0, 1, 11], [0, 10, 20], id="another change during the second reconciliation"),
        pytest.param([0, 30], [0, 30], id="a change long after the reconciliation"),
    ],
)
async def test_a_key_that_changes_during_its_look_is_looked_at_once_more(
    moments: Sequence[float], expected: Sequence[float]
) -> None:
    """What the reconciliation read may be older than the change; one more look is enough for all of them."""
    queue, worked = Queue(now), Worked(seconds=10)
    async with at_work(queue, worked.reconcile):
        for moment in moments:
            await asyncio.sleep(moment - now())
            queue.add("a")
        await asyncio.sleep(100)
    assert worked.reconciliations == [(moment, "a") for moment in expected]


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        pytest.param([5], [5], id="once"),
        pytest.param([5, 5], [5], id="twice at one time is once"),
        pytest.param([5, 2], [2], id="an earlier time replaces a later one"),
        pytest.param([2, 5], [2], id="a later time adds nothing to an earlier one"),
        pytest.param([9, 5, 7, 2, 8], [2], id="of many the earliest"),
        pytest.param([0], [0], id="no time is now"),
        pytest.param([-3], [0], id="a time that has passed is now"),
        pytest.param([5, 0], [0], id="now overtakes later"),
        pytest.param([0, 5], [0], id="later adds nothing to now"),
        pytest.param([3600], [3600], id="an hour"),
    ],
)
async def test_a_look_at_a_later_time(delays: Sequence[float], expected: Sequence[float]) -> None:
    """The earliest wish counts, and it counts once."""
    queue, worked = Queue(now), Worked()
    for delay in delays:
        queue.add_after("a", delay)
    async with at_work(queue, worked.reconcile):
        await asyncio.sleep(10_000)
    assert worked.reconciliations == [(moment, "a") for moment in expected]


async def test_a_timer_that_was_overtaken_rings_no_more() -> None:
    """The reconciliation that came first has decided anew about time."""
    queue, worked = Queue(now), Worked()
    async with at_work(queue, worked.reconcile):
        queue.add_after("a", 10)
        await asyncio.sleep(3)
        queue.add("a")
        await asyncio.sleep(3)
        queue.add_after("a", 20)
        await asyncio.sleep(100)
    assert worked.reconciliations == [(3, "a"), (26, "a")]


async def test_an_earlier_timer_wakes_the_keeper_of_time() -> None:
    """It must not sleep until the later one that it knew of."""
    queue, worked = Queue(now), Worked()
    async with at_work(queue, worked.reconcile):
        queue.add_after("late", 1000)
        await asyncio.sleep(1)
        queue.add_after("soon", 1)
        queue.add_after("later", 2000)
        await asyncio.sleep(5000)
    assert worked.reconciliations == [(2, "soon"), (1000, "late"), (2001, "later")]


async def test_a_look_may_ask_for_the_next() -> None:
    """That is how an object is reconciled again and again."""
    queue, worked = Queue(now), Worked(seconds=1)

    async def reconcile(key: str) -> None:
        await worked.reconcile(key)
        queue.add_after(key, 9)

    async with at_work(queue, reconcile):
        queue.add("a")
        await asyncio.sleep(35)
    assert worked.reconciliations == [(0, "a"), (10, "a"), (20, "a"), (30, "a")]


async def test_a_time_that_comes_during_a_look_is_not_lost() -> None:
    """The key is reconciled once more when the reconciliation has ended, not beside it."""
    queue, worked = Queue(now), Worked(seconds=10)
    async with at_work(queue, worked.reconcile):
        queue.add("a")
        await asyncio.sleep(1)
        queue.add_after("a", 2)
        await asyncio.sleep(100)
    assert worked.reconciliations == [(0, "a"), (10, "a")]
    assert worked.most_at_once["a"] == 1


async def test_more_keys_than_workers_are_all_looked_at() -> None:
    """In the order in which they came."""
    queue, worked = Queue(now), Worked(seconds=1)
    keys = [f"job-{number}" for number in range(100)]
    async with at_work(queue, worked.reconcile, workers=4):
        for key in keys:
            queue.add(key)
        await asyncio.sleep(200)
    assert [key for _, key in worked.reconciliations] == keys
    assert worked.reconciliations[-1][0] == 24


async def test_who_was_given_something_goes_before_all_else_of_its_namespace() -> None:
    """Also if it is being reconciled just now, or waits already; others have their turns."""
    queue, worked = Queue(now, lambda key: key[0]), Worked(seconds=1)
    async with at_work(queue, worked.reconcile, workers=1):
        for key in ("a1", "a2", "a3", "a4", "b1"):
            queue.add(key)
        await asyncio.sleep(0.5)
        for key in ("a4", "a1"):
            queue.add_first(key)
        await asyncio.sleep(20)
    assert [key for _, key in worked.reconciliations] == ["a1", "b1", "a1", "a4", "a2", "a3"]


async def test_what_goes_while_it_waits_stands_in_no_second_queue() -> None:
    """Whose it is may be told otherwise by then; two workers never reconcile it at once."""
    tenants = {"a1": "a", "a2": "a"}
    queue, worked = Queue(now, lambda key: tenants.get(key, "")), Worked(seconds=1)
    queue.add("a1")
    queue.add("a2")
    tenants.clear()
    queue.add_first("a2")
    async with at_work(queue, worked.reconcile, workers=4):
        await asyncio.sleep(20)
    assert sorted(key for _, key in worked.reconciliations) == ["a1", "a2"]


@dataclass(slots=True)
class CountingClock:
    """The loop's time, and how often somebody asked for it."""

    asked: int = 0

    def __call__(self) -> float:
        """Virtual seconds."""
        self.asked += 1
        return now()


@pytest.mark.parametrize(
    ("delays", "turns"),
    [
        pytest.param([], 2, id="with nothing to wait for"),
        pytest.param([3600], 10, id="with one timer"),
        pytest.param([3600 + step / 4 for step in range(30)], 200, id="with many timers close together"),
        pytest.param([3600, *range(1, 30)], 200, id="with many that were overtaken"),
    ],
)
async def test_waiting_costs_no_turns(delays: Sequence[float], turns: int) -> None:
    """The keeper of time sleeps until the next timer, however long that is."""
    clock = CountingClock()
    queue, worked = Queue(clock), Worked()
    for number, delay in enumerate(delays):
        queue.add_after(f"job-{number}", delay)
    before = clock.asked
    async with at_work(queue, worked.reconcile):
        await asyncio.sleep(86_400)
    assert len(worked.reconciliations) == len(delays)
    assert clock.asked - before <= turns


async def test_what_is_due_earlier_after_all_leaves_nothing_behind_for_years() -> None:
    """Each event of an object that is due in 68 years replaces what was due."""
    queue = Queue(now)
    for number in range(3_000):
        queue.add_after("a", 2**31 + number)
        queue.add("a")
        queue._queued.clear()
    assert len(queue._timers) < 1_500
