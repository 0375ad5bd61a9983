"""A server that keeps connections, as real ones do: for what comes of many requests over few of them.

It reads no request beyond its head; the one that answers as a test tells it, once for each connection, is
`misbehaving`.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rooms.azure.samples import job


@dataclass(slots=True)
class KeepingServer:
    """Answers each request with a job and keeps the connection, as long as it is told to.

    Attributes:
        headers: Of each answer.
        body: Of each answer.
        silent_for: Methods whose requests are read, and then the connection is dropped.
        received: Heads of the requests, by connection.
    """

    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = json.dumps(job()).encode()
    silent_for: frozenset[str] = frozenset()
    received: list[list[str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        here: list[str] = []
        self.received.append(here)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                here.append(head)
                length = head.partition("content-length: ")[2].partition("\r")[0]
                await reader.readexactly(int(length or 0))
                if head.split()[0].upper() in self.silent_for:
                    return
                # Those who come together are under way together, but don't end together.
                await asyncio.sleep(0.001 * (10 + (3 * len(self.received) + 7 * len(here)) % 11))
                lines = {"Content-Length": str(len(self.body)), "Content-Type": "application/json", **self.headers}
                shown = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                writer.write(f"HTTP/1.1 200 OK\r\n{shown}\r\n".encode() + self.body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def keeping_server(trust: ssl.SSLContext | None = None) -> AsyncIterator[KeepingServer]:
    """Run one on a free port, with TLS if it has something to show for it."""
    running = KeepingServer()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0, ssl=trust)
    running.url = f"{'https' if trust else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield running
