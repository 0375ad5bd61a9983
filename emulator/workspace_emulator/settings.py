"""Every setting of the emulator, from flags and from the environment (prefix `WORKSPACE_EMULATOR_`).

The part that can also be changed at run time, through the admin route, is `behaviour`.
"""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workspace_emulator.behaviour import Behaviour
from workspace_emulator.entra.clients import EntraRules

LOCAL_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"


class Settings(BaseSettings, Behaviour):
    """A local Azure Quantum workspace that really runs programs."""

    model_config = SettingsConfigDict(
        env_prefix="WORKSPACE_EMULATOR_",
        cli_prog_name="workspace-emulator",
        cli_kebab_case="all",
        cli_implicit_flags=True,
        cli_hide_none_type=True,
        frozen=True,
        extra="forbid",
    )

    host: str = Field(default="127.0.0.1", description="address to listen on; Azurite's too")
    port: int = Field(default=8790, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    ready_file: Path | None = Field(
        default=None, description="JSON with the endpoint, written once it serves; holds the API key"
    )
    data_dir: Path | None = Field(
        default=None, description="keeps all state over a restart; a temporary folder if absent"
    )
    admin: bool = Field(default=False, description="serve /admin: settings, faults, ledger")

    subscription_id: str = Field(default=LOCAL_SUBSCRIPTION, description="GUID in the workspace's path")
    resource_group: str = Field(default="local", description="resource group in the workspace's path")
    workspace: str = Field(default="emulator", description="name of the workspace")
    location: str = Field(default="eastus", description="region that the workspace claims to be in")

    api_key: SecretStr | None = Field(
        default=None, description="accepted API key; a random one, kept with the data, if absent"
    )
    bearer_tokens: list[SecretStr] = Field(default_factory=list, description="accepted bearer tokens")

    entra_port: int | None = Field(
        default=None, ge=0, le=65535, description="https port of the identity provider; not served if absent"
    )
    entra: EntraRules = Field(
        default_factory=EntraRules, description="its rules: applications, issuers, token_seconds, outage"
    )

    storage_url: str | None = Field(
        default=None, description="base address of an existing storage account instead of Azurite"
    )
    storage_account: str = Field(default="emulator", description="name of the storage account")
    storage_key: SecretStr | None = Field(default=None, description="key of the storage account, base64")
    sas_seconds: float = Field(default=86_400.0, gt=0, description="validity of a shared access signature")
    simulations: int = Field(default=2, ge=1, description="programs that run at the same time")
    log_level: str = Field(default="info", description="debug, info, warning or error")

    @model_validator(mode="after")
    def _storage_is_complete(self) -> Self:
        if self.storage_url is not None and self.storage_key is None:
            raise ValueError("storage_url needs storage_key")
        return self

    def behaviour(self) -> Behaviour:
        """Return the part that can be changed at run time, as it is at the start."""
        return Behaviour.model_validate(self.model_dump(include=set(Behaviour.model_fields)))
