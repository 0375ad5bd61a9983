"""Of a connection that failed nothing is left: neither in errors that are kept, nor in circles of objects."""

import asyncio
import logging
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.exchange import Timing
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.settings import Settings
from rooms.azure.kept import connections_kept, without_collections
from rooms.azure.misbehaving import (
    Behaviour,
    MisbehavingServer,
    Received,
    answers,
    drops,
    fails,
    misbehaving_server,
    says,
    speaks_gibberish,
    stays_silent,
    truncates,
)
from rooms.azure.polled import News
from rooms.azure.samples import JOB_ID, KEY, RESOURCE_ID, job
from rooms.azure.test_errors_kept_apart import frames
from rooms.azure.test_handshake_turns import usual

SECONDS: Final = 0.9
_LITTLE: Final = 500_000
LONG: Final = b'{"a":"' + b"x" * 300_000


def begins(content: bytes) -> Behaviour:
    """An answer that is to have two megabytes, of which this comes and no more."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + content)
        await request.gone()

    return behave


def breaks(content: bytes) -> Behaviour:
    """As `begins`, and the connection is closed then."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + content)

    return behave


FAILURES: Final = [
    pytest.param(stays_silent(), id="no answer"),
    pytest.param(begins(LONG), id="an answer that stops after some hundred KiB"),
    pytest.param(begins(b"{"), id="one that stops at once"),
    pytest.param(drops(), id="a lost connection"),
    pytest.param(truncates(), id="half an answer"),
    pytest.param(speaks_gibberish(), id="no HTTP"),
    pytest.param(answers(200, LONG * 10), id="too long an answer"),
    pytest.param(answers(200, LONG, {"Content-Encoding": "gzip"}), id="a compressed one"),
    pytest.param(answers(200, LONG), id="one that can't be read"),
    pytest.param(answers(500, LONG), id="a long error"),
    pytest.param(fails(429, "TooManyRequests"), id="a refusal"),
]


def client(
    server: MisbehavingServer, transport: HttpTransport, url: str = "", *, seconds: float = SECONDS
) -> WorkspaceClient:
    """Of a workspace at the server, or at another address."""
    return WorkspaceClient(
        endpoint=url or server.url,
        resource_id=RESOURCE_ID,
        credential=ApiKey(KEY),
        transport=transport,
        allowed=AllowedOrigins.parse([url or server.url]),
        timing=Timing(request_seconds=seconds, blob_seconds=seconds),
    )


async def get_job(asking: WorkspaceClient, _: MisbehavingServer) -> object:
    """Ask about a job."""
    return await asking.get_job(JOB_ID)


async def read_output(asking: WorkspaceClient, server: MisbehavingServer) -> object:
    """Read a blob."""
    uri = f"{server.url}/account/container/blob?se=2099-01-01T00%3A00%3A00Z&sig=x"
    return await asking.read_output(replace(parse_job(job()), output_location=uri), 1024 * 1024)


async def failure(answer: Awaitable[object]) -> str:
    """Why there is no answer; nobody keeps the error, as pytest would."""
    try:
        await answer
    except ServiceError as error:
        return str(error)
    return ""


async def come_true(condition: Callable[[], bool]) -> None:
    """Wait for it, for five seconds."""
    for _ in range(250):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never was")


async def all_are_gone(before: int) -> None:
    """Wait until as many connections are in memory as before: those that are closed end in the loop's next turns."""
    await come_true(lambda: connections_kept() <= before)


@pytest.mark.parametrize("ask", [get_job, read_output])
@pytest.mark.parametrize("behaviour", FAILURES)
async def test_a_connection_that_failed_lies_in_no_circle(
    behaviour: Behaviour, ask: Callable[[WorkspaceClient, MisbehavingServer], Awaitable[object]], tmp_path: Path
) -> None:
    """It has half a megabyte of buffers; until Python looks for circles there could be hundreds of it."""
    async with usual(tmp_path) as (server, transport):
        server.plays(behaviour)
        with without_collections():
            before = connections_kept()
            assert await failure(ask(client(server, transport), server))
            await all_are_gone(before)


async def test_a_connection_that_was_never_secure_lies_in_no_circle(tmp_path: Path) -> None:
    """Its handshake failed, or had no end."""
    async with usual(tmp_path) as (server, _), misbehaving_server() as silent, open_transport() as distrusting:
        url = silent.url.replace("http", "https")
        with without_collections():
            before = connections_kept()
            for asked in (client(server, distrusting), client(server, distrusting, url)):
                assert await failure(asked.get_job(JOB_ID))
            await all_are_gone(before)


async def test_a_connection_that_served_lies_in_no_circle(tmp_path: Path) -> None:
    """Each of them, for as long as an operator runs."""
    async with usual(tmp_path) as (server, transport):
        server.plays(says(job()))
        with without_collections():
            before = connections_kept()
            for _ in range(3):
                assert await client(server, transport).get_job(JOB_ID)
            await all_are_gone(before)


def parts(size: int) -> Behaviour:
    """A blob of so many bytes, in the parts that are asked for."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        first, last = (int(one) for one in request.headers["x-ms-range"].removeprefix("bytes=").split("-"))
        body = bytes(min(last + 1, size) - first)
        await answers(206, body, {"Content-Range": f"bytes {first}-{first + len(body) - 1}/{size}"})(request, writer)

    return behave


@pytest.mark.parametrize(
    ("behaviour", "ask"),
    [
        pytest.param(begins(LONG * 5), get_job, id="a job that stops"),
        pytest.param(breaks(LONG * 5), get_job, id="one that breaks off"),
        pytest.param(answers(200, LONG * 5), get_job, id="one that can't be read"),
        pytest.param(parts(900_000), read_output, id="an output"),
        pytest.param(parts(9_000_000), read_output, id="too large an output"),
    ],
)
async def test_of_an_answer_nothing_is_left(
    behaviour: Behaviour, ask: Callable[[WorkspaceClient, MisbehavingServer], Awaitable[object]], tmp_path: Path
) -> None:
    """Its place in the memory of all tenants is given back as soon as it is read, or failed."""
    async with usual(tmp_path) as (server, transport):
        server.plays(behaviour)
        asking = client(server, transport)
        await failure(ask(asking, server))  # what is read only once: modules, certificates
        with without_collections():
            tracemalloc.start()
            try:
                for _ in range(4):
                    await failure(ask(asking, server))
                server.received.clear()
                await come_true(lambda: tracemalloc.get_traced_memory()[0] <= _LITTLE)
            finally:
                tracemalloc.stop()


@pytest.mark.parametrize("behaviour", FAILURES)
async def test_the_trouble_that_a_poller_tells_holds_no_connection(
    behaviour: Behaviour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One poller of each workspace keeps its last, for as long as the service fails, and that of its list."""
    for name in ("poller", "listing"):  # pytest keeps what is logged, and the errors that it is about
        monkeypatch.setattr(logging.getLogger(f"quantumjob_operator.azure.{name}"), "disabled", True)
    news = News()
    async with usual(tmp_path) as (server, transport):
        server.plays(behaviour)
        with without_collections():
            before = connections_kept()
            asking = client(server, transport)
            pollers = [
                Poller("a/b", asking, Settings(), news, time.monotonic, news.refuse, news.change_listing)
                for _ in range(4)
            ]
            for poller in pollers:
                await fail(poller)
            await all_are_gone(before)
        for poller in pollers:
            told = [poller.trouble, poller._listing._error, poller.list_trouble]
            assert any(told)
            assert not any(frames(one) or one.__context__ or one.__cause__ for one in told if one)


async def fail(poller: Poller) -> None:
    """Ask for a list, and then about jobs, as it does."""
    for _ in range(2):
        try:
            async for _page in poller._listing.pages(poller.client, {JOB_ID}):
                del _page
        except ServiceError as error:
            poller._listing.failed(error)
    poller._listing.settle()
    for number in range(2):
        poller.watch(f"uid-{number}", JOB_ID, "Waiting", age=1.0)
    for one in poller._watched.values():
        one.due = 0.0
    poller._earliest = 0.0
    await poller.sweep()
