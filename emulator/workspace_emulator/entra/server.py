"""The identity provider's HTTPS server, beside the workspace's; runs while the workspace runs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from workspace_emulator.entra.tls import load_certificates
from workspace_emulator.http_server import Server

_SHUTDOWN_TIMEOUT_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class EntraAddress:
    """What a client needs: where, and whose certificate to trust."""

    authority: str
    ca_file: Path


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
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_SECONDS,
    )
    server = Server(config)
    listener = socket.create_server((host, port))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield EntraAddress(f"https://{host}:{listener.getsockname()[1]}", certificates.ca_file)
    finally:
        server.should_exit = True
        await serving
