"""What a client of a workspace spends of its budget, and what stops it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import Timing, WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.model.errors import ServiceError, Throttled
from quantumjob_operator.scheduling.rate_limiter import RateLimiter
from quantumjob_operator.scheduling.token_bucket import TokenBucket
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, answers, fails, says
from rooms.azure.samples import DEFINITION, JOB_ID, KEY, LOCATION, RESOURCE_ID, job

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FOR_EVER = 1e-6
MakeClient = Callable[[float], WorkspaceClient]


@pytest.fixture
def make_client(server: MisbehavingServer, transport: HttpTransport) -> MakeClient:
    """A client whose budget has so many requests, and then none for days."""

    def make(requests: float) -> WorkspaceClient:
        return WorkspaceClient(
            endpoint=server.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([server.url]),
            timing=Timing(clock=lambda: NOW),
            rate_limiter=RateLimiter(TokenBucket.full(FOR_EVER, requests, time.monotonic()), time.monotonic),
        )

    return make


async def test_all_operations_share_one_budget(server: MisbehavingServer, make_client: MakeClient) -> None:
    """A reconciliation, a submission and a cancellation cost one each, in whose name ever; the fourth request waits."""
    server.plays(says(job()))
    client = make_client(3)
    await client.on_behalf("research").get_job(JOB_ID)
    await client.on_behalf("teaching").wait_for_turn()
    await client.put_job(DEFINITION, LOCATION)
    await client.wait_for_turn(cancelling=True)
    await client.cancel_job(JOB_ID)
    waiting = asyncio.create_task(client.get_job(JOB_ID))
    _, pending = await asyncio.wait({waiting}, timeout=0.05)
    waiting.cancel()
    assert (pending, len(server.received)) == ({waiting}, 3)


async def test_the_turn_of_a_put_is_waited_for_before_it(server: MisbehavingServer, make_client: MakeClient) -> None:
    """When the PUT is asked for it starts at once: whether its claim is fresh is decided after the wait."""
    server.plays(says(job()))
    client = make_client(1)
    await client.wait_for_turn()
    await client.put_job(DEFINITION, LOCATION, may_start=lambda: True)
    assert len(server.received) == 1


async def test_the_turn_of_a_cancellation_is_waited_for_before_it(
    server: MisbehavingServer, make_client: MakeClient
) -> None:
    """When it is asked for it starts at once: whether another object has the job by now is looked at after the wait."""
    server.plays(answers(204, b""))
    client = make_client(1)
    await client.wait_for_turn(cancelling=True)
    await client.cancel_job(JOB_ID)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("behaviour", "stopped"),
    [
        pytest.param(fails(429, "TooManyRequests", headers={"Retry-After": "7"}), True, id="429 with Retry-After"),
        pytest.param(answers(503, b"", {"Retry-After": "7"}), True, id="503 with Retry-After"),
        pytest.param(fails(429, "TooManyRequests"), False, id="429 that asks for no pause"),
        pytest.param(
            fails(409, "TargetUnavailable", headers={"Retry-After": "7"}), False, id="a target that is down is no pause"
        ),
        pytest.param(answers(500, b"", {"Retry-After": "7"}), False, id="500 speaks of one request"),
    ],
)
async def test_what_stops_the_budget(
    server: MisbehavingServer, make_client: MakeClient, behaviour: Behaviour, *, stopped: bool
) -> None:
    """A pause that the service asks for holds for all namespaces and operations; nothing more is sent."""
    server.plays(behaviour)
    client = make_client(9)
    with pytest.raises(ServiceError):
        await client.on_behalf("research").get_job(JOB_ID)
    other = client.on_behalf("teaching", cancelling=True)
    with pytest.raises(ServiceError) as told:
        await other.get_job(JOB_ID)
    assert len(server.received) == (1 if stopped else 2)
    if stopped:
        assert isinstance(told.value, Throttled)
        assert told.value.retry_after == pytest.approx(7, abs=2)


def headers_of(server: MisbehavingServer) -> list[Mapping[str, str]]:
    """The headers of each request."""
    return [one.headers for one in server.received]


async def test_namespaces_are_no_business_of_the_service(server: MisbehavingServer, make_client: MakeClient) -> None:
    """Whose turn a request takes changes nothing of what is sent."""
    server.plays(says(job()))
    client = make_client(9)
    await client.get_job(JOB_ID)
    await client.on_behalf("research", cancelling=True).get_job(JOB_ID)
    plain, in_a_name = ({k: v for k, v in one.items() if "request-id" not in k} for one in headers_of(server))
    assert plain == in_a_name
