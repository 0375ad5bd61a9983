"""Credentials for a workspace: what goes into a request's headers, and keys and connection strings as such.

Every kind of credential is a `Credential`; no secret shows in a repr, and none is kept longer than its owner. Tokens of
Entra are in `entra`. Reading Kubernetes Secrets is not done here (`cluster` does), nor is choosing who may use the
operator's own identity.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from quantumjob_operator.azure.http.allowlist import OriginError, parse_origin
from quantumjob_operator.azure.wire import API_KEY_HEADER
from quantumjob_operator.model.errors import CredentialsMalformed

_PARTS: Final = ("SubscriptionId", "ResourceGroupName", "WorkspaceName", "ApiKey", "QuantumEndpoint")
_KEY: Final = re.compile(r"[!-~]{1,4096}")


class Credential(Protocol):
    """Something that lets requests in."""

    async def headers(self) -> dict[str, str]:
        """The headers for one request.

        Raises:
            CredentialsRefused: The credential could not be obtained.
            Retryable: Whoever gives it could not be asked.
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
