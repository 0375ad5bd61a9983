"""The local identity provider, judged by official clients: azure-identity's synchronous half, which is msal.

They insist on discovery documents, which the operator's asynchronous half passes by.
"""

import ssl
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, ClientSecretCredential

from emulator.process import RunningEmulator
from rooms.azure.entraclients import FEDERATED, SCOPE, SECRET, TENANT, WITH_SECRET, assertion
from rooms.azure.entraworkspace import EntraWorkspace

Options = dict[str, Any]
Client = ClientSecretCredential | ClientAssertionCredential


def options(emulator: RunningEmulator) -> Options:
    """How an official client is told of a private cloud."""
    facts = emulator.facts
    return {
        "authority": facts["entra_authority"],
        "connection_verify": facts["entra_ca_file"],
        "disable_instance_discovery": True,
    }


def by_secret(given: Options) -> Client:
    """An application with a secret."""
    return ClientSecretCredential(TENANT, WITH_SECRET, SECRET, **given)


def by_assertion(given: Options) -> Client:
    """An application that trusts assertions."""
    return ClientAssertionCredential(TENANT, FEDERATED, assertion, **given)


def by_wrong_secret(given: Options) -> Client:
    """An application that has another secret."""
    return ClientSecretCredential(TENANT, WITH_SECRET, f"{SECRET}x", **given)


@pytest.fixture
def public(entra_emulator: RunningEmulator) -> httpx.Client:
    """A client without a credential, which trusts the provider's authority."""
    trusted = ssl.create_default_context(cafile=entra_emulator.facts["entra_ca_file"])
    return httpx.Client(base_url=entra_emulator.facts["entra_authority"], verify=trusted)


@pytest.mark.usefixtures("entra")
@pytest.mark.parametrize("authenticate", [by_secret, by_assertion])
def test_official_clients_get_tokens_that_can_be_checked(
    entra_emulator: RunningEmulator, public: httpx.Client, authenticate: Callable[[Options], Client]
) -> None:
    """The token is let in, and its signature fits the published keys."""
    with authenticate(options(entra_emulator)) as official:
        token = official.get_token(SCOPE).token
    with entra_emulator.client(authorization=f"Bearer {token}") as client:
        assert client.get("/quotas").status_code == httpx.codes.OK
    with public:
        told = public.get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
        keys = jwt.PyJWKSet.from_dict(public.get(told["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    # Another test may have put the workspace's clock forward.
    times: jwt.types.Options = {"verify_iat": False, "verify_nbf": False}
    audience, issuer = "https://quantum.microsoft.com", told["issuer"]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=issuer, options=times)
    assert claims["tid"] == TENANT


@pytest.mark.usefixtures("entra")
def test_official_clients_understand_a_refusal(entra_emulator: RunningEmulator) -> None:
    """They read the provider's own code from it."""
    refused = pytest.raises(ClientAuthenticationError, match="AADSTS7000215")
    with by_wrong_secret(options(entra_emulator)) as official, refused:
        official.get_token(SCOPE)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="another flow"),
        pytest.param({"scope": "https://quantum.microsoft.com/read"}, "invalid_scope", id="a scope by name"),
        pytest.param({"scope": "https://vault.azure.net/.default"}, "invalid_resource", id="another service"),
        pytest.param({"client_secret": None}, "invalid_client", id="neither secret nor assertion"),
        pytest.param({"client_id": None}, "unauthorized_client", id="no application"),
    ],
)
@pytest.mark.usefixtures("entra")
def test_requests_that_are_refused(public: httpx.Client, form: dict[str, str | None], error: str) -> None:
    """In the words of RFC 6749, and never with a token."""
    usual = {"grant_type": "client_credentials", "client_id": WITH_SECRET, "client_secret": SECRET, "scope": SCOPE}
    sent = {name: value for name, value in {**usual, **form}.items() if value is not None}
    with public:
        answer = public.post(f"/{TENANT}/oauth2/v2.0/token", data=sent)
    assert answer.json()["error"] == error
    assert answer.is_client_error
    assert "access_token" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, id="a token that nobody signed"),
        pytest.param({"authorization": f"Bearer {assertion()}"}, id="a token of a cluster"),
        pytest.param({"authorization": "Bearer"}, id="no token"),
        pytest.param({"authorization": f"Basic {SECRET}"}, id="another scheme"),
    ],
)
def test_tokens_of_others_are_not_let_in(entra_emulator: RunningEmulator, headers: dict[str, str]) -> None:
    """The workspace knows the tokens of its identity provider only."""
    with entra_emulator.client(**headers) as client:
        answer = client.get("/quotas")
    assert (answer.status_code, answer.content) == (httpx.codes.UNAUTHORIZED, b"")


async def test_the_admin_route_shows_no_secret(entra: EntraWorkspace) -> None:
    """Neither when it shows the rules, nor when it refuses some."""
    shown = await entra.admin.get("/entra")
    refused = await entra.admin.put("/entra", json={"applications": [{"client_id": "x", "secrets": [SECRET]}]})
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert SECRET not in shown.text + refused.text


async def test_a_token_ends_by_the_clock_of_the_workspace(entra: EntraWorkspace) -> None:
    """Put forward, the clock ends tokens that their holders still believe in; the operator gets another."""
    async with entra.client(entra.with_secret()) as client:
        await client.provider_status()
        before = (await entra.answers())["granted"]
        (await entra.admin.post("/clock", json={"advance_seconds": 7200})).raise_for_status()
        assert await client.provider_status()
    assert (await entra.answers())["granted"] == before + 1
