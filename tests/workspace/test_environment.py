"""What the environment says about the way to a server, for the connections of Azure's libraries."""

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


async def ask(url: str) -> None:
    """A request as Azure's libraries send it."""
    async with open_transport() as transport:
        session: Any = transport.storage.session
        request: AbstractAsyncContextManager[Any] = session.get(url)
        async with request as answer:
            assert answer.status == 200


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
async def test_proxy_of_the_environment_is_used(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A server that only the proxy could find is asked for."""
    monkeypatch.setenv(variable, answering.url)
    await ask("http://storage.invalid/blob")
    assert [one.target for one in answering.received] == ["http://storage.invalid/blob"]


async def test_what_needs_no_proxy_goes_past_it(answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is dead, and nobody notices."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    await ask(f"{answering.url}/blob")
    assert [one.target for one in answering.received] == ["/blob"]


async def test_passwords_of_a_netrc_file_stay_there(
    answering: MisbehavingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file isn't even opened: what lets a request in is the credential of its workspace, or a SAS."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    await ask(f"{answering.url}/blob")
    assert "authorization" not in answering.received[0].headers
