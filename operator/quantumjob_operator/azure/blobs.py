"""Programs into blobs and outputs out of them, by the SAS that the service hands out and no credential of ours.

One attempt for each operation. (Below it, aiohttp repeats a request once whose connection is dropped; both ways of
writing bear that.) What a job is, and which blob is whose, is not known here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Final
from urllib.parse import unquote, urlsplit

import aiohttp
import httpx

from quantumjob_operator.azure.blob_requests import get_part, put_blob
from quantumjob_operator.azure.exchange import Observer, Timing
from quantumjob_operator.azure.failures import BROKEN_ANSWER, StorageAnswer, WrongPart, storage_failure, word_for
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.bounds import at_most
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.azure.times import Unreadable, parse_time
from quantumjob_operator.model.errors import Refused, ServiceError
from quantumjob_operator.scheduling.fair_share import Held

SAS_RESERVE: Final = timedelta(minutes=5)
FIRST_READ: Final = 256 * 1024
_LATER_READS: Final = 16 * FIRST_READ
_REST_OF_ANSWER: Final = 64 * 1024
_BLOB_EXISTS: Final = "BlobAlreadyExists"


MakeRoom = Callable[[int], Awaitable[Held]]
"""Waits for room in memory for so many bytes; whoever made it gives it back."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a job wrote, or word that it is larger than asked for."""

    body: bytes | None = field(repr=False)
    too_large: bool


class BlobStore:
    """The blobs of a workspace's storage account.

    Args:
        transport: The shared connections.
        allowed: Which storage hosts may get requests.
        observer: Counts.
        timing: Time-outs and clocks.
        owner: The tenant whose workspace it is.
    """

    def __init__(
        self,
        *,
        transport: HttpTransport,
        allowed: AllowedOrigins,
        observer: Observer | None,
        timing: Timing,
        owner: str = "",
    ) -> None:
        self._owner = owner
        self._memory = transport.answers
        self._allowed = allowed
        self._observer = observer
        self._timing = timing
        self._session = transport.storage

    def require_allowed(self, operation: str, uri: str) -> None:
        """Raise `StorageNotAllowed` unless the administrator allows the host of this URI."""
        self._allowed.check_storage(operation, uri)

    async def put(self, operation: str, container_uri: str, name: str, content: bytes, content_type: str) -> None:
        """Write a blob; one that is there already is replaced only if it differs.

        Raises:
            ServiceError: It could not be written; `StorageNotAllowed` if the storage host is none of ours.
            Unreadable: The URI is not that of a container.
        """
        self.require_allowed(operation, container_uri)
        uri = _uri_in(container_uri, name)
        if await self._created(operation, uri, content, content_type):
            return
        if await self._holds(operation, uri, content):
            return
        async with self._translated(operation):
            await put_blob(self._session, uri, content, content_type, only_new=False)

    async def read(
        self,
        operation: str,
        blob_uri: str,
        max_bytes: int,
        before_large: MakeRoom | None = None,
    ) -> Output:
        """Read a blob, and stop where it turns out to be larger than `max_bytes`.

        Args:
            operation: For errors.
            blob_uri: With its SAS.
            max_bytes: Of a larger one nothing is kept.
            before_large: Makes room for more than `FIRST_READ` bytes, before they are read.

        Raises:
            ServiceError: It could not be read; a blob that is not there (yet) is `Retryable`.
            Unreadable: The URI is not that of a blob.
        """
        self.require_allowed(operation, blob_uri)
        container_and_blob(blob_uri)  # else it is none
        return await self._read(operation, blob_uri, max_bytes, before_large)

    async def _read(self, operation: str, uri: str, max_bytes: int, before_large: MakeRoom | None) -> Output:
        async with self._translated(operation, FIRST_READ + _REST_OF_ANSWER):
            first = await get_part(self._session, uri, 0, min(FIRST_READ, max_bytes + 1))
        if first.size > max_bytes:
            return Output(body=None, too_large=True)
        if first.size <= FIRST_READ:
            return Output(body=first.body, too_large=False)
        held = await before_large(first.size) if before_large is not None else None
        async with self._translated(operation, max_bytes + _REST_OF_ANSWER, held):
            whole = BytesIO()
            whole.write(first.body)
            while (got := whole.tell()) < first.size:
                most = min(_LATER_READS, first.size - got)
                part = await get_part(self._session, uri, got, most, first.etag)
                if part.size != first.size:
                    raise WrongPart("it tells of another size than the first part")
                whole.write(part.body)
            return Output(body=whole.getvalue(), too_large=False)

    async def _created(self, operation: str, uri: str, content: bytes, content_type: str) -> bool:
        async with self._translated(operation):
            try:
                await put_blob(self._session, uri, content, content_type, only_new=True)
            except StorageAnswer as answer:
                if answer.code != _BLOB_EXISTS:
                    raise
                return False
            return True

    async def _holds(self, operation: str, uri: str, content: bytes) -> bool:
        try:
            return (await self._read(operation, uri, len(content), None)).body == content
        except Refused:
            # The SAS may allow writing only; then writing again is the way to be sure.
            return False

    @asynccontextmanager
    async def _translated(
        self, operation: str, max_bytes: int | None = None, held: Held | None = None
    ) -> AsyncIterator[None]:
        started = self._timing.monotonic()
        word = "ok"
        try:
            with at_most(operation, max_bytes, self._owner, memory=self._memory, held=held):
                async with asyncio.timeout(self._timing.blob_seconds):
                    yield
        except ServiceError:
            word = BROKEN_ANSWER
            raise
        except (StorageAnswer, aiohttp.ClientError, OSError, ValueError) as error:  # no sense: ValueError
            failure = storage_failure(operation, error, self._timing.clock())
            word = str(failure.status) if failure.status else word_for(error)
            raise failure.apart() from None
        finally:
            if self._observer is not None:
                self._observer.exchanged(operation, word, self._timing.monotonic() - started)


def needs_fresh_sas(blob_uri: str, timing: Timing) -> bool:
    """Whether a blob's URI has no SAS, or one that ends within five minutes."""
    expiry = _expiry(blob_uri)
    if expiry is None:
        return True
    try:
        return parse_time(expiry) - timing.clock() < SAS_RESERVE
    except Unreadable:
        return True


def container_and_blob(blob_uri: str) -> tuple[str, str]:
    """The names in a blob's URI, where Azure has them: after the account's, which stands in the host or in the path.

    Raises:
        Unreadable: It is not the URI of a blob.
    """
    host, path = _place(blob_uri)
    if ".core." in host:
        names = path.split("/", 1)
    elif host.startswith(("localhost", "127.0.0.1")):
        names = path.split("/", 2)
    else:
        names = path.split("/")
    if len(names) <= 1 or not names[-2] or not names[-1]:
        raise Unreadable("not the URI of a blob")
    return unquote(names[-2]), unquote(names[-1])


def _uri_in(container_uri: str, name: str) -> str:
    """The URI of a blob in a container, with the container's SAS."""
    _, path = _place(container_uri)
    if not path:
        raise Unreadable("not the URI of a container")
    plain, _, sas = container_uri.partition("?")
    return f"{plain.rstrip('/')}/{name}?{sas}"


def _place(uri: str) -> tuple[str, str]:
    """Host and path; what is wrong with a URI is never quoted, since it carries a SAS."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise Unreadable("not a URI") from None
    if "#" in uri:
        raise Unreadable("a URI with a fragment")
    return parts.netloc, parts.path.strip("/")


def _expiry(blob_uri: str) -> str | None:
    expiry: str | None = httpx.URL(blob_uri).params.get("se")
    return expiry
