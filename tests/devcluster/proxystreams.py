"""Watches that pass through the proxy: their lines pending, delivered late, or merged into the last of each object.

Nothing is made up: each line that a client gets is one that the server sent, in the server's order, and the last one of
an object always arrives. Must not live here: requests with one answer (`proxyrules`), or the connections (`proxy`).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from devcluster.proxyrules import Predicate, Request

_SUPERSEDING: Final = frozenset({"MODIFIED", "DELETED"})

Write = Callable[[bytes], Awaitable[Any]]


def is_watch(request: Request) -> bool:
    """Whether a request asks for a stream of events."""
    asked = parse_qs(urlsplit(request.path).query).get("watch", [""])[0]
    return request.method == "GET" and asked in {"1", "true"}


class Withheld:
    """Lines of watches that are pending; made by `TlsProxy.withhold`, used from any thread.

    Attributes:
        lines: How many were pending until now.
        merged: How many of them a later one of the same object has taken the place of.
    """

    def __init__(self, predicate: Predicate, wake: Callable[[], None], *, merge: bool) -> None:
        self.lines = 0
        self.merged = 0
        self.merge = merge
        self.released = False
        self._predicate = predicate
        self._wake = wake

    def picks(self, request: Request) -> bool:
        """Whether it holds the lines of this watch back."""
        return not self.released and self._predicate(request)

    def release(self) -> None:
        """Deliver what was pending, and whatever comes later as it comes; harmless when repeated."""
        self.released = True
        self._wake()


class Streams:
    """The watches of one proxy; but for `withhold`, used in the proxy's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._withheld: list[Withheld] = []
        self._changed = asyncio.Event()

    def withhold(self, predicate: Predicate, *, merge: bool) -> Withheld:
        """Hold back the lines of watches, open ones included."""

        def wake() -> None:
            self._loop.call_soon_threadsafe(self._wake)

        withheld = Withheld(predicate, wake, merge=merge)
        self._withheld.append(withheld)
        return withheld

    async def pass_on(self, asked: Request, chunks: AsyncIterator[bytes], write: Write) -> None:
        """Write the lines of a watch until it ends and nothing is pending any more."""
        held: list[bytes] = []
        holder: Withheld | None = None
        lines = _lines(chunks)
        reading: asyncio.Task[bytes | None] | None = asyncio.ensure_future(anext(lines, None))
        try:
            while reading or held:
                waking = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({waking, reading} if reading else {waking}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    waking.cancel()
                present = self._holder(asked)
                holder = present or holder
                if reading and reading.done():
                    line = reading.result()
                    reading = None if line is None else asyncio.ensure_future(anext(lines, None))
                    if line is not None:
                        held.append(line)
                        if present:
                            present.lines += 1
                if held and present is None:
                    await write(b"".join(_delivered(held, holder)))
                    held, holder = [], None
        finally:
            if reading:
                reading.cancel()

    def _holder(self, asked: Request) -> Withheld | None:
        self._withheld = [one for one in self._withheld if not one.released]
        return next((one for one in self._withheld if one.picks(asked)), None)

    def _wake(self) -> None:
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()


def _delivered(held: list[bytes], holder: Withheld | None) -> list[bytes]:
    if holder is None or not holder.merge:
        return held
    kept = merged(held)
    holder.merged += len(held) - len(kept)
    return kept


def merged(lines: Iterable[bytes]) -> list[bytes]:
    """The lines without each MODIFIED that a later line of the same object follows."""
    kept: list[tuple[str, str, bytes]] = []
    for line in lines:
        kind, uid = _about(line)
        if kind in _SUPERSEDING:
            kept = [one for one in kept if one[:2] != ("MODIFIED", uid)]
        kept.append((kind, uid, line))
    return [line for _, _, line in kept]


def _about(line: bytes) -> tuple[str, str]:
    """The kind of an event and its object's uid; a bookmark or an error is about no object."""
    try:
        event = json.loads(line)
        return event["type"], event["object"]["metadata"].get("uid", "")
    except (ValueError, KeyError, TypeError):
        return "", ""


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
