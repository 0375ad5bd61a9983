"""The HTTP server around the application: its socket, its signals, and the file that says where it serves."""

import asyncio
import json
import logging
import os
import signal
import socket
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette

from workspace_emulator.entra.server import EntraAddress
from workspace_emulator.faults.connections import DroppableProtocol
from workspace_emulator.http_server import Server
from workspace_emulator.private_file import write_private
from workspace_emulator.settings import Settings

_log = logging.getLogger(__name__)
_SHUTDOWN_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Listening:
    """What a client needs to know beside the endpoint and the settings."""

    api_key: str = field(repr=False)
    storage_url: str
    entra: EntraAddress | None = None


async def serve(app: Starlette, settings: Settings, listening: Listening) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OSError: The address is taken.
    """
    listener = _listener(settings.host, settings.port)
    config = uvicorn.Config(
        app,
        http=DroppableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_SECONDS,
    )
    server = Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)  # noqa: FBT003 - a value, not a flag
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait((serving, asyncio.create_task(server.ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    _announce(settings, listening, listener.getsockname()[1])
    await serving


def _listener(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where it can read the protocol from the socket; else each answer,
    # written in two parts, waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _announce(settings: Settings, listening: Listening, port: int) -> None:
    endpoint = f"http://{settings.host}:{port}/"
    _log.info("serving at %s, storage at %s", endpoint, listening.storage_url)
    if settings.ready_file is None:
        return
    facts = {
        "endpoint": endpoint,
        "api_key": listening.api_key,
        "subscription_id": settings.subscription_id,
        "resource_group": settings.resource_group,
        "workspace": settings.workspace,
        "location": settings.location,
        "pid": os.getpid(),
        "storage_url": listening.storage_url,
    }
    if listening.entra is not None:
        facts |= {"entra_authority": listening.entra.authority, "entra_ca_file": str(listening.entra.ca_file)}
    settings.ready_file.parent.mkdir(parents=True, exist_ok=True)
    write_private(settings.ready_file, json.dumps(facts, indent=2))
