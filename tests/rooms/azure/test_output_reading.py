"""An output is read by a SAS that lasts, in parts of one version, and no further than its limit."""

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.model.errors import OutputMissing, Retryable
from rooms.azure.conftest import MakeClient
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, answers, says, truncates
from rooms.azure.reading import read_output
from rooms.azure.samples import JOB_ID, KEY, SAS, SIGNATURE, job
from rooms.azure.storage import container, storage_error


async def test_a_job_that_names_no_output(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """There is nothing to ask for; that is not the storage account's fault."""
    server.plays(says(job(outputDataUri=None)))
    with pytest.raises(OutputMissing):
        await read_output(client, 1000)


async def test_half_an_output(server: MisbehavingServer, make_client: MakeClient) -> None:
    """An output that ends early is an error, never a shorter output."""
    server.plays(
        says(job(outputDataUri=f"{container(server)}/rawOutputData?{SAS}")),
        truncates(206, {"Content-Range": "bytes 0-4095/4096", "ETag": '"1"'}),
    )
    with pytest.raises(Retryable):
        await read_output(make_client(seconds=5), 10_000)


async def test_an_allowed_host_without_container_or_blob(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A URI that names no container or blob is an answer that cannot be read."""
    server.plays(says(job(outputDataUri=f"{server.url}/?{SAS}")))
    with pytest.raises(Retryable) as caught:
        await read_output(client, 1000)
    assert SIGNATURE not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "renews"),
    [
        pytest.param("sv=1&se=2026-11-22T12%3A06%3A00Z&sig=a", False, id="six minutes left"),
        pytest.param("sv=1&se=2026-11-22T12%3A04%3A00Z&sig=a", True, id="four minutes left"),
        pytest.param("sv=1&se=2026-11-21T12%3A00%3A00Z&sig=a", True, id="expired"),
        pytest.param("sv=1&se=later&sig=a", True, id="an end that is no time"),
        pytest.param("sv=1&sig=a", True, id="no end"),
        pytest.param("", True, id="no SAS"),
    ],
)
async def test_a_fresh_sas_is_asked_for_when_needed(
    server: MisbehavingServer, client: WorkspaceClient, query: str, *, renews: bool
) -> None:
    """The output is read by the SAS of the job if it lasts, else by one made for its blob."""
    blob = f"{container(server)}/rawOutputData"
    body = answers(206, b"{}", {"Content-Range": "bytes 0-1/2", "ETag": '"1"', "x-ms-blob-type": "BlockBlob"})
    fresh = [says({"sasUri": f"{blob}?{SAS}"})] if renews else []
    server.plays(says(job(outputDataUri=f"{blob}?{query}")), *fresh, body)
    output = await read_output(client, 1000)
    assert output.body == b"{}"
    asked = [request for request in server.received if request.method == "POST"]
    assert [request.body for request in asked] == (
        [b'{"containerName":"job-' + JOB_ID.encode() + b'","blobName":"rawOutputData"}'] if renews else []
    )
    assert KEY not in str(server.received[-1])


async def test_reading_stops_where_an_output_is_too_large(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Of an output over the limit no more is asked for than shows that it is."""
    served = answers(206, b"x" * 101, {"Content-Range": "bytes 0-100/5000000000", "ETag": '"1"'})
    server.plays(says(job(outputDataUri=f"{container(server)}/rawOutputData?{SAS}")), served)
    output = await read_output(client, 100)
    assert (output.body, output.too_large) == (None, True)
    assert [request.headers["x-ms-range"] for request in server.received[1:]] == ["bytes=0-100"]


PIECE = 256 * 1024
LARGE = bytes(range(256)) * (3 * PIECE // 512)


def _part(first: int, content: bytes, size: int, etag: str = '"1"') -> Behaviour:
    told = f"bytes {first}-{first + len(content) - 1}/{size}"
    return answers(206, content, {"Content-Range": told, "ETag": etag})


async def test_a_large_output_comes_in_parts_of_one_version(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """The first part tells how large it is; what follows is asked for in the same version."""
    parts = (_part(0, LARGE[:PIECE], len(LARGE)), _part(PIECE, LARGE[PIECE:], len(LARGE)))
    server.plays(says(job(outputDataUri=f"{container(server)}/rawOutputData?{SAS}")), *parts)
    assert (await read_output(client, len(LARGE))).body == LARGE
    first, second = (request.headers for request in server.received[1:])
    assert (first["x-ms-range"], first.get("if-match")) == (f"bytes=0-{PIECE - 1}", None)
    assert (second["x-ms-range"], second["if-match"]) == (f"bytes={PIECE}-{len(LARGE) - 1}", '"1"')


async def test_an_empty_output_has_no_first_byte(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Azure refuses each part of it."""
    uri = f"{container(server)}/rawOutputData?{SAS}"
    server.plays(says(job(outputDataUri=uri)), storage_error(416, "InvalidRange"))
    assert (await read_output(client, len(LARGE))).body == b""


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(storage_error(412, "ConditionNotMet"), id="another version by now"),
        pytest.param(_part(0, LARGE[PIECE:], len(LARGE)), id="from another place"),
        pytest.param(_part(PIECE, LARGE[PIECE:-1], len(LARGE)), id="less than was asked for"),
        pytest.param(answers(206, LARGE[PIECE:]), id="a part of nothing"),
        pytest.param(_part(PIECE, b"", PIECE), id="nothing of a whole that has become shorter"),
        pytest.param(answers(206, LARGE[PIECE:], {"Content-Range": "bytes */*"}), id="a part of an unknown whole"),
    ],
)
async def test_a_second_part_that_does_not_fit(
    server: MisbehavingServer, client: WorkspaceClient, second: Behaviour
) -> None:
    """It is read again later, and never put together with the first one."""
    uri = f"{container(server)}/rawOutputData?{SAS}"
    server.plays(says(job(outputDataUri=uri)), _part(0, LARGE[:PIECE], len(LARGE)), second)
    with pytest.raises(Retryable):
        await read_output(client, len(LARGE))


async def test_a_part_that_says_nothing_of_itself_is_told_as_that(
    server: MisbehavingServer, client: WorkspaceClient
) -> None:
    """Whoever reads the condition runs no Python."""
    uri = f"{container(server)}/rawOutputData?{SAS}"
    server.plays(says(job(outputDataUri=uri)), answers(200, LARGE[:PIECE]))
    with pytest.raises(Retryable, match=r"storage account cannot be read: it does not say which part it is$"):
        await read_output(client, len(LARGE))


async def test_an_output_without_a_place(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """The service may name it later."""
    server.plays(says(job(outputDataUri=None)))
    with pytest.raises(Retryable):
        await read_output(client, 1000)
