"""A server that shows, in the clear as TLS 1.2 has it, certificates whose keys take long to be read; then it is silent.

Each key has a curve of its own over a prime p = k * 2^s + 1, and its points have only their x: reading one takes a
root modulo p, which the method of Tonelli and Shanks finds in some s^2 / 2 squarings.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

_K, _S = 471, 652
_PRIME: Final = _K * 2**_S + 1
_BYTES: Final = (_PRIME.bit_length() + 7) // 8
_HANDSHAKE: Final = 22
_ECDHE_RSA_AES128_GCM: Final = b"\xc0\x2f"
_SECURE_RENEGOTIATION: Final = b"\xff\x01\x00\x01\x00"


def costly_certificate() -> bytes:
    """Half a kilobyte of DER that takes OpenSSL most of a second of CPU; nobody has signed it."""
    point = _der(4, b"\2" + bytes(_BYTES))
    field = _sequence(_oid("2a8648ce3d0101"), _integer(_PRIME))
    curve = _sequence(_der(4, b"\1"), _der(4, _costly().to_bytes(_BYTES, "big")))
    key = _sequence(_oid("2a8648ce3d0201"), _sequence(_integer(1), field, curve, point, _integer(3)))
    algorithm = _sequence(_oid("2a8648ce3d040302"))
    validity = _sequence(_der(0x17, b"250101000000Z"), _der(0x17, b"350101000000Z"))
    public = _sequence(key, _bits(b"\2" + bytes(_BYTES)))
    signed = _sequence(_der(0xA0, _integer(2)), _integer(1), algorithm, _sequence(), validity, _sequence(), public)
    return _sequence(signed, algorithm, _bits(_sequence(_integer(1), _integer(1))))


def _costly() -> int:
    """A square whose root takes the most steps."""
    base = next(one for one in range(2, 100) if pow(one, (_PRIME - 1) // 2, _PRIME) == _PRIME - 1)
    half = pow(_K, -1, 2**_S)
    square: int = pow(pow(base, _K, _PRIME), 2 * half % 2**_S, _PRIME)
    return square


@asynccontextmanager
async def showing(*certificates: bytes) -> AsyncIterator[str]:
    """The address of a server that answers each hello with them, and keeps the connection."""
    flight = _record(_message(2, _hello()) + _message(11, _long(b"".join(_long(one) for one in certificates))))

    serving: list[asyncio.Future[Any]] = []

    async def show(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        await reader.read(1)
        writer.write(flight)
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(show, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        with suppress(ConnectionError):
            await asyncio.gather(*serving)  # the clients are gone


def _hello() -> bytes:
    extensions = len(_SECURE_RENEGOTIATION).to_bytes(2, "big") + _SECURE_RENEGOTIATION
    return b"\3\3" + bytes(32) + b"\0" + _ECDHE_RSA_AES128_GCM + b"\0" + extensions


def _record(messages: bytes) -> bytes:
    """In records of TLS, of which each has 16 KiB at most."""
    pieces = [messages[start : start + 2**14] for start in range(0, len(messages), 2**14)]
    return b"".join(bytes([_HANDSHAKE, 3, 3]) + len(one).to_bytes(2, "big") + one for one in pieces)


def _message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _long(body)


def _long(content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + content


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    # The shortest form is the only one.
    return bytes([tag]) + (length if not 0x80 <= size < 0x100 else bytes([0x81, size])) + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _der(3, b"\0" + content)


def _oid(content: str) -> bytes:
    return _der(6, bytes.fromhex(content))
