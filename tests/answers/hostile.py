"""An endpoint that a tenant is allowed and that lies: each path of it answers in another way to fill the operator up.

It is a program of its own, so that what it takes is not measured: `python -m answers.hostile PORTFILE`. Must not live
here: what is too much.
"""

import asyncio
import gzip
import itertools
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024
ZEROS: Final = gzip.compress(bytes(200 * MIB), 9)
TWICE: Final = gzip.compress(ZEROS, 9)
ROWS: Final = b'{"value":[' + b"{}," * (16 * MIB // 3) + b"{}]}"
MANY: Final = b'{"value":[' + b"{}," * 160_000 + b"{}]}"
SLOW_TEXT: Final = json.dumps({"error": {"code": "a://" * 30, "message": "a://" * 4096}}).encode()

LARGE: Final = b'{"value":[' + b" " * (4 * MIB - 64) + b"]}"
SAME: Final = json.dumps(
    {"value": [{"id": "p", "targets": [{"id": "t\u0001"}, {"id": "t\u0002"}, {"id": "t"}]}]}
).encode()
INTERIM: Final = b"HTTP/1.1 100 \r\n\r\n" * 4096
SMALL_CHUNKS: Final = b"1\r\nx\r\n" * 8192

KINDS: Final = {
    **dict.fromkeys(("bomb", "twice", "endless", "refusal", "pages", "rows", "many", "text", "link"), 8),
    "interim": 8,
    "small": 8,
    "silent": 40,
    "large": 120,
    "same": 2,
    "dead": 8,
}
"""What the endpoints answer, and for how many workspaces; the name is a part of a workspace's name, and the last one is
a name that nobody knows."""


_CONSTANT: Final = {
    "bomb": (200, {"Content-Encoding": "gzip"}, ZEROS),
    "twice": (200, {"Content-Encoding": "gzip, gzip"}, TWICE),
    "rows": (200, dict[str, str](), ROWS),
    "many": (200, dict[str, str](), MANY),
    "text": (400, dict[str, str](), SLOW_TEXT),
}


async def answer(kind: str, target: str, host: str) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
    """Status, headers and body for one request."""
    if kind in _CONSTANT:
        status, headers, body = _CONSTANT[kind]
        return status, headers, _once(body)
    if kind in {"endless", "refusal"}:
        return (200 if kind == "endless" else 403), {}, _for_ever()
    if kind == "pages":
        number = next(_numbers)
        path = target.partition("?")[0]
        return 200, {}, _once(json.dumps({"value": [], "nextLink": f"http://{host}{path}?skip={number}"}).encode())
    if kind == "large":
        return 200, {}, _once(LARGE if "/jobs" in target else b'{"value":[]}')
    if kind == "same":
        return 200, {}, _once(SAME if "/providerStatus" in target else b'{"value":[]}')
    return 200, {}, _once(b'{"value":[],"nextLink":"https:x"}')


def misframed(kind: str) -> AsyncIterator[bytes] | None:
    """The whole of an answer whose framing is the lie; None if it is none of these."""
    if kind == "interim":
        return _for_ever(b"", INTERIM)
    if kind == "small":
        return _for_ever(b"HTTP/1.1 200 Lies\r\nTransfer-Encoding: chunked\r\n\r\n", SMALL_CHUNKS)
    return _never() if kind == "silent" else None


_numbers: Final = itertools.count()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), MIB):
        yield body[start : start + MIB]


async def _for_ever(head: bytes = b"", piece: bytes = b" " * 65_536) -> AsyncIterator[bytes]:
    yield head
    while True:
        yield piece


async def _never() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, one request; the kind is in the resource id's workspace name, `…/workspaces/<kind>-<n>/…`."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        host = next(line[5:].strip() for line in head.split("\r\n") if line.lower().startswith("host:"))
        kind = target.split("/workspaces/", 1)[1].split("-", 1)[0]
        raw = misframed(kind)
        if raw is None:
            status, headers, raw = await answer(kind, target, host)
            lines = [f"HTTP/1.1 {status} Lies", *(f"{name}: {value}" for name, value in headers.items())]
            writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        async for piece in raw:
            writer.write(piece)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return  # it hung up
    finally:
        writer.close()


async def main(port_file: Path) -> None:
    """Serve until the end of the process."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await asyncio.to_thread(port_file.write_text, str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
