"""The poller's lists: when one is cheaper than asking job by job, and what its rows are worth."""

import asyncio

import pytest

from quantumjob_operator.azure.listing import cheaper_to_list
from rooms.azure.polled import ABSENT, News, make_poller, polling
from rooms.azure.service import Service

pytestmark = pytest.mark.looptime(noop_cycles=3)


@pytest.mark.parametrize(
    ("due", "unfinished", "listed"),
    [
        pytest.param(1, 1, False, id="one job alone: a GET tells it all"),
        pytest.param(2, 2, True, id="two jobs: one page tells both"),
        pytest.param(1, 0, False, id="one job, nothing known of the workspace"),
        pytest.param(2, 101, False, id="two of two pages"),
        pytest.param(3, 101, True, id="three of two pages"),
        pytest.param(50, 10_000, False, id="few in a workspace full of others' jobs"),
        pytest.param(101, 10_000, True, id="many in a workspace full of others' jobs"),
        pytest.param(100, 100, True, id="a page full"),
    ],
)
def test_when_a_list_is_cheaper(due: int, unfinished: int, *, listed: bool) -> None:
    """Pages of a hundred against one GET for each job."""
    assert cheaper_to_list(due, unfinished) is listed


async def test_a_quiet_workspace_costs_one_request_for_all_its_jobs() -> None:
    """Fifty jobs of which none changed: lists, and not one GET."""
    service, news = Service({f"j{number}": "Waiting" for number in range(50)}), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for number in range(50):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(10.5)
    assert (service.count("list"), service.count("get"), news.told) == (1, 0, [])


@pytest.mark.parametrize(
    ("others", "pages"),
    [pytest.param(950, 10, id="ten pages"), pytest.param(99, 2, id="one row more than a page holds")],
)
async def test_in_a_workspace_full_of_others_jobs_the_own_few_are_asked_one_by_one(others: int, pages: int) -> None:
    """The first list shows how many pages there are; from then on GETs are cheaper."""
    service, news = Service({f"other-{number}": "Waiting" for number in range(others)} | {"a": "Waiting"}), News()
    service.words["b"] = "Waiting"
    poller = make_poller(service, news)
    async with polling(poller):
        poller.watch("uid-a", "a", "Waiting")
        poller.watch("uid-b", "b", "Waiting")
        await asyncio.sleep(2)
        assert service.count("list") == pages
        service.forget()
        await asyncio.sleep(60)
    assert service.count("list") == 0
    assert service.count("get") > 2
    assert news.told == []


@pytest.mark.parametrize(
    ("listed", "got", "told"),
    [
        pytest.param("Executing", "Waiting", [], id="a list that is ahead of the job is not believed"),
        pytest.param("Executing", "Executing", ["Executing"], id="a list that is right is believed after a GET"),
        pytest.param("Executing", "Succeeded", ["Succeeded"], id="a list that is late gives way to the GET"),
        pytest.param(None, "Waiting", [], id="a job that is missing in the list is there after all"),
        pytest.param(None, "Succeeded", ["Succeeded"], id="a job that is missing in the list has ended"),
        pytest.param(None, None, [ABSENT], id="a job that is missing in the list is gone"),
    ],
)
async def test_a_row_of_a_list_is_a_hint(listed: str | None, got: str | None, told: list[str]) -> None:
    """Each difference is confirmed by a GET, and only that is told."""
    service, news = Service({"a": got or "", "b": "Waiting", "c": "Waiting"}, {"a": listed}), News()
    if got is None:
        del service.words["a"]
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in "abc":
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(10.5)
    assert news.words == [("uid-a", word) for word in told]
    assert [(one.kind, one.job_id) for one in service.asked] == [("list", ""), ("get", "a")]


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        pytest.param(1, ["Waiting"], id="seen by a GET"),
        pytest.param(3, ["Waiting"], id="seen in a list, and confirmed by a GET"),
    ],
)
async def test_a_cancellation_under_way_is_news_although_the_word_stays(jobs: int, told: list[str]) -> None:
    """Workspaces of kind V1 say it beside the word; it is told once."""
    service, news = Service(dict.fromkeys("abc"[:jobs], "Waiting")), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in service.words:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(10.5)
        service.cancelling.add("a")
        await asyncio.sleep(30)
        assert news.words == [("uid-a", word) for word in told]
        poller.watch("uid-a", "a", "Waiting", is_cancelling=True)
        await asyncio.sleep(30)
    assert news.words == [("uid-a", word) for word in told]


async def test_an_unknown_word_is_asked_for_by_itself() -> None:
    """Lists are filtered by the words that are known, so such a job never stands in one."""
    service, news = Service({"a": "Paused", "b": "Waiting", "c": "Waiting"}, {"a": None}), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name, word in service.words.items():
            poller.watch(f"uid-{name}", name, word)
        await asyncio.sleep(10.5)
    assert news.told == []
    assert [(one.kind, one.job_id) for one in service.asked] == [("list", ""), ("get", "a")]


async def test_one_list_serves_all_that_it_shows() -> None:
    """300 jobs that came one by one are old together: three pages a sweep, and no job has a sweep of its own."""
    service, news = Service({f"j{number}": "Waiting" for number in range(300)}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(300):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
            await asyncio.sleep(0.1)
        await asyncio.sleep(600)
        before = len(service.asked)
        await asyncio.sleep(600)
    assert 0 < len(service.asked) - before <= 3 * 600 / 30 * 2
    assert news.told == []


async def test_a_list_of_small_pages_is_not_asked_for_where_gets_are_cheaper() -> None:
    """Rows with long parameters have pages of their own; whether they are still there is looked at again."""
    service, news = Service({f"j{number}": "Waiting" for number in range(10)}, page=1), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for number in range(10):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(12)
        assert (service.count("list"), service.count("get")) == (10, 0)
        await asyncio.sleep(500)
        assert service.count("list") == 10
        service.page = 100
        await asyncio.sleep(200)
        assert service.count("list") > 15
    assert news.told == []


async def test_ten_thousand_idle_jobs_cost_their_pages_and_little_more() -> None:
    """A sweep is a hundred pages; looks that come due while it is about to be made are no requests of their own."""
    count = 10_000
    service, news = Service({f"j{number}": "Waiting" for number in range(count)}, seconds=0.02), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(count):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting", age=3600)
        await asyncio.sleep(60)
        before = len(service.asked)
        await asyncio.sleep(600)
    assert 10 * 100 <= len(service.asked) - before <= 10 * 250
    assert news.told == []


async def test_a_list_does_not_wait_until_more_are_due() -> None:
    """Jobs that came while a list was made are due before all others: the next list serves them as well."""
    service, news = Service({f"j{number}": "Waiting" for number in range(150)}), News()
    poller = make_poller(service, news, poll_min_seconds=30)
    async with polling(poller):
        poller.watch("uid-0", "j0", "Waiting")
        await asyncio.sleep(2)
        for number in range(1, 150):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(30)
    assert (service.count("list"), service.count("get")) == (2, 0)


async def test_who_is_found_one_by_one_after_a_restart_is_listed_once() -> None:
    """A thousand old jobs in four seconds: ten pages, and no GET; a list each second would be forty."""
    count = 1_000
    service, news = Service({f"j{number}": "Waiting" for number in range(count)}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(count):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting", age=3600)
            await asyncio.sleep(0.004)
        await asyncio.sleep(5)
    assert (service.count("list"), service.count("get")) == (10, 0)


async def test_others_are_not_waited_for_without_end() -> None:
    """Old jobs keep coming, each half second: news of the first comes all the same."""
    service, news = Service({f"j{number}": "Executing" for number in range(120)}), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for number in range(120):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting", age=3600)
            await asyncio.sleep(0.5)
    seen = {uid: at for at, uid, _ in news.told}
    assert seen["uid-0"] <= 12
    assert len(seen) >= 90
    late = {number: seen[f"uid-{number}"] - number * 0.5 for number in range(90)}
    assert max(late.values()) <= 13
