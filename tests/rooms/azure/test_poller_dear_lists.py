"""Lists that take more requests, or more time, than asking about the jobs one by one: seen while they are read."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import count, islice

import pytest

from quantumjob_operator.azure.whole_lists import Weigh
from quantumjob_operator.model.errors import AnswerTooLarge, CredentialsRefused, Refused, Retryable, Throttled
from quantumjob_operator.model.remotejob import JobRow
from rooms.azure.polled import News, make_poller, polling
from rooms.azure.service import Asked, Service

pytestmark = pytest.mark.looptime(noop_cycles=3)

FOREVER = 1_500
FULL = 100
AN_HOUR = 3_600.0


@dataclass(slots=True)
class Dear(Service):
    """A list of many pages of others' jobs.

    Attributes:
        pages: How many there are.
        rows: How many jobs are on each.
        ends: The error that comes in the place of one more page.
        turns: So many of its readings in a row go so, and then as many as a usual list does.
    """

    pages: int = FOREVER
    rows: int = 0
    ends: Exception | None = None
    turns: int = 0
    _readings: int = 0

    async def list_jobs(self, *, filter: str | None, weigh: Weigh | None = None) -> AsyncGenerator[list[JobRow]]:  # noqa: A002 - as the service has it
        """Pages."""
        self._readings += 1
        if self.turns and (self._readings - 1) // self.turns % 2:
            async for page in Service.list_jobs(self, filter=filter, weigh=weigh):
                yield page
            return
        numbers = count()
        for _ in range(self.pages):
            await self._answer(Asked(asyncio.get_running_loop().time(), "list", filter=filter))
            yield [JobRow(f"other-{number}", "Waiting", is_cancelling=False) for number in islice(numbers, self.rows)]
        await self._answer(Asked(asyncio.get_running_loop().time(), "list", filter=filter))
        if self.ends:
            raise self.ends


def ends_with(error: Exception, pages: int = FOREVER, turns: int = 0) -> Dear:
    """A list of so many empty pages, and then an error."""
    return Dear(pages=pages, ends=error, turns=turns)


LATE = [
    pytest.param(Dear(), id="pages without rows, and then an end"),
    pytest.param(Dear(rows=1), id="pages of one row, and then an end"),
    pytest.param(Dear(rows=FULL), id="full pages of others' jobs"),
    pytest.param(Dear(pages=18), id="fewer pages than are read at first"),
    pytest.param(Dear(turns=1), id="pages without rows, each second time"),
    pytest.param(ends_with(AnswerTooLarge("list_jobs")), id="no end"),
    pytest.param(ends_with(AnswerTooLarge("list_jobs"), 18), id="a page that is too large"),
    pytest.param(ends_with(Retryable("list_jobs", status=500), 18), id="an error of the service"),
    pytest.param(ends_with(Retryable("list_jobs", status=500), 18, 1), id="an error of the service, each second time"),
    pytest.param(ends_with(Retryable("list_jobs"), 18), id="no answer"),
    pytest.param(ends_with(Throttled("list_jobs", status=429, retry_after=0), 18), id="too many requests"),
    pytest.param(ends_with(Throttled("list_jobs", status=429), 18, 2), id="too many requests, twice of four times"),
    pytest.param(ends_with(CredentialsRefused("list_jobs", status=401), 18), id="not let in"),
    pytest.param(ends_with(Refused("list_jobs", status=403), 18), id="refused"),
    pytest.param(ends_with(Refused("list_jobs", status=400), 18), id="refused in these words"),
]


@pytest.mark.parametrize("service", LATE)
async def test_a_list_that_costs_more_than_gets_is_left_for_them(service: Dear) -> None:
    """Twenty pages each ten minutes, however it goes on; the jobs are asked about each second, and tell their news."""
    service.words = dict.fromkeys("abc", "Waiting")
    news = News()
    poller = make_poller(service, news, poll_max_seconds=1)
    async with polling(poller):
        for name in "abc":
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(AN_HOUR)
        usual = service.turns * AN_HOUR  # a list that is as it should be costs one request, and three GETs each time
        assert service.count("list") <= 25 * AN_HOUR / 600 + usual
        assert service.count("get") > (0 if service.turns else AN_HOUR)
        service.words["b"] = "Succeeded"
        await asyncio.sleep(5)
    assert news.words == [("uid-b", "Succeeded")]


async def test_a_list_that_costs_less_is_read_to_its_end() -> None:
    """A hundred pages of others' jobs, for a hundred and fifty of ours that stand behind them."""
    ours = [f"j{number}" for number in range(150)]
    words = {f"other-{number}": "Waiting" for number in range(10_000)} | dict.fromkeys(ours, "Waiting")
    service, news = Service(words), News()
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for name in ours:
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(12)
    assert (service.count("list"), service.count("get")) == (102, 0)


async def test_what_was_on_the_pages_before_needs_no_get() -> None:
    """Ours are the newest of a list that goes on and on: no page is asked for in vain."""
    service, news = Service({f"j{number}": "Waiting" for number in range(20)}, page=1), News()
    service.words |= {f"other-{number}": "Waiting" for number in range(10_000)}
    poller = make_poller(service, news, poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for number in range(20):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(12)
    assert (service.count("list"), service.count("get"), news.told) == (20, 0, [])


@pytest.mark.parametrize(
    ("row_bytes", "lists"),
    [
        pytest.param(2_000, True, id="usual ones"),
        pytest.param(40_000, False, id="a hundred on a page of four megabytes"),
        pytest.param(240_000, False, id="as long as they may be"),
    ],
)
async def test_a_list_of_long_rows_is_left_for_gets(row_bytes: int, *, lists: bool) -> None:
    """It takes the thread that reads as long as these, and all who share the workspace wait for its end."""
    service = Service({f"j{number}": "Waiting" for number in range(200)}, row_bytes=row_bytes)
    poller = make_poller(service, News(), poll_min_seconds=10, poll_max_seconds=10)
    async with polling(poller):
        for number in range(200):
            poller.watch(f"uid-{number}", f"j{number}", "Waiting")
        await asyncio.sleep(500)
    assert (service.count("list") > 10) == lists
    assert (service.count("get") > 1_000) != lists


async def test_a_list_has_a_time() -> None:
    """Each of its pages comes in time, and no news of any job for ten minutes; then GETs tell them."""
    service, news = Dear(dict.fromkeys("abc", "Executing"), seconds=50), News()
    poller = make_poller(service, news)
    async with polling(poller):
        for name in "abc":
            poller.watch(f"uid-{name}", name, "Waiting")
        await asyncio.sleep(720)
        assert sorted(news.words) == [(f"uid-{name}", "Executing") for name in "abc"]
        assert isinstance(poller.list_trouble, AnswerTooLarge)
        assert poller.trouble is None
        asked = service.count("list")
        await asyncio.sleep(500)
        assert service.count("list") == asked
