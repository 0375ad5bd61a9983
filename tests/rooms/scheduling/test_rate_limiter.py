"""A workspace's rate limit, in virtual time: who begins when."""

import asyncio
from collections.abc import Sequence

import pytest

from quantumjob_operator.model.errors import Applied, Throttled
from quantumjob_operator.scheduling.rate_limiter import RateLimiter
from quantumjob_operator.scheduling.token_bucket import TokenBucket

pytestmark = pytest.mark.looptime(noop_cycles=3)


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


def make_rate_limiter(rate: float = 10.0, burst: float = 1.0) -> RateLimiter:
    """A budget that nobody has spent of."""
    return RateLimiter(TokenBucket.full(rate, burst, now()), now)


async def begin(rate_limiter: RateLimiter, begun: list[tuple[float, str]], name: str) -> None:
    """Make a request; capital letters cancel, and the letter is the namespace."""
    await rate_limiter.acquire("get_job", name[0].lower(), cancelling=name[0].isupper())
    begun.append((round(now(), 3), name))


async def begun_by(rate_limiter: RateLimiter, names: Sequence[str]) -> list[tuple[float, str]]:
    """When each of these requests began that were all wanted at once."""
    begun: list[tuple[float, str]] = []
    await asyncio.gather(*(begin(rate_limiter, begun, name) for name in names))
    return begun


async def test_requests_keep_the_rate_after_the_burst() -> None:
    """What is there at once begins at once; the rest as tokens come in."""
    begun = await begun_by(make_rate_limiter(burst=3), ["a1", "a2", "a3", "a4", "a5"])
    assert begun == [(0, "a1"), (0, "a2"), (0, "a3"), (0.1, "a4"), (0.2, "a5")]


async def test_a_namespace_with_one_request_waits_for_one_turn_of_another() -> None:
    """However many the other one has."""
    begun = await begun_by(make_rate_limiter(), [*(f"a{number}" for number in range(500)), "b0"])
    assert begun.index((0.2, "b0")) == 2
    assert begun[-1][0] == 50


async def test_cancelling_is_first_up_to_four_of_five() -> None:
    """A crowd of cancellations slows submitting and polling down, and doesn't stop them."""
    names = [*(f"A{number}" for number in range(100)), *(f"b{number}" for number in range(10))]
    begun = await begun_by(make_rate_limiter(), names)
    others = [place for place, (_, name) in enumerate(begun) if name.startswith("b")]
    assert others == [4 + 5 * number for number in range(10)]


async def test_a_pause_that_the_service_asked_for_is_kept() -> None:
    """Whoever waits or comes meanwhile is told how long it lasts; nothing is sent, and it is over by itself."""
    rate_limiter = make_rate_limiter()
    await rate_limiter.acquire("get_job", "a")
    waiting = asyncio.create_task(rate_limiter.acquire("get_job", "a"))
    await asyncio.sleep(0.01)
    rate_limiter.stop(60)
    rate_limiter.stop(5)
    with pytest.raises(Throttled) as told:
        await waiting
    assert told.value.retry_after == pytest.approx(60)
    assert told.value.applied is Applied.NO
    await asyncio.sleep(20)
    with pytest.raises(Throttled) as told:
        await rate_limiter.acquire("cancel_job", "b", cancelling=True)
    assert told.value.retry_after == pytest.approx(40)
    await asyncio.sleep(40)
    await rate_limiter.acquire("get_job", "a")


async def test_whoever_no_longer_waits_costs_nothing() -> None:
    """A reconciliation that was given up leaves its token to the next."""
    rate_limiter, begun = make_rate_limiter(rate=1), list[tuple[float, str]]()
    await rate_limiter.acquire("get_job", "a")
    given_up = asyncio.create_task(rate_limiter.acquire("get_job", "a"))
    next_one = asyncio.create_task(begin(rate_limiter, begun, "b1"))
    await asyncio.sleep(0.1)
    given_up.cancel()
    await next_one
    assert begun == [(1, "b1")]


async def test_waiting_is_no_busy_loop() -> None:
    """The clock is asked a few times for each request, however long they wait."""
    asked = [0]

    def counting() -> float:
        asked[0] += 1
        return now()

    rate_limiter = RateLimiter(TokenBucket.full(0.001, 1, now()), counting)
    await asyncio.gather(*(rate_limiter.acquire("get_job", "a") for _ in range(10)))
    assert now() == pytest.approx(9000)
    assert asked[0] < 100
