"""A storage account at its worst: every failure is translated, and nothing goes where it should not."""

import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.model.errors import (
    Applied,
    EndpointNotAllowed,
    OutputMissing,
    Refused,
    Retryable,
    ServiceError,
    Throttled,
)
from rooms.azure.conftest import MakeClient, Observed
from rooms.azure.misbehaving import (
    Behaviour,
    MisbehavingServer,
    Received,
    answers,
    drops,
    says,
    speaks_gibberish,
    stays_silent,
    truncates,
)
from rooms.azure.reading import read_output
from rooms.azure.samples import JOB_ID, KEY, SAS, SIGNATURE, job

CONTENT = b'{"qubits":2,"circuit":[]}'
XML = b'<?xml version="1.0"?><Error><Code>%b</Code><Message>see ?sig=%b</Message></Error>'
PAGE = b"<html>storage gateway</html>"


def storage_error(status: int, code: str, headers: dict[str, str] | None = None) -> Behaviour:
    """An error as a storage account sends it."""
    body = XML % (code.encode(), SIGNATURE.encode())
    return answers(status, body, {"Content-Type": "application/xml", "x-ms-error-code": code, **(headers or {})})


def container(server: MisbehavingServer) -> str:
    """The URI of a container on the misbehaving server."""
    return f"{server.url}/acct/job-{JOB_ID}"


ENTITIES = b'<!DOCTYPE r [<!ENTITY a "%b"><!ENTITY b "%b">]><r>%b</r>' % (b"<a/>" * 200, b"&a;" * 20, b"&b;" * 20)
"""Some 1 KiB, and 80,000 elements for whoever lets it unfold."""
DEEP = b"[" * 20_000
BOMBS = [
    pytest.param("application/xml", ENTITIES, id="entities that unfold"),
    pytest.param("application/json", DEEP, id="lists in lists"),
    pytest.param("application/json", b"1e308", id="a number"),
    pytest.param("application/json", b'{"error": 1}', id="an error that is a number"),
    pytest.param("text/plain", b"\xff\xfe", id="no UTF-8"),
]

TROUBLES = [
    pytest.param(answers(302, headers={"Location": "http://127.0.0.1:9/"}), Retryable, id="a redirect"),
    pytest.param(storage_error(401, "InvalidAuthenticationInfo"), Refused, id="401"),
    pytest.param(storage_error(403, "AuthenticationFailed"), Refused, id="403"),
    pytest.param(storage_error(404, "ContainerNotFound"), Retryable, id="404"),
    pytest.param(answers(404, PAGE, {"Content-Type": "text/html"}), Retryable, id="a 404 page"),
    pytest.param(storage_error(429, "TooManyRequests"), Throttled, id="429"),
    pytest.param(storage_error(500, "InternalError"), Retryable, id="500"),
    pytest.param(storage_error(503, "ServerBusy"), Retryable, id="503"),
    pytest.param(answers(502, PAGE, {"Content-Type": "text/html"}), Retryable, id="a 502 page"),
    pytest.param(answers(400, b"{", {"Content-Type": "application/json"}), Refused, id="400 with half a JSON"),
    pytest.param(answers(400, b"<x", {"Content-Type": "application/xml"}), Refused, id="400 with half an XML"),
    pytest.param(answers(206, b"{}"), Retryable, id="a success that makes no sense"),
    pytest.param(drops(), Retryable, id="a dropped connection"),
    pytest.param(speaks_gibberish(), Retryable, id="no HTTP at all"),
]


@pytest.mark.parametrize(("trouble", "kind"), TROUBLES)
async def test_uploads_that_fail(
    server: MisbehavingServer, client: WorkspaceClient, trouble: Behaviour, kind: type[ServiceError]
) -> None:
    """One attempt, one typed error, and no signature in it."""
    server.plays(says({"sasUri": f"{container(server)}?{SAS}"}), trouble)
    with pytest.raises(ServiceError) as caught:
        await client.upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
    assert type(caught.value) is kind
    puts = server.received[1:]
    assert len(puts) <= (2 if "broke off" in caught.value.detail else 1)
    assert {put.headers["if-none-match"] for put in puts} == {"*"}
    assert SIGNATURE not in f"{caught.value!r} {caught.value} {caught.value.detail}"


@pytest.mark.parametrize(("trouble", "kind"), TROUBLES)
async def test_outputs_that_cannot_be_read(
    server: MisbehavingServer, client: WorkspaceClient, trouble: Behaviour, kind: type[ServiceError]
) -> None:
    """A missing output is reconciled again later, and so is everything that passes."""
    server.plays(says(job(outputDataUri=f"{container(server)}/rawOutputData?{SAS}")), trouble)
    with pytest.raises(ServiceError) as caught:
        await read_output(client, 1000)
    missing = (caught.value.status, caught.value.code) == (404, "ContainerNotFound")
    assert type(caught.value) is (OutputMissing if missing else kind)
    assert SIGNATURE not in f"{caught.value!r} {caught.value} {caught.value.detail}"


@pytest.mark.parametrize(("kind", "body"), BOMBS)
@pytest.mark.parametrize("status", [201, 404, 409])
async def test_nothing_that_storage_says_is_parsed(
    server: MisbehavingServer, client: WorkspaceClient, kind: str, body: bytes, status: int
) -> None:
    """Neither what it writes takes the event loop's time and memory, nor does a reader of it fail."""
    answer = answers(status, body, {"Content-Type": kind})
    uri = container(server)
    tracemalloc.start()
    try:
        with suppress(ServiceError):
            server.plays(says({"sasUri": f"{uri}?{SAS}"}), answer)
            await client.upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
        with suppress(ServiceError):
            server.plays(says(job(outputDataUri=f"{uri}/rawOutputData?{SAS}")), answer)
            await read_output(client, 1000)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


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


async def test_a_silent_storage_account(server: MisbehavingServer, make_client: MakeClient, observed: Observed) -> None:
    """A storage account without an answer ends in time."""
    server.plays(says({"sasUri": f"{container(server)}?{SAS}"}), stays_silent())
    with pytest.raises(Retryable) as caught:
        await make_client(seconds=0.3).upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
    assert caught.value.applied is Applied.UNKNOWN
    assert observed.exchanges == [("sas_uri", "200"), ("upload_program", "timeout")]


async def test_a_wish_of_the_storage_account_is_heard(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """`Retry-After` counts for blobs as well."""
    trouble = storage_error(503, "ServerBusy", {"Retry-After": "12"})
    server.plays(says({"sasUri": f"{container(server)}?{SAS}"}), trouble)
    with pytest.raises(Retryable) as caught:
        await client.upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
    assert (caught.value.retry_after, caught.value.code, caught.value.status) == (12.0, "ServerBusy", 503)


async def test_an_upload_in_the_order_of_the_sdk(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A container by name, then the blob by its SAS alone, written only if it is new."""
    server.plays(says({"sasUri": f"{container(server)}?{SAS}"}), answers(201))
    location = await client.upload_program(JOB_ID, CONTENT, "qir.v1")
    asked, put = server.received
    assert asked.body == b'{"containerName":"job-' + JOB_ID.encode() + b'"}'
    assert (put.method, put.path, put.body) == ("PUT", f"/acct/job-{JOB_ID}/inputData", CONTENT)
    assert put.query["sig"] == [f"{SIGNATURE}="]
    assert put.headers["if-none-match"] == "*"
    assert put.headers["x-ms-blob-content-type"] == "qir.v1"
    assert KEY not in str(put)
    assert location.input_uri == f"{container(server)}/inputData"
    assert location.container_uri_with_sas == f"{container(server)}?{SAS}"
    assert SIGNATURE not in repr(location)


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        pytest.param("https://evil.example/job-1?sig=x", EndpointNotAllowed, id="another host"),
        pytest.param(
            "https://acct.blob.core.windows.net.evil.example/c?sig=x", EndpointNotAllowed, id="a reconciliation-alike"
        ),
        pytest.param("http://acct.blob.core.windows.net/c?sig=x", EndpointNotAllowed, id="no TLS"),
        pytest.param("", Retryable, id="nothing"),
        pytest.param(None, Retryable, id="null"),
        pytest.param(7, Retryable, id="a number"),
    ],
)
async def test_storage_that_is_not_ours(
    server: MisbehavingServer, client: WorkspaceClient, uri: Any, kind: type[ServiceError]
) -> None:
    """A program or an output is exchanged with no storage but the allowed."""
    server.plays(says({"sasUri": uri}))
    with pytest.raises(kind):
        await client.upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
    server.plays(says(job(outputDataUri=uri)))
    with pytest.raises(kind):
        await read_output(client, 1000)
    assert len(server.received) == 2


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


class Blob:
    """A blob that exists already, on a server that plays just enough of a storage account."""

    def __init__(self, content: bytes, *, readable: bool = True) -> None:
        self.content = content
        self._readable = readable

    async def __call__(self, request: Received, writer: Any) -> None:
        """Answer one request."""
        await self._answer(request)(request, writer)

    def _answer(self, request: Received) -> Behaviour:
        if request.method == "PUT" and "if-none-match" in request.headers:
            return storage_error(409, "BlobAlreadyExists")
        if request.method == "PUT":
            self.content = request.body
            return answers(201)
        if not self._readable:
            return storage_error(403, "AuthorizationPermissionMismatch")
        length = len(self.content)
        return answers(206, self.content, {"Content-Range": f"bytes 0-{length - 1}/{length}", "ETag": '"1"'})


@pytest.mark.parametrize(
    ("blob", "methods"),
    [
        pytest.param(Blob(CONTENT), ["PUT", "GET"], id="the same content stays"),
        pytest.param(Blob(b"something else"), ["PUT", "GET", "PUT"], id="other content is overwritten"),
        pytest.param(Blob(CONTENT + b" "), ["PUT", "GET", "PUT"], id="longer content is overwritten"),
        pytest.param(Blob(b"x", readable=False), ["PUT", "GET", "PUT"], id="content not to be read is overwritten"),
    ],
)
async def test_a_blob_that_is_there_already(
    server: MisbehavingServer, client: WorkspaceClient, blob: Blob, methods: list[str]
) -> None:
    """After an upload the blob holds the program, whatever it held before."""
    server.plays(says({"sasUri": f"{container(server)}?{SAS}"}), blob)
    await client.upload_program(JOB_ID, CONTENT, "ionq.circuit.v1")
    assert blob.content == CONTENT
    assert [request.method for request in server.received[1:]] == methods


async def test_an_output_without_a_place(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """The service may name it later."""
    server.plays(says(job(outputDataUri=None)))
    with pytest.raises(Retryable):
        await read_output(client, 1000)
