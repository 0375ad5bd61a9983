"""An API server as far as signing in asks it: Secrets, ServiceAccounts' tokens and namespaces, over real HTTP.

It takes Events, and has no QuantumJobs.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from kubernetes.aio.client import ApiClient, Configuration

from quantumjob_operator.cluster.api import Api
from rooms.azure.misbehaving import Received, misbehaving_server, says


@dataclass(slots=True)
class SecretStore:
    """What it holds, and what it was asked.

    Attributes:
        secrets: The text under the key `key` of each Secret that was made for credentials, by name.
        accounts: Names of the ServiceAccounts.
        labels: Labels of the namespaces, by name.
        token_seconds: What it makes of the wish for a token's lifetime.
        broken: The status with which it answers everything, 0 if it works.
        asked: Method and path of all requests.
        events: Those that were published.
    """

    secrets: dict[str, str] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    token_seconds: int = 3600
    broken: int = 0
    asked: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.asked.append(f"{request.method} {request.path}")
        body = self._answer(request)
        if self.broken or body is None:
            code = self.broken or HTTPStatus.NOT_FOUND
            await says({"kind": "Status", "reason": "Trouble", "message": "because"}, code)(request, writer)
        else:
            await says(body)(request, writer)

    def _answer(self, request: Received) -> dict[str, Any] | None:
        match request.path.strip("/").split("/"):
            case [*_, "secrets", name] if name in self.secrets:
                data = {"key": base64.b64encode(self.secrets[name].encode()).decode()}
                return {"metadata": {"name": name}, "type": "quantumjobs.dev/credentials", "data": data}
            case [*_, "serviceaccounts", name, "token"] if name in self.accounts:
                spec = {**json.loads(request.body)["spec"], "expirationSeconds": self.token_seconds}
                return {"spec": spec, "status": {"token": f"token-{len(self.asked)}"}}
            case ["api", "v1", "namespaces", _, "events"]:
                self.events.append(json.loads(request.body))
                return self.events[-1]
            case [*_, "quantumjobs"]:
                return {"items": []}
            case ["api", "v1", "namespaces", name] if name in self.labels:
                return {"metadata": {"name": name, "labels": self.labels[name]}}
        return None


@asynccontextmanager
async def secret_store() -> AsyncIterator[tuple[SecretStore, Api]]:
    """One that runs, and a connection to it."""
    store = SecretStore()
    async with misbehaving_server() as server:
        server.plays(store.serve)
        api = Api(ApiClient(Configuration(host=server.url)))
        yield store, api
        await api.close()
