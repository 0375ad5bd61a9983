"""Programs into blobs and outputs out of them, by the SAS that the service hands out and no credential of ours.

One attempt for each operation: no retry in the library. (Below it, aiohttp repeats a request once whose connection is
dropped; both ways of writing bear that.) What a job is, and which blob is whose, is not known here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any, Final

import aiohttp
import httpx
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from quantumjob_operator.azure.channel import USER_AGENT
from quantumjob_operator.azure.exchange import Observer, Timing
from quantumjob_operator.azure.failures import BROKEN_ANSWER, storage_failure, word_for
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
        self._options: dict[str, Any] = {
            "transport": transport.storage,
            "retry_total": 0,
            "permit_redirects": False,
            "logging_enable": False,
            "user_agent": USER_AGENT,
            "max_single_get_size": FIRST_READ,
            "max_chunk_get_size": _LATER_READS,
        }

    def require_allowed(self, operation: str, uri: str) -> None:
        """Raise `EndpointNotAllowed` unless the administrator allows the host of this URI."""
        self._allowed.check_storage(operation, uri)

    async def put(self, operation: str, container_uri: str, name: str, content: bytes, content_type: str) -> None:
        """Write a blob; one that is there already is replaced only if it differs.

        Raises:
            ServiceError: It could not be written; `EndpointNotAllowed` if the storage host is none of ours.
            Unreadable: The URI is not that of a container.
        """
        self.require_allowed(operation, container_uri)
        container = _container_client(container_uri, **self._options)
        blob = container.get_blob_client(name)
        settings = ContentSettings(content_type=content_type)
        if await self._created(operation, blob, content, settings):
            return
        if await self._holds(operation, blob, content):
            return
        async with self._translated(operation):
            await blob.upload_blob(content, overwrite=True, content_settings=settings, max_concurrency=1)

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
        return await self._read(operation, _blob_client(blob_uri, **self._options), max_bytes, before_large)

    async def _read(self, operation: str, blob: BlobClient, max_bytes: int, before_large: MakeRoom | None) -> Output:
        async with self._translated(operation, FIRST_READ + _REST_OF_ANSWER):
            download = await blob.download_blob(offset=0, length=max_bytes + 1, max_concurrency=1)
            if download.size > max_bytes:
                return Output(body=None, too_large=True)
            if download.size <= FIRST_READ:
                return Output(body=await download.readall(), too_large=False)
        held = await before_large(download.size) if before_large is not None else None
        async with self._translated(operation, max_bytes + _REST_OF_ANSWER, held):
            # Not `readall`, which holds it twice.
            whole = BytesIO()
            await download.readinto(whole)
            return Output(body=whole.getvalue(), too_large=False)

    async def _created(self, operation: str, blob: BlobClient, content: bytes, settings: ContentSettings) -> bool:
        async with self._translated(operation):
            try:
                await blob.upload_blob(content, overwrite=False, content_settings=settings, max_concurrency=1)
            except ResourceExistsError as error:
                if _code(error) != _BLOB_EXISTS:
                    raise
                return False
            return True

    async def _holds(self, operation: str, blob: BlobClient, content: bytes) -> bool:
        try:
            return (await self._read(operation, blob, len(content), None)).body == content
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
        except (AzureError, aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: an answer without sense
            failure = storage_failure(operation, error, self._timing.clock())
            word = str(failure.status) if failure.status else word_for(error)
            raise failure from None
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
    """The names in a blob's URI, read as azure-storage-blob reads them (the account's place differs by host).

    Raises:
        Unreadable: It is not the URI of a blob.
    """
    blob = _blob_client(blob_uri)
    return str(blob.container_name), str(blob.blob_name)


def _blob_client(blob_uri: str, **options: Any) -> BlobClient:
    try:
        return BlobClient.from_blob_url(blob_uri, **options)
    except ValueError:  # its text quotes the URI, SAS and all
        raise Unreadable("not the URI of a blob") from None


def _container_client(container_uri: str, **options: Any) -> ContainerClient:
    try:
        return ContainerClient.from_container_url(container_uri, **options)
    except ValueError:  # its text quotes the URI, SAS and all
        raise Unreadable("not the URI of a container") from None


def _expiry(blob_uri: str) -> str | None:
    expiry: str | None = httpx.URL(blob_uri).params.get("se")
    return expiry


def _code(error: ResourceExistsError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code))
