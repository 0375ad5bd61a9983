"""A list of jobs, on pages that can be read.

A row repeats a job's parameters, which may be hundreds of KiB long: a page with some of these is longer than an answer
may be, and would hide everybody's jobs. Must not live here: what a row says (`wire`).
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar

from quantumjob_operator.azure import wire
from quantumjob_operator.azure.channel import ServiceChannel
from quantumjob_operator.azure.lists import pages
from quantumjob_operator.azure.paging import MAX_PAGES
from quantumjob_operator.model.errors import AnswerTooLarge
from quantumjob_operator.model.remotejob import RemoteJob

PAGE: Final = 100
"""Rows of a page: without a number, one was seen to hold thousands."""
NEWEST_FIRST: Final = "CreationTime desc"
MOST_REQUESTS: Final = MAX_PAGES + 500
"""Of one reading, beside one for each job: a page that is too large takes a dozen instead of one, and any list may say
that it goes on."""
_MOST_LONG: Final = 20_000
"""So many jobs are read that are all too long for larger pages."""
_SMALL_PAGE: Final = 2
"""Where the usual one is too large: so many fit, each as long as the longest job of a QuantumJob."""
_MOST_OF_JOBS: Final = 1024 * 1024
"""Bytes of memory of a page of whole jobs, which may be many times those of its answer; usual are 80 KiB."""

T = TypeVar("T")
Weigh = Callable[[int], object]
"""Is told of the bytes of each page."""


async def whole_list(
    channel: ServiceChannel,
    url: str,
    only: str,
    read: Callable[[list[Any]], T],
    *,
    weigh: Weigh | None = None,
    first: int = 0,
) -> AsyncGenerator[T]:
    """All jobs, newest first; those of a page that is too large come on small ones, and on larger ones after these.

    What comes into the list meanwhile moves the others on: a row may be shown twice. From a filtered list rows go as
    well, so that one may be missed; from that of all jobs none goes.

    Args:
        channel: The line to the service.
        url: Of the list, without its query.
        only: In the service's filter grammar; empty for all jobs.
        read: Reads the rows of a page.
        weigh: If anybody wants to know how dear it is.
        first: So many jobs are passed over.

    Raises:
        AnswerTooLarge: A small page is too large as well, or the list has no end. Pages without rows count as others.
        ServiceError: A page could not be had; those before it were complete.
    """
    seen, size, largest, until, asked = first, PAGE, PAGE, 0, 0

    def counted(rows: list[Any]) -> tuple[int, T]:
        return len(rows), read(rows)

    while (left := MOST_REQUESTS + min(seen, _MOST_LONG) - asked) > 0:
        query = {"orderby": NEWEST_FIRST, "top": str(size)} | ({"filter": only} if only else {})
        query |= {"skip": str(seen)} if seen else {}
        number, most = 0, min(MAX_PAGES, left)
        try:
            async with aclosing(pages(channel, "list_jobs", url, query, counted, most)) as found:
                async for (rows, jobs), size_in_bytes in found:
                    seen, number, asked = seen + rows, number + 1, asked + 1
                    if weigh is not None:
                        weigh(size_in_bytes)
                    yield jobs
                    del jobs  # it would stay in memory as long as the next page takes, as it would wherever it is read
                    if size < PAGE and rows >= size:
                        break  # what comes next is asked for twice as much at a time
                else:
                    return
            size = min(largest if seen < until else PAGE, 2 * size)
        except AnswerTooLarge:
            if most <= number < MAX_PAGES:
                continue  # no page is too large: there are as many as were left
            asked += 1
            if size == 1 or number >= MAX_PAGES or seen >= MAX_PAGES * PAGE:
                raise
            # What was too much once is not tried again for as many rows as a usual page has.
            largest, until, size = max(1, size // 2), seen + PAGE, 1 if size == _SMALL_PAGE else _SMALL_PAGE
    detail = f"the list cannot be read: {asked:,} requests showed no more than {seen:,} jobs of it"
    raise AnswerTooLarge("list_jobs", detail=detail)


def whole_jobs(rows: list[Any]) -> list[RemoteJob]:
    """Read the rows of a page as jobs; those that can't be read are left out.

    Raises:
        AnswerTooLarge: They take much memory, in which they stay for as long as whoever reads the list needs for them.
    """
    read: list[RemoteJob] = []
    taken = 0
    for row in rows:
        for job in wire.parse_whole_rows([row]):
            read.append(job)
            taken += job.size
        if taken > _MOST_OF_JOBS:
            raise AnswerTooLarge("list_jobs", detail="a page of the list cannot be read: it takes too much memory")
    return read
