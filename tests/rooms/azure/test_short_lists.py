"""Lists that a status shows: all their pages together are kept until the last one has come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.model.errors import AnswerTooLarge
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, says

KIB = 1024


async def targets(client: WorkspaceClient) -> list[Any]:
    """Of all providers."""
    return await client.provider_status()


async def quotas(client: WorkspaceClient) -> list[Any]:
    """Of the workspace."""
    return await client.quotas()


async def usages(client: WorkspaceClient) -> list[Any]:
    """Of one provider."""
    return await client.quota_usages("p")


def paged(server: MisbehavingServer, pages: int, size: int) -> Behaviour:
    """A list of so many pages of one row each, which are about so many bytes long."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        number = int(request.query.get("skip", ["0"])[0]) + 1
        row = {"id": "p", "providerId": "p", "dimension": "d", "targets": [{"id": f"t{number}"}], "usage": {"jobs": 1}}
        link = f"{server.url}{request.path}?skip={number}" if number < pages else None
        await says({"value": [{**row, "more": "x" * size}], "nextLink": link})(request, writer)

    return behave


@pytest.mark.parametrize(
    ("ask", "most"),
    [
        pytest.param(targets, 512, id="targets"),
        pytest.param(quotas, 512, id="quotas"),
        pytest.param(usages, 256, id="what is used at a provider"),
    ],
)
async def test_the_pages_of_a_short_list_are_short_together(
    server: MisbehavingServer,
    client: WorkspaceClient,
    ask: Callable[[WorkspaceClient], Awaitable[list[Any]]],
    most: int,
) -> None:
    """Small pages without end would be kept, by each of many workspaces, as long as the last one does not come."""
    pages = most // 50
    server.plays(paged(server, pages, 50 * KIB - KIB))
    assert len(await ask(client)) == pages
    server.received.clear()
    server.plays(paged(server, 900, 50 * KIB - KIB))
    with pytest.raises(AnswerTooLarge, match="larger than what this operation may bring"):
        await ask(client)
    assert len(server.received) == pages + 1
