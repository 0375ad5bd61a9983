"""Sockets that are read in small pieces, by turns, and no further than what was asked for may take on the wire.

Above them an HTTP parser works through whatever one read brings before the event loop gets to anything else: chunks of
one byte, or heads of `100 Continue` without end, and of hundreds of connections at a time. So this is where the
framing of an answer is bounded. Must not live here: whose turn it is (`loop_turns`), or how much an answer may bring
(`bounds`).
"""

import asyncio
import socket
import struct
from array import array
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp

from quantumjob_operator.azure.http.loop_turns import LoopTurns

_SMALL_PIECE: Final = 4 * 1024
"""Bytes of one read: some 2 ms of the parser's time if all of it is framing."""
_PIECE: Final = 64 * 1024
"""Of an answer that has brought as much content."""
_BEFORE_ANSWER: Final = 32 * 1024
"""Bytes of TLS, a proxy's answer, interim answers and the head."""
_FRAMING: Final = 128 * 1024
"""Of chunks, beside an eighth of what they hold; also what TLS has read ahead of the parser."""
_TLS_AHEAD: Final = 32 * 1024
_RESET: Final = struct.pack("ii", 1, 0)
"""For `SO_LINGER`: closed without waiting, and told by a reset."""


class PacedSocket(socket.socket):
    """A socket of one tenant at a time.

    Attributes:
        tenant: In whose turn it is read.
        overrun: Whether more came than an answer needs.
    """

    def __init__(self, *address: int, loop_turns: LoopTurns, tenant: str) -> None:
        super().__init__(*address)
        self._loop_turns = loop_turns
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
        if not self._loop_turns.may_read(self.tenant):
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
