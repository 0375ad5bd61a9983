"""A workspace that is gone, or has lost its Secret: jobs can be cancelled for a while, and nothing else is left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from quantumjob_operator.azure.connections import HELD_SECONDS, Connection
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.scheduling.work_queue import WorkQueue
from rooms.azure.workspaces import SECRET, WORKSPACE, Bench, by_name, open_bench
from rooms.lifecycle.observations import accepted


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench."""
    async with open_bench() as opened:
        yield opened


async def test_who_follows_the_last_job_of_a_workspace_ends(bench: Bench) -> None:
    """Also by the connection that is held for cancelling: thousands may come and go."""
    cache = Cache()
    way = bench.workspaces(cache)
    way.wake, way.learn_place = (lambda *_, **__: None), (lambda *_: None)
    connection, first, second = await bench.connection(), accepted(), replace(accepted(), uid="another")
    way.follow(connection, first, "job-1")
    way.follow(connection, second, "job-2")
    followed = asyncio.all_tasks() - {asyncio.current_task()}
    way.unfollow(first.uid)
    assert len(list(way.pollers())) == 1
    way.unfollow(second.uid)
    assert list(way.pollers()) == []
    _, pending = await asyncio.wait([one for one in followed if "research/default" in one.get_name()], timeout=1)
    assert not pending
    cache.put_workspace(WORKSPACE)
    way.follow(connection, first, "job-1")
    way.unfollow(first.uid)
    assert list(way.pollers()) == [], "nor does a workspace that is there take anything without a job"
    await way.close()


async def test_a_workspace_that_goes_while_its_credential_is_read_leaves_nothing_open(bench: Bench) -> None:
    """Nobody would close it, and what it authenticates with would be kept for good."""
    bench.gone.add(WORKSPACE.uid)
    found = await bench.connections.get(WORKSPACE)
    assert isinstance(found, Trouble)
    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], by_name) is None
    bench.gone.clear()
    assert isinstance(await bench.connections.get(WORKSPACE), Connection)


async def test_a_workspace_that_goes_while_its_credential_is_read_is_held_for_what_runs(bench: Bench) -> None:
    """What it authenticated with before is all there is to cancel its jobs with."""
    assert isinstance(await bench.connections.get(WORKSPACE), Connection)
    bench.connections.use(WORKSPACE.uid)
    bench.gone.add(WORKSPACE.uid)
    await bench.connections.gone(WORKSPACE.uid)
    assert isinstance(await bench.connections.refresh(WORKSPACE), Trouble)
    held = bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], by_name)
    assert held is not None
    assert held.cancel_only


async def test_jobs_of_a_workspace_that_is_removed_by_force_look_for_it(bench: Bench) -> None:
    """Nobody asks about them any more: they say so, and go on when it is made anew."""
    cache = Cache()
    queue: WorkQueue[str] = WorkQueue(lambda: bench.now[0])
    way = bench.workspaces(cache, queue)
    way.wake, way.learn_place = (lambda *_, **__: None), (lambda *_: None)
    cache.put_workspace(WORKSPACE)
    way.follow(await bench.connection(), accepted(), "job-1")
    cache.remove(WORKSPACE.uid)
    assert way.serves(WORKSPACE.uid), "whether it had its turn before or not"
    await way.forget(WORKSPACE.uid)
    assert not way.serves(WORKSPACE.uid)
    assert len(queue) == 1
    await way.close()


async def test_a_lost_secret_leaves_a_connection_for_cancelling(bench: Bench) -> None:
    """New jobs are told what is missing; the last good client cancels, until the Secret is there again."""
    first = await bench.connection()
    del bench.store.secrets[SECRET]
    for reconciliation in (bench.connections.refresh, bench.connections.get):
        trouble = await reconciliation(WORKSPACE)
        assert isinstance(trouble, Trouble)
        assert trouble.reason == "CredentialsNotFound"
    held = bench.connections.for_cancelling(None, [WORKSPACE.key], by_name)
    assert held is not None
    assert (held.client, held.cancel_only) == (first.client, True)
    bench.store.secrets[SECRET] = "first"
    again = await bench.connection()
    assert again.cancel_only is False
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is again


async def test_another_workspace_is_never_cancelled_with(bench: Bench) -> None:
    """Whether open or held: which object may serve a job is asked for each."""
    await bench.connection()
    asked: list[str] = []

    def refuse(one: QuantumWorkspace) -> bool:
        asked.append(one.uid)
        return False

    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], refuse) is None
    await bench.connections.hold(WORKSPACE.uid)
    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], refuse) is None
    assert asked == [WORKSPACE.uid, WORKSPACE.uid]


async def test_a_lost_workspace_object_leaves_a_connection_for_a_day(bench: Bench) -> None:
    """Longer than any deletion waits, and not for ever."""
    await bench.connection()
    await bench.connections.hold(WORKSPACE.uid)
    bench.now[0] += HELD_SECONDS - 1
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is not None
    bench.now[0] += 2
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is None
