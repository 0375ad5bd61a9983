"""The connections that all workspaces share: for the service, for blobs, and for the identity provider.

Only opening and closing lives here. HTTP/1.1, no retries, no redirects: the reconciler decides about both.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.request import getproxies_environment

import aiohttp
import httpx
from azure.core.pipeline.transport import AioHttpTransport

from quantumjob_operator.azure.http.aiohttp_transport import AiohttpTransport
from quantumjob_operator.azure.http.answer_sizes import ANSWER_BYTES
from quantumjob_operator.azure.http.bounds import bounded_session, tenant_of_request
from quantumjob_operator.azure.http.handshake_threads import HandshakeThreads
from quantumjob_operator.azure.http.handshakes import SecureConnector, beside_the_loop
from quantumjob_operator.azure.http.loop_turns import LoopTurns
from quantumjob_operator.azure.http.name_resolution import NameResolver
from quantumjob_operator.azure.http.paced_sockets import PacedSocket
from quantumjob_operator.azure.http.proxies import through
from quantumjob_operator.scheduling.fair_share import FairShare

# What is under way is bounded elsewhere: by the workers, and by eight GETs of each workspace's poller.
_CONNECTIONS: Final = 512
# The server chooses how much a handshake has to calculate: a power in a group of 10,000 bits takes a second. On a curve
# it is a millisecond. What its certificates may cost is bounded by turns and threads (see `handshakes`).
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: key exchange on curves only."""
_CURVE: Final = "prime256v1"
"""The one group, of TLS 1.3 as well, which has finite fields of 8,192 bits beside its curves."""
_NO_COMPRESSED_CERTIFICATES: Final = 1 << 33
"""`SSL_OP_NO_RX_CERTIFICATE_COMPRESSION` of OpenSSL 3.2, which `ssl` has no name for; older ones have no such thing.

A few kilobytes could be a hundred of certificates (RFC 8879), after the bytes were counted.
"""
# Below the idle time-outs of the usual servers: what became of a PUT on a connection that is just closing is unknown.
_KEEP_ALIVE_SECONDS: Final = 4.0
_NO_COOKIES: Final = DefaultCookiePolicy(allowed_domains=())


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """The open connections; made by `open_transport`.

    Attributes:
        service: To the services of all workspaces, as httpx has it.
        engine: The same connections, for requests that are made up already.
        storage: To their storage accounts.
        identity: To the identity provider.
        requests: Of all tenants to their services at a time; workspaces that never answer leave some to the others.
        answers: Bytes of their answers that are held at a time.
    """

    service: httpx.AsyncClient
    engine: AiohttpTransport
    storage: aiohttp.ClientSession
    identity: AioHttpTransport
    requests: FairShare
    answers: FairShare


@asynccontextmanager
async def open_transport(
    *, connections: int = _CONNECTIONS, ca_bundle: str | None = None, give_up_seconds: float = 30.0
) -> AsyncIterator[HttpTransport]:
    """Open the shared connections and close them in the end.

    Args:
        connections: The most connections to the service at a time; further requests wait.
        ca_bundle: PEM file of certificate authorities that are trusted beside the usual ones (see `trust`).
        give_up_seconds: For so long the kernel keeps what the service's side has not acknowledged (see `giving_up`).

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    name_resolver, threads = NameResolver(), HandshakeThreads()
    connector = partial(
        SecureConnector,
        threads,
        ssl=beside_the_loop(trust(ca_bundle)),
        resolver=name_resolver,
        socket_factory=giving_up(give_up_seconds),
    )
    proxies = getproxies_environment()
    engine = AiohttpTransport(connector(limit=connections, keepalive_timeout=_KEEP_ALIVE_SECONDS), proxies)
    # Each request brings its own time-outs, from its channel. No cookies: one tenant's would go along with all others'.
    client = httpx.AsyncClient(transport=engine, follow_redirects=False, cookies=CookieJar(_NO_COOKIES))
    try:
        async with (
            client,
            bounded_session(connector(), through(proxies)) as storage,
            bounded_session(connector(), through(proxies)) as asking,
        ):
            # No single client of Azure's library can close it.
            identity = AioHttpTransport(session=asking, session_owner=False)
            yield HttpTransport(client, engine, storage, identity, FairShare(connections), FairShare(ANSWER_BYTES))
    finally:
        threads.close()
        await name_resolver.close()


def giving_up(seconds: float) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    """Makes sockets whose kernel doesn't send for longer what was handed to it.

    A PUT that was given up after its time-out would else lie in the kernel's buffers, and might arrive when a partition
    of the network ends: minutes later, after the fence.
    """
    loop_turns = LoopTurns()

    def make(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol = address[:3]
        made = PacedSocket(family, kind, protocol, loop_turns=loop_turns, tenant=tenant_of_request())
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, round(seconds * 1000)))
        return made

    return make


def trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Whose certificates are accepted, by all connections alike.

    httpx and aiohttp would take their authorities from different places (certifi, the system), and only the variables
    `SSL_CERT_FILE` and `SSL_CERT_DIR` reach both; `REQUESTS_CA_BUNDLE` reaches neither. Those variables replace the
    authorities, while this file adds to them. What a server may have the handshake calculate is bounded here, too.

    Raises:
        OSError: The file cannot be read, or holds no certificate (`ssl.SSLError`).
    """
    context = httpx.create_ssl_context()
    context.set_ciphers(_CIPHERS)
    # Python 3.11 takes one name. P-256 is what every server of TLS 1.3 has to have (RFC 8446, 9.1).
    context.set_ecdh_curve(_CURVE)
    # A server of TLS 1.2 could ask for handshake after handshake within one answer.
    context.options |= ssl.OP_NO_RENEGOTIATION | _NO_COMPRESSED_CERTIFICATES
    context.set_alpn_protocols(["http/1.1"])
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    return context
