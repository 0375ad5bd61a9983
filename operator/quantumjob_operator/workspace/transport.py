"""The connections that all workspaces share: one HTTP client for the service, one for blobs.

Only opening and closing lives here. HTTP/1.1, no retries, no redirects: the reconciler decides about both.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from azure.core.pipeline.transport import AioHttpTransport

_CONNECTIONS: Final = 64
_KEPT_ALIVE: Final = 16
# Below the idle time-outs of the usual servers: what became of a PUT on a connection that is just closing is unknown.
_KEEP_ALIVE_SECONDS: Final = 4.0


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """The open connections; made by `open_transport`."""

    service: httpx.AsyncClient
    storage: AioHttpTransport


@asynccontextmanager
async def open_transport(*, connections: int = _CONNECTIONS) -> AsyncIterator[HttpTransport]:
    """Open the shared connections and close them in the end.

    Args:
        connections: The most connections to the service at a time; further requests wait.
    """
    limits = httpx.Limits(
        max_connections=connections,
        max_keepalive_connections=min(connections, _KEPT_ALIVE),
        keepalive_expiry=_KEEP_ALIVE_SECONDS,
    )
    # Each request brings its own time-outs, from its channel.
    client = httpx.AsyncClient(http1=True, http2=False, limits=limits, follow_redirects=False)
    async with client, AioHttpTransport() as storage:
        yield HttpTransport(service=client, storage=storage)
