"""What the environment says about the way to a server, for all that share the connections."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from quantumjob_operator.workspace.transport import open_transport
from workspace.misbehaving import MisbehavingServer, answers

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
    """A request as Azure's libraries send it."""
    async with open_transport() as transport:
        session: Any = transport.storage.session
        request: AbstractAsyncContextManager[Any] = session.get(url)
        async with request as answer:
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


async def test_a_proxy_is_no_reason_to_lend_the_service_a_password(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a proxy, too, the file isn't opened."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", answering.url)
    await ask_service("http://service.invalid/jobs")
    assert not {"authorization", "proxy-authorization"} & answering.received[0].headers.keys()


async def test_a_proxy_that_wants_a_password_gets_it(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in the proxy's URL, and goes to the proxy only."""
    monkeypatch.setenv("http_proxy", answering.url.replace("//", "//somebody:something@"))
    await ask_service("http://service.invalid/jobs")
    (received,) = answering.received
    assert received.headers["proxy-authorization"] == "Basic c29tZWJvZHk6c29tZXRoaW5n"
    assert "authorization" not in received.headers
