"""Connections that are kept: what goes over them once, how many there are, and what they don't carry."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Final

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.model.errors import Applied, Retryable
from rooms.azure.keeping import KeepingServer, keeping_server
from rooms.azure.samples import DEFINITION, JOB_ID, KEY, LOCATION, RESOURCE_ID

_AT_A_TIME: Final = 24


@pytest.fixture
async def keeping() -> AsyncIterator[KeepingServer]:
    """A server that keeps connections."""
    async with keeping_server() as running:
        yield running


@pytest.fixture
def asking(keeping: KeepingServer, transport: HttpTransport) -> WorkspaceClient:
    """A client of it."""
    return WorkspaceClient(
        endpoint=keeping.url,
        resource_id=RESOURCE_ID,
        credential=ApiKey(KEY),
        transport=transport,
        allowed=AllowedOrigins.parse([keeping.url]),
    )


async def test_a_put_on_a_kept_connection_that_is_lost_is_sent_once(
    keeping: KeepingServer, asking: WorkspaceClient
) -> None:
    """The connection was good for the GET before; whether the PUT was applied nobody knows, so it is not repeated."""
    assert await asking.get_job(JOB_ID)
    keeping.silent_for = frozenset({"PUT"})
    with pytest.raises(Retryable) as caught:
        await asking.put_job(DEFINITION, LOCATION)
    assert caught.value.applied is Applied.UNKNOWN
    assert [[head.split()[0] for head in heads] for heads in keeping.received] == [["get", "put"]]


async def test_requests_at_the_same_time_don_t_cost_a_connection_each(
    keeping: KeepingServer, asking: WorkspaceClient
) -> None:
    """Connections are as many as there are requests at a time, and serve again and again."""

    async def ask_often() -> None:
        for _ in range(10):
            assert await asking.get_job(JOB_ID)

    await asyncio.gather(*(ask_often() for _ in range(_AT_A_TIME)))
    assert len(keeping.received) <= _AT_A_TIME


async def test_a_compressed_answer_is_not_read(keeping: KeepingServer, asking: WorkspaceClient) -> None:
    """A few bytes could become gigabytes; requests say that nothing is to be compressed."""
    keeping.headers, keeping.body = {"Content-Encoding": "gzip"}, gzip.compress(keeping.body)
    with pytest.raises(Retryable, match="it is compressed, which was not asked for"):
        await asking.get_job(JOB_ID)
    assert "accept-encoding: identity" in keeping.received[0][0]


async def test_cookies_are_not_kept(keeping: KeepingServer, asking: WorkspaceClient) -> None:
    """Connections are shared by all tenants: a cookie of one would go along with the requests of the others."""
    keeping.headers = {"Set-Cookie": "affinity=somebody; Path=/"}
    for _ in range(2):
        await asking.get_job(JOB_ID)
    assert not [head for heads in keeping.received for head in heads if "cookie" in head]
