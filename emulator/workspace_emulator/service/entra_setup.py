"""Puts the identity provider beside the workspace: its tokens are let in there, and its admin route is served there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from workspace_emulator.entra.provider import Entra
from workspace_emulator.entra.server import EntraAddress, serving_entra
from workspace_emulator.entra.tokens import EntraTokens
from workspace_emulator.service.entra_admin import EntraAdmin
from workspace_emulator.service.parts import Parts
from workspace_emulator.settings import Settings


@asynccontextmanager
async def entra_beside(
    app: Starlette, parts: Parts, settings: Settings, folder: Path
) -> AsyncIterator[EntraAddress | None]:
    """Serve the identity provider until the end of the block, if the settings ask for it.

    Args:
        app: The workspace's application.
        parts: The workspace's parts.
        settings: Where to listen, and the first rules.
        folder: Keeps keys and certificates, in a folder of its own.
    """
    if settings.entra_port is None:
        yield None
        return
    place = folder / "entra"
    place.mkdir(parents=True, exist_ok=True)
    entra = Entra(EntraTokens(place, parts.clock.now), settings.entra)
    parts.credentials.accept_issued(entra.tokens.is_valid)
    if settings.admin:
        app.router.routes.extend(EntraAdmin(entra).routes())
    async with serving_entra(entra.app(), place, settings.host, settings.entra_port) as address:
        yield address
