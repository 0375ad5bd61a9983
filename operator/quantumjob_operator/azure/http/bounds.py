"""What an answer may be: not compressed, no larger than its operation needs, and no longer held than it must be.

Held where the bytes arrive, below httpx and Azure's libraries, so that no path gets past it: each of them would read a
body to its end, and the last ones unpack what they are sent. Must not live here: what a failure means (`failures`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, cast
from weakref import WeakMethod

import aiohttp
from aiohttp.connector import Connection

from quantumjob_operator.azure.failures import MAX_ERROR_BYTES, unreadable
from quantumjob_operator.azure.http.answer_sizes import FREE_BYTES, MAX_BYTES, USUAL_BYTES
from quantumjob_operator.azure.http.paced_sockets import PacedSocket, socket_below
from quantumjob_operator.model.errors import AnswerTooLarge
from quantumjob_operator.scheduling.fair_share import FairShare, Held

_READ_AHEAD: Final = 32 * 1024
_SLOW_SECONDS: Final = 2.0
_SLOW_BYTES_PER_SECOND: Final = 512 * 1024
"""Who brings less, after so many seconds, makes room when somebody else waits."""


class _TooSlowError(Exception):
    """Others wait for the place of an answer that does not come."""


@dataclass(slots=True)
class ByteLimit:
    """What an operation may still read, over all the answers that it consists of.

    Attributes:
        tenant: Whose workspace it is.
        reader: In whose turn its answers are read.
        memory: Where answers that are not small have their place.
        held: The place of this one.
        since: When it got it, in the loop's time.
        got: Bytes that came since.
    """

    operation: str
    left: int
    tenant: str = ""
    reader: str = ""
    memory: FairShare | None = None
    held: Held | None = None
    since: float = 0.0
    got: int = 0

    async def make_room(self, size: int) -> None:
        """Wait for a place for an answer of this size; it stays this operation's."""
        if self.held is None and self.memory is not None:
            self.held = await self.memory.take(self.tenant, size)
            self.since, self.got = asyncio.get_running_loop().time(), 0

    async def in_time(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        """What `read` brings; a place is not kept for who brings little while others wait for it.

        Raises:
            _TooSlowError: It brought too little.
        """
        loop = asyncio.get_running_loop()
        while (held := self.held) is not None:
            late = loop.time() - (self.since + _SLOW_SECONDS + self.got / _SLOW_BYTES_PER_SECOND)
            if late >= 0 and held.wanted:
                raise _TooSlowError
            try:
                async with asyncio.timeout(max(-late, _SLOW_SECONDS / 4)) as pause:
                    chunk = await read()
            except TimeoutError:
                if pause.expired():
                    continue
                raise
            self.got += len(chunk)
            return chunk
        return await read()


_byte_limit: ContextVar[ByteLimit | None] = ContextVar("byte_limit", default=None)


@contextmanager
def at_most(
    operation: str,
    max_bytes: int | None = None,
    tenant: str = "",
    *,
    reader: str = "",
    memory: FairShare | None = None,
    held: Held | None = None,
) -> Iterator[None]:
    """Bound what the requests of this task bring meanwhile, and let them have their place in memory for so long.

    The context is the only thing that Azure's libraries carry from their callers down to a connection.

    Args:
        operation: For errors.
        max_bytes: In all; what is usual for it if None.
        tenant: Whose workspace it is.
        reader: In whose turn the answers are read; in that of `tenant` if empty.
        memory: Where answers have their place.
        held: The place that the caller has for them, and keeps.
    """
    limit = MAX_BYTES.get(operation, USUAL_BYTES) if max_bytes is None else max_bytes
    byte_limit = ByteLimit(operation, limit, tenant, reader or tenant, memory, held)
    if held is not None:
        byte_limit.since = asyncio.get_running_loop().time()
    token = _byte_limit.set(byte_limit)
    try:
        yield
    finally:
        _byte_limit.reset(token)
        if byte_limit.held is not None and held is None:
            byte_limit.held.give_back()


def tenant_of_request() -> str:
    """Whose workspace this task asks; empty for the operator's own requests."""
    byte_limit = _byte_limit.get()
    return byte_limit.tenant if byte_limit else ""


def reader_of_request() -> str:
    """In whose turn the answers that this task gets are read; as of `tenant_of_request`."""
    byte_limit = _byte_limit.get()
    return byte_limit.reader if byte_limit else ""


def bounded_session(
    connector: aiohttp.TCPConnector, *middlewares: aiohttp.ClientMiddlewareType
) -> aiohttp.ClientSession:
    """A session whose answers are bounded, and that keeps no cookies: tenants share it.

    Args:
        connector: Closed with the session.
        middlewares: Further ones.
    """
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=_READ_AHEAD,
        response_class=BoundedResponse,
        middlewares=(_uncompressed, *middlewares),
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
            Retryable: The body of a success is compressed; `AnswerTooLarge` if its announced length is too much, or
                if no head comes for all that is sent.
        """
        byte_limit = _byte_limit.get() or ByteLimit("request", USUAL_BYTES)
        socket = socket_below(connection.transport)
        if socket is not None:
            socket.expect(byte_limit.tenant)
        try:
            await super().start(connection)
        except (aiohttp.ClientError, OSError) as error:
            if socket is not None and socket.overrun:
                raise _too_large(byte_limit, None, "there is no end of what comes before it") from None
            raise _apart(error) from None
        if socket is not None:
            socket.head_is_read(self.content)
        body = _Counted(self, self.content, byte_limit, socket)
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
        self,
        response: aiohttp.ClientResponse,
        inner: aiohttp.StreamReader,
        byte_limit: ByteLimit,
        socket: PacedSocket | None,
    ) -> None:
        self._inner = inner
        self._byte_limit = byte_limit
        self._socket = socket
        self._status = response.status
        # Each would hold the other, with the whole answer in between.
        self._closing = WeakMethod(response.close)
        self._size = response.content_length
        self._cut = False
        self._got = 0
        self.exact = response.status < 300  # noqa: PLR2004 - the first that is no success

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

    def _close(self) -> None:
        if close := self._closing():
            close()

    def cut(self) -> None:
        """End it here."""
        self._cut = True

    def too_large(self) -> AnswerTooLarge:
        """The error for this body."""
        return _too_large(self._byte_limit, self._status, "it is larger than what this operation may bring")

    async def _counted(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        if self._cut:
            self._close()
            return b""
        if self.exact and self._got > FREE_BYTES:
            await self._byte_limit.make_room(self._size or self._got + self._byte_limit.left)
        chunk = await self._read(read)
        self._got += len(chunk)
        if self.exact:
            self._byte_limit.left -= len(chunk)
            if self._byte_limit.left < 0:
                self._close()
                raise self.too_large()
        elif self._got > MAX_ERROR_BYTES:
            self.cut()
        return chunk

    async def _read(self, read: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            return await self._byte_limit.in_time(read)
        except _TooSlowError:
            self._close()
            detail = "it comes so slowly that others wait for it"
            raise unreadable(self._byte_limit.operation, self._status, detail) from None
        except (aiohttp.ClientError, OSError) as error:
            if self._socket is not None and self._socket.overrun:
                raise _too_large(self._byte_limit, self._status, "it consists of too small chunks") from None
            raise _apart(error) from None


def _too_large(byte_limit: ByteLimit, status: int | None, why: str) -> AnswerTooLarge:
    return AnswerTooLarge(byte_limit.operation, status=status, detail=f"the answer cannot be read: {why}")


def _apart(error: Exception) -> Exception:
    """The same error, never raised: aiohttp keeps in a connection what became of it, and raises the very object.

    By its frames it would hold that connection and what has come of the answer, in a circle.
    """
    known: BaseException | None = error
    while known is not None:
        known.__traceback__, known = None, known.__cause__ or known.__context__
    return copy(error)
