"""The identity provider's HTTPS server, beside the workspace's; runs while the workspace runs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from workspace_emulator.entra_tls import load_certificates

_TICK_SECONDS: Final = 0.01
_PATIENCE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class EntraAddress:
    """What a client needs: where, and whose certificate to trust."""

    authority: str
    ca_file: Path


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the workspace's server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving_entra(app: Starlette, folder: Path, host: str, port: int) -> AsyncIterator[EntraAddress]:
    """Serve over https until the end of the block.

    Args:
        app: The identity provider.
        folder: Keeps the certificates.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.

    Raises:
        OSError: The address is taken.
    """
    certificates = load_certificates(folder, host)
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=certificates.certificate,
        ssl_keyfile=certificates.key,
        timeout_graceful_shutdown=_PATIENCE_SECONDS,
    )
    server = _Server(config)
    listener = socket.create_server((host, port))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(_TICK_SECONDS)
        yield EntraAddress(f"https://{host}:{listener.getsockname()[1]}", certificates.ca_file)
    finally:
        server.should_exit = True
        await serving
