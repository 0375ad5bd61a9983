"""From a QuantumWorkspace object to a client that is signed in.

One connection for each QuantumWorkspace object, never for each Azure workspace: a job is never polled with another
tenant's credential. Must not live here: requests about jobs (`reconciler`, `poller`).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from quantumjob_operator.cluster.materials import MaterialError, Materials
from quantumjob_operator.errors import CredentialsMalformed
from quantumjob_operator.lifecycle.facts import Trouble
from quantumjob_operator.naming import workspace_id
from quantumjob_operator.quantumworkspace import QuantumWorkspace, SecretSource
from quantumjob_operator.settings import Settings
from quantumjob_operator.workspace.auth import ApiKey, Credential, OperatorIdentity, parse_connection_string
from quantumjob_operator.workspace.channel import Observer, Timing
from quantumjob_operator.workspace.client import WorkspaceClient
from quantumjob_operator.workspace.origins import AllowedOrigins
from quantumjob_operator.workspace.transport import HttpTransport

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """A client for one QuantumWorkspace, as of one generation and one reading of its Secret."""

    workspace: QuantumWorkspace
    client: WorkspaceClient


class Connections:
    """Makes and keeps connections."""

    def __init__(
        self,
        *,
        materials: Materials,
        transport: HttpTransport,
        allowed: AllowedOrigins,
        settings: Settings,
        observer: Observer,
        monotonic: Callable[[], float],
    ) -> None:
        self._materials = materials
        self._transport = transport
        self._allowed = allowed
        self._settings = settings
        self._observer = observer
        self._timing = Timing(request_seconds=settings.request_timeout_seconds, monotonic=monotonic)
        self._open: dict[str, Connection] = {}

    async def get(self, workspace: QuantumWorkspace) -> Connection | Trouble:
        """The connection of a workspace, made if there is none for its generation.

        Raises:
            ClusterError: The API server could not be asked for the Secret.
        """
        kept = self._open.get(workspace.uid)
        if kept and kept.workspace.generation == workspace.generation:
            return kept
        credential = await self._credential(workspace)
        if isinstance(credential, Trouble):
            return credential
        client = WorkspaceClient(
            endpoint=workspace.endpoint,
            resource_id=workspace.spec.resource_id,
            credential=credential,
            transport=self._transport,
            allowed=self._allowed,
            observer=self._observer,
            timing=self._timing,
        )
        await self.drop(workspace.uid)
        made = self._open[workspace.uid] = Connection(workspace, client)
        return made

    async def drop(self, uid: str) -> None:
        """Forget a workspace's connection: its Secret is read again at the next need."""
        old = self._open.pop(uid, None)
        if old:
            await old.client.close()

    async def close(self) -> None:
        """Close all of them."""
        for uid in list(self._open):
            await self.drop(uid)

    async def _credential(self, workspace: QuantumWorkspace) -> Credential | Trouble:
        if field := workspace.unserved_field():
            return Trouble("FieldNotServed", f"spec.{field} is not served by this version; choose another way")
        given = workspace.spec.credentials
        try:
            if given.api_key:
                return ApiKey(await self._secret(workspace, given.api_key, "apiKey"))
            if given.connection_string:
                text = await self._secret(workspace, given.connection_string, "connectionString")
                parts = parse_connection_string(text)
                return parts.require(resource_id=workspace.spec.resource_id, endpoint=workspace.endpoint)
        except MaterialError as error:
            return Trouble(error.reason, error.message)
        except CredentialsMalformed as error:
            return Trouble(
                "CredentialsInvalid", f"the credential in spec.credentials: {error}; write it into the Secret"
            )
        return self._operator_identity(workspace)

    async def _secret(self, workspace: QuantumWorkspace, source: SecretSource, kind: str) -> str:
        field = f"spec.credentials.{kind}.secretKeyRef"
        return await self._materials.credential(workspace.namespace, source.secret_key_ref, field)

    def _operator_identity(self, workspace: QuantumWorkspace) -> Credential | Trouble:
        for grant in self._settings.operator_identity:
            if grant.namespace == workspace.namespace and workspace_id(grant.workspace) == workspace.id:
                return OperatorIdentity()
        return Trouble(
            "NotAllowed",
            f"spec.credentials.operatorIdentity is not allowed for namespace {workspace.namespace} and this workspace; "
            "ask the operator's administrator to grant the pair (operator_identity), or use another credential",
        )
