"""Of a page of a list nothing is kept while the next one is awaited, which may never come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.settings import Settings
from rooms.azure.kept import rows_kept
from rooms.azure.misbehaving import MisbehavingServer, Received, says
from rooms.azure.polled import News
from rooms.azure.samples import job

ROWS = 100
PAGES = 3


@dataclass(slots=True)
class Pages:
    """A list of some pages, which looks what is kept of those before whenever another one is asked for.

    Attributes:
        url: Where it is served.
        before: How many rows were in memory before it was asked for.
        kept: How many more there were, at each request.
    """

    url: str
    before: int = field(default_factory=rows_kept)
    kept: list[int] = field(default_factory=list)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer with a page, while whoever asked waits for it."""
        number = len(self.kept)
        self.kept.append(rows_kept() - self.before)
        rows = [{**job(), "id": str(UUID(int=number * ROWS + one))} for one in range(ROWS)]
        link = f"{self.url}{request.path}?skip={number}" if number + 1 < PAGES else None
        await says({"value": rows, "nextLink": link})(request, writer)


async def read_hints(client: WorkspaceClient) -> None:
    """By who looks at nothing."""
    async for _page in client.list_jobs():
        del _page


async def read_whole(client: WorkspaceClient) -> None:
    """By who looks at nothing, with all that rows tell."""
    async for _page in client.list_whole_jobs(only=""):
        del _page


async def poll(client: WorkspaceClient) -> None:
    """By the poller, for two jobs that are on the second page."""
    moment, news = [0.0], News()
    poller = Poller(
        "a/b", client, Settings(), news, lambda: moment[0], refused=news.refuse, listing_changed=news.change_listing
    )
    for number in (ROWS, ROWS + 1):
        poller.watch(f"uid-{number}", str(UUID(int=number)), "Waiting", age=1.0)
    moment[0] = 1000.0
    await poller.sweep()
    assert news.told == []


@pytest.mark.parametrize("read", [read_hints, read_whole, poll])
async def test_of_a_page_nothing_is_kept_while_the_next_one_is_awaited(
    server: MisbehavingServer, client: WorkspaceClient, read: Callable[[WorkspaceClient], Awaitable[None]]
) -> None:
    """A thousand rows of a page, with words as long as they may be, are two megabytes for each of hundreds of lists."""
    pages = Pages(server.url)
    server.plays(pages)
    await read(client)
    assert pages.kept == [0] * PAGES
