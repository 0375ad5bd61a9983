"""What the environment says about the way to a server, for all that share the connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import httpx
import pytest

from emulator.process import RunningEmulator
from quantumjob_operator.azure.http.transport import open_transport
from rooms.azure.misbehaving import MisbehavingServer, answers
from rooms.azure.samples import KEY

_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def answering(server: MisbehavingServer) -> MisbehavingServer:
    """A server that is content with everything."""
    server.plays(answers(200, b"{}"))
    return server


Ask = Callable[[str], Awaitable[None]]


async def ask_storage(url: str) -> None:
    """A request to storage."""
    async with open_transport() as transport, transport.storage.get(url) as answer:
        assert answer.status == 200


async def ask_service(url: str) -> None:
    """A request to the service."""
    async with open_transport() as transport:
        assert (await transport.service.get(url)).status_code == 200


by_everybody = pytest.mark.parametrize(
    "ask", [pytest.param(ask_storage, id="storage"), pytest.param(ask_service, id="service")]
)


@by_everybody
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
async def test_proxy_of_the_environment_is_used(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, variable: str, ask: Ask
) -> None:
    """A server that only the proxy could find is asked for."""
    monkeypatch.setenv(variable, answering.url)
    await ask("http://storage.invalid/blob")
    assert [one.target for one in answering.received] == ["http://storage.invalid/blob"]


@by_everybody
async def test_what_needs_no_proxy_goes_past_it(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    """The proxy is dead, and nobody notices."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    await ask(f"{answering.url}/blob")
    assert [one.target for one in answering.received] == ["/blob"]


@by_everybody
async def test_passwords_of_a_netrc_file_stay_there(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ask: Ask
) -> None:
    """The file isn't even opened: what lets a request in is the credential of its workspace, or a SAS."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    await ask(f"{answering.url}/blob")
    assert "authorization" not in answering.received[0].headers


@by_everybody
async def test_a_proxy_is_no_reason_to_lend_anybody_a_password(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ask: Ask
) -> None:
    """With a proxy, too, the file isn't opened."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", answering.url)
    await ask("http://service.invalid/jobs")
    assert not {"authorization", "proxy-authorization"} & answering.received[0].headers.keys()


@by_everybody
async def test_a_proxy_that_wants_a_password_gets_it(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    """It stands in the proxy's URL, and goes to the proxy only."""
    monkeypatch.setenv("http_proxy", answering.url.replace("//", "//somebody:something@"))
    await ask("http://service.invalid/jobs")
    (received,) = answering.received
    assert received.headers["proxy-authorization"] == "Basic c29tZWJvZHk6c29tZXRoaW5n"
    assert "authorization" not in received.headers


@by_everybody
async def test_no_error_tells_a_proxys_password(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    """Which may hold what ends it for whoever looks for passwords in texts."""
    server.plays(answers(502, b""))
    monkeypatch.setenv("https_proxy", server.url.replace("//", "//somebody:it'sA%22secret@"))
    with pytest.raises((aiohttp.ClientError, httpx.HTTPError)) as refused:
        await ask("https://service.invalid/jobs")
    error: BaseException | None = refused.value
    while error is not None:
        assert "secret" not in f"{error} {error!r}"
        error = error.__cause__ or error.__context__
    assert server.received[0].headers["proxy-authorization"] == "Basic c29tZWJvZHk6aXQnc0Eic2VjcmV0"


@by_everybody
async def test_a_proxy_without_a_scheme_is_an_http_proxy(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    """As curl and others read it."""
    monkeypatch.setenv("http_proxy", answering.url.removeprefix("http://"))
    await ask("http://service.invalid/jobs")
    assert [one.target for one in answering.received] == ["http://service.invalid/jobs"]


async def test_a_proxy_sees_of_an_https_request_only_where_it_goes(
    entra_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tunnel; what goes through it is for the server alone."""
    async with tunnelling_proxy() as (proxy, heads):
        monkeypatch.setenv("https_proxy", proxy)
        authority = entra_emulator.facts["entra_authority"]
        async with open_transport(ca_bundle=entra_emulator.facts["entra_ca_file"]) as transport:
            answer = await transport.service.get(
                f"{authority}/{uuid4()}/nothing", headers={"x-ms-quantum-api-key": KEY}
            )
    assert answer.status_code == 404
    (head,) = heads
    assert head.startswith(f"CONNECT {urlsplit(authority).netloc} HTTP/1.1")
    assert KEY not in head


@asynccontextmanager
async def tunnelling_proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that opens tunnels; its URL, and the heads of the requests that it got."""
    heads: list[str] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while some := await reader.read(65_536):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        host, _, port = heads[-1].split()[1].partition(":")
        there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
