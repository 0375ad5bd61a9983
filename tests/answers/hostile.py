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
MANY: Final = b'{"value":[' + b"{}," * 190_000 + b"{}]}"
SLOW_TEXT: Final = json.dumps({"error": {"code": "a://" * 30, "message": "a://" * 4096}}).encode()

KINDS: Final = ("bomb", "twice", "endless", "refusal", "pages", "rows", "many", "text", "link", "dead")
"""What the endpoints answer; the name is a part of a workspace's name, and the last one is a name that nobody knows."""


async def answer(kind: str, target: str, host: str) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
    """Status, headers and body for one request."""
    if kind == "bomb":
        return 200, {"Content-Encoding": "gzip"}, _once(ZEROS)
    if kind == "twice":
        return 200, {"Content-Encoding": "gzip, gzip"}, _once(TWICE)
    if kind == "endless":
        return 200, {}, _for_ever()
    if kind == "refusal":
        return 403, {}, _for_ever()
    if kind == "pages":
        number = next(_numbers)
        path = target.partition("?")[0]
        return 200, {}, _once(json.dumps({"value": [], "nextLink": f"http://{host}{path}?skip={number}"}).encode())
    if kind == "rows":
        return 200, {}, _once(ROWS)
    if kind == "many":
        return 200, {}, _once(MANY)
    if kind == "text":
        return 400, {}, _once(SLOW_TEXT)
    return 200, {}, _once(b'{"value":[],"nextLink":"https:x"}')


_numbers: Final = itertools.count()


async def _once(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), MIB):
        yield body[start : start + MIB]


async def _for_ever() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65_536


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, one request; the kind is in the resource id's workspace name, `…/workspaces/<kind>-<n>/…`."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        host = next(line[5:].strip() for line in head.split("\r\n") if line.lower().startswith("host:"))
        kind = target.split("/workspaces/", 1)[1].split("-", 1)[0]
        status, headers, body = await answer(kind, target, host)
        lines = [f"HTTP/1.1 {status} Lies", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        async for piece in body:
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
