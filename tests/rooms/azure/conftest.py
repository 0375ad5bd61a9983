"""A client of the workspace, and a server that misbehaves on purpose for it to talk to."""

import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest

from emulator.process import RunningEmulator, running_emulator
from quantumjob_operator.azure.auth import ApiKey, Credential
from quantumjob_operator.azure.client import Timing, WorkspaceClient
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from rooms.azure.entraclients import rules
from rooms.azure.entraworkspace import EntraWorkspace
from rooms.azure.misbehaving import MisbehavingServer, misbehaving_server
from rooms.azure.samples import KEY, RESOURCE_ID

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# The admin route speaks no TLS, and loading the certificates for it takes longer than most tests.
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

MakeClient = Callable[..., WorkspaceClient]


@dataclass(slots=True)
class Observed:
    """What the observer was told: (operation, word), and how often a request was not let in."""

    exchanges: list[tuple[str, str]] = field(default_factory=list)
    refusals: int = 0

    def __call__(self, operation: str, word: str, seconds: float) -> None:
        """Remember one exchange."""
        assert seconds >= 0
        self.exchanges.append((operation, word))

    def refuse(self) -> None:
        """Remember a request that was not let in."""
        self.refusals += 1


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    """A running server without a script."""
    async with misbehaving_server() as running:
        yield running


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    """Open connections."""
    async with open_transport() as opened:
        yield opened


@pytest.fixture
def observed() -> Observed:
    """An observer that remembers."""
    return Observed()


@pytest.fixture
def make_client(server: MisbehavingServer, transport: HttpTransport, observed: Observed) -> MakeClient:
    """Make a client of the misbehaving server, which is its only allowed origin unless the test says otherwise."""

    def make(
        credential: Credential | None = None,
        endpoint: str | None = None,
        allowed: AllowedOrigins | None = None,
        seconds: float = 20.0,
        owner: str = "",
    ) -> WorkspaceClient:
        return WorkspaceClient(
            endpoint=endpoint or server.url,
            resource_id=RESOURCE_ID,
            credential=credential or ApiKey(KEY),
            transport=transport,
            allowed=allowed or AllowedOrigins.parse([server.url]),
            observer=Observer(observed, observed.refuse),
            timing=Timing(request_seconds=seconds, blob_seconds=seconds, clock=lambda: NOW),
            owner=owner,
        )

    return make


@pytest.fixture
def client(make_client: MakeClient) -> WorkspaceClient:
    """The usual client."""
    return make_client()


@pytest.fixture(scope="package")
def entra_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A running workspace with its identity provider."""
    flags = ("--entra-port", "0", "--entra", json.dumps(rules()))
    with running_emulator(tmp_path_factory.mktemp("entra"), *flags) as running:
        yield running


@pytest.fixture
async def entra(entra_emulator: RunningEmulator) -> AsyncIterator[EntraWorkspace]:
    """The workspace and its identity provider with its first rules, and connections that trust it."""
    async with (
        open_transport(ca_bundle=entra_emulator.facts["entra_ca_file"]) as trusting,
        httpx.AsyncClient(base_url=f"{entra_emulator.facts['endpoint']}admin", timeout=30.0, verify=_NO_TLS) as admin,
    ):
        running = EntraWorkspace(entra_emulator, trusting, admin)
        await running.reset()
        yield running
