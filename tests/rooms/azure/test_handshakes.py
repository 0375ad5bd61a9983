"""What a server of TLS may have the operator's side calculate, on the event loop, before a byte of HTTP is read."""

import asyncio
import base64
import secrets
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from devcluster.certificates import Authority
from loopturns import SHORT, turns_of_the_loop
from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport, trust
from quantumjob_operator.model.errors import Retryable
from rooms.azure.misbehaving import misbehaving_server, says
from rooms.azure.samples import JOB_ID, KEY, RESOURCE_ID, job

GETS: Final = 8
"""Of one poller at a time."""
_OPENSSL: Final = shutil.which("openssl")
Prepare = Callable[[ssl.SSLContext, Path], None]


def dhe(bits: int) -> Prepare:
    """TLS 1.2 with a group of a server's own; nobody looks whether its modulus is a prime."""

    def prepare(context: ssl.SSLContext, folder: Path) -> None:
        body = _integer(secrets.randbits(bits) | 1 << (bits - 1) | 1) + _integer(2)
        (folder / "dh.pem").write_text(
            "-----BEGIN DH PARAMETERS-----\n"
            + base64.encodebytes(b"\x30" + _length(len(body)) + body).decode()
            + "-----END DH PARAMETERS-----\n"
        )
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_dh_params(str(folder / "dh.pem"))
        context.set_ciphers("DHE+AESGCM")

    return prepare


def _length(size: int) -> bytes:
    return bytes([0x80 | 2]) + size.to_bytes(2, "big")


def _integer(number: int) -> bytes:
    """In DER, with a zero before it."""
    size = number.bit_length() // 8 + 1
    return b"\x02" + (bytes([size]) if size < 0x80 else _length(size)) + number.to_bytes(size, "big")


def only(version: ssl.TLSVersion, group: str = "") -> Prepare:
    """One version of TLS, and one group if it is named."""

    def prepare(context: ssl.SSLContext, _folder: Path) -> None:
        context.minimum_version = context.maximum_version = version
        if group:
            context.set_ecdh_curve(group)

    return prepare


def usual(_context: ssl.SSLContext, _folder: Path) -> None:
    """All that OpenSSL has by itself, X25519 before P-256."""


@contextmanager
def serving(shown: ssl.SSLContext) -> Iterator[str]:
    """A server in a thread of its own, whose part of the calculation is not the operator's; yields its address."""
    loop, running, found = asyncio.new_event_loop(), threading.Event(), list[str]()

    async def serve() -> None:
        async with misbehaving_server(shown) as server:
            server.plays(says(job()))
            found.append(server.url)
            running.set()
            await over.wait()

    over = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    running.wait()
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


async def asked(prepare: Prepare, folder: Path) -> tuple[list[object], float]:
    """What becomes of a poller's GETs at a time, and the longest turn of the loop meanwhile."""
    authority = Authority.create(folder, "authority")
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # An RSA key, which both kinds of key exchange of TLS 1.2 can be signed with.
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shown.load_cert_chain(*authority.issue_for_loopback("server", key))
    prepare(shown, folder)
    with serving(shown) as url:
        async with open_transport(ca_bundle=str(authority.ca_file)) as transport:
            client = WorkspaceClient(
                endpoint=url,
                resource_id=RESOURCE_ID,
                credential=ApiKey(KEY),
                transport=transport,
                allowed=AllowedOrigins.parse([url]),
                owner="asking",
            )
            async with turns_of_the_loop() as turns:
                answers = await asyncio.gather(*(client.get_job(JOB_ID) for _ in range(GETS)), return_exceptions=True)
    return list(answers), turns.longest


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(dhe(10_000), id="TLS 1.2, a group of 10,000 bits"),
        pytest.param(dhe(2048), id="TLS 1.2, a group of 2,048 bits"),
        pytest.param(only(ssl.TLSVersion.TLSv1_3, "ffdhe8192"), id="TLS 1.3, a group of 8,192 bits"),
    ],
)
async def test_no_finite_field_is_calculated_in(prepare: Prepare, tmp_path: Path) -> None:
    """The handshake ends at once: a power in such a group would hold the loop for up to a second."""
    answers, longest = await asked(prepare, tmp_path)
    assert [one for one in answers if not isinstance(one, Retryable)] == []
    assert longest < SHORT


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(usual, id="what OpenSSL has by itself"),
        pytest.param(only(ssl.TLSVersion.TLSv1_2), id="TLS 1.2"),
        pytest.param(only(ssl.TLSVersion.TLSv1_3, "prime256v1"), id="P-256 alone"),
    ],
)
async def test_usual_servers_are_spoken_with(prepare: Prepare, tmp_path: Path) -> None:
    """All that Azure, Entra and Azurite have is among it."""
    answers, longest = await asked(prepare, tmp_path)
    assert [one for one in answers if isinstance(one, BaseException)] == []
    assert longest < SHORT


@pytest.mark.skipif(not _OPENSSL, reason="no openssl: apt-get install openssl")
def test_no_handshake_is_repeated(tmp_path: Path) -> None:
    """A server of TLS 1.2 that asks for another one, as it could within one answer, is told that there is none."""
    authority = Authority.create(tmp_path, "authority")
    certificate, key = authority.issue_for_loopback("server")
    command = [str(_OPENSSL), "s_server", "-accept", "127.0.0.1:0", "-tls1_2"]
    command += ["-cert", str(certificate), "-key", str(key)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = next(int(line.split(b":")[-1]) for line in server.stdout if line.startswith(b"ACCEPT"))
        bare = socket.create_connection(("127.0.0.1", port), timeout=5)
        with trust(str(authority.ca_file)).wrap_socket(bare, server_hostname="localhost") as connected:
            server.stdin.write(b"r\n")
            server.stdin.flush()
            with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
                connected.recv(1)
        server.kill()


def test_certificates_are_not_taken_compressed() -> None:
    """The first message offers no `compress_certificate` (27, RFC 8879), whatever OpenSSL could read."""
    context = trust(None)
    sent = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname="example.com").do_handshake()
    offered = _extensions(sent.read())
    assert _SERVER_NAME in offered
    assert _COMPRESS_CERTIFICATE not in offered
    assert context.options & _NO_RX_CERTIFICATE_COMPRESSION


_SERVER_NAME: Final = 0
_COMPRESS_CERTIFICATE: Final = 27
_NO_RX_CERTIFICATE_COMPRESSION: Final = 1 << 33


def _extensions(message: bytes) -> set[int]:
    """The types of extensions in a record with a ClientHello (RFC 8446, 4.1.2)."""
    rest = message[5 + 4 + 2 + 32 :]
    for width in (1, 2, 1):  # the session's id, ciphers, compression
        rest = rest[width + int.from_bytes(rest[:width], "big") :]
    found, rest = set(), rest[2:]
    while rest:
        found.add(int.from_bytes(rest[:2], "big"))
        rest = rest[4 + int.from_bytes(rest[2:4], "big") :]
    return found
