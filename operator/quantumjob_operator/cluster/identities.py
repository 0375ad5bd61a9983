"""Tokens of ServiceAccounts for other audiences than the API server (TokenRequest), in memory only.

Must not live here: what a token is exchanged for (`azure.entra`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from quantumjob_operator.cluster.api import Api, ClusterError, NotFound
from quantumjob_operator.cluster.paths import CORE, path_of
from quantumjob_operator.cluster.references import BrokenReferenceError
from quantumjob_operator.model.redaction import clean_text

_LIFETIME_SECONDS: Final = 3600
_FORBIDDEN: Final = 403
# Asked for anew in the last third of its life, so that an API server that is down for minutes is not noticed.
_FRESH_SHARE: Final = 2 / 3


class AccountToken:
    """The token of one ServiceAccount for one audience, asked for anew before it expires.

    Args:
        api: The API server.
        namespace: The ServiceAccount's namespace.
        name: The ServiceAccount.
        audience: For whom the token is.
        monotonic: Seconds of a clock that never steps back.
    """

    def __init__(self, api: Api, *, namespace: str, name: str, audience: str, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._audience = audience
        self._monotonic = monotonic
        self._token = ""
        self._stale_at = self._expires_at = float("-inf")

    def __repr__(self) -> str:
        return f"AccountToken({self._namespace}/{self._name})"

    async def current(self) -> str:
        """A valid token; the one at hand as long as it is, if no other is to be had.

        Raises:
            MaterialError: The ServiceAccount is missing, or its tokens are refused.
            ClusterError: The API server could not be asked.
        """
        if self._monotonic() >= self._stale_at:
            try:
                await self.renew()
            except (BrokenReferenceError, ClusterError):
                if self._monotonic() >= self._expires_at:
                    raise
        return self._token

    async def renew(self) -> None:
        """Ask for a new token now; also the proof that the ServiceAccount is there.

        Raises:
            MaterialError: The ServiceAccount is missing, or its tokens are refused.
            ClusterError: The API server could not be asked.
        """
        asked = self._monotonic()
        answer = await self._request()
        # By the API server's own count of seconds: its clock may differ from ours.
        seconds = float((answer.get("spec") or {}).get("expirationSeconds") or _LIFETIME_SECONDS)
        self._token = str(answer["status"]["token"])
        self._stale_at, self._expires_at = asked + seconds * _FRESH_SHARE, asked + seconds

    async def _request(self) -> Mapping[str, Any]:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [self._audience], "expirationSeconds": _LIFETIME_SECONDS},
        }
        try:
            path = path_of(CORE, "serviceaccounts", self._namespace, self._name, "token")
            return await self._api.request("POST", path, body)
        except NotFound:
            raise BrokenReferenceError(
                "ServiceAccountNotFound",
                f"spec.credentials.workloadIdentity needs the ServiceAccount {self._name} in namespace "
                f"{self._namespace}; create it",
            ) from None
        except ClusterError as error:
            if error.status != _FORBIDDEN:
                raise
            raise BrokenReferenceError(
                "ServiceAccountRefused",
                f"the API server gives no token of the ServiceAccount {self._name} in namespace {self._namespace} "
                f"({clean_text(error.message)}); unless the namespace is being deleted, ask the operator's "
                "administrator to allow it serviceaccounts/token",
            ) from None


class Identities:
    """Makes tokens of the one ServiceAccount name that the operator's role allows.

    Args:
        api: The API server.
        name: Of the ServiceAccount, the same in each namespace.
        monotonic: Seconds of a clock that never steps back.
    """

    def __init__(self, api: Api, name: str, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._name = name
        self._monotonic = monotonic

    def token(self, namespace: str, audience: str) -> AccountToken:
        """The token of a namespace's ServiceAccount for an audience; nothing is asked for yet."""
        return AccountToken(
            self._api, namespace=namespace, name=self._name, audience=audience, monotonic=self._monotonic
        )

    def subject(self, namespace: str) -> str:
        """The subject in such a token."""
        return f"system:serviceaccount:{namespace}:{self._name}"
