"""The poller of a workspace that several namespaces share, in virtual time."""

import asyncio

import pytest

from rooms.azure.polled import News, make_poller, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)


async def test_thousands_that_end_together_keep_nobody_waiting() -> None:
    """A job of another namespace that ends after five thousand others is told while those are still asked about."""
    words = {f"a{number}": "Succeeded" for number in range(5000)}
    service, news = Service(words | {"b": "Executing"}, seconds=0.1), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(5000):
            poller.watch(f"uid-a{number}", f"a{number}", "Executing", "a")
        await asyncio.sleep(5)
        poller.watch("uid-b", "b", "Executing", "b")
        service.words["b"] = "Succeeded"
        before = len(news.told)
        await asyncio.sleep(120)
    (place,) = (place for place, (_, uid, _) in enumerate(news.told) if uid == "uid-b")
    assert len(news.told) == 5001
    # A sweep of 64, a second in which the job becomes due, and the sweep that has it in its second turn.
    assert 0 < before < place <= before + 4 * 64


async def test_each_question_is_asked_in_its_own_name() -> None:
    """What a namespace's jobs cost comes out of its own turns."""
    service, news = Service({"a": "Succeeded", "b": "Succeeded"}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting", "research")
        poller.watch("uid-b", "b", "Waiting", "teaching")
        await asyncio.sleep(2)
    assert {*service.asked_for} == {"research", "teaching"}


async def test_all_of_a_crowd_are_told_in_the_end() -> None:
    """Those that stand in the queue when a sweep ends are asked about by the next ones, each once."""
    service, news = Service({f"a{number}": "Succeeded" for number in range(300)}, seconds=0.1), News()
    poller = make_poller(service, news, poll_min_seconds=600, poll_max_seconds=600)
    async with polling(poller):
        for number in range(300):
            poller.watch(f"uid-{number}", f"a{number}", "Executing", "a")
        await asyncio.sleep(1100)
    assert sorted(news.words) == sorted((f"uid-{number}", "Succeeded") for number in range(300))


async def test_a_job_that_is_let_go_in_the_line_is_not_asked_about() -> None:
    """Its object went while it waited for its turn."""
    service, news = Service({f"a{number}": "Succeeded" for number in range(100)}, seconds=1), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(100):
            poller.watch(f"uid-{number}", f"a{number}", "Executing", "a")
        await asyncio.sleep(5.5)
        for number in range(100):
            poller.unwatch(f"uid-{number}")
        told = len(news.told)
        await asyncio.sleep(60)
    assert 0 < told < 100
    assert len(news.told) == told
