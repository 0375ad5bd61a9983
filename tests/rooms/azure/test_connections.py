"""Connections: what was never sent, what is never answered, and what that costs everybody else."""

import asyncio
import gc
import socket

import pytest

from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.model.errors import Applied, Retryable
from rooms.azure.conftest import MakeClient, Observed
from rooms.azure.misbehaving import (
    MisbehavingServer,
    Received,
    misbehaving_server,
    says,
    server_without_tls,
    stays_silent,
)
from rooms.azure.samples import DEFINITION, JOB_ID, LOCATION, job


async def test_a_silent_service(server: MisbehavingServer, make_client: MakeClient, observed: Observed) -> None:
    """Without an answer in time, a PUT may have been applied."""
    server.plays(stays_silent())
    with pytest.raises(Retryable) as caught:
        await make_client(seconds=0.2).put_job(DEFINITION, LOCATION)
    assert caught.value.applied is Applied.UNKNOWN
    assert observed.exchanges == [("put_job", "timeout")]


async def test_workspaces_that_never_answer_leave_connections_to_the_others(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """Hundreds of them in several namespaces, with more requests than there are connections, and one that is well."""
    asked = 0

    async def take_note(request: Received, _: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await request.gone()

    server.plays(take_note)
    async with misbehaving_server() as healthy, asyncio.TaskGroup() as group:
        healthy.plays(says(job()))
        silent = [
            group.create_task(make_client(owner=f"silent-{number % 8}", seconds=90).get_job(JOB_ID))
            for number in range(8 * 120)
        ]
        before = -1
        while before < asked or asked < 8 * 40:
            before = asked
            await asyncio.sleep(0.5)
        usual = [make_client(endpoint=healthy.url, allowed=AllowedOrigins.parse([healthy.url]), owner="well")] * 8
        assert all(await asyncio.gather(*(one.get_job(JOB_ID) for one in usual)))
        assert not any(one.done() for one in silent)
        assert asked <= 512 - 512 // 8
        for one in silent:
            one.cancel()


async def test_who_has_too_many_requests_under_way_is_told(server: MisbehavingServer, make_client: MakeClient) -> None:
    """Nothing was sent, so nothing can have been applied."""
    server.plays(stays_silent())
    async with asyncio.TaskGroup() as group:
        silent = [group.create_task(make_client(owner="silent", seconds=60).get_job(JOB_ID)) for _ in range(224)]
        await asyncio.sleep(0)
        with pytest.raises(Retryable, match="too many requests of namespace silent's workspaces") as caught:
            await make_client(owner="silent", seconds=0.6).put_job(DEFINITION, LOCATION)
        assert caught.value.applied is Applied.NO
        for one in silent:
            one.cancel()


@pytest.mark.parametrize(
    ("scheme", "host"),
    [
        pytest.param("http", "127.0.0.1", id="a refused connection"),
        pytest.param("http", "no-such-host.invalid", id="a name that does not resolve"),
    ],
)
async def test_what_was_never_sent(make_client: MakeClient, observed: Observed, scheme: str, host: str) -> None:
    """Without a connection nothing was applied."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"{scheme}://{host}:{port}"
    with pytest.raises(Retryable) as caught:
        await make_client(endpoint=url, allowed=AllowedOrigins.parse([url])).put_job(DEFINITION, LOCATION)
    assert caught.value.applied is Applied.NO
    assert observed.exchanges == [("put_job", "connection")]


async def test_a_failed_tls_handshake(make_client: MakeClient) -> None:
    """A server that speaks no TLS never saw the request."""
    async with server_without_tls() as url:
        with pytest.raises(Retryable) as caught:
            await make_client(endpoint=url, allowed=AllowedOrigins.parse([url])).put_job(DEFINITION, LOCATION)
    assert caught.value.applied is Applied.NO


async def test_a_silent_tls_handshake(server: MisbehavingServer, make_client: MakeClient) -> None:
    """A handshake without an answer ends in time and leaks no socket."""
    url = server.url.replace("http:", "https:")
    with pytest.raises(Retryable):
        await make_client(endpoint=url, allowed=AllowedOrigins.parse([url]), seconds=0.6).put_job(DEFINITION, LOCATION)
    gc.collect()
