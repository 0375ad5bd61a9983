"""A connection to an API server that does as it is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quantumjob_operator.cluster.api import Api
from rooms.azure.misbehaving import MisbehavingServer, misbehaving_server
from rooms.cluster.connecting import connected


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    """A server that does as it is told."""
    async with misbehaving_server() as running:
        yield running


@pytest.fixture
async def api(server: MisbehavingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """A connection to it."""
    opened = await connected(server.url, tmp_path, monkeypatch)
    yield opened
    await opened.close()
