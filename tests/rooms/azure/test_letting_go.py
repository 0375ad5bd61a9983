"""Connections that are not kept: gone at once, from this process and from the kernel, whatever their server does.

Each server here answers, and then neither reads on nor closes, nor says farewell in TLS.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import pytest

from devcluster.certificates import Authority
from quantumjob_operator.azure.blob_requests import put_blob
from quantumjob_operator.azure.exchange import Timing
from quantumjob_operator.azure.failures import StorageAnswer
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.errors import Retryable, ServiceError
from rooms.azure.misbehaving import Received
from rooms.azure.samples import JOB_ID, job
from rooms.azure.test_environment import tunnelling_proxy
from rooms.azure.test_handshake_turns import client, shown, usual

REQUESTS: Final = 8
PROGRAM: Final = bytes(8 * 1024 * 1024)
"""More than any kernel takes for who does not read."""
FAREWELL: Final = 1
"""What TCP counts for saying that nothing more comes."""
CLOSING: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


class Lingering:
    """A server that answers each request by its head, and holds on to the connection for as long as it lives.

    Attributes:
        url: Where it is.
        answer: What it says, whatever it is asked; and goes on saying, without an end, if it is endless.
        asked: Whether anybody has.
        go_on: Whether it may say the rest.
    """

    def __init__(self, answer: bytes, *, endless: bool = False, later: bytes = b"") -> None:
        self.url = ""
        self.answer = answer
        self._later = later
        self._endless = endless
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()
        self._over = asyncio.Event()

    @asynccontextmanager
    async def serving(self, trust: ssl.SSLContext | None) -> AsyncIterator[None]:
        """Listen, in TLS if there is something to show for it."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=trust)
        self.url = f"{'https' if trust else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            self._over.set()
            listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            cast("asyncio.Transport", writer.transport).pause_reading()
            self.asked.set()
            writer.write(self.answer)
            while self._endless and not self._over.is_set():
                writer.write(bytes(16 * 1024))
                await writer.drain()
            if self._later:
                await self.go_on.wait()
                writer.write(self._later)
        await self._over.wait()
        writer.transport.abort()


def whole(body: bytes, head: bytes = CLOSING) -> bytes:
    """An answer with its length."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def held(url: str) -> list[str]:
    """The connections to a server of which a process has a file descriptor, or the kernel has bytes to send."""
    ends = (line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
    to_server = (end for end in ends if int(end[2].partition(":")[2], 16) == urlsplit(url).port)
    return [" ".join(end) for end in to_server if end[9] != "0" or int(end[4].partition(":")[0], 16) > FAREWELL]


async def still_held(url: str) -> list[str]:
    """The same after some turns of the loop, without any time to wait for anything."""
    for _ in range(20):
        await asyncio.sleep(0)
    return held(url)


@asynccontextmanager
async def lingering(server: Lingering, folder: Path, *, secure: bool) -> AsyncIterator[HttpTransport]:
    """The server, and connections that trust it."""
    authority = Authority.create(folder, "authority")
    authority.issue_for_loopback("server")
    async with (
        open_transport(ca_bundle=str(authority.ca_file)) as transport,
        server.serving(shown(folder) if secure else None),
    ):
        yield transport


secure_or_not = pytest.mark.parametrize("secure", [pytest.param(True, id="TLS"), pytest.param(False, id="plain")])
in_all_ways = pytest.mark.parametrize(
    "server",
    [
        pytest.param(lambda: Lingering(whole(b"{}")), id="an answer, and Connection: close"),
        pytest.param(lambda: Lingering(CLOSING.replace(b"200", b"403") + b"\r\n", endless=True), id="error too long"),
        pytest.param(lambda: Lingering(CLOSING + b"\r\n", endless=True), id="an answer too long"),
        pytest.param(lambda: Lingering(whole(b"{}", CLOSING + b"Content-Encoding: gzip\r\n")), id="compressed"),
        pytest.param(lambda: Lingering(b"what is HTTP?\r\n\r\n"), id="no HTTP"),
        pytest.param(lambda: Lingering(b""), id="no answer in time"),
    ],
)


@secure_or_not
@in_all_ways
async def test_what_is_not_kept_is_gone_at_once(
    server: Callable[[], Lingering], tmp_path: Path, *, secure: bool
) -> None:
    """Half a minute of each was 300 KiB and a file descriptor, of as many as a tenant asked for in that time."""
    async with lingering(hostile := server(), tmp_path, secure=secure) as transport:
        asking = client(hostile.url, transport)
        if not hostile.answer:
            asking = client(hostile.url, transport, timing=Timing(request_seconds=1.0))
        ends = await asyncio.gather(*(asking.get_job(JOB_ID) for _ in range(REQUESTS)), return_exceptions=True)
        assert {isinstance(end, ServiceError) for end in ends} == {True}
        assert await still_held(hostile.url) == []


@secure_or_not
async def test_what_is_no_answer_any_more_ends_a_connection_that_waits(tmp_path: Path, *, secure: bool) -> None:
    """It was kept for another request, and nobody would look at it before there is one."""
    kept = Lingering(whole(json.dumps(job()).encode(), b"HTTP/1.1 200 OK\r\n"), later=b"what is HTTP?\r\n\r\n")
    async with lingering(kept, tmp_path, secure=secure) as transport:
        await client(kept.url, transport).get_job(JOB_ID)
        assert await still_held(kept.url) != []
        kept.go_on.set()
        await still_held(kept.url)
        assert await still_held(kept.url) == []


async def test_so_it_is_behind_a_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There TLS begins on a connection that is open already."""
    async with tunnelling_proxy() as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)
        async with lingering(hostile := Lingering(whole(b"{}")), tmp_path, secure=True) as transport:
            with pytest.raises(Retryable):
                await client(hostile.url, transport).get_job(JOB_ID)
            assert len(heads) == 1
            assert await still_held(proxy) == []


@secure_or_not
async def test_who_is_cancelled_leaves_nothing(tmp_path: Path, *, secure: bool) -> None:
    """The request was sent, and its answer is wanted by nobody any more."""
    async with lingering(hostile := Lingering(b""), tmp_path, secure=secure) as transport:
        asking = asyncio.create_task(client(hostile.url, transport).get_job(JOB_ID))
        await hostile.asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert await still_held(hostile.url) == []


@secure_or_not
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_nothing_is_kept_of_a_program_that_storage_does_not_read(tmp_path: Path, *, secure: bool) -> None:
    """It refuses at the head, and the rest of the program waited for half a minute: here, and in the kernel."""
    refused = Lingering(whole(b"", CLOSING.replace(b"200", b"503")))
    async with lingering(refused, tmp_path, secure=secure) as transport:
        for _ in range(REQUESTS):
            with pytest.raises(StorageAnswer):
                await put_blob(transport.storage, f"{refused.url}/c/b?sig=1", PROGRAM, "qir.v1", only_new=False)
        assert await still_held(refused.url) == []


async def test_an_answer_that_ends_with_its_connection_is_read_whole(tmp_path: Path) -> None:
    """The connection is let go after the last byte and not before."""
    body = json.dumps(long := {**job(), "tags": ["t" * 100] * 2000}).encode()

    async def closes(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(CLOSING + b"\r\n" + body)

    async with usual(tmp_path) as (server, transport):
        server.plays(closes)
        answers = await asyncio.gather(*(client(server.url, transport).get_job(JOB_ID) for _ in range(REQUESTS)))
    assert answers == [parse_job(long)] * REQUESTS
