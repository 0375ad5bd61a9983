"""Starts the emulator: settings → storage account → workspace → HTTP server; the only reader of the command line.

`python -m workspace_emulator` serves; `python -m workspace_emulator install` only fetches Azurite into the cache, and
`--version` tells the version.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from importlib.metadata import version
from pathlib import Path

from starlette.applications import Starlette

from workspace_emulator.entra.server import EntraAddress
from workspace_emulator.jobs.database import open_database
from workspace_emulator.secrets_file import Secrets, load_secrets
from workspace_emulator.service.app import make_app
from workspace_emulator.service.credentials import Credentials
from workspace_emulator.service.entra_setup import entra_beside
from workspace_emulator.service.gateway import WorkspacePath
from workspace_emulator.service.parts import assemble
from workspace_emulator.service.server import Listening, serve
from workspace_emulator.settings import Settings
from workspace_emulator.storage.account import Storage, StorageAccount
from workspace_emulator.storage.azurite import running_azurite
from workspace_emulator.storage.azurite_install import AzuriteUnavailableError, install


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"workspace-emulator {version('quantumjob-operator')}\n")
        return
    try:
        if sys.argv[1:] == ["install"]:
            _configure_logging("info")
            sys.stdout.write(f"{install().entry}\n")
            return
        settings = Settings(_cli_parse_args=True)
        _configure_logging(settings.log_level)
        asyncio.run(_run(settings))
    except AzuriteUnavailableError as error:
        sys.exit(str(error))


def _configure_logging(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    # These log whole URLs, which carry signatures.
    for name in ("azure", "httpx", "httpcore", "aiohttp", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)


async def _run(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        folder = settings.data_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="workspace-emulator-"))
        )
        secrets = load_secrets(folder, settings)
        account = await stack.enter_async_context(_storage_account(settings, folder, secrets))
        storage = await stack.enter_async_context(Storage(account, sas_seconds=settings.sas_seconds))
        app, entra = await stack.enter_async_context(_application(settings, folder, storage, secrets))
        await serve(app, settings, Listening(api_key=secrets.api_key, storage_url=account.url, entra=entra))


@asynccontextmanager
async def _storage_account(settings: Settings, folder: Path, secrets: Secrets) -> AsyncIterator[StorageAccount]:
    name, key = settings.storage_account, secrets.storage_key
    if settings.storage_url is not None:
        yield StorageAccount(url=settings.storage_url.rstrip("/"), name=name, key=key)
        return
    program = await asyncio.to_thread(install)
    async with running_azurite(program, folder / "azurite", name=name, key=key, host=settings.host) as account:
        yield account


@asynccontextmanager
async def _application(
    settings: Settings, folder: Path, storage: Storage, secrets: Secrets
) -> AsyncIterator[tuple[Starlette, EntraAddress | None]]:
    credentials = Credentials(secrets.api_key, [token.get_secret_value() for token in settings.bearer_tokens])
    path = WorkspacePath(settings.subscription_id, settings.resource_group, settings.workspace)
    with closing(open_database(folder / "workspace.sqlite")) as connection:
        parts = assemble(settings, connection, storage, credentials)
        parts.timeline.resume()
        app = make_app(parts, path, admin=settings.admin)
        try:
            async with entra_beside(app, parts, settings, folder) as entra:
                yield app, entra
        finally:
            await parts.timeline.close()


if __name__ == "__main__":
    main()
