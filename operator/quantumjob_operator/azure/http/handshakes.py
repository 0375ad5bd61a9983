"""TLS handshakes beside the event loop, step by step.

OpenSSL reads all certificates of a server before it verifies one, and the server chooses how long that takes: a key
with a curve of its own in a compressed form takes a root modulo any prime, most of a second for a certificate of half
a kilobyte. That is one call, which nothing ends. So it may take a thread, but never the loop. Above and below it is
asyncio's TLS as ever. Must not live here: whose turn it is (`handshake_threads`), what is trusted (`transport`), or
what comes after the handshake (`paced_sockets`).
"""

import asyncio
import ssl
import time
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from traceback import clear_frames
from typing import Any, Final, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from quantumjob_operator.azure.http.bounds import tenant_of_request
from quantumjob_operator.azure.http.handshake_threads import HandshakeThreads
from quantumjob_operator.azure.http.letting_go import AbruptHandler
from quantumjob_operator.scheduling.shared_waits import waits_here

_MOST_BYTES: Final = 16 * 1024
"""Of a server before the handshake is done; a usual chain has 3 to 6 KiB."""
# TLS is read in pieces of one record. By itself asyncio has 256 KiB for each connection, for as long as it lives, and
# twice as much of what was taken ahead of its reader lies with OpenSSL.
SSLProtocol.max_size = 16 * 1024


class Opening:
    """A connection that is made secure: what is between its handshake, the threads and asyncio.

    Attributes:
        tenant: Whose turns it takes.
        step: One step of the handshake, for a thread; returns its seconds of CPU.
        is_done: It was the last one, and nothing has failed.
        waits: Of whoever opens it.
    """

    step: Callable[[], float]
    is_done = False

    def __init__(self, tenant: str, threads: HandshakeThreads, transport: asyncio.Transport) -> None:
        self.tenant = tenant
        self.waits = waits_here()
        self._threads = threads
        self._transport = transport

    def take_turn(self) -> None:
        """Have a step done."""
        self._threads.take_turn(self)

    def go_on(self) -> None:
        """Let asyncio ask again how the handshake stands, as it does whenever something comes."""
        protocol = None if self._transport.is_closing() else self._transport.get_protocol()
        if isinstance(protocol, asyncio.BufferedProtocol):
            protocol.buffer_updated(0)


_opening: ContextVar[Opening | None] = ContextVar("opening", default=None)


class _Handshake(ssl.SSLObject):
    """TLS over buffers of its own, since a thread may be at work with them while asyncio is with its own."""

    def begin(self, opening: Opening, theirs: tuple[ssl.MemoryBIO, ssl.MemoryBIO], own: tuple[Any, Any]) -> None:
        opening.step = self._step
        self._opening: Opening | None = opening
        (self._incoming, self._outgoing), (self._got, self._to_send) = theirs, own
        self._bytes = 0
        self._begun = self._at_work = False
        self._outcome: Exception | None = ssl.SSLWantReadError()

    def do_handshake(self) -> None:
        """How it stands.

        Raises:
            ssl.SSLWantReadError: It is not done; asyncio asks again when something came.
            ssl.SSLError: It has failed, or there is no end of it.
        """
        if self._bytes + self._incoming.pending > _MOST_BYTES:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the server's part of the handshake is too long")
        if self._at_work:
            raise ssl.SSLWantReadError
        if not self._begun:
            self._begun = True
            self._step()  # only says hello: nothing of the server's is read
        self._send()
        outcome, self._outcome = self._outcome, ssl.SSLWantReadError()
        if outcome is None:
            self._opening = None
            return
        if isinstance(outcome, ssl.SSLWantReadError) and self._incoming.pending:
            self._bytes += self._take()
            self._at_work = True
            cast("Opening", self._opening).take_turn()
        try:
            raise outcome
        finally:
            del outcome  # what its own frame names lies in a circle, and with it the connection

    def _step(self) -> float:
        began = time.thread_time()
        try:
            super().do_handshake()
            self._outcome = None
            cast("Opening", self._opening).is_done = True
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where asyncio asks
            self._outcome = error.with_traceback(None)
        self._at_work = False
        return time.thread_time() - began

    # From here on as asyncio uses it when the handshake is done.

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 - as it is called there
        """As ever."""
        self._take()
        try:
            return super().read(len, buffer)
        finally:
            self._send()

    def write(self, data: Any) -> int:
        """As ever."""
        try:
            return super().write(data)
        finally:
            self._send()

    def unwrap(self) -> None:
        """As ever."""
        self._take()
        try:
            super().unwrap()
        finally:
            self._send()

    def _take(self) -> int:
        return self._got.write(self._incoming.read()) if self._incoming.pending else 0

    def _send(self) -> None:
        if self._to_send.pending:
            self._outgoing.write(self._to_send.read())


def beside_the_loop(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context, whose handshakes take turns where a `SecureConnector` opens a connection."""
    wrap = context.wrap_bio

    def wrap_bio(incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *details: Any, **more: Any) -> ssl.SSLObject:
        opening = _opening.get()
        if opening is None:
            raise RuntimeError("no connector of ours opens this connection")
        own = ssl.MemoryBIO(), ssl.MemoryBIO()
        made = cast("_Handshake", wrap(*own, *details, **more))
        made.begin(opening, (incoming, outgoing), own)
        return made

    context.sslobject_class = _Handshake
    context.wrap_bio = wrap_bio  # type: ignore[method-assign]
    return context


class _Quiet(asyncio.Protocol):
    """Of a connection before TLS: nothing is read, so that nothing passes for a part of what comes in TLS."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).pause_reading()


class SecureConnector(aiohttp.TCPConnector):
    """As aiohttp's own, but connections are made secure beside the event loop.

    Args:
        threads: Where.
        options: As of any connector; with a context from `beside_the_loop` as `ssl`.
    """

    def __init__(self, threads: HandshakeThreads, **options: Any) -> None:
        super().__init__(**options)
        # For each of its connections, a proxy's as well.
        self._factory = cast("partial[ResponseHandler]", partial(AbruptHandler, loop=self._loop))
        self._threads = threads

    async def _wrap_create_connection(
        self, *args: Any, req: aiohttp.ClientRequest, **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        if not options.get("ssl"):
            return await super()._wrap_create_connection(*args, req=req, **options)
        req.server_hostname = options["server_hostname"]  # without a dot at its end
        more = {name: options[name] for name in ("timeout", "client_error") if name in options}
        # One time-out for both parts.
        async with asyncio.timeout(options["timeout"].sock_connect):
            plain = {**options, "ssl": None, "server_hostname": None}
            transport, _ = await super()._wrap_create_connection(_Quiet, req=req, **plain)
            secured = await self._start_tls_connection(transport, req, **more)
        return cast("tuple[asyncio.Transport, ResponseHandler]", secured)

    async def _start_tls_connection(
        self, underlying_transport: asyncio.Transport, req: aiohttp.ClientRequest, *args: Any, **options: Any
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        opening = Opening(tenant_of_request() or f"{req.host}:{req.port}", self._threads, underlying_transport)
        token = _opening.set(opening)
        try:
            return await super()._start_tls_connection(underlying_transport, req, *args, **options)
        except BaseException as error:
            _let_go(error)
            raise
        finally:
            _opening.reset(token)
            self._threads.give_up(opening)


def _let_go(error: BaseException | None) -> None:
    """Nothing lies in a circle with an error, as a future that asyncio awaits does with the one that it ends with."""
    while error is not None:
        clear_frames(error.__traceback__)
        error.__traceback__, error = None, error.__cause__ or error.__context__
