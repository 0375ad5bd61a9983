"""The client with a workspace that speaks the whole protocol and keeps its blobs in Azurite."""

import asyncio
import logging
import traceback
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from emulator.process import RunningEmulator, running_emulator
from quantumjob_operator.azure.auth import ApiKey, Credential
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.azure.log_redaction import redact_logging
from quantumjob_operator.azure.wire import JobDefinition
from quantumjob_operator.model.errors import Applied, CredentialsRefused, Retryable, ServiceError, Throttled
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob
from rooms.azure.reading import read_output
from rooms.azure.renewal import RenewableToken
from rooms.azure.samples import DEFINITION, TOKEN

BELL = b'{"qubits":2,"circuit":[{"gate":"h","target":0},{"gate":"cnot","control":0,"target":1}]}'
FINAL = {"Succeeded", "Failed", "Cancelled"}
LIMIT = 1024 * 1024


@pytest.fixture(scope="module")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A running workspace whose jobs do not wait."""
    flags = ("--waiting-seconds", "0", "--executing-seconds", "0", "--seed", "1", "--bearer-tokens", f'["{TOKEN}-new"]')
    with running_emulator(tmp_path_factory.mktemp("workspace"), *flags) as running:
        yield running


class Admin:
    """Steers the workspace and reads its books."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def reset(self) -> None:
        """Back to the first settings, without faults."""
        for name in ("/settings", "/faults"):
            (await self._http.delete(name)).raise_for_status()

    async def set(self, **settings: Any) -> None:
        """Change some settings."""
        (await self._http.put("/settings", json=settings)).raise_for_status()

    async def fail_once(self, operation: str, **fault: Any) -> None:
        """Let the next call of an operation go wrong."""
        fault = {"operation": operation, "count": 1, **fault}
        (await self._http.post("/faults", json=fault)).raise_for_status()

    async def billed_runs(self, job_id: str) -> int:
        """How often a job was billed."""
        answer = await self._http.get("/ledger")
        return len([run for run in answer.json()["runs"] if job_id in str(run)])


@pytest.fixture
async def admin(emulator_process: RunningEmulator) -> AsyncIterator[Admin]:
    """The workspace's books; it starts each test with its first settings and no faults."""
    async with httpx.AsyncClient(base_url=f"{emulator_process.facts['endpoint']}admin", timeout=30.0) as http:
        steering = Admin(http)
        await steering.reset()
        yield steering


@pytest.fixture
def allowed(emulator_process: RunningEmulator) -> AllowedOrigins:
    """The workspace and its storage."""
    facts = emulator_process.facts
    storage = httpx.URL(facts["storage_url"])
    return AllowedOrigins.parse([facts["endpoint"], f"{storage.scheme}://{storage.netloc.decode()}"])


@asynccontextmanager
async def connected(
    emulator: RunningEmulator, transport: HttpTransport, allowed: AllowedOrigins, credential: Credential
) -> AsyncIterator[WorkspaceClient]:
    """A client of the running workspace."""
    client = WorkspaceClient(
        endpoint=emulator.facts["endpoint"],
        resource_id=httpx.URL(emulator.workspace_url).path,
        credential=credential,
        transport=transport,
        allowed=allowed,
    )
    yield client
    await client.close()


@pytest.fixture
async def workspace(
    emulator_process: RunningEmulator, transport: HttpTransport, allowed: AllowedOrigins, admin: Admin
) -> AsyncIterator[WorkspaceClient]:
    """A client with the workspace's key."""
    assert admin
    key = ApiKey(emulator_process.facts["api_key"])
    async with connected(emulator_process, transport, allowed, key) as client:
        yield client


def new_job(**fields: Any) -> JobDefinition:
    """A definition with an id of its own."""
    return replace(DEFINITION, job_id=str(uuid.uuid4()), **fields)


async def submitted(client: WorkspaceClient, content: bytes = BELL, **fields: Any) -> RemoteJob:
    """A job that the workspace has accepted."""
    definition = new_job(**fields)
    location = await client.upload_program(definition.job_id, content, definition.input_format)
    return await client.put_job(definition, location)


async def finished(client: WorkspaceClient, job_id: str) -> RemoteJob:
    """The job once it is final."""
    async with asyncio.timeout(60):
        while True:
            job = await client.get_job(job_id)
            assert job is not None
            if job.status in FINAL:
                return job
            await asyncio.sleep(0.05)


async def test_a_job_from_upload_to_output(workspace: WorkspaceClient) -> None:
    """The program is uploaded and run, and the result is read from the blob that the service names."""
    job = await submitted(workspace, metadata={"quantumjobs_uid": "42"}, tags=("bell",))
    done = await finished(workspace, job.id)
    output = await read_output(workspace, LIMIT, job.id)
    assert (done.status, done.error, done.metadata) == ("Succeeded", None, {"quantumjobs_uid": "42"})
    assert done.output_uri is not None
    assert "?" not in done.output_uri
    assert output.body is not None
    assert b"histogram" in output.body


async def test_an_output_over_the_limit(workspace: WorkspaceClient) -> None:
    """A limit of a few bytes is noticed, and one of exactly the size is not."""
    job = await submitted(workspace)
    await finished(workspace, job.id)
    body = (await read_output(workspace, LIMIT, job.id)).body
    assert body is not None
    assert (await read_output(workspace, len(body), job.id)).body == body
    assert (await read_output(workspace, len(body) - 1, job.id)).too_large


async def test_a_broken_program(workspace: WorkspaceClient) -> None:
    """The service's words about a failed job come through."""
    job = await submitted(workspace, content=b"{")
    done = await finished(workspace, job.id)
    assert done.status == "Failed"
    assert done.error is not None
    assert done.error.code
    assert done.error.message


async def test_a_second_upload(workspace: WorkspaceClient) -> None:
    """A blob of an earlier attempt is overwritten where it differs, and the newest program is the one that runs."""
    definition = new_job()
    await workspace.upload_program(definition.job_id, b"{", definition.input_format)
    await workspace.upload_program(definition.job_id, BELL, definition.input_format)
    location = await workspace.upload_program(definition.job_id, BELL, definition.input_format)
    await workspace.put_job(definition, location)
    assert (await finished(workspace, definition.job_id)).status == "Succeeded"


async def test_cancelling(workspace: WorkspaceClient, admin: Admin) -> None:
    """A waiting job is cancelled; a final one is not to be cancelled."""
    await admin.set(waiting_seconds=600, final_cancel="conflict")
    job = await submitted(workspace)
    assert await workspace.cancel_job(job.id) is CancelAnswer.ACCEPTED
    assert (await finished(workspace, job.id)).status == "Cancelled"
    assert await workspace.cancel_job(job.id) is CancelAnswer.NOT_CANCELLABLE


async def test_a_job_that_was_never_there(workspace: WorkspaceClient) -> None:
    """The service's own 404 is an answer."""
    unknown = str(uuid.uuid4())
    assert await workspace.get_job(unknown) is None
    assert await workspace.cancel_job(unknown) is CancelAnswer.ABSENT


async def test_lists_over_several_pages(workspace: WorkspaceClient, admin: Admin) -> None:
    """Pages of two rows are followed to the end, and a filter is honoured."""
    name = f"paged-{uuid.uuid4()}"
    ids = {(await submitted(workspace, name=name)).id for _ in range(5)}
    await admin.set(page_size=2)
    pages = [page async for page in workspace.list_jobs(filter=f"startswith(Name, '{name}')")]
    assert len(pages) == 3
    assert {job.id for page in pages for job in page} == ids
    targets = await workspace.provider_status()
    assert {"ionq", "quantinuum"} <= {row.provider for row in targets}
    assert len({(row.provider, row.target) for row in targets}) == len(targets)
    assert {row.dimension for row in await workspace.quotas()}


@pytest.mark.parametrize(
    ("fault", "kind", "applied", "runs"),
    [
        pytest.param({"kind": "status-before", "status": 429}, Throttled, Applied.NO, 0, id="429"),
        pytest.param({"kind": "status-after", "status": 503}, Retryable, Applied.UNKNOWN, 1, id="503 after the effect"),
        pytest.param({"kind": "status-before", "status": 503}, Retryable, Applied.UNKNOWN, 0, id="503 before it"),
        pytest.param({"kind": "drop-after"}, Retryable, Applied.UNKNOWN, 1, id="a dropped answer"),
        pytest.param({"kind": "drop-before"}, Retryable, Applied.UNKNOWN, 0, id="a dropped request"),
        pytest.param({"kind": "html-page", "status": 404}, Retryable, Applied.UNKNOWN, 0, id="a gateway's page"),
    ],
)
async def test_a_put_is_sent_once_and_tells_whether_it_may_have_run(
    workspace: WorkspaceClient,
    admin: Admin,
    *,
    fault: dict[str, Any],
    kind: type[ServiceError],
    applied: Applied,
    runs: int,
) -> None:
    """The ledger of paid runs never contradicts what the error says."""
    await admin.set(repeated_put="second-run")
    await admin.fail_once("create-job", **fault)
    definition = new_job()
    location = await workspace.upload_program(definition.job_id, BELL, definition.input_format)
    with pytest.raises(ServiceError) as caught:
        await workspace.put_job(definition, location)
    billed = await admin.billed_runs(definition.job_id)
    assert (type(caught.value), caught.value.applied, billed) == (kind, applied, runs)


async def test_credentials_that_are_refused_and_renewed(
    emulator_process: RunningEmulator, transport: HttpTransport, allowed: AllowedOrigins
) -> None:
    """A wrong key is refused, and an old token is replaced by the one that is accepted."""
    async with connected(emulator_process, transport, allowed, ApiKey("not-the-key")) as client:
        with pytest.raises(CredentialsRefused):
            await client.provider_status()
    async with connected(emulator_process, transport, allowed, RenewableToken()) as client:
        assert await client.provider_status()


async def test_a_whole_run_leaves_no_secret(
    emulator_process: RunningEmulator,
    workspace: WorkspaceClient,
    admin: Admin,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With every logger at DEBUG, neither logs nor errors of a run with faults hold a signature or the key."""
    factory = logging.getLogRecordFactory()
    redact_logging()
    told: list[str] = []
    loud = {name: logging.getLogger(name).level for name in ("httpx", "azure", "aiohttp", "urllib3")}
    try:
        for name in loud:
            logging.getLogger(name).setLevel(logging.DEBUG)
        with caplog.at_level(logging.DEBUG):
            job = await submitted(workspace)
            await finished(workspace, job.id)
            await read_output(workspace, LIMIT, job.id)
            await admin.fail_once("get-job", kind="drop-before")
            try:
                await read_output(workspace, LIMIT, job.id)
            except Retryable as error:
                told.append("".join(traceback.format_exception(error)) + repr(error))
    finally:
        logging.setLogRecordFactory(factory)
        for name, level in loud.items():
            logging.getLogger(name).setLevel(level)
    text = caplog.text + "".join(told)
    assert len(told) == 1
    assert "send_request_headers" in text
    assert "sig=" not in text
    assert emulator_process.facts["api_key"] not in text
