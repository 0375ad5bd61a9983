"""The poller's loop goes on, and is seen to go on, whatever the service does."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from quantumjob_operator.azure.whole_lists import Weigh
from quantumjob_operator.model.errors import CredentialsRefused, Retryable
from quantumjob_operator.model.remotejob import JobRow, RemoteJob
from rooms.azure.polled import DOWN, News, make_poller, now, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)


class Surprise(Exception):  # noqa: N818 - stands for an error that nobody thought of
    """Not an error of the service."""


async def test_a_surprise_does_not_end_the_poller(caplog: pytest.LogCaptureFixture) -> None:
    """Its jobs would never be reconciled again."""
    service, news = Service({"a": "Waiting"}, broken={"a": Surprise("oh")}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(100)
        service.broken.clear()
        service.words["a"] = "Succeeded"
        await asyncio.sleep(100)
    assert news.words == [("uid-a", "Succeeded")]
    assert "research/default" in caplog.text


@pytest.mark.parametrize(
    ("service", "jobs"),
    [
        pytest.param(Service({"a": "Waiting"}), 1, id="while all is well"),
        pytest.param(Service({"a": "Waiting"}, broken={"": DOWN}), 1, id="while the service is down"),
        pytest.param(Service(broken={"": CredentialsRefused("get_job", status=401)}), 1, id="while it lets nobody in"),
        pytest.param(Service(broken={"": Surprise("oh")}), 1, id="after a surprise"),
        pytest.param(Service(seconds=20), 1000, id="while a thousand slow answers come in"),
        pytest.param(
            Service({f"j{number}": "Waiting" for number in range(1500)}, seconds=20), 1500, id="during a long slow list"
        ),
        pytest.param(Service(), 0, id="with nothing to do"),
    ],
)
async def test_the_loop_turns_whatever_happens(service: Service, jobs: int) -> None:
    """The pod is restarted when it does not, and then the credentials held for cancelling are lost."""
    poller = make_poller(service, News(), poll_max_seconds=900)
    stillest = 0.0
    async with polling(poller):
        for number in range(jobs):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        for _ in range(300):
            await asyncio.sleep(5)
            stillest = max(stillest, now() - poller.beat_at)
    assert stillest < 45


class Dallying(Service):
    """Makes many slow requests of a page, none of which is late by itself."""

    async def list_jobs(self, *, filter: str | None, weigh: Weigh | None = None) -> AsyncGenerator[list[JobRow]]:  # noqa: A002 - as the service has it
        """It never comes."""
        for _ in range(12):
            await asyncio.sleep(29)
        async for page in super().list_jobs(filter=filter, weigh=weigh):
            yield page


async def test_a_list_that_takes_many_requests_for_a_page_does_not_look_like_a_standstill() -> None:
    """One tenant's endpoint would have the pod restarted; the jobs are asked about one by one meanwhile."""
    service, news = Dallying({"a": "Executing", "b": "Executing"}), News()
    poller = make_poller(service, news)
    stillest = 0.0
    async with polling(poller):
        for one in "ab":
            poller.watch(f"uid-{one}", one, "Waiting")
        for _ in range(200):
            await asyncio.sleep(2)
            stillest = max(stillest, now() - poller.beat_at)
    assert stillest < 65
    assert {uid for uid, _ in news.words} == {"uid-a", "uid-b"}


async def test_before_its_first_turn_the_loop_is_as_young_as_the_poller() -> None:
    """Probes may ask in between; a machine that has been up for long is no loop that stands still."""
    await asyncio.sleep(3600)
    assert make_poller(Service(), News()).beat_at == now()


async def test_the_age_of_the_last_answer() -> None:
    """It grows during an outage and only then: having nothing to ask is no silence of the service."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        await asyncio.sleep(500)
        assert now() - poller.answered_at <= 10
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(500)
        assert now() - poller.answered_at <= 10
        service.broken[""] = DOWN
        await asyncio.sleep(500)
        assert now() - poller.answered_at > 400
        poller.unwatch("uid-a")
        await asyncio.sleep(5)
        assert now() - poller.answered_at <= 10


async def test_a_get_without_an_answer_is_no_standstill() -> None:
    """One request is several waits in a row; whoever makes all of them long must not look like a loop that stands."""

    class Silent(Service):
        async def get_job(self, job_id: str) -> RemoteJob | None:
            del job_id
            await asyncio.sleep(3_600)
            return None

    poller, oldest = make_poller(Silent({"a": "Waiting"}), News(), request_timeout_seconds=30), 0.0
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        for _ in range(900):
            await asyncio.sleep(1)
            oldest = max(oldest, now() - poller.beat_at)
        assert isinstance(poller.trouble, Retryable)
    assert oldest <= 61


async def test_who_becomes_due_while_others_are_asked_about_waits_for_few_of_them() -> None:
    """Two hundred jobs of one tenant are half a second of reading each; another one's end is told beside them."""
    long = {f"m{number}": "Executing" for number in range(200)}
    service, news = Service(long | {"v": "Executing"}, row_bytes=240_000, seconds=0.5, quick=frozenset("v")), News()
    poller = make_poller(service, news, poll_max_seconds=1)
    async with polling(poller):
        for name in long:
            poller.watch(f"uid-{name}", name, "Executing", "mallory")
        poller.watch("uid-v", "v", "Executing", "victim")
        for turn in range(20):
            await asyncio.sleep(30.1)
            service.words["v"], began = f"word {turn}", now()
            await asyncio.sleep(10)
            assert news.told[-1][0] - began <= 2.5
    assert len(news.told) == 20
