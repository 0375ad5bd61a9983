"""A token is for the workspace's own endpoint, a secret for the identity provider: nobody else ever sees them.

The endpoint is played by a server that leads elsewhere in every way it can; elsewhere, a server records what comes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.model.errors import EndpointNotAllowed, Retryable, ServiceError
from rooms.azure.entraclients import SECRET
from rooms.azure.entraworkspace import EntraWorkspace
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, answers, misbehaving_server, says
from rooms.azure.reading import read_output
from rooms.azure.samples import JOB_ID, job

SAS_ERA = "se=2099-01-01T00%3A00%3A00Z&sig=abc"
Step = Callable[[WorkspaceClient], Awaitable[object]]


@pytest.fixture
async def elsewhere() -> AsyncIterator[MisbehavingServer]:
    """Another server, which takes whatever comes."""
    async with misbehaving_server() as running:
        running.plays(says({"value": [], "nextLink": None}))
        yield running


async def list_all(client: WorkspaceClient) -> None:
    """Read all pages of the list."""
    async for _ in client.list_jobs():
        await asyncio.sleep(0)


def get(client: WorkspaceClient) -> Awaitable[object]:
    """Ask for a job."""
    return client.get_job(JOB_ID)


def cancel(client: WorkspaceClient) -> Awaitable[object]:
    """Cancel a job."""
    return client.cancel_job(JOB_ID)


def upload(client: WorkspaceClient) -> Awaitable[object]:
    """Put a program where the service says."""
    return client.upload_program(JOB_ID, b"{}", "ionq.circuit.v1")


def read(client: WorkspaceClient) -> Awaitable[object]:
    """Read the output where the service says."""
    return read_output(client, 1000)


def redirects(status: int) -> Callable[[str], Behaviour]:
    """An endpoint that redirects."""
    return lambda place: answers(status, headers={"Location": f"{place}/taken"})


def leads_on(place: str) -> Behaviour:
    """An endpoint whose list goes on somewhere else."""
    return says({"value": [job()], "nextLink": f"{place}/jobs?api-version=x"})


def keeps_programs(place: str) -> Behaviour:
    """An endpoint whose storage is somewhere else."""
    return says({"sasUri": f"{place}/acct/job-{JOB_ID}?{SAS_ERA}"})


def keeps_outputs(place: str) -> Behaviour:
    """An endpoint whose outputs lie somewhere else."""
    return says(job(status="Succeeded", outputDataUri=f"{place}/acct/job-{JOB_ID}/rawOutputData?{SAS_ERA}"))


@pytest.mark.parametrize(
    ("lures", "step"),
    [
        pytest.param(redirects(301), get, id="a redirected GET"),
        pytest.param(redirects(307), get, id="a GET redirected for the moment"),
        pytest.param(redirects(307), cancel, id="a POST redirected for the moment"),
        pytest.param(redirects(308), cancel, id="a redirected POST"),
        pytest.param(leads_on, list_all, id="the next page of a list"),
        pytest.param(keeps_programs, upload, id="storage for the program"),
        pytest.param(keeps_outputs, read, id="storage of the output"),
    ],
)
async def test_a_token_stays_with_its_endpoint(
    entra: EntraWorkspace,
    elsewhere: MisbehavingServer,
    server: MisbehavingServer,
    lures: Callable[[str], Behaviour],
    step: Step,
) -> None:
    """Wherever the endpoint leads, nothing goes there; the endpoint itself did get the token."""
    server.plays(lures(elsewhere.url))
    async with entra.client(entra.with_secret(), server.url) as client:
        with pytest.raises(ServiceError):
            await step(client)
    assert server.received[0].headers["authorization"].startswith("Bearer eyJ")
    assert elsewhere.received == []


@pytest.mark.parametrize(
    ("lures", "step"),
    [
        pytest.param(keeps_programs, upload, id="the program's"),
        pytest.param(keeps_outputs, read, id="the output's"),
    ],
)
async def test_storage_gets_its_signature_and_no_token(
    entra: EntraWorkspace,
    elsewhere: MisbehavingServer,
    server: MisbehavingServer,
    lures: Callable[[str], Behaviour],
    step: Step,
) -> None:
    """A storage account that the administrator allows is asked, with the address's own signature only."""
    server.plays(lures(elsewhere.url))
    elsewhere.plays(answers(403))
    identity = entra.with_secret()
    token = (await identity.headers())["Authorization"].removeprefix("Bearer ")
    client = WorkspaceClient(
        endpoint=server.url,
        resource_id=httpx.URL(entra.emulator.workspace_url).path,
        credential=identity,
        transport=entra.transport,
        allowed=AllowedOrigins.parse([server.url, elsewhere.url]),
    )
    with pytest.raises(ServiceError):
        await step(client)
    await client.close()
    assert elsewhere.received
    for request in elsewhere.received:
        assert "authorization" not in request.headers
        assert token not in str(request)


async def test_a_token_is_not_sent_over_plain_http_beyond_loopback(
    entra: EntraWorkspace, elsewhere: MisbehavingServer
) -> None:
    """Not even where the administrator allows the address."""
    # A name that is this machine's, but not known to be.
    other_name = elsewhere.url.replace("127.0.0.1", "0.0.0.0")
    async with entra.client(entra.with_secret(), other_name) as client:
        with pytest.raises(EndpointNotAllowed, match="plain http"):
            await client.get_job(JOB_ID)
    assert elsewhere.received == []


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_a_secret_stays_with_the_identity_provider(
    entra: EntraWorkspace, elsewhere: MisbehavingServer, status: int
) -> None:
    """It is not repeated to where the provider redirects, and neither is an assertion."""
    await entra.change(outage=status, outage_headers={"Location": f"{elsewhere.url}/token"})
    for identity in (entra.with_secret(), entra.federated()):
        with pytest.raises(Retryable, match="authority"):
            await identity.headers()
    assert elsewhere.received == []


async def test_the_identity_provider_and_the_log_keep_the_secret(entra: EntraWorkspace) -> None:
    """What the provider's process logs at its usual level has neither the secret nor a token."""
    identity = entra.with_secret()
    token = (await identity.headers())["Authorization"].removeprefix("Bearer ")
    log = await asyncio.to_thread(Path(entra.emulator.log).read_text)
    assert SECRET not in log
    assert token not in log
    assert token not in repr(identity)
