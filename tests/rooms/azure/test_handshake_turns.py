"""Handshakes beside the event loop: what a server's certificates cost is nobody's but its tenant's."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from devcluster.certificates import Authority
from loopturns import SHORT, turns_of_the_loop
from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.exchange import Timing
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.errors import Applied, Retryable
from rooms.azure.certificates import costly_certificate, showing
from rooms.azure.misbehaving import MisbehavingServer, misbehaving_server, says, truncates
from rooms.azure.samples import JOB_ID, KEY, RESOURCE_ID, job
from rooms.azure.test_environment import tunnelling_proxy

MIB: Final = 1024 * 1024


def client(
    url: str, transport: HttpTransport, tenant: str = "asking", *, timing: Timing | None = None
) -> WorkspaceClient:
    """Of a workspace at a server."""
    return WorkspaceClient(
        endpoint=url,
        resource_id=RESOURCE_ID,
        credential=ApiKey(KEY),
        transport=transport,
        allowed=AllowedOrigins.parse([url]),
        owner=tenant,
        timing=timing or Timing(),
    )


def shown(folder: Path) -> ssl.SSLContext:
    """What a usual server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


@asynccontextmanager
async def usual(
    folder: Path, *, others: int = 0, prepare: Callable[[ssl.SSLContext], None] = lambda _: None
) -> AsyncIterator[tuple[MisbehavingServer, HttpTransport]]:
    """A server with a certificate that is trusted, and with others beside it."""
    authority = Authority.create(folder, "authority")
    certificate, _ = authority.issue_for_loopback("server")
    with certificate.open("ab") as chain:
        for number in range(others):
            chain.write(authority.issue_for_loopback(f"other-{number}")[0].read_bytes())
    context = shown(folder)
    prepare(context)
    async with misbehaving_server(context) as server, open_transport(ca_bundle=str(authority.ca_file)) as transport:
        server.plays(says(job()))
        yield server, transport


async def test_costly_certificates_hold_no_loop_and_no_other_tenant(tmp_path: Path) -> None:
    """Two seconds of CPU in one call, for each of eight GETs: another's job is asked for meanwhile, again and again."""
    costly = costly_certificate()
    async with (
        showing(costly, costly, costly) as url,
        usual(tmp_path) as (server, transport),
        turns_of_the_loop() as turns,
    ):
        asking = client(url, transport, "costly")
        costing = [asyncio.create_task(asking.get_job(JOB_ID)) for _ in range(8)]
        await asyncio.sleep(0.1)
        for _ in range(5):
            assert await client(server.url, transport).get_job(JOB_ID) == parse_job(job())
        assert not any(one.done() for one in costing)
        failure = await _first_failure(costing)
    assert isinstance(failure, Retryable)
    assert turns.longest < SHORT


async def test_costly_certificates_behind_a_proxy_hold_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the connection is open already when TLS begins."""
    costly = costly_certificate()
    async with showing(costly, costly) as url, tunnelling_proxy() as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)
        async with open_transport() as transport, turns_of_the_loop() as turns:
            with pytest.raises(Retryable):
                await client(url, transport).get_job(JOB_ID)
    assert len(heads) == 1
    assert turns.longest < SHORT


@pytest.mark.parametrize(
    ("others", "read"),
    [
        pytest.param(0, True, id="the server's certificate alone"),
        pytest.param(12, True, id="some 8 KiB"),
        pytest.param(40, False, id="some 24 KiB"),
    ],
)
async def test_the_server_s_part_of_a_handshake_is_bounded(others: int, *, read: bool, tmp_path: Path) -> None:
    """Whatever else is wrong with it: this chain would be accepted."""
    async with usual(tmp_path, others=others) as (server, transport):
        asking = client(server.url, transport).get_job(JOB_ID)
        if read:
            assert await asking == parse_job(job())
        else:
            with pytest.raises(Retryable) as failure:
                await asking
            assert failure.value.applied is Applied.NO
            assert server.received == []


def tls_1_2(context: ssl.SSLContext) -> None:
    """Which sends its tickets within the handshake."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def many_tickets(context: ssl.SSLContext) -> None:
    """Of TLS 1.3: after the handshake, before the answer."""
    context.num_tickets = 50


@pytest.mark.parametrize("prepare", [tls_1_2, many_tickets])
async def test_what_comes_after_a_handshake_is_read_as_ever(
    prepare: Callable[[ssl.SSLContext], None], tmp_path: Path
) -> None:
    """Tickets, a large answer, and an answer whose server closes before its end."""
    async with usual(tmp_path, prepare=prepare) as (server, transport):
        long = job(metadata={"long": "x" * MIB})
        server.plays(says(long), truncates(), says(job()))
        asking = client(server.url, transport)
        assert await asking.get_job(JOB_ID) == parse_job(long)
        with pytest.raises(Retryable) as failure:
            await asking.get_job(JOB_ID)
        assert failure.value.applied is not Applied.NO
        assert await asking.get_job(JOB_ID) == parse_job(job())


async def test_certificates_are_looked_at_as_ever(tmp_path: Path) -> None:
    """Of whose authority, and for which host."""
    async with usual(tmp_path) as (server, trusting), open_transport() as strict:
        with pytest.raises(httpx.ConnectError, match="unable to get local issuer certificate"):
            await strict.service.get(server.url)
        named = server.url.replace("127.0.0.1", "localhost")
        assert (await trusting.service.get(named)).status_code == 200
        elsewhere = await asyncio.start_server(server.serve, "127.0.0.2", 0, ssl=shown(tmp_path))
        async with elsewhere:
            with pytest.raises(httpx.ConnectError, match=r"not valid for '127\.0\.0\.2'"):
                await trusting.service.get(f"https://127.0.0.2:{elsewhere.sockets[0].getsockname()[1]}")


async def _first_failure(tasks: list[asyncio.Task[Any]]) -> BaseException | None:
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return done.pop().exception()
