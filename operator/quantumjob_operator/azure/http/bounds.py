"""What an answer may be: not compressed, and no larger than its operation needs.

Held where the bytes arrive, below httpx and Azure's libraries, so that no path gets past it: each of them would read a
body to its end, and the last ones unpack what they are sent. Must not live here: what a failure means (`failures`).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast

import aiohttp
from aiohttp.connector import Connection

from quantumjob_operator.azure.failures import MAX_ERROR_BYTES, unreadable
from quantumjob_operator.model.errors import AnswerTooLarge

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
_USUAL_BYTES: Final = 256 * _KIB
MAX_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {
        # A job's answer repeats its parameters, of which a QuantumJob may hold 512 KiB; escaped they are longer. The
        # longest that was recorded from Azure has 12 KiB.
        "get_job": 2 * _MIB,
        "put_job": 2 * _MIB,
        "cancel_job": 2 * _MIB,
        "set_tags": 2 * _MIB,
        "list_jobs": 4 * _MIB,  # a page; recorded: 3.7 MiB for 2,800 rows, where a page has 100 rows by now
        "queue_position": 4 * _KIB,  # one number
        "provider_status": _MIB,  # a page; recorded: 7 KiB
        "quotas": _MIB,  # a page; recorded: 1 KiB
        "quota_usages": 64 * _KIB,  # a page, of one provider
    }
)
"""The most bytes that an operation may bring; all others bring `_USUAL_BYTES`."""


@dataclass(slots=True)
class ByteLimit:
    """What an operation may still read, over all the answers that it consists of."""

    operation: str
    left: int
    tenant: str = ""


_byte_limit: ContextVar[ByteLimit | None] = ContextVar("byte_limit", default=None)


@contextmanager
def at_most(operation: str, max_bytes: int | None = None, tenant: str = "") -> Iterator[None]:
    """Bound what the requests of this task bring meanwhile.

    The context is the only thing that Azure's libraries carry from their callers down to a connection.

    Args:
        operation: For errors.
        max_bytes: In all; what `MAX_BYTES` says if None.
        tenant: Whose workspace it is.
    """
    limit = MAX_BYTES.get(operation, _USUAL_BYTES) if max_bytes is None else max_bytes
    token = _byte_limit.set(ByteLimit(operation, limit, tenant))
    try:
        yield
    finally:
        _byte_limit.reset(token)


def tenant_of_request() -> str:
    """Whose workspace this task asks; empty for the operator's own requests."""
    byte_limit = _byte_limit.get()
    return byte_limit.tenant if byte_limit else ""


def bounded_session(connector: aiohttp.TCPConnector, **options: Any) -> aiohttp.ClientSession:
    """A session whose answers are bounded, and that keeps no cookies: tenants share it.

    Args:
        connector: Closed with the session.
        options: Further arguments of `aiohttp.ClientSession`.
    """
    middlewares = (_uncompressed, *options.pop("middlewares", ()))
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        response_class=BoundedResponse,
        middlewares=middlewares,
        **options,
    )


async def _uncompressed(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware: no library gets to say that it would like something compressed."""
    request.headers["Accept-Encoding"] = "identity"
    return await handler(request)


class BoundedResponse(aiohttp.ClientResponse):
    """An answer whose body is counted while it is read."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Read the head.

        Raises:
            Retryable: The body of a success is compressed; `AnswerTooLarge` if its announced length is too much.
        """
        await super().start(connection)
        byte_limit = _byte_limit.get() or ByteLimit("request", _USUAL_BYTES)
        body = _Counted(self.content, byte_limit, self.status, self.close)
        if any(coding.strip().lower() != "identity" for coding in self.headers.getall("Content-Encoding", ())):
            if body.exact:
                raise unreadable(byte_limit.operation, self.status, "it is compressed, which was not asked for")
            body.cut()
        if body.exact and (self.content_length or 0) > byte_limit.left:
            raise body.too_large()
        self.content = cast("aiohttp.StreamReader", body)
        return self


class _Counted:
    """A body that ends, or fails, where it becomes too large; it has the two ways of reading that are in use."""

    def __init__(
        self, inner: aiohttp.StreamReader, byte_limit: ByteLimit, status: int, close: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._byte_limit = byte_limit
        self._status = status
        self._close = close
        self._cut = False
        self.exact = status < 300  # noqa: PLR2004 - the first that is no success
        self._error_left = MAX_ERROR_BYTES

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("read", "iter")):
            raise AttributeError(f"{name} would not be counted")
        return getattr(self._inner, name)

    async def readany(self) -> bytes:
        """What is there, or b"" at the end."""
        return await self._counted(self._inner.readany)

    async def read(self, n: int = -1) -> bytes:
        """Up to `n` bytes, or all of them."""
        if n >= 0:
            return await self._counted(lambda: self._inner.read(n))
        body = bytearray()
        while chunk := await self.readany():
            body += chunk
        return bytes(body)

    def cut(self) -> None:
        """End it here."""
        self._cut = True

    def too_large(self) -> AnswerTooLarge:
        """The error for this body."""
        detail = "the answer cannot be read: it is larger than what this operation may bring"
        return AnswerTooLarge(self._byte_limit.operation, status=self._status, detail=detail)

    async def _counted(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        if self._cut:
            self._close()
            return b""
        chunk = await read()
        if self.exact:
            self._byte_limit.left -= len(chunk)
            if self._byte_limit.left < 0:
                self._close()
                raise self.too_large()
            return chunk
        self._error_left -= len(chunk)
        if self._error_left < 0:
            self.cut()
        return chunk
