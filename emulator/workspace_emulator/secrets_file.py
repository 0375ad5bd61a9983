"""The emulator's own credentials: those of the settings, else random ones, kept with the data for the next start."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from workspace_emulator.private_file import write_private
from workspace_emulator.settings import Settings


@dataclass(frozen=True, slots=True)
class Secrets:
    """The key of the workspace and the key of its storage account."""

    api_key: str = field(repr=False)
    storage_key: str = field(repr=False)


def load_secrets(folder: Path, settings: Settings) -> Secrets:
    """Return the credentials of this workspace; random ones are written to the folder, for the owner alone."""
    kept = _kept(folder)
    api_key, storage_key = settings.api_key, settings.storage_key
    return Secrets(
        api_key=kept.api_key if api_key is None else api_key.get_secret_value(),
        storage_key=kept.storage_key if storage_key is None else storage_key.get_secret_value(),
    )


def _kept(folder: Path) -> Secrets:
    file = folder / "secrets.json"
    if file.exists():
        return Secrets(**json.loads(file.read_text()))
    fresh = Secrets(api_key=secrets.token_urlsafe(32), storage_key=base64.b64encode(secrets.token_bytes(64)).decode())
    folder.mkdir(parents=True, exist_ok=True)
    write_private(file, json.dumps(asdict(fresh)))
    return fresh
