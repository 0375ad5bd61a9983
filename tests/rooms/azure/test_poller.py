"""The poller of one workspace, in virtual time: what it asks, and what it tells."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from quantumjob_operator.azure.poller import Poller
from rooms.azure.polled import ABSENT, News, make_poller, now, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)


async def test_only_a_change_is_told() -> None:
    """An hour in which nothing happens wakes nobody."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(3600)
        assert news.told == []
        service.words["a"] = "Executing"
        await asyncio.sleep(60)
        service.words["a"] = "Succeeded"
        await asyncio.sleep(60)
    assert news.words == [("uid-a", "Executing"), ("uid-a", "Succeeded")]


@pytest.mark.parametrize(
    ("known", "found", "told"),
    [
        pytest.param("Waiting", "Waiting", [], id="the word that status says already"),
        pytest.param(None, "Waiting", ["Waiting"], id="a word where status has none"),
        pytest.param("Waiting", "Paused", ["Paused"], id="a word of tomorrow"),
        pytest.param("Cancelling", "Executing", ["Executing"], id="a step back"),
        pytest.param("Executing", "Succeeded", ["Succeeded"], id="an end"),
    ],
)
@pytest.mark.parametrize("others", [pytest.param(0, id="asked alone"), pytest.param(5, id="asked by a list")])
async def test_what_is_news(known: str | None, found: str, told: list[str], others: int) -> None:
    """A difference to what status says, however it was found."""
    service, news = Service({"a": found} | {f"o{number}": "Waiting" for number in range(others)}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(others):
            poller.watch(f"uid-o{number}", f"o{number}", "Waiting")
        poller.watch("uid-a", "a", known)
        await asyncio.sleep(5)
    assert news.words == [("uid-a", word) for word in told]


async def test_a_job_that_the_service_does_not_know_is_told_each_time() -> None:
    """Whoever decides needs to see the absence last, not just begin."""
    news = News()
    poller = make_poller(Service(), news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(10)
    assert set(news.words) == {("uid-a", ABSENT)}
    assert len(news.told) > 2


def asked_at(service: Service) -> list[float]:
    """When requests were sent."""
    return [one.at for one in service.asked]


async def test_a_job_that_is_something_else_again_and_again_is_no_young_one() -> None:
    """Else whoever answers so keeps the operator, and the API server with its Events, busy for ever."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=60)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        for number in range(3600):
            service.words["a"] = ("Executing", "Waiting")[number % 2]
            await asyncio.sleep(1)
            poller.watch("uid-a", "a", news.words[-1][1] if news.told else "Waiting", age=0.0)
    assert sum(one > 1800 for one in asked_at(service)) <= 1800 / 60 + 2


async def test_looks_become_rarer_with_age() -> None:
    """From the shortest interval to the longest, a tenth of the age in between."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news, poll_min_seconds=2, poll_max_seconds=60)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(3600)
    times = asked_at(service)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    tick = 0.25
    assert all(later >= earlier - tick for earlier, later in pairwise(gaps))
    assert 2 <= gaps[0] <= 2 * 1.2 + tick
    assert 60 <= gaps[-1] <= 60 * 1.2 + tick
    assert all(gap <= max(2, age / 10) * 1.2 + tick for age, gap in zip(times, gaps, strict=False))


async def test_after_a_restart_old_jobs_are_old() -> None:
    """Each is reconciled soon, and then as rarely as before."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news, poll_min_seconds=2, poll_max_seconds=60)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting", age=3600)
        await asyncio.sleep(3600)
    first, *rest = asked_at(service)
    assert first <= 3
    assert rest[0] - first >= 60


async def test_a_change_makes_a_job_young_again() -> None:
    """What has begun to execute may soon end."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        await asyncio.sleep(600)
        service.words["a"] = "Executing"
        await asyncio.sleep(60)
        changed = news.told[-1][0]
        after = [moment for moment in asked_at(service) if moment > changed]
    assert after[0] - changed < 2


async def test_job_that_is_being_cancelled_is_young_again() -> None:
    """Whoever deletes a job that has run for an hour doesn't wait for the next of its rare looks."""
    service, news = Service({"a": "Executing"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Executing", age=3600)
        await asyncio.sleep(75)
        service.words["a"] = "Cancelled"
        asked = now()
        for age in (0.0, 0.1):
            poller.watch("uid-a", "a", "Executing", age=age)
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
    (seen, _, word), *_ = news.told
    assert word == "Cancelled"
    assert seen - asked < 1.5


async def test_a_job_that_is_watched_no_more_is_asked_for_no_more() -> None:
    """And nothing is told of it."""
    service, news = Service({"a": "Waiting", "b": "Waiting"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        poller.watch("uid-b", "b", "Waiting")
        await asyncio.sleep(5)
        assert len(poller) == 2
        poller.unwatch("uid-a")
        poller.unwatch("uid-a")
        service.forget()
        service.words |= {"a": "Succeeded", "b": "Succeeded"}
        await asyncio.sleep(60)
    assert len(poller) == 1
    assert {one.job_id for one in service.asked} == {"b"}
    assert news.words == [("uid-b", "Succeeded")]


@pytest.mark.parametrize("others", [pytest.param(0, id="asked alone"), pytest.param(5, id="asked by a list")])
async def test_an_end_that_was_told_is_asked_for_no_more_than_an_old_job(others: int) -> None:
    """In a burst its reconciliation waits for many others, whose requests it would take; a lost end comes back."""
    service, news = Service({"a": "Waiting"} | {f"o{number}": "Waiting" for number in range(others)}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=60)
    async with polling(poller):
        for name in service.words:
            poller.watch(f"uid-{name}", name, "Waiting")
        service.words["a"] = "Succeeded"
        await asyncio.sleep(10)
        assert news.words == [("uid-a", "Succeeded")]
        service.forget()
        await asyncio.sleep(40)
        assert not any(one.job_id == "a" for one in service.asked)
        await asyncio.sleep(60)
        assert sum(one.job_id == "a" for one in service.asked) == 1
        poller.watch("uid-a", "a", "Executing")
        await asyncio.sleep(10)
    assert news.words == [("uid-a", "Succeeded")] * 2


async def test_watching_a_job_again_changes_nothing() -> None:
    """Each reconciliation says again that it is to be watched; that must not postpone the next request for ever."""
    service, news = Service({"a": "Waiting"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for _ in range(600):
            poller.watch("uid-a", "a", "Waiting")
            await asyncio.sleep(0.1)
    assert service.count("get") > 5


async def test_a_new_word_in_status_is_no_news() -> None:
    """The reconciliation itself has learnt it by a GET of its own."""
    service, news = Service({"a": "Executing"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        poller.watch("uid-a", "a", "Executing")
        await asyncio.sleep(60)
    assert news.told == []


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(lambda poller: poller.unwatch("uid-a"), id="and the job is watched no more"),
        pytest.param(lambda poller: poller.watch("uid-a", "a2", None), id="and the next attempt has begun"),
    ],
)
async def test_an_answer_that_comes_too_late_is_dropped(then: Callable[[Poller], None]) -> None:
    """News of an earlier attempt must not be taken for news of the next."""
    service, news = Service({"a": "Cancelled", "a2": "Waiting"}, seconds=5), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Cancelling")
        await asyncio.sleep(3)
        assert service.open_requests == 1
        then(poller)
        await asyncio.sleep(60)
    assert ("uid-a", "Cancelled") not in news.words
    assert now() >= 63


async def test_a_word_for_a_cancellation_is_no_news_beside_its_mark() -> None:
    """Workspaces of kind V1 say it twice, and status once."""
    service, news = Service({"a": "Cancelling"}, cancelling={"a"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Cancelling")
        for age in range(300):
            await asyncio.sleep(1)
            poller.watch("uid-a", "a", "Cancelling", age=age)
    assert len(news.told) <= 1
    assert service.count("get") < 60
