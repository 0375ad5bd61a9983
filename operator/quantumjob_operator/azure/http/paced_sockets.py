"""Sockets that are read in small pieces, by turns, and no further than what was asked for may take on the wire.

Above them an HTTP parser works through whatever one read brings before the event loop gets to anything else: chunks of
one byte, or heads of `100 Continue` without end, and of hundreds of connections at a time. So this is where the time
of the loop is divided, and where the framing of an answer is bounded. Must not live here: how much an answer may bring
(`bounds`).
"""

import asyncio
import socket
import struct
import time
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp

_SMALL_PIECE: Final = 4 * 1024
"""Bytes of one read: some 2 ms of the parser's time if all of it is framing."""
_PIECE: Final = 64 * 1024
"""Of an answer that has brought as much content."""
_PIECES: Final = 4
"""For each tenant in each turn of the event loop."""
_OWN_SECONDS, _ALL_SECONDS = 0.004, 0.02
"""Of CPU in each turn, after which a tenant, or all of them, begin no further read."""
_BEFORE_ANSWER: Final = 32 * 1024
"""Bytes of TLS, a proxy's answer, interim answers and the head."""
_FRAMING: Final = 128 * 1024
"""Of chunks, beside an eighth of what they hold; also what TLS has read ahead of the parser."""
_TLS_AHEAD: Final = 32 * 1024
_RESET: Final = struct.pack("ii", 1, 0)
"""For `SO_LINGER`: closed without waiting, and told by a reset."""


@dataclass(slots=True)
class LoopTurn:
    """What was read in this turn of the event loop, by tenant.

    What a piece takes of the parsers above is seen at the next read only. A tenant whose sockets the loop named so late
    that nothing was left reads one piece in the next turn, whatever others have read by then, each time from another of
    its sockets.

    Attributes:
        cpu: Seconds of CPU that this thread has had.
    """

    cpu: Callable[[], float] = time.thread_time
    _number: int = 0
    _began: float | None = None
    _read: "Counter[str]" = field(default_factory=Counter)
    _spent: dict[str, float] = field(default_factory=dict)
    _asked: "Counter[str]" = field(default_factory=Counter)
    _asked_before: "Counter[str]" = field(default_factory=Counter)
    _last: tuple[str, float] | None = None
    _late: set[str] = field(default_factory=set)
    _owed: set[str] = field(default_factory=set)

    def may_read(self, tenant: str) -> bool:
        """Whether a tenant's socket may be read now; else it is asked again in the loop's next turn."""
        now, began = self._times()
        place, read = self._asked[tenant], self._read[tenant]
        self._asked[tenant] += 1
        if now - began < _ALL_SECONDS:
            may = read < _PIECES and self._spent.get(tenant, 0.0) < _OWN_SECONDS
        else:
            # The one or the other of its sockets: the loop names them in the same order each time.
            its_turn = place == self._number % max(1, self._asked_before[tenant])
            may = tenant in self._owed and not read and its_turn
        if may:
            self._read[tenant] += 1
            self._last = tenant, now
        elif not read:
            self._late.add(tenant)
        return may

    def _times(self) -> tuple[float, float]:
        """Now, from which also follows what the last piece took, and when this turn began."""
        now = self.cpu()
        if self._began is None:
            self._began = now
            asyncio.get_running_loop().call_soon(self._end)
        if self._last is not None:
            reader, since = self._last
            self._spent[reader] = self._spent.get(reader, 0.0) + now - since
            self._last = None
        return now, self._began

    def _end(self) -> None:
        self._number += 1
        self._owed = {one for one in self._late if not self._read[one]}
        self._asked_before, self._asked = self._asked, Counter()
        self._late, self._began, self._last = set(), None, None
        self._read.clear()
        self._spent.clear()


class PacedSocket(socket.socket):
    """A socket of one tenant at a time.

    Attributes:
        tenant: In whose turn it is read.
        overrun: Whether more came than an answer needs.
    """

    def __init__(self, *address: int, loop_turn: LoopTurn, tenant: str) -> None:
        super().__init__(*address)
        self._loop_turn = loop_turn
        self._got = 0
        self._content: aiohttp.StreamReader | None = None
        self.tenant = tenant
        self.overrun = False
        _open[self.fileno()] = self

    def expect(self, tenant: str) -> None:
        """An answer is to come, for this tenant."""
        self.tenant, self._got, self._content = tenant, 0, None

    def head_is_read(self, content: aiohttp.StreamReader) -> None:
        """What comes from now on is the answer's content, as this reader has it, and what is around it."""
        self._content = content

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """As of any socket.

        Raises:
            BlockingIOError: It is not this socket's turn.
            ConnectionAbortedError: More came than was to come.
        """
        data = super().recv(min(bufsize, self._piece()), flags)
        self._got += len(data)
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """As `recv`."""
        most = min(nbytes or len(buffer), self._piece())
        count = super().recv_into(buffer, most, flags)
        self._got += count
        return count

    def close(self) -> None:
        """As of any socket; but what the other side has not taken by now, the kernel does not keep for it either."""
        if self.fileno() >= 0 and _not_taken(self):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        super().close()
        self._content = None  # whose connection has this socket: what is unread would lie in that circle

    def _piece(self) -> int:
        content = self._content.total_bytes if self._content is not None else 0
        around = _BEFORE_ANSWER if self._content is None else _FRAMING
        if self._got > around + content + content // 8:
            self.overrun = True
            raise ConnectionAbortedError("there is more framing than the answer needs")
        if not self._loop_turn.may_read(self.tenant):
            raise BlockingIOError
        return _SMALL_PIECE if content < _PIECE else _PIECE


def _not_taken(connection: socket.socket) -> int:
    """Bytes that were handed to the kernel and are not acknowledged."""
    count = array("i", [0])
    with suppress(OSError):
        ioctl(connection.fileno(), TIOCOUTQ, count)
    return count[0]


_open: Final[WeakValueDictionary[int, PacedSocket]] = WeakValueDictionary()


def socket_below(transport: asyncio.BaseTransport | None) -> PacedSocket | None:
    """The socket of a connection; None if it is closed."""
    known = transport.get_extra_info("socket") if transport is not None else None
    if known is None:
        return None
    if limit := getattr(transport, "set_read_buffer_limits", None):
        # By itself TLS reads on while the reader above it is full, and hands over all of it at once.
        limit(_TLS_AHEAD)
    return _open.get(known.fileno())
