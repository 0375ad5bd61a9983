"""A local workspace with its identity provider, and the operator's client of both; no assertion lives here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from emulator.process import RunningEmulator
from quantumjob_operator.azure.auth import Credential
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.entra import EntraIdentity, Provider
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from rooms.azure.entraclients import FEDERATED, SECRET, SUBJECT, TENANT, WITH_SECRET, assertion, rules


@dataclass(frozen=True, slots=True)
class EntraWorkspace:
    """Both, running.

    Attributes:
        emulator: The process.
        transport: Connections that trust the identity provider's authority.
        admin: A client of the admin route.
    """

    emulator: RunningEmulator
    transport: HttpTransport
    admin: httpx.AsyncClient

    @property
    def provider(self) -> Provider:
        """The identity provider, as the operator knows it."""
        return Provider(self.transport.identity, self.emulator.facts["entra_authority"], instance_discovery=False)

    def with_secret(
        self, secret: str = SECRET, *, tenant_id: str = TENANT, client_id: str = WITH_SECRET
    ) -> EntraIdentity:
        """The application that has a secret."""
        return self.provider.client_secret(tenant_id=tenant_id, client_id=client_id, secret=secret)

    def federated(self, text: str | None = None) -> EntraIdentity:
        """The application that trusts assertions, with one of its own or another text."""

        async def fetch() -> str:
            return text or assertion()

        return self.provider.workload_identity(
            tenant_id=TENANT, client_id=FEDERATED, subject=SUBJECT, fetch_assertion=fetch
        )

    @asynccontextmanager
    async def client(self, credential: Credential, endpoint: str | None = None) -> AsyncIterator[WorkspaceClient]:
        """A client of the workspace, or of what is said to be it."""
        place = endpoint or self.emulator.facts["endpoint"]
        client = WorkspaceClient(
            endpoint=place,
            resource_id=httpx.URL(self.emulator.workspace_url).path,
            credential=credential,
            transport=self.transport,
            allowed=AllowedOrigins.parse([place]),
        )
        yield client
        await client.close()

    async def change(self, **changed: Any) -> None:
        """Change rules of the identity provider."""
        (await self.admin.put("/entra", json=changed)).raise_for_status()

    async def reset(self) -> None:
        """Bring back its first rules."""
        await self.change(**rules())

    async def answers(self) -> dict[str, int]:
        """How often it gave tokens (`granted`) and refused them, by code."""
        counted: dict[str, int] = (await self.admin.get("/entra")).json()["answers"]
        return counted
