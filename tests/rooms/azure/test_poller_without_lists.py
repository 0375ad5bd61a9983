"""A list that fails stops no GETs, and is asked for again in other words, or later."""

import asyncio
from itertools import pairwise

import pytest

from quantumjob_operator.azure.listing import FORMS, OLDER_WORDS, UNFINISHED
from quantumjob_operator.model.errors import (
    AnswerTooLarge,
    CredentialsRefused,
    Refused,
    Retryable,
    ServiceError,
    Throttled,
)
from rooms.azure.polled import News, as_client, make_poller, now, polling
from rooms.azure.service import LISTS, Service

pytestmark = pytest.mark.looptime(noop_cycles=3)

REFUSED = Refused("list_jobs", status=405)
NAMES = [f"j{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        pytest.param(Refused("list_jobs", status=400), 30, id="refused in every form"),
        pytest.param(REFUSED, 30, id="refused"),
        pytest.param(Retryable("list_jobs", status=200), 30, id="unreadable"),
        pytest.param(AnswerTooLarge("list_jobs", status=200), 600, id="too large"),
        pytest.param(AnswerTooLarge("list_jobs"), 600, id="without end"),
        pytest.param(Retryable("list_jobs", status=500), 30, id="failing for itself"),
        pytest.param(Retryable("list_jobs", status=504), 30, id="too slow for the gateway before it"),
        pytest.param(Retryable("list_jobs"), 30, id="never answered"),
    ],
)
async def test_a_list_that_fails_stops_no_news(error: ServiceError, pause: float) -> None:
    """The jobs are asked about one by one, the list again after a back-off, and people are told."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting"), broken={LISTS: error}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(100)
        for name in NAMES:
            service.words[name] = "Executing"
        await asyncio.sleep(15)
        assert sorted(news.words) == [(f"uid-{name}", "Executing") for name in sorted(NAMES)]
        assert poller.trouble is None
        assert repr(poller.list_trouble) == repr(error)
        assert len(news.listing_changes) == 1
        tried = sorted({one.at for one in service.asked if one.kind == "list"})
        assert all(later - earlier >= pause for earlier, later in pairwise(tried))
        await asyncio.sleep(3600)
        assert service.count("list") < 12 * len(FORMS)
        service.broken.clear()
        await asyncio.sleep(800)
        assert poller.list_trouble is None
        assert len(news.listing_changes) == 2
        service.forget()
        await asyncio.sleep(60)
    assert service.count("get") == 0
    assert service.count("list") > 0


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Retryable("list_jobs", status=503), id="down"),
        pytest.param(Retryable("list_jobs"), id="out of reach"),
        pytest.param(Refused("list_jobs", status=403), id="not allowed"),
        pytest.param(Throttled("list_jobs", status=429), id="throttled"),
        pytest.param(CredentialsRefused("list_jobs", status=401), id="not let in"),
    ],
)
async def test_an_outage_is_no_trouble_of_the_list(error: ServiceError) -> None:
    """One request at a time tries whether it is over, and then lists serve as before; nobody is told of the list."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting"), broken={"": error}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(900)
        assert len(service.asked) <= 30
        assert repr(poller.trouble) == repr(error)
        service.broken.clear()
        await asyncio.sleep(120)
        service.forget()
        await asyncio.sleep(60)
        assert poller.trouble is None
    assert not news.listing_changes
    assert poller.list_trouble is None
    assert service.count("list") > 0


@pytest.mark.parametrize(
    ("accepted", "asked"),
    [
        pytest.param((UNFINISHED,), [UNFINISHED], id="all words"),
        pytest.param((OLDER_WORDS,), [UNFINISHED, OLDER_WORDS], id="the older words only"),
        pytest.param((None,), [UNFINISHED, OLDER_WORDS, None], id="no filter by state at all"),
    ],
)
async def test_the_same_list_is_tried_in_safer_words(accepted: tuple[str | None], asked: list[str | None]) -> None:
    """On 400; what worked is asked for from then on, and it is no trouble."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting"), filters=accepted), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(12.5)
        assert [one.filter for one in service.asked] == asked
        service.forget()
        await asyncio.sleep(60)
    assert {one.filter for one in service.asked} == {asked[-1]}
    assert (service.count("get"), news.told, news.listing_changes) == (0, [], [])


async def test_words_that_the_list_leaves_out_are_asked_for_by_gets() -> None:
    """The older filter shows no job that finishes; its end is told all the same."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting") | {"j3": "Finishing"}, filters=(OLDER_WORDS,)), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name, word in service.words.items():
            poller.watch(f"uid-{name}", name, word)
        await asyncio.sleep(20)
        service.words["j3"] = "Succeeded"
        await asyncio.sleep(15)
    assert news.words == [("uid-j3", "Succeeded")]
    assert {one.job_id for one in service.asked if one.kind == "get"} == {"j3"}


@pytest.mark.parametrize(
    ("older", "pages"),
    [
        pytest.param(5_000, 1, id="ours are the newest: one page"),
        pytest.param(0, 1, id="there are no others"),
    ],
)
async def test_without_a_filter_the_list_is_read_as_far_as_our_oldest_job(older: int, pages: int) -> None:
    """It holds all that ever ran."""
    words = dict.fromkeys(NAMES, "Waiting") | {f"old{number}": "Succeeded" for number in range(older)}
    service, news = Service(words, filters=(None,)), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(12.5)
    assert len([one for one in service.asked if one.filter is None and one.kind == "list"]) == pages
    assert service.count("get") == 0


async def test_without_a_filter_a_list_costs_no_more_than_asking_one_by_one() -> None:
    """Ours lie far behind the newest: as many pages as there are jobs, then the jobs, and no such list again."""
    words = {f"new{number}": "Succeeded" for number in range(50_000)} | dict.fromkeys(NAMES, "Waiting")
    service, news = Service(words, filters=(None,)), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(12.5)
        assert service.count("list") == len(NAMES) + 2
        service.forget()
        await asyncio.sleep(60)
    assert service.count("list") == 0
    assert service.count("get") >= 4 * len(NAMES)


@pytest.mark.parametrize("left", [pytest.param(1, id="one job is left"), pytest.param(0, id="no job is left")])
async def test_the_trouble_of_a_list_ends_although_nobody_needs_one(left: int) -> None:
    """It is asked for once more after its back-off; where nothing is followed there is no trouble."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting"), broken={LISTS: REFUSED}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(15)
        assert repr(poller.list_trouble) == repr(REFUSED)
        for name in NAMES[left:]:
            poller.unwatch(f"uid-{name}")
        service.broken.clear()
        await asyncio.sleep(60)
    assert poller.list_trouble is None
    assert len(news.listing_changes) == 2


async def test_new_credentials_begin_anew() -> None:
    """What was refused to the old ones may be answered now."""
    service, news = Service(dict.fromkeys(NAMES, "Waiting"), broken={LISTS: REFUSED}), News()
    poller = make_poller(service, news, poll_min_seconds=1, poll_max_seconds=10)
    async with polling(poller):
        for name in NAMES:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(1000)
        renewed = Service(dict.fromkeys(NAMES, "Waiting"))
        before = now()
        poller.use(as_client(renewed))
        await asyncio.sleep(15)
        assert renewed.count("list") > 0
        assert poller.list_trouble is None
    assert now() - before < 20
