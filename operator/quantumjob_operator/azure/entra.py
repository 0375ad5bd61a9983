"""Credentials that are tokens of Microsoft Entra: the operator's own identity, an application's secret, federation.

azure-identity gets, caches and refreshes the tokens; lives here is what it leaves open: renewing after a 401, the
assertion that its asynchronous credential wants from a synchronous function, and clear refusals. A token goes where
`channel` sends it, which is the workspace's own endpoint. Must not live here: Kubernetes (`connections` brings the
assertion), keys of workspaces (`auth`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ClientAssertionCredential, ClientSecretCredential, DefaultAzureCredential

from quantumjob_operator.azure.entra_failures import OPERATION, Topic, require_answer, token_failure
from quantumjob_operator.azure.http.bounds import at_most
from quantumjob_operator.azure.wire import TOKEN_SCOPE
from quantumjob_operator.model.errors import ServiceError

ASSERTION_AUDIENCE: Final = "api://AzureADTokenExchange"
"""The audience that Entra expects of a federated token, unless an application asks for another."""
_RENEWAL_PAUSE: Final = 10.0  # seconds in which several 401 count as one
_OPERATORS_OWN: Final = "the operator's identity gave no token"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where tokens come from.

    Attributes:
        transport: The shared connections.
        authority: Host or https URL; azure-identity's own default if None.
        instance_discovery: Whether azure-identity may ask the public cloud if the authority is one of its own.
    """

    transport: AioHttpTransport
    authority: str | None = None
    instance_discovery: bool = True

    def operator_identity(self, monotonic: Callable[[], float] = time.monotonic) -> "EntraIdentity":
        """The operator's own identity, as azure-identity finds it in the environment."""
        return EntraIdentity(
            lambda: DefaultAzureCredential(**self._common()), monotonic=monotonic, otherwise=_OPERATORS_OWN
        )

    def client_secret(
        self, *, tenant_id: str, client_id: str, secret: str, monotonic: Callable[[], float] = time.monotonic
    ) -> "EntraIdentity":
        """An application that authenticates with a secret."""
        return EntraIdentity(
            lambda: ClientSecretCredential(tenant_id, client_id, secret, **self._direct()),
            monotonic=monotonic,
            hidden=secret,
            otherwise="check tenantId, clientId and the Secret of spec.credentials.clientSecret",
            advice={
                Topic.SECRET: "the client secret is wrong or has expired; write a valid one into the Secret of "
                "spec.credentials.clientSecret.secretKeyRef"
            },
        )

    def workload_identity(
        self,
        *,
        tenant_id: str,
        client_id: str,
        subject: str,
        fetch_assertion: Callable[[], Awaitable[str]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "EntraIdentity":
        """An application that trusts the tokens of a ServiceAccount.

        Args:
            tenant_id: Its tenant.
            client_id: The application.
            subject: Subject of the assertions, for advice.
            fetch_assertion: Gives a valid assertion; raises `ServiceError`.
            monotonic: Seconds of a clock that never steps back.
        """
        assertion = Assertion(fetch_assertion)
        federation = (
            "the application trusts no such token; give it a federated credential with this cluster's issuer, subject "
            f"{subject} and audience {ASSERTION_AUDIENCE}"
        )
        return EntraIdentity(
            lambda: ClientAssertionCredential(tenant_id, client_id, assertion, **self._direct()),
            prepare=assertion.prepare,
            monotonic=monotonic,
            otherwise=f"check tenantId, clientId and the application's federated credential for subject {subject}",
            advice={Topic.FEDERATION: federation},
        )

    def _common(self) -> dict[str, Any]:
        return {
            "authority": self.authority,
            "disable_instance_discovery": not self.instance_discovery,
            "transport": self.transport,
        }

    def _direct(self) -> dict[str, Any]:
        # When to ask again is decided by the reconciler, which knows the provider's Retry-After from the error.
        return {**self._common(), "retry_total": 0, "raw_response_hook": require_answer}


class Assertion:
    """What azure-identity's synchronous function gives: the assertion that was fetched beforehand.

    Args:
        fetch: Gives a valid assertion; raises `ServiceError`.
    """

    def __init__(self, fetch: Callable[[], Awaitable[str]]) -> None:
        self._fetch = fetch
        self._text = ""
        self._trouble: ServiceError | None = None

    async def prepare(self) -> None:
        """Fetch it; a failure counts only if azure-identity comes to need it, and not while a token is in its cache."""
        self._text, self._trouble = "", None
        try:
            self._text = await self._fetch()
        except ServiceError as error:
            self._trouble = error.apart()

    def __call__(self) -> str:
        """The assertion.

        Raises:
            ServiceError: It could not be fetched.
        """
        if self._trouble is not None:
            raise self._trouble.apart()
        return self._text


async def _nothing() -> None:
    """There is nothing to prepare."""


class EntraIdentity:
    """A bearer token, got anew before it expires and after a 401.

    Args:
        source: Makes the token credential; made anew for each renewal, since only that drops azure-identity's cache.
        otherwise: What to do when no token is given and the reason is none of `advice`.
        advice: What to do, by what the identity provider complains about.
        hidden: A secret that must not show, even if the identity provider quotes it.
        prepare: Awaited before each request for a token.
        monotonic: Seconds of a clock that never steps back.
    """

    def __init__(
        self,
        source: Callable[[], AsyncTokenCredential],
        *,
        otherwise: str,
        advice: Mapping[Topic, str] | None = None,
        hidden: str = "",
        prepare: Callable[[], Awaitable[None]] = _nothing,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._otherwise = otherwise
        self._advice = advice or {}
        self._hidden = hidden
        self._prepare = prepare
        self._monotonic = monotonic
        self._current: AsyncTokenCredential | None = None
        self._retired: list[AsyncTokenCredential] = []
        self._renewed_at: float | None = None
        self._lock = asyncio.Lock()
        self._asking = asyncio.Lock()

    def __repr__(self) -> str:
        return "EntraIdentity(…)"

    async def headers(self) -> dict[str, str]:
        """A bearer token, from azure-identity's cache while it is valid.

        Raises:
            CredentialsRefused: The identity provider gives none; says what to do.
            Retryable: It could not be asked.
        """
        # One at a time: the others find the token in the cache.
        async with self._asking:
            await self._prepare()
            with at_most(OPERATION):
                return await self._token()

    async def _token(self) -> dict[str, str]:
        try:
            if self._current is None:
                self._current = self._source()
            token = await self._current.get_token(TOKEN_SCOPE)
        except (AzureError, ValueError) as error:
            raise token_failure(error, self._advice, self._otherwise, hidden=self._hidden) from None
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
