"""A server that answers exactly what a test tells it to, byte for byte: what no well-behaved framework would send.

Stands for the service, its gateways and its storage when they are at their worst. It knows nothing of their protocol;
the well-behaved counterpart is the emulator.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in; header names in lower case. `gone` returns once the client has hung up."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    gone: Callable[[], Awaitable[bytes]] = field(repr=False)

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters."""
        return parse_qs(urlsplit(self.target).query)


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class MisbehavingServer:
    """Plays its script in order, the last entry for ever, and keeps what it received."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    _script: list[Behaviour] = field(default_factory=list)

    def plays(self, *script: Behaviour) -> None:
        """Set what the next requests get."""
        self._script = list(script)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            request = await _read(reader)
            self.received.append(request)
            behaviour = self._script.pop(0) if len(self._script) > 1 else self._script[0]
            await behaviour(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the client gave up, which some tests provoke
        finally:
            writer.close()


@asynccontextmanager
async def misbehaving_server(trust: ssl.SSLContext | None = None) -> AsyncIterator[MisbehavingServer]:
    """A running server on a free port of loopback, with TLS if it has something to show for it."""
    server = MisbehavingServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=trust)
    host, port = listener.sockets[0].getsockname()[:2]
    server.url = f"{'https' if trust else 'http'}://{host}:{port}"
    try:
        yield server
    finally:
        listener.close()


@asynccontextmanager
async def server_without_tls() -> AsyncIterator[str]:
    """The https URL of a server that answers a handshake with something else."""

    async def interrupt(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.invalid ready\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(interrupt, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()


def answers(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Behaviour:
    """A complete answer."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        length = {"Content-Length": str(len(body))}
        writer.write(_head(status, {**length, **(headers or {})}) + (b"" if request.method == "HEAD" else body))

    return behave


def says(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """A complete answer in JSON."""
    return answers(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


def fails(status: int, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> Behaviour:
    """An error in the service's own shape."""
    return says({"error": {"code": code, "message": message}}, status, headers)


def truncates(status: int = 200, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An answer that ends before its announced length."""
    announced = {"Content-Length": "4096", "Content-Type": "application/json", **(headers or {})}

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(_head(status, announced) + b'{"id": "')

    return behave


def drops() -> Behaviour:
    """No answer: the connection closes after the request was read."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return behave


def stays_silent() -> Behaviour:
    """No answer, and the connection stays open until the client goes."""

    async def behave(request: Received, _: asyncio.StreamWriter) -> None:
        await request.gone()

    return behave


def speaks_gibberish() -> Behaviour:
    """Bytes that are no HTTP."""

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 what is HTTP?\r\n\r\n")

    return behave


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body, reader.read)
