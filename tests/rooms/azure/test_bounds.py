"""Answers that would fill the memory: what arrives is counted, and nothing is unpacked or read without end."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest

from loopturns import SHORT, turns_of_the_loop
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.wire import parse_job
from quantumjob_operator.model.errors import AnswerTooLarge, EndpointNotAllowed, Refused, Retryable, ServiceError
from rooms.azure.conftest import MakeClient
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, answers, says
from rooms.azure.samples import JOB_ID, job

MIB: Final = 1024 * 1024
MOST: Final = 24 * MIB
LIMIT: Final = 16 * MIB
ZEROS: Final = gzip.compress(bytes(64 * MIB), 9)
TWICE: Final = gzip.compress(gzip.compress(bytes(256 * MIB), 9), 9)
RANGE: Final = {"Content-Range": "bytes 0-99/100"}


def endless(status: int, headers: dict[str, str] | None = None, piece: bytes = b" " * 65_536) -> Behaviour:
    """A body that goes on for as long as anybody reads."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        writer.write(f"HTTP/1.1 {status} Endless\r\n{head}Connection: close\r\n\r\n".encode())
        for _ in range(96 * MIB // len(piece)):
            writer.write(piece)
            await writer.drain()

    return behave


@pytest.fixture
def little_memory() -> Iterator[None]:
    """No test here may take more memory than this."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST


async def read_output(client: WorkspaceClient, server: MisbehavingServer) -> object:
    """Read an output that lies on this server."""
    uri = f"{server.url}/account/container/blob?se=2099-01-01T00%3A00%3A00Z&sig=x"
    return await client.read_output(replace(parse_job(job()), output_location=uri), LIMIT)


async def get_job(client: WorkspaceClient, _: MisbehavingServer) -> object:
    """Ask about a job."""
    return await client.get_job(JOB_ID)


async def see_targets(client: WorkspaceClient, _: MisbehavingServer) -> object:
    """Ask for the targets."""
    return await client.provider_status()


@pytest.mark.parametrize("ask", [get_job, see_targets, read_output])
@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(answers(200, ZEROS, {"Content-Encoding": "gzip"}), Retryable, id="compressed"),
        pytest.param(answers(206, ZEROS, {"Content-Encoding": "gzip", **RANGE}), Retryable, id="a part, compressed"),
        pytest.param(answers(200, TWICE, {"Content-Encoding": "gzip, gzip"}), Retryable, id="compressed twice"),
        pytest.param(answers(206, TWICE, {"Content-Encoding": "deflate", **RANGE}), Retryable, id="in another way"),
        pytest.param(endless(200), Retryable, id="a success without end"),
        pytest.param(endless(206, RANGE), Retryable, id="a part without end"),
        pytest.param(endless(403), Refused, id="a refusal without end"),
        pytest.param(endless(500), Retryable, id="an error without end"),
        pytest.param(answers(403, ZEROS, {"Content-Encoding": "gzip"}), Refused, id="a refusal, compressed"),
    ],
)
@pytest.mark.usefixtures("little_memory")
async def test_what_no_answer_may_be(
    server: MisbehavingServer,
    client: WorkspaceClient,
    ask: Callable[[WorkspaceClient, MisbehavingServer], Awaitable[object]],
    behaviour: Behaviour,
    kind: type[ServiceError],
) -> None:
    """Each is an error that says what to do, long before it has filled the memory."""
    server.plays(behaviour)
    with pytest.raises(kind):
        await ask(client, server)
    assert all(request.headers["accept-encoding"] == "identity" for request in server.received)


@pytest.mark.parametrize(
    ("row", "says_what"),
    [
        pytest.param({"id": "p", "targets": [{"id": "t"}] * 1001}, "more than 1,000 rows", id="too many rows"),
        pytest.param({"id": "p", "targets": [{"id": "t" * 300}]}, "longer than 256", id="a name that no status takes"),
    ],
)
async def test_a_list_that_no_status_can_show(
    server: MisbehavingServer, client: WorkspaceClient, row: Any, says_what: str
) -> None:
    """It is an error that says what is too much, and nothing is cut off silently."""
    server.plays(says({"value": [row]}))
    with pytest.raises(Retryable, match=says_what):
        await client.provider_status()


async def test_pages_without_end(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Each page leads to another one, with no row on it."""
    pages = (
        says({"value": [], "nextLink": f"{server.url}{_path(server, client)}?skip={page}"}) for page in range(2000)
    )
    server.plays(*pages)
    with pytest.raises(AnswerTooLarge, match="more than 1,000 pages"):
        await client.quotas()
    assert len(server.received) == 1000


def _path(_: MisbehavingServer, client: WorkspaceClient) -> str:
    url: str = client._workspace_url + "/quotas"
    return "/" + url.split("/", 3)[3]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"value":[' + b"{}," * 1_300_000 + b"{}]}", id="rows that are empty"),
        pytest.param(b'{"value":[' + b"{}," * 150_000 + b"{}]}", id="as many empty rows as are read"),
        pytest.param(b'{"value":[' + b'"",' * 350_000 + b'""]}', id="rows that are texts"),
        pytest.param(b'{"value":[],"x":' + b"[" * 190_000 + b"]" * 190_000 + b"}", id="deep nesting"),
    ],
)
async def test_the_loop_goes_on_while_a_large_page_is_read(
    server: MisbehavingServer, client: WorkspaceClient, body: bytes
) -> None:
    """What takes long is refused before it is read, or read beside the loop."""
    server.plays(answers(200, body))
    async with turns_of_the_loop() as turns:
        with suppress(Retryable):
            [row async for page in client.list_jobs() for row in page]
    assert turns.longest < SHORT


@pytest.mark.parametrize("location", ["https:x", "https:", "https:/x", "http:///", "//", "x", "https://["])
async def test_an_output_whose_place_is_no_uri(client: WorkspaceClient, location: str) -> None:
    """An answer that cannot be read, and no crash."""
    with pytest.raises(Retryable, match="cannot be read: outputDataUri"):
        await client.read_output(replace(parse_job(job()), output_location=location), LIMIT)


@pytest.mark.parametrize("link", ["https:x", "https:", "https:/x", "http:///", "x"])
async def test_a_next_link_that_is_no_uri(server: MisbehavingServer, client: WorkspaceClient, link: str) -> None:
    """An answer that cannot be read, and no crash."""
    server.plays(says({"value": [], "nextLink": link}))
    with pytest.raises(Retryable, match="cannot be read: nextLink"):
        await client.quotas()


@pytest.mark.parametrize("endpoint", ["https:x", "https:", "http:/x"])
async def test_an_endpoint_that_is_no_uri(make_client: MakeClient, endpoint: str) -> None:
    """Refused before anything is sent."""
    with pytest.raises(EndpointNotAllowed):
        await make_client(endpoint=endpoint).get_job(JOB_ID)


async def test_a_job_with_the_largest_parameters_is_read(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A QuantumJob holds up to 512 KiB, and its job must be found again whatever stands in them."""
    parameters = {"angles": [0] * 250_000}
    server.plays(answers(200, json.dumps({**job(), "inputParams": parameters}).encode()))
    found = await client.get_job(JOB_ID)
    assert found is not None
    assert found.id == JOB_ID
