"""Credentials for a workspace: what goes into a request's headers, and how it is renewed after a 401.

Every kind of credential is a `Credential`; no secret shows in a repr, and none is kept longer than its owner. Reading
Kubernetes Secrets is not done here (`cluster` does), nor is choosing who may use the operator's own identity.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.identity.aio import DefaultAzureCredential

from quantumjob_operator.errors import Applied, CredentialsMalformed, CredentialsRefused
from quantumjob_operator.workspace.origins import OriginError, parse_origin
from quantumjob_operator.workspace.wire import API_KEY_HEADER, TOKEN_SCOPE

_PARTS: Final = ("SubscriptionId", "ResourceGroupName", "WorkspaceName", "ApiKey", "QuantumEndpoint")
_KEY: Final = re.compile(r"[!-~]{1,4096}")
_RENEWAL_PAUSE: Final = 10.0  # seconds in which several 401 count as one


class Credential(Protocol):
    """Something that lets requests in."""

    async def headers(self) -> dict[str, str]:
        """The headers for one request.

        Raises:
            CredentialsRefused: The credential could not be obtained.
        """

    async def renew(self) -> bool:
        """Get a fresh credential after a 401; False when nothing can be renewed."""

    async def close(self) -> None:
        """Let go of connections."""


class ApiKey:
    """A key of the workspace.

    Args:
        key: The key; white space around it (a final newline in a Secret) is dropped.

    Raises:
        CredentialsMalformed: It is empty, or holds characters that no header can carry.
    """

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key.strip()
        if not _KEY.fullmatch(self._key):
            raise CredentialsMalformed("ApiKey", "is empty or holds other characters than printable ASCII")

    def __repr__(self) -> str:
        return "ApiKey(…)"

    async def headers(self) -> dict[str, str]:
        """The key's header."""
        return {API_KEY_HEADER: self._key}

    async def renew(self) -> bool:
        """A key stays as it is until its Secret changes."""
        return False

    async def close(self) -> None:
        """Nothing is open."""


class OperatorIdentity:
    """The operator's own identity in Entra, as azure-identity finds it in the environment.

    Args:
        source: Makes the token credential; made anew for each renewal, since only that drops azure-identity's cache.
        monotonic: Seconds of a clock that never steps back.
    """

    def __init__(
        self,
        source: Callable[[], AsyncTokenCredential] = DefaultAzureCredential,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._monotonic = monotonic
        self._current: AsyncTokenCredential | None = None
        self._retired: list[AsyncTokenCredential] = []
        self._renewed_at: float | None = None
        self._lock = asyncio.Lock()

    def __repr__(self) -> str:
        return "OperatorIdentity()"

    async def headers(self) -> dict[str, str]:
        """A bearer token, from azure-identity's cache while it is valid."""
        if self._current is None:
            self._current = self._source()
        try:
            token = await self._current.get_token(TOKEN_SCOPE)
        except (AzureError, ValueError) as error:
            detail = f"the operator's identity gave no token: {error}"
            raise CredentialsRefused("get_token", detail=detail, applied=Applied.NO) from None
        return {"Authorization": f"Bearer {token.token}"}

    async def renew(self) -> bool:
        """Forget the cached token; several requests that were refused together renew once."""
        async with self._lock:
            now = self._monotonic()
            if self._renewed_at is None or now - self._renewed_at > _RENEWAL_PAUSE:
                self._renewed_at = now
                await self._retire()
        return True

    async def close(self) -> None:
        """Close the credential and those that were replaced."""
        await self._retire()
        retired, self._retired = self._retired, []
        for credential in retired:
            await credential.close()

    async def _retire(self) -> None:
        # One generation is kept open: a request may still be waiting for its token.
        if self._current is None:
            return
        older, self._retired, self._current = self._retired, [self._current], None
        for credential in older:
            await credential.close()


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """The parts of a connection string; the key is held by its credential."""

    subscription_id: str
    resource_group: str
    workspace: str
    endpoint: str
    credential: ApiKey

    @property
    def resource_id(self) -> str:
        """The workspace's resource id."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Quantum/workspaces/{self.workspace}"

    def require(self, *, resource_id: str, endpoint: str) -> ApiKey:
        """The key, if the string is meant for exactly this workspace.

        Args:
            resource_id: The workspace's resource id from the spec.
            endpoint: The endpoint in use.

        Raises:
            CredentialsMalformed: Another workspace is meant; names the part that differs.
        """
        expected = resource_id.strip("/").lower().split("/")
        actual = self.resource_id.strip("/").lower().split("/")
        for part, index in (("SubscriptionId", 1), ("ResourceGroupName", 3), ("WorkspaceName", 7)):
            if expected[index : index + 1] != actual[index : index + 1]:
                raise CredentialsMalformed(part, "of the connection string differs from spec.resourceId")
        if parse_origin(self.endpoint) != parse_origin(endpoint):
            raise CredentialsMalformed("QuantumEndpoint", "of the connection string is not the workspace's endpoint")
        return self.credential


def parse_connection_string(text: str) -> ConnectionString:
    """Read a connection string as the portal gives it.

    Raises:
        CredentialsMalformed: A part is missing, doubled or unreadable; names the part, never its value.
    """
    values: dict[str, str] = {}
    for piece in filter(None, text.strip().split(";")):
        name, _, value = piece.strip().partition("=")
        if name in values:
            raise CredentialsMalformed(name, "stands twice in the connection string")
        if name in _PARTS:
            values[name] = value
    for part in _PARTS:
        if not values.get(part):
            raise CredentialsMalformed(part, "is missing in the connection string")
    _require_endpoint(values["QuantumEndpoint"])
    return ConnectionString(
        subscription_id=values["SubscriptionId"],
        resource_group=values["ResourceGroupName"],
        workspace=values["WorkspaceName"],
        endpoint=values["QuantumEndpoint"],
        credential=ApiKey(values["ApiKey"]),
    )


def _require_endpoint(endpoint: str) -> None:
    try:
        parse_origin(endpoint)
    except OriginError:
        raise CredentialsMalformed("QuantumEndpoint", "of the connection string is no origin") from None
