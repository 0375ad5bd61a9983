"""Lists with all that their rows tell, of which some are long."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import pytest

from quantumjob_operator.azure import whole_lists
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.paging import MAX_PAGES
from quantumjob_operator.azure.whole_lists import MOST_REQUESTS, PAGE
from quantumjob_operator.model.errors import AnswerTooLarge
from quantumjob_operator.model.naming import OWN_METADATA
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, says
from rooms.azure.samples import job

LONG: Final = "x" * 500_000
"""As long as the parameters of a QuantumJob may be, nearly."""


def row(number: int, parameter: str = "") -> dict[str, Any]:
    """One job."""
    return {**job(), "id": str(UUID(int=number)), "inputParams": {"comment": parameter}}


def listing(server: MisbehavingServer, rows: list[dict[str, Any]]) -> Behaviour:
    """A list that is asked for as of a row, so many rows at a time."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        size, first = (int(request.query.get(one, [usual])[0]) for one, usual in (("top", "100"), ("skip", "0")))
        more = first + size < len(rows)
        link = f"{server.url}{request.path}?skip={first + size}&top={size}" if more else None
        await says({"value": rows[first : first + size], "nextLink": link})(request, writer)

    return behave


@pytest.mark.parametrize(
    ("long", "asked"),
    [
        pytest.param(range(0), 3, id="all are short"),
        pytest.param(range(105, 113), 3, id="long ones, of which a page has room for all"),
        pytest.param(range(105, 117), 9, id="too many on the second page"),
        pytest.param(range(240, 250), 12, id="too many on the last page"),
        pytest.param(range(0, 240, 9), 15, id="too many on two pages"),
    ],
)
@pytest.mark.parametrize("whole", [pytest.param(True, id="whole jobs"), pytest.param(False, id="hints")])
async def test_long_rows_hide_nobody(
    server: MisbehavingServer, client: WorkspaceClient, long: range, asked: int, *, whole: bool
) -> None:
    """A page that is too large is read in small pieces, and what comes after these in larger ones."""
    rows = [row(number, LONG if number in long else "") for number in range(250)]
    server.plays(listing(server, rows))
    found = client.list_whole_jobs(only="") if whole else client.list_jobs()
    told = [one.id async for page in found for one in page]
    assert told == [one["id"] for one in rows]
    assert len(server.received) == asked


async def test_what_comes_meanwhile_hides_nobody(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A new job moves the others on: one is shown twice."""
    rows = [row(number, LONG if number < 12 else "") for number in range(150)]
    server.plays(listing(server, rows))
    told = []
    async for page in client.list_whole_jobs(only=""):
        told += [one.id for one in page]
        if len(told) == 6:
            rows.insert(0, row(1_000))
    assert {one["id"] for one in rows[1:]} == set(told)
    assert len(told) == 151


async def test_rows_that_no_page_has_room_for(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """It ends, whatever the endpoint says."""
    server.plays(listing(server, [row(number, LONG * 10 if number < 4 else "") for number in range(150)]))
    with pytest.raises(AnswerTooLarge):
        [page async for page in client.list_whole_jobs(only="")]
    assert len(server.received) == 3


async def test_rows_of_many_values_hide_nobody(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Of two that lie side by side, which no QuantumJob is, each fits by itself."""
    many = {**row(7), "inputParams": {"a": [[]] * 110_000}}
    rows = [row(number) for number in range(120)]
    rows[10:12] = [many, {**many, "id": str(UUID(int=8))}]
    server.plays(listing(server, rows))
    told = [one.id async for page in client.list_whole_jobs(only="") for one in page]
    assert told == [one["id"] for one in rows]


async def test_a_list_of_pages_of_one_row_ends(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """It is read no further in small pieces."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        first = int(request.query.get("skip", ["0"])[0]) + 1
        await says({"value": [row(first)], "nextLink": f"{server.url}{request.path}?skip={first}"})(request, writer)

    server.plays(behave)
    with pytest.raises(AnswerTooLarge):
        [page async for page in client.list_jobs()]
    assert len(server.received) == MAX_PAGES


@pytest.mark.parametrize("whole", [pytest.param(True, id="whole jobs"), pytest.param(False, id="hints")])
async def test_a_page_of_rows_without_end_is_not_kept(
    server: MisbehavingServer, client: WorkspaceClient, *, whole: bool
) -> None:
    """Eighty thousand short rows are 20 MB of memory, as long as the next page does not come."""
    server.plays(says({"value": [{"id": "ab", "status": "cd"}] * 20_000, "nextLink": f"{server.url}/more"}))
    with pytest.raises(AnswerTooLarge, match="more than 1,000 rows"):
        [page async for page in (client.list_whole_jobs(only="") if whole else client.list_jobs())]


async def test_a_list_that_goes_on_whatever_is_asked(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """It shows long rows only where a hundred are asked for, and never an end."""
    many = json.dumps([row(number, LONG) for number in range(10)])

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        first = int(request.query.get("skip", ["0"])[0])
        if request.query["top"] == [str(PAGE)]:
            await says({"value": json.loads(many)})(request, writer)
            return
        link = f"{server.url}{request.path}?skip={first + 1_000}&top=2"
        await says({"value": [{"id": "x"}] * 1_000, "nextLink": link})(request, writer)

    server.plays(behave)
    with pytest.raises(AnswerTooLarge):
        [page async for page in client.list_whole_jobs(only="")]
    assert len(server.received) < 300


def endless(server: MisbehavingServer, sizes: range, rows: int, pages: int) -> Behaviour:
    """A list that always says that it goes on: where it is asked for other sizes, until a page is too large.

    Args:
        server: Serves it.
        sizes: Where so much is asked for, it has full pages.
        rows: Of any other page.
        pages: One of so many of these is too large.
    """

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        size, first, page = (int(request.query.get(one, ["0"])[0]) for one in ("top", "skip", "page"))
        shown = size if size in sizes else 1_001 if page + 1 >= pages else rows
        link = f"{server.url}{request.path}?skip={first}&top={size}&page={page + 1}"
        await says({"value": [{"id": "x", "status": "Waiting"}] * shown, "nextLink": link})(request, writer)

    return behave


@pytest.fixture
def few_long(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many jobs are read that are too long for larger pages: fewer than usual, which take a while."""
    monkeypatch.setattr(whole_lists, "_MOST_LONG", 1_000)
    return 1_000


@pytest.mark.parametrize(
    ("sizes", "rows", "pages"),
    [
        pytest.param(range(3), 0, 999, id="999 pages without rows, and then one that is too large, of each size"),
        pytest.param(range(3), 0, 1, id="only two rows at a time, and always more of them"),
        pytest.param(range(17), 1, 400, id="hundreds of pages of one row, and then one that is too large"),
        pytest.param(range(65), 0, 999, id="pages without rows only where many are asked for"),
    ],
)
async def test_a_reading_ends_whatever_sizes_are_asked_for(  # noqa: PLR0917 - what a list consists of
    server: MisbehavingServer, client: WorkspaceClient, few_long: int, sizes: range, rows: int, pages: int
) -> None:
    """An honest list takes as many requests; who wants more of them keeps a tenth of a core busy for good."""
    server.plays(endless(server, sizes, rows, pages))

    async def read() -> None:
        async for _page in client.list_jobs():
            assert len(server.received) <= MOST_REQUESTS + few_long

    with pytest.raises(AnswerTooLarge, match="requests showed no more than"):
        await read()
    assert len(server.received) >= MOST_REQUESTS


async def test_jobs_that_are_all_long_are_read_all(
    server: MisbehavingServer, client: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many one tenant sends: what was spent in a shared workspace is counted from its list."""
    monkeypatch.setattr(whole_lists, "MOST_REQUESTS", 10)
    rows = [row(number, LONG * 3) for number in range(40)]
    server.plays(listing(server, rows))
    assert [one.id async for page in client.list_whole_jobs(only="") for one in page] == [one["id"] for one in rows]
    assert len(server.received) > 2 * 10


async def test_a_hundred_thousand_jobs_are_read(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """As many as a list may hold, of which some are long: a dozen requests instead of one, for each page of these."""
    rows = [{"id": f"{number:x}", "status": "Waiting"} for number in range(MAX_PAGES * PAGE)]
    for number in (*range(105, 117), *range(50_000, 50_012), *range(99_990, 100_000)):
        rows[number]["inputParams"] = LONG
    server.plays(listing(server, rows))
    told = [one.id async for page in client.list_jobs() for one in page]
    assert told == [one["id"] for one in rows]
    assert len(server.received) <= MAX_PAGES + 30


def bill(number: int) -> dict[str, Any]:
    """A job with as many lines in its bill as are read: four times as long in memory as in the list."""
    lines = [
        {"dimensionId": f"{one:02}", "amountConsumed": 100 + one, "amountBilled": 1, "unitPrice": 1}
        for one in range(32)
    ]
    return {**row(number), "usage": {f"{one}": 10 + one for one in range(32)}, "costEstimate": {"events": lines}}


def wide(number: int) -> dict[str, Any]:
    """A job with texts that one character makes four times as long in memory."""
    return {**row(number), "metadata": dict.fromkeys(sorted(OWN_METADATA)[:5], "\U0001f600" + "x" * 4_000)}


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        pytest.param(row, 1, id="usual ones"),
        pytest.param(bill, 7, id="long bills"),
        pytest.param(wide, 18, id="wide texts"),
    ],
)
async def test_jobs_that_are_long_in_memory_come_on_small_pages(
    server: MisbehavingServer, client: WorkspaceClient, made: Callable[[int], dict[str, Any]], asked: int
) -> None:
    """Each of many budgets of a tenant holds a page, for as long as it asks for the namespaces that its rows name."""
    rows = [made(number) for number in range(PAGE)]
    server.plays(listing(server, rows))
    told = [one.id async for page in client.list_whole_jobs(only="") for one in page]
    assert told == [one["id"] for one in rows]
    assert len(server.received) == asked
