"""Reading the service's lists page by page.

Must not live here: which links may be followed (`paging`), or what a row says (`wire`).
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeVar

import httpx

from quantumjob_operator.azure import wire
from quantumjob_operator.azure.channel import ServiceChannel
from quantumjob_operator.azure.failures import unreadable
from quantumjob_operator.azure.http.answer_sizes import MAX_BYTES
from quantumjob_operator.azure.paging import MAX_PAGES, MAX_ROWS, Trail
from quantumjob_operator.azure.parsing import understood
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.errors import AnswerTooLarge

T = TypeVar("T")


async def pages(  # noqa: PLR0917 - one sentence: from this line, for this operation, that list, read so
    channel: ServiceChannel,
    operation: str,
    url: str,
    params: Mapping[str, str],
    parse: Callable[[list[Any]], T],
    max_pages: int = MAX_PAGES,
    max_bytes: int | None = None,
) -> AsyncGenerator[tuple[T, int]]:
    """The pages of a list, each read by `parse`, and how many bytes each had.

    Args:
        channel: The line to the service.
        operation: For errors and metrics.
        url: Of the list, without its query.
        params: The query of the first page.
        parse: Reads the rows of a page; may raise `Unreadable`.
        max_pages: Where a list is taken to have no end.
        max_bytes: Of all pages together; None if only each of them has an end.

    Raises:
        ServiceError: A page could not be had; those before it were complete. `AnswerTooLarge` if it has too many rows.
    """
    url = str(httpx.URL(url, params=dict(params)))
    trail = Trail(operation, url, max_pages)

    def parse_page(body: Any) -> tuple[T, str | None]:
        rows, link = wire.parse_page(body)
        if len(rows) > MAX_ROWS:  # which would be in memory until the next page came
            detail = f"a page of the list cannot be read: it has more than {MAX_ROWS:,} rows"
            raise AnswerTooLarge(operation, detail=detail)
        return parse(rows), link

    while True:
        with channel.reading(operation, max_bytes):
            answer = await channel.call(operation, "GET", url)
            status = answer.status
            rows, link = await understood(operation, status, answer.body, parse_page, of_list=True)
        size = len(answer.body)
        if max_bytes is not None:
            max_bytes -= size
        del answer  # its body would stay in memory as long as the next page takes, and nobody counts it
        yield rows, size
        del rows
        if link is None:
            return
        try:
            url = trail.follow(link)
        except Unreadable as error:
            raise unreadable(operation, status, str(error)) from None


async def short_list(
    channel: ServiceChannel,
    operation: str,
    url: str,
    parse: Callable[[Any], list[T]],
    params: Mapping[str, str],
) -> list[T]:
    """A list that goes into a status, and so may not be long.

    Args:
        channel: The line to the service.
        operation: For errors and metrics.
        url: Of the list, without its query.
        parse: Makes entries of a row; may raise `Unreadable`.
        params: The query of the first page.

    Raises:
        ServiceError: A page could not be had; `AnswerTooLarge` if it is no short one, in rows or in bytes.
    """
    shown: list[T] = []

    def flat(rows: list[Any]) -> list[T]:
        return [one for row in rows for one in parse(row)]

    # All pages together are kept until the last one has come.
    async for page, _ in pages(channel, operation, url, params, flat, MAX_ROWS, MAX_BYTES[operation]):
        shown += page
        if len(shown) > MAX_ROWS:
            detail = f"the list cannot be read: it has more than {MAX_ROWS:,} rows"
            raise AnswerTooLarge(operation, detail=detail)
    return shown
