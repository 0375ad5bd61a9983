"""One running Azurite, the storage account of the local workspace; fetching it is `azurite_install`'s part.

Data lie in a folder and outlive the process, and so does the port, so that blob addresses stay valid over a restart.
"""

import asyncio
import ipaddress
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from workspace_emulator.storage import tethered
from workspace_emulator.storage.account import StorageAccount
from workspace_emulator.storage.azurite_install import ONE_SHUTDOWN, AzuriteProgram, AzuriteUnavailableError

_LOOPBACK: Final = "127.0.0.1"
_LISTENS: Final = re.compile(r"successfully listens on http://[\d.]+:(\d+)")
_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05


@asynccontextmanager
async def running_azurite(
    program: AzuriteProgram, folder: Path, *, name: str, key: str, host: str
) -> AsyncIterator[StorageAccount]:
    """Run Azurite with its data in a folder, for as long as the context lasts or this process lives.

    Args:
        program: The installed Azurite.
        folder: Where its data, its log and its last port are kept.
        name: Name of the storage account.
        key: Key of the storage account, base64.
        host: Where the workspace listens. If that is one IPv4 address, whoever reaches it there reaches the storage
            there too; else the storage is on loopback.

    Yields:
        The account, with the address where it can be reached.

    Raises:
        AzuriteUnavailableError: It did not start.
    """
    own = _one_address(host)
    process, port = await _start_on_known_port(program, folder, own, account=f"{name}:{key}")
    try:
        yield StorageAccount(url=f"http://{own}:{port}/{name}", name=name, key=key)
    finally:
        await _stop(process)


def _one_address(host: str) -> str:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return _LOOPBACK
    return _LOOPBACK if address.is_unspecified else host


async def _start_on_known_port(
    program: AzuriteProgram, folder: Path, host: str, account: str
) -> tuple[asyncio.subprocess.Process, int]:
    for port in _candidates(folder):
        process = await _spawn(program, folder, host, account, port)
        listening = await _await_port(process, folder / "azurite.log")
        if listening is not None:
            _port_memory(folder).write_text(str(listening))
            return process, listening
    raise AzuriteUnavailableError(f"Azurite did not start: {_text(folder / 'azurite.log').strip()[-500:]}")


def _candidates(folder: Path) -> tuple[int, ...]:
    """Return the ports to try: the one of the last start, which may be taken by now, then any that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    memory = _port_memory(folder)
    return (int(memory.read_text()), 0) if memory.exists() else (0,)


def _port_memory(folder: Path) -> Path:
    return folder / "port"


def _text(log: Path) -> str:
    return log.read_text(errors="replace")


async def _spawn(
    program: AzuriteProgram, folder: Path, host: str, account: str, port: int
) -> asyncio.subprocess.Process:
    # A file, not a pipe: writing to the pipe of a killed parent would kill Azurite before it has saved its index.
    with (folder / "azurite.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, tethered.__file__, str(os.getpid()), str(folder / "lock")),
            *(str(program.node), "--require", str(ONE_SHUTDOWN), str(program.entry)),
            *("--blobHost", host, "--blobPort", str(port), "--location", str(folder)),
            *("--skipApiVersionCheck", "--disableTelemetry", "--silent"),
            env={"AZURITE_ACCOUNTS": account, "PATH": os.defpath},
            stdout=log,
            stderr=log,
        )


async def _await_port(process: asyncio.subprocess.Process, log: Path) -> int | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_SECONDS
    while loop.time() < deadline and process.returncode is None:
        if found := _LISTENS.search(_text(log)):
            return int(found.group(1))
        await asyncio.sleep(_LOOK_SECONDS)
    await _stop(process)
    return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
