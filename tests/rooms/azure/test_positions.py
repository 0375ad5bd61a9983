"""Places in providers' queues: what is asked, how often, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from quantumjob_operator.azure.positions import QueuePositions, worth_telling
from quantumjob_operator.model.errors import CredentialsRefused, Refused, Retryable, ServiceError, Throttled
from quantumjob_operator.settings import Settings
from rooms.azure.polled import as_client, now
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)
DAY = 86_400


@asynccontextmanager
async def asking(
    service: Service, **settings: float
) -> AsyncIterator[tuple[QueuePositions, list[tuple[str, int | None]]]]:
    """What asks a service for places, at work, and what it told."""
    told: list[tuple[str, int | None]] = []
    positions = QueuePositions(
        "research/default",
        as_client(service),
        Settings(**settings),  # type: ignore[arg-type] # some of them are whole numbers
        lambda uid, ahead: told.append((uid, ahead)),
        now,
    )
    task = asyncio.create_task(positions.run())
    try:
        yield positions, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("shown", "ahead", "told"),
    [
        pytest.param(None, 500, True, id="the first time"),
        pytest.param(None, None, False, id="never told"),
        pytest.param(500, 251, False, id="not yet halved"),
        pytest.param(500, 250, True, id="halved"),
        pytest.param(500, 999, False, id="others were let in before"),
        pytest.param(500, 1000, True, id="twice as many as before"),
        pytest.param(500, None, True, id="no longer told"),
        pytest.param(11, 10, False, id="not near"),
        pytest.param(11, 9, True, id="near"),
        pytest.param(9, 8, True, id="near, each step"),
        pytest.param(9, 11, True, id="not near any more"),
        pytest.param(9, 9, False, id="near, where it was"),
        pytest.param(1, 0, True, id="the next"),
        pytest.param(0, 0, False, id="still the next"),
    ],
)
def test_what_is_worth_a_write(shown: int | None, ahead: int | None, *, told: bool) -> None:
    """The front of the queue exactly, the rest by its size."""
    assert worth_telling(shown, ahead) is told


async def test_a_place_is_asked_for_every_minute_and_later_every_five() -> None:
    """And told as often as it is worth it."""
    service = Service(places={"a": 800})
    async with asking(service) as (positions, told):
        positions.watch("uid-a", "a", "research", None)
        await asyncio.sleep(55)
        assert service.count("place") == 0, "most jobs wait for no minute"
        await asyncio.sleep(30)
        assert told == [("uid-a", 800)]
        await asyncio.sleep(515)
        assert 6 <= service.count("place") <= 10
        await asyncio.sleep(3_000)
        service.forget()
        await asyncio.sleep(36_000)
        assert 36_000 / 375 <= service.count("place") <= 36_000 / 295
        service.places["a"] = 3
        await asyncio.sleep(375)
    assert told == [("uid-a", 800), ("uid-a", 3)]


async def test_what_waits_no_longer_is_not_asked_about() -> None:
    """A job that executes costs no request more than before."""
    service = Service(places={"a": 800, "b": 800})
    async with asking(service) as (positions, told):
        positions.watch("uid-a", "a", "research", None)
        positions.watch("uid-b", "b", "research", 800)
        await asyncio.sleep(50)
        positions.unwatch("uid-a")
        await asyncio.sleep(3000)
    assert {one.job_id for one in service.asked} == {"b"}
    assert told == []


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        pytest.param(Refused("queue_position", status=400, code="UnsupportedApiVersion"), DAY, id="another version"),
        pytest.param(Refused("queue_position", status=404, code="NotFound"), DAY, id="no such path"),
        pytest.param(Retryable("queue_position", status=404), DAY, id="no such path, says a gateway"),
        pytest.param(Refused("queue_position", status=405), DAY, id="no such method"),
        pytest.param(Refused("queue_position", status=403), DAY, id="not allowed"),
        pytest.param(Retryable("queue_position", status=501), DAY, id="not implemented"),
        pytest.param(Retryable("queue_position", status=200), DAY, id="another answer"),
        pytest.param(Retryable("queue_position", status=503), 300, id="down"),
        pytest.param(Retryable("queue_position"), 300, id="out of reach"),
        pytest.param(Throttled("queue_position", status=429, retry_after=900), 900, id="throttled"),
        pytest.param(CredentialsRefused("queue_position", status=401), 300, id="not let in"),
    ],
)
async def test_a_service_that_does_not_tell_is_left_in_peace(error: ServiceError, pause: float) -> None:
    """For a day where it does not know the call, for all jobs of the workspace; nothing that was shown changes."""
    service = Service(broken={"": error})
    async with asking(service) as (positions, told):
        for name in "abc":
            positions.watch(f"uid-{name}", name, "research", 7)
        await asyncio.sleep(60 * 1.2 + 15 + pause - 50)
        assert service.count("place") == 1
        await asyncio.sleep(pause * 0.2 + 450)
        assert service.count("place") > 1
    assert told == []


async def test_new_credentials_are_tried_at_once() -> None:
    """What was refused to the old ones may be answered now."""
    service = Service(broken={"": Refused("queue_position", status=403)})
    async with asking(service) as (positions, told):
        positions.watch("uid-a", "a", "research", None)
        await asyncio.sleep(600)
        positions.use(as_client(Service(places={"a": 5})))
        await asyncio.sleep(90)
    assert told == [("uid-a", 5)]


async def test_a_job_that_is_gone_says_nothing_of_the_call() -> None:
    """The others are asked about as before."""
    gone = Refused("queue_position", status=404, code="JobNotFound")
    service = Service(places={"b": 5}, broken={"a": gone})
    async with asking(service) as (positions, told):
        for name in "ab":
            positions.watch(f"uid-{name}", name, "research", None)
        await asyncio.sleep(300)
    assert told == [("uid-b", 5)]
    assert sum(one.job_id == "b" for one in service.asked) > 2


@pytest.mark.parametrize(("per_second", "most"), [(4, 240), (100, 400)])
async def test_many_that_wait_take_a_small_share_of_the_requests(per_second: float, most: int) -> None:
    """A tenth, and forty a minute at most; one at a time, round-robin by namespace."""
    service = Service(places={f"j{number}": 900 for number in range(2000)} | {"mine": 4}, seconds=0.01)
    async with asking(service, requests_per_second=per_second) as (positions, told):
        for number in range(2000):
            positions.watch(f"uid-{number}", f"j{number}", "busy", None)
        positions.watch("uid-mine", "mine", "quiet", None)
        await asyncio.sleep(100)
        assert ("uid-mine", 4) in told, "the others of a busy namespace keep nobody waiting"
        service.forget()
        await asyncio.sleep(600)
    assert most * 0.9 <= service.count("place") <= most


async def test_news_of_a_job_that_goes_meanwhile_are_none() -> None:
    """Its answer comes too late."""
    service = Service(places={"a": 5}, seconds=100)
    async with asking(service) as (positions, told):
        positions.watch("uid-a", "a", "research", None)
        await asyncio.sleep(95)
        assert service.open_requests == 1
        positions.unwatch("uid-a")
        await asyncio.sleep(200)
    assert told == []
