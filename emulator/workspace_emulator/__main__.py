"""Starts the emulator: settings → storage account → workspace → HTTP server; the only place that puts the parts together.

`python -m workspace_emulator` serves; `python -m workspace_emulator install` only fetches Azurite into the cache.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from workspace_emulator.admin import Admin
from workspace_emulator.app import Parts, make_app
from workspace_emulator.azurite import running_azurite
from workspace_emulator.azurite_install import AzuriteUnavailableError, install
from workspace_emulator.behaviour import BehaviourSwitch
from workspace_emulator.clock import Clock
from workspace_emulator.credentials import Credentials
from workspace_emulator.database import open_database
from workspace_emulator.execution import Execution
from workspace_emulator.faults import Faults
from workspace_emulator.gateway import Gateway, WorkspacePath
from workspace_emulator.job_store import JobStore
from workspace_emulator.ledger import Ledger
from workspace_emulator.secrets_file import Secrets, load_secrets
from workspace_emulator.server import Listening, serve
from workspace_emulator.session_rules import SessionRules
from workspace_emulator.session_store import SessionStore
from workspace_emulator.settings import Settings
from workspace_emulator.storage import Storage, StorageAccount
from workspace_emulator.timeline import Timeline
from workspace_emulator.traffic import Traffic
from workspace_emulator.workspace import Workspace


def main() -> None:
    """Run the command line."""
    try:
        if sys.argv[1:] == ["install"]:
            sys.stdout.write(f"{install().entry}\n")
            return
        settings = Settings(**_from_command_line())
        _configure_logging(settings.log_level)
        asyncio.run(_run(settings))
    except AzuriteUnavailableError as error:
        sys.exit(str(error))


def _from_command_line() -> dict[str, Any]:
    return {"_cli_parse_args": True}


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
        app = await stack.enter_async_context(_application(settings, folder, storage, secrets))
        await serve(app, settings, Listening(api_key=secrets.api_key, storage_url=account.url))


@asynccontextmanager
async def _storage_account(settings: Settings, folder: Path, secrets: Secrets) -> AsyncIterator[StorageAccount]:
    name, key = settings.storage_account, secrets.storage_key
    if settings.storage_url is not None:
        yield StorageAccount(url=settings.storage_url.rstrip("/"), name=name, key=key)
        return
    program = await asyncio.to_thread(install)
    async with running_azurite(program, folder / "azurite", name=name, key=key) as account:
        yield account


@asynccontextmanager
async def _application(
    settings: Settings, folder: Path, storage: Storage, secrets: Secrets
) -> AsyncIterator[Starlette]:
    with closing(open_database(folder / "workspace.sqlite")) as connection:
        jobs, session_store, ledger = JobStore(connection), SessionStore(connection), Ledger(connection)
        clock, behaviour, faults, traffic = (
            Clock(),
            BehaviourSwitch(settings.behaviour()),
            Faults(settings.seed),
            Traffic(),
        )
        sessions = SessionRules(sessions=session_store, jobs=jobs, clock=clock, behaviour=behaviour)
        timeline = Timeline(
            jobs=jobs,
            ledger=ledger,
            execution=Execution(storage, simulations=settings.simulations),
            clock=clock,
            behaviour=behaviour,
            faults=faults,
            on_end=sessions.note_end,
        )
        parts = Parts(
            workspace=Workspace(
                jobs=jobs,
                ledger=ledger,
                sessions=sessions,
                timeline=timeline,
                storage=storage,
                clock=clock,
                behaviour=behaviour,
            ),
            sessions=sessions,
            jobs=jobs,
            session_store=session_store,
            ledger=ledger,
            storage=storage,
            clock=clock,
            behaviour=behaviour,
        )
        credentials = Credentials(secrets.api_key, [token.get_secret_value() for token in settings.bearer_tokens])
        path = WorkspacePath(settings.subscription_id, settings.resource_group, settings.workspace)
        gateway = Gateway(path=path, credentials=credentials, faults=faults, behaviour=behaviour, traffic=traffic)
        admin = Admin(
            behaviour=behaviour, credentials=credentials, faults=faults, ledger=ledger, traffic=traffic, clock=clock
        )
        timeline.resume()
        try:
            yield make_app(parts, gateway, admin if settings.admin else None)
        finally:
            await timeline.close()


if __name__ == "__main__":
    main()
