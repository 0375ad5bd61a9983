"""Credentials let requests in, and never show."""

from typing import Self

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from quantumjob_operator.azure.auth import ApiKey, parse_connection_string
from quantumjob_operator.azure.entra import EntraIdentity
from quantumjob_operator.model.errors import Applied, CredentialsMalformed, CredentialsRefused
from rooms.azure.samples import KEY, RESOURCE_ID, SUBSCRIPTION, TOKEN

PARTS = {
    "SubscriptionId": SUBSCRIPTION,
    "ResourceGroupName": "research-rg",
    "WorkspaceName": "research-ws",
    "ApiKey": KEY,
    "QuantumEndpoint": "https://eastus.quantum.azure.com/",
}
ENDPOINT = "https://eastus.quantum.azure.com"


def connection_string(**changes: str | None) -> str:
    """A connection string with some parts changed, or left out if None."""
    parts = {**PARTS, **changes}
    return "".join(f"{name}={value};" for name, value in parts.items() if value is not None)


async def test_an_api_key_goes_into_its_header() -> None:
    """The key is sent without the line break that Secrets often end with, and cannot be renewed."""
    key = ApiKey(f"{KEY}\n")
    assert await key.headers() == {"x-ms-quantum-api-key": KEY}
    assert not await key.renew()
    assert KEY not in repr(key)


@pytest.mark.parametrize("key", ["", " \n", f"{KEY}\r\nX-Evil: 1", "kéy", "a b"])
def test_unusable_keys(key: str) -> None:
    """A key that no header can carry is named by its part and never quoted."""
    with pytest.raises(CredentialsMalformed) as caught:
        ApiKey(key)
    assert caught.value.part == "ApiKey"
    assert KEY not in str(caught.value)


async def test_a_connection_string_of_the_same_workspace() -> None:
    """Only the key is used; the other parts are compared without case."""
    parsed = parse_connection_string(connection_string(ResourceGroupName="Research-RG"))
    credential = parsed.require(resource_id=RESOURCE_ID, endpoint=ENDPOINT)
    assert await credential.headers() == {"x-ms-quantum-api-key": KEY}
    assert KEY not in repr(parsed)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param(connection_string(SubscriptionId="0" * 8), "SubscriptionId", id="another subscription"),
        pytest.param(connection_string(ResourceGroupName="other"), "ResourceGroupName", id="another resource group"),
        pytest.param(connection_string(WorkspaceName="other"), "WorkspaceName", id="another workspace"),
        pytest.param(
            connection_string(QuantumEndpoint="https://westus.quantum.azure.com/"), "QuantumEndpoint", id="another host"
        ),
        pytest.param(connection_string(WorkspaceName=None), "WorkspaceName", id="a missing part"),
        pytest.param(connection_string(ApiKey=""), "ApiKey", id="an empty key"),
        pytest.param(connection_string() + f"ApiKey={KEY};", "ApiKey", id="a part that stands twice"),
        pytest.param(connection_string(QuantumEndpoint="nonsense"), "QuantumEndpoint", id="an endpoint that is none"),
        pytest.param(KEY, "SubscriptionId", id="a bare key"),
        pytest.param("", "SubscriptionId", id="nothing"),
    ],
)
def test_connection_strings_of_something_else(text: str, part: str) -> None:
    """A string that is not meant for this workspace is refused by the part that differs, without its values."""
    with pytest.raises(CredentialsMalformed) as caught:
        parse_connection_string(text).require(resource_id=RESOURCE_ID, endpoint=ENDPOINT)
    assert caught.value.part == part
    assert KEY not in str(caught.value)


class CountingIdentity:
    """An identity provider that gives a new token to each credential it makes; a stand-in for Entra, not for ours."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.made = 0
        self.closed = 0
        self._refuses = refuses

    def __call__(self) -> "CountingCredential":
        """Make a credential."""
        self.made += 1
        return CountingCredential(self, self.made, refuses=self._refuses)


class CountingCredential:
    """A token credential in azure-core's shape."""

    def __init__(self, identity: CountingIdentity, number: int, *, refuses: bool) -> None:
        self._identity = identity
        self._number = number
        self._refuses = refuses

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,  # noqa: ARG002 - azure-core's signature
        tenant_id: str | None = None,  # noqa: ARG002 - azure-core's signature
        enable_cae: bool = False,  # noqa: ARG002 - azure-core's signature
        **_: object,
    ) -> AccessToken:
        """A token that names its credential."""
        assert scopes == ("https://quantum.microsoft.com/.default",)
        if self._refuses:
            raise ClientAuthenticationError(message=f"no identity, see https://h/?assertion={TOKEN}")
        return AccessToken(f"{TOKEN}-{self._number}", 4102444800)

    async def close(self) -> None:
        """Count."""
        self._identity.closed += 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def test_requests_refused_together_renew_once() -> None:
    """Several 401 within a moment are one renewal; a later one is another."""
    now = [100.0]
    entra = CountingIdentity()
    identity = EntraIdentity(entra, otherwise="check the identity", monotonic=lambda: now[0])
    assert await identity.headers() == {"Authorization": f"Bearer {TOKEN}-1"}
    assert [await identity.renew() for _ in range(3)] == [True, True, True]
    assert await identity.headers() == {"Authorization": f"Bearer {TOKEN}-2"}
    now[0] += 60
    await identity.renew()
    assert await identity.headers() == {"Authorization": f"Bearer {TOKEN}-3"}
    await identity.close()
    assert entra.closed == entra.made == 3


async def test_an_identity_without_token_is_refused_credentials() -> None:
    """What the identity provider says is passed on, cleaned; nothing was sent to the service."""
    with pytest.raises(CredentialsRefused, match=r"check the identity .*no identity") as caught:
        await EntraIdentity(CountingIdentity(refuses=True), otherwise="check the identity").headers()
    assert caught.value.applied is Applied.NO
    assert TOKEN not in str(caught.value)
