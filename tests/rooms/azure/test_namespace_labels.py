"""Labels of namespaces are believed for a moment, and those of names that are made up are not kept."""

from collections.abc import AsyncIterator

import pytest

from quantumjob_operator.cluster.api import ClusterError
from rooms.azure.workspaces import Bench, open_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench."""
    async with open_bench() as opened:
        yield opened


async def test_labels_are_believed_for_a_moment(bench: Bench) -> None:
    """A burst of jobs reads the namespace once; what could not be read is None, and an outage is no answer."""
    bench.store.labels["research"] = {"team": "a"}
    assert bench.namespaces.known("research") is None
    for _ in range(3):
        assert await bench.namespaces.labels("research") == {"team": "a"}
    assert len(bench.store.asked) == 1
    bench.store.labels["research"] = {}
    bench.now[0] += 10
    assert await bench.namespaces.labels("research") == {}
    assert await bench.namespaces.labels("gone") is None
    bench.store.broken = 503
    bench.now[0] += 10
    with pytest.raises(ClusterError):
        await bench.namespaces.labels("research")
    assert bench.namespaces.known("research") == {}


async def test_namespaces_that_are_not_there_are_forgotten(bench: Bench) -> None:
    """Anybody can make names up; those that exist are kept, because they say who may use a workspace."""
    bench.store.labels["research"] = {"team": "a"}
    await bench.namespaces.labels("research")
    for number in range(5):
        await bench.namespaces.labels(f"made-up-{number}")
        bench.now[0] += 10
    await bench.namespaces.labels("research")
    assert len(bench.namespaces) == 1
    assert bench.namespaces.known("research") == {"team": "a"}
