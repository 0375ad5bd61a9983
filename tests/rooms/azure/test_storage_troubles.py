"""A storage account at its worst: every failure is translated, and nothing goes where it should not."""

import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.model.errors import (
    Applied,
    OutputMissing,
    Refused,
    Retryable,
    ServiceError,
    StorageNotAllowed,
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
)
from rooms.azure.reading import read_output
from rooms.azure.samples import JOB_ID, KEY, SAS, SIGNATURE, job
from rooms.azure.storage import container, storage_error

CONTENT = b'{"qubits":2,"circuit":[]}'
PAGE = b"<html>storage gateway</html>"


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
        pytest.param("https://evil.example/job-1?sig=x", StorageNotAllowed, id="another host"),
        pytest.param(
            "https://acct.blob.core.windows.net.evil.example/c?sig=x", StorageNotAllowed, id="a reconciliation-alike"
        ),
        pytest.param("http://acct.blob.core.windows.net/c?sig=x", StorageNotAllowed, id="no TLS"),
        pytest.param("https://acct.blob.core.windows.net/c?sig=\x07", Retryable, id="no URL"),
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
