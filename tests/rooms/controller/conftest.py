"""Fixtures of what needs real connections to an API server and to a service, both of them played.

Must not live here: what stands behind them (`submitting`).
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rooms.controller.submitting import Parts, Scene, connections


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    """Connections to an API server and to a service; to open them takes longer than all else."""
    async with connections(tmp_path_factory.mktemp("cluster")) as opened:
        yield opened


@pytest.fixture
def scene(parts: Parts) -> Scene:
    """A submitter between an API server and a service, both of them new."""
    return Scene.of(*parts)
