"""What takes long to be calculated: one at a time, and namespaces in turn."""

import asyncio
import gc
import threading
import time
from itertools import pairwise

import pytest

from quantumjob_operator.scheduling.calculations import Calculations, aside
from quantumjob_operator.scheduling.excess import Excess
from quantumjob_operator.scheduling.shared_waits import measuring_waits


async def test_programs_without_end_of_one_namespace_keep_no_other_waiting() -> None:
    """Another one's comes after the one that is read just now; two at a time would slow down each turn of the loop."""
    begun: list[str] = []
    at_work, most = 0, 0
    lock = threading.Lock()

    def read(whose: str) -> str:
        nonlocal at_work, most
        with lock:
            begun.append(whose)
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1
        return whose

    def read_of(whose: str) -> asyncio.Task[str]:
        return asyncio.create_task(aside(whose, lambda: read(whose)))

    many = [read_of("many") for _ in range(14)]
    await asyncio.sleep(0.03)
    assert await read_of("few") == "few"
    assert sum(one == "many" for one in begun[: begun.index("few")]) <= 4
    assert await asyncio.gather(*many) == ["many"] * 14
    assert most == 1


class Burning:
    """Readings that take so much CPU, of tenants that have much after a tenth of a second."""

    def __init__(self, seconds: float) -> None:
        self.thread = Calculations(Excess(0.0, limit=0.1, most=10.0, forgotten=0.0))
        self.spent = dict.fromkeys(("much", "little"), 0.0)
        self.seconds = seconds
        self.times: list[tuple[float, float]] = []

    async def read_of(self, whose: str, seconds: float = 0.0) -> None:
        """One of them."""
        await self.thread.aside(whose, lambda: self._burn(whose, seconds))

    def _burn(self, whose: str, seconds: float = 0.0) -> None:
        since, began = time.monotonic(), time.thread_time()
        while time.thread_time() - began < (seconds or self.seconds):
            pass
        self.spent[whose] += time.thread_time() - began
        self.times.append((since, time.monotonic()))


async def test_who_has_much_of_the_thread_has_a_fifth_of_it() -> None:
    """However much is asked for at a time: the loop has to wait for the thread at each of its turns."""
    burning = Burning(0.02)
    await asyncio.gather(*(burning.read_of("much") for _ in range(10)))
    assert burning.spent["much"] > 0.1
    burning.times.clear()
    await asyncio.gather(*(burning.read_of("much") for _ in range(4)))
    rests = [begun - ended for (_, ended), (begun, _) in pairwise(burning.times)]
    assert len(rests) == 3
    assert min(rests) >= 4 * burning.seconds


async def test_who_has_little_waits_for_no_rest() -> None:
    """Only for what is read just now."""
    burning = Burning(0.11)
    await burning.read_of("much")
    resting = [asyncio.create_task(burning.read_of("much")) for _ in range(9)]
    await asyncio.sleep(0.2)
    before = burning.spent["much"]
    await burning.read_of("little")
    assert burning.spent["much"] - before < 2 * burning.seconds
    for one in resting:
        one.cancel()


async def test_what_raises_counts_as_well() -> None:
    """A program that can't be read takes as long as one that can."""
    burning = Burning(0.11)

    def fail() -> None:
        burning._burn("much")
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await burning.thread.aside("much", fail)
    assert burning.thread.took.is_much("much", asyncio.get_running_loop().time())


async def test_a_turn_lasts_as_long_as_the_thread_is_at_work() -> None:
    """Whoever has asked may be gone: it counts all the same, and the next one does not wait behind it unseen."""
    burning = Burning(0.11)
    given_up = asyncio.create_task(burning.read_of("much"))
    await asyncio.sleep(0.01)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert not burning.times
    await burning.read_of("little")
    (_, ended), (begun, _) = burning.times
    assert begun >= ended
    assert burning.thread.took.is_much("much", asyncio.get_running_loop().time())


async def test_one_that_rests_keeps_no_other_that_has_much_waiting() -> None:
    """Whose readings are short has many of them beside one whose are long."""
    burning = Burning(0.11)
    for whose in ("much", "little"):
        await burning.read_of(whose)
    long = [asyncio.create_task(burning.read_of("much")) for _ in range(9)]
    await asyncio.sleep(0.01)
    await asyncio.gather(*(burning.read_of("little", 0.001) for _ in range(10)))
    assert sum(one.done() for one in long) <= 2
    for one in long:
        one.cancel()


async def test_what_goes_wrong_for_somebody_who_is_gone_is_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever had a deadline has been told of that."""
    going, goes_on = threading.Event(), threading.Event()

    def broken() -> None:
        going.set()
        goes_on.wait(10)
        raise ValueError("no JSON")

    thread = Calculations()
    gone = asyncio.create_task(thread.aside("mallory", broken))
    await asyncio.to_thread(going.wait, 10)
    gone.cancel()
    await asyncio.wait([gone])
    goes_on.set()
    await thread.aside("research", lambda: None)
    del gone
    gc.collect()
    assert not caplog.records


@pytest.mark.parametrize(
    ("worker", "waited"),
    [
        pytest.param("research", True, id="somebody else who needs what is read for that tenant"),
        pytest.param("much", False, id="that tenant itself"),
    ],
)
async def test_the_rest_of_another_tenant_is_no_slowness_of_one_s_own(worker: str, *, waited: bool) -> None:
    """A price list is read in the turns of its own namespace, for jobs of any."""
    burning = Burning(0.15)
    await burning.read_of("much")
    # This one begins at once, and the next one after its rest of four times as long.
    await burning.read_of("much")
    with measuring_waits(worker) as waits:
        await burning.read_of("much", 0.01)
    assert (waits.seconds > 0.2) == waited
