"""Connections are kept while what they were made from stays as it is, and made anew when it changes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.naming import WORKSPACE_FINALIZER
from rooms.azure.workspaces import SECRET, WORKSPACE, Bench, by_name, open_bench
from rooms.lifecycle.observations import claimed
from rooms.model.bodies import workspace


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench."""
    async with open_bench() as opened:
        yield opened


@pytest.mark.parametrize(
    "finalizers", [pytest.param([WORKSPACE_FINALIZER], id="its Secret"), pytest.param([], id="the mark of its use")]
)
async def test_a_job_says_what_of_its_workspace_the_api_server_refuses(bench: Bench, finalizers: list[str]) -> None:
    """It waits and says for what; no answer at all says nothing of the workspace."""
    cache = Cache()
    cache.put_workspace(workspace(finalizers=finalizers))
    way = bench.workspaces(cache)
    bench.store.broken = 403
    found = await way.for_job(claimed())
    assert isinstance(found, Trouble)
    assert found.reason == "WorkspaceNotReady"
    assert "refuses the operator what it needs of it: because" in found.message
    bench.store.broken = 500
    with pytest.raises(ClusterError):
        await way.for_job(claimed())


async def test_the_same_key_is_no_other_one_because_it_was_refused(bench: Bench) -> None:
    """Whoever goes on with it asks no earlier than was planned."""
    assert not (await bench.connection()).refused
    await bench.connections.refuse(WORKSPACE.uid)
    assert (await bench.connection()).refused
    await bench.connections.refuse(WORKSPACE.uid)
    bench.store.secrets[SECRET] = "second"
    assert not (await bench.connection()).refused


async def test_what_stays_as_it_is_stays_connected(bench: Bench) -> None:
    """A kept connection needs no look at the Secret, and a reconciliation that finds the same changes nothing."""
    first = await bench.connection()
    assert await bench.connection() is first
    assert len(bench.store.asked) == 1
    assert await bench.connections.refresh(WORKSPACE) is first
    assert len(bench.store.asked) == 2


async def test_many_jobs_that_begin_together_read_the_secret_once(bench: Bench) -> None:
    """They get the same connection."""
    made = await asyncio.gather(*(bench.connections.get(WORKSPACE) for _ in range(5)))
    assert all(one is made[0] for one in made)
    assert len(bench.store.asked) == 1


async def test_a_changed_secret_is_taken_up_by_the_next_look(bench: Bench) -> None:
    """Jobs go on with the old connection until then, and with the new one from then on."""
    first = await bench.connection()
    bench.store.secrets[SECRET] = "second"
    assert await bench.connection() is first
    second = await bench.connections.refresh(WORKSPACE)
    assert second is not first
    assert await bench.connection() is second


async def test_a_changed_spec_is_taken_up_at_once(bench: Bench) -> None:
    """A generation is a reading of the spec."""
    first = await bench.connection()
    second = await bench.connections.get(workspace({"location": "westus"}, generation=2))
    assert isinstance(second, Connection)
    assert second is not first


async def test_an_api_server_that_is_down_takes_nothing_away(bench: Bench) -> None:
    """A reconciliation that failed is no news of the Secret."""
    first = await bench.connection()
    bench.store.broken = 503
    with pytest.raises(ClusterError):
        await bench.connections.refresh(WORKSPACE)
    assert await bench.connection() is first


async def test_refused_credentials_are_not_held(bench: Bench) -> None:
    """They would not cancel either."""
    await bench.connection()
    await bench.connections.drop(WORKSPACE.uid)
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is None
    assert len(bench.store.asked) == 1
    await bench.connection()
    assert len(bench.store.asked) == 2
