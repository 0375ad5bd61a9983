"""From `spec.credentials` of a QuantumWorkspace to a credential: each kind read where it stands.

Must not live here: how long a credential is kept (`connections`), or how it gets into a request (`azure`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256

from quantumjob_operator.azure.auth import ApiKey, Credential, parse_connection_string
from quantumjob_operator.azure.entra import ASSERTION_AUDIENCE, Provider
from quantumjob_operator.azure.entra_failures import OPERATION
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.identities import AccountToken, Identities
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.errors import Applied, CredentialsMalformed, CredentialsRefused, Retryable
from quantumjob_operator.model.naming import workspace_id
from quantumjob_operator.model.quantumjob import KeyRef
from quantumjob_operator.model.quantumworkspace import ClientSecret, QuantumWorkspace, WorkloadIdentity
from quantumjob_operator.settings import Settings


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A credential, and a digest by which a change of what it was made from is noticed.

    Attributes:
        credential: Lets requests in.
        digest: Of the secret, which is not kept for this; empty where there is none.
    """

    credential: Credential
    digest: str = field(default="", repr=False)


class Authenticator:
    """Makes credentials."""

    def __init__(
        self,
        *,
        references: References,
        identities: Identities,
        provider: Provider,
        settings: Settings,
        monotonic: Callable[[], float],
    ) -> None:
        self._references = references
        self._identities = identities
        self._provider = provider
        self._settings = settings
        self._monotonic = monotonic

    async def credential(self, workspace: QuantumWorkspace) -> Authenticated | Trouble:
        """The credential of a workspace as it stands in the cluster now, or why there is none.

        Raises:
            ClusterError: The API server could not be asked.
        """
        if named := workspace.unserved_field():
            return Trouble("FieldNotServed", f"spec.{named} is not served by this version; choose another way")
        try:
            return await self._made(workspace)
        except BrokenReferenceError as error:
            return Trouble(error.reason, error.message)
        except CredentialsMalformed as error:
            return Trouble(
                "CredentialsInvalid", f"the credential in spec.credentials: {error}; write it into the Secret"
            )

    async def _made(self, workspace: QuantumWorkspace) -> Authenticated | Trouble:
        given = workspace.spec.credentials
        if given.api_key:
            text = await self._secret(workspace, given.api_key.secret_key_ref, "apiKey")
            return Authenticated(ApiKey(text), _digest(text))
        if given.connection_string:
            text = await self._secret(workspace, given.connection_string.secret_key_ref, "connectionString")
            parts = parse_connection_string(text)
            key = parts.require(resource_id=workspace.spec.resource_id, endpoint=workspace.endpoint)
            return Authenticated(key, _digest(text))
        if given.client_secret:
            return await self._client_secret(workspace, given.client_secret)
        if given.workload_identity:
            return await self._workload_identity(workspace, given.workload_identity)
        return self._operator_identity(workspace)

    async def _client_secret(self, workspace: QuantumWorkspace, given: ClientSecret) -> Authenticated:
        text = await self._secret(workspace, given.secret_key_ref, "clientSecret")
        if not text:
            raise CredentialsMalformed("clientSecret", "is empty")
        credential = self._provider.client_secret(
            tenant_id=given.tenant_id, client_id=given.client_id, secret=text, monotonic=self._monotonic
        )
        return Authenticated(credential, _digest(text))

    async def _workload_identity(self, workspace: QuantumWorkspace, given: WorkloadIdentity) -> Authenticated:
        token = self._identities.token(workspace.namespace, ASSERTION_AUDIENCE)
        await token.renew()
        credential = self._provider.workload_identity(
            tenant_id=given.tenant_id,
            client_id=given.client_id,
            subject=self._identities.subject(workspace.namespace),
            fetch_assertion=_as_service_errors(token),
            monotonic=self._monotonic,
        )
        return Authenticated(credential)

    async def _secret(self, workspace: QuantumWorkspace, ref: KeyRef, kind: str) -> str:
        return await self._references.credential(workspace.namespace, ref, f"spec.credentials.{kind}.secretKeyRef")

    def _operator_identity(self, workspace: QuantumWorkspace) -> Authenticated | Trouble:
        for grant in self._settings.operator_identity:
            # The token opens every workspace of this identity: whoever names another endpoint would have it.
            named = workspace.spec.endpoint is None or workspace.spec.endpoint == grant.endpoint
            if named and grant.namespace == workspace.namespace and workspace_id(grant.workspace) == workspace.id:
                return Authenticated(self._provider.operator_identity(self._monotonic))
        return Trouble(
            "NotAllowed",
            f"spec.credentials.operatorIdentity is not allowed for namespace {workspace.namespace} and this workspace "
            "at its endpoint; ask the operator's administrator to grant both (operator_identity), leave out "
            "spec.endpoint, or use another credential",
        )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _as_service_errors(token: AccountToken) -> Callable[[], Awaitable[str]]:
    """The token as `azure` wants it: what is missing is refused credentials, and an outage an outage."""

    async def fetch() -> str:
        try:
            return await token.current()
        except BrokenReferenceError as error:
            raise CredentialsRefused(OPERATION, detail=error.message, applied=Applied.NO) from None
        except ClusterError as error:
            detail = f"the API server gives no token of the ServiceAccount: {error.reason}"
            raise Retryable(OPERATION, detail=detail, applied=Applied.NO) from None

    return fetch
