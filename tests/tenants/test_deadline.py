"""A reconciliation that takes too long is cut off, and nothing that it has sent is forgotten."""

import asyncio
import time

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.settings import Settings
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, answers, says, stays_silent
from rooms.azure.samples import KEY, RESOURCE_ID, SAS
from rooms.lifecycle.observations import PROGRAM, claimed, remote, seen
from rooms.model.bodies import workspace


def submitter(settings: Settings) -> Submitter:
    """A submitter whose claim is too young to be read again."""
    known = Cache()
    known.put_job(claimed())
    return Submitter(
        objects=Objects(Api(None)),
        cache=known,
        quotas=QuotaGuards(time.monotonic, known.workspaces),
        settings=settings,
        clock=Clock(time.monotonic),
        holder="this-process",
        metrics=Metrics(),
    )


def a_context(server: MisbehavingServer, transport: HttpTransport) -> ReconcileContext:
    """A reconciliation of a job that this process has claimed a moment ago, and of which the service knows nothing."""
    client = WorkspaceClient(
        endpoint=server.url,
        resource_id=RESOURCE_ID,
        credential=ApiKey(KEY),
        transport=transport,
        allowed=AllowedOrigins.parse([server.url]),
    )
    job = claimed()
    now = time.monotonic()
    sure = FenceState(claimed_at=now, never_sent=True)
    facts = seen(job, remote=ABSENT, program=PROGRAM, never_sent=True)
    memory = Memory(job, fence_state=sure, program=b"{}")
    return ReconcileContext(facts, memory, Connection(workspace(), client), job.status, Objects(Api(None)))


def takes_the_program(server: MisbehavingServer) -> Behaviour:
    """A service and a storage that do everything but answer to the job's own PUT."""
    shown = says({"sasUri": f"{server.url}/container?{SAS}"})

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        usual = shown if "sasUri" in request.path else answers(201)
        await (stays_silent() if "/jobs/" in request.path else usual)(request, writer)

    return behave


async def knows_every_id(request: Received, writer: asyncio.StreamWriter) -> None:
    """A service that has every job that it is asked for."""
    await says({"id": request.path.rpartition("/")[2], "status": "Waiting"})(request, writer)


async def test_a_put_that_is_cut_off_is_doubted(server: MisbehavingServer, transport: HttpTransport) -> None:
    """It may have taken effect: for a whole fence no answer of the service is believed to say the contrary."""
    context, settings = a_context(server, transport), Settings()
    server.plays(takes_the_program(server))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await submitter(settings).submit(context)
    assert server.received[-1].method == "PUT"
    assert "/jobs/" in server.received[-1].path
    left = context.memory.fence_state.fence_left(time.monotonic())
    assert settings.fence_seconds - 5 < left <= settings.fence_seconds
    assert not context.memory.fence_state.never_sent


async def test_what_is_cut_off_before_the_put_leaves_no_doubt(
    server: MisbehavingServer, transport: HttpTransport
) -> None:
    """Nothing was sent, and it is known that nothing was."""
    context = a_context(server, transport)
    server.plays(says({"sasUri": f"{server.url}/container?{SAS}"}), stays_silent())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await submitter(Settings()).submit(context)
    assert context.memory.fence_state.never_sent
    assert context.memory.fence_state.fence_left(time.monotonic()) == 0


async def test_attempts_are_looked_for_up_to_a_bound(server: MisbehavingServer, transport: HttpTransport) -> None:
    """A service that knows every id is not asked for ever, and nothing is claimed on its word."""
    context = a_context(server, transport)
    context.know(remote=remote())
    server.plays(knows_every_id)
    await submitter(Settings()).find_last_attempt(context)
    assert isinstance(context.seen.remote, Trouble)
    assert context.seen.remote.reason == "AttemptsUnexplained"
    assert len(server.received) == 21


async def test_attempts_are_looked_for_in_half_of_a_looks_time(
    server: MisbehavingServer, transport: HttpTransport
) -> None:
    """A service that knows every id and takes its time gives the worker back, too."""

    async def takes_its_time(request: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await knows_every_id(request, writer)

    context, settings = a_context(server, transport), Settings(request_timeout_seconds=0.1, workers=1)
    context.know(remote=remote())
    server.plays(takes_its_time)
    await submitter(settings).find_last_attempt(context)
    assert isinstance(context.seen.remote, Trouble)
    assert context.seen.remote.reason == "ServiceUnavailable"
    assert len(server.received) < 21
