"""The operator's tokens of an identity provider: got, kept, renewed, and refused with a remedy."""

import asyncio
import time
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from quantumjob_operator.azure.entra import EntraIdentity, Provider
from quantumjob_operator.azure.entra_failures import Topic, token_failure
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.model.errors import Applied, CredentialsRefused, Retryable, Throttled
from rooms.azure.entraclients import (
    AUDIENCE,
    OTHER_KEY,
    SECRET,
    SUBJECT,
    TENANT,
    UNKNOWN,
    WITH_SECRET,
    assertion,
    rules,
)
from rooms.azure.entraworkspace import EntraWorkspace


async def test_a_secret_lets_requests_in_and_one_token_serves_them_all(entra: EntraWorkspace) -> None:
    """Requests that begin together share the token that the first of them gets."""
    before = await entra.answers()
    async with entra.client(entra.with_secret()) as client:
        many = await asyncio.gather(*(client.provider_status() for _ in range(8)))
    assert all(many)
    assert (await entra.answers())["granted"] - before.get("granted", 0) == 1


async def test_an_assertion_lets_requests_in(entra: EntraWorkspace) -> None:
    """A federated token stands for the application."""
    async with entra.client(entra.federated()) as client:
        assert await client.provider_status()


async def test_a_token_is_got_anew_when_it_has_expired(entra: EntraWorkspace) -> None:
    """Requests go on over the ends of several tokens without a failure."""
    await entra.change(token_seconds=1)
    before = await entra.answers()
    end = time.monotonic() + 2.5
    async with entra.client(entra.with_secret()) as client:
        while time.monotonic() < end:
            assert await client.provider_status()
            await asyncio.sleep(0.1)
    assert (await entra.answers())["granted"] - before["granted"] >= 2


async def test_a_revoked_token_is_renewed_once(entra: EntraWorkspace) -> None:
    """The service's 401 is answered with a new token, and the request is let in."""
    async with entra.client(entra.with_secret()) as client:
        await client.provider_status()
        assert (await entra.admin.delete("/entra/tokens")).json()["revoked"]
        assert await client.provider_status()


async def test_an_application_that_was_removed_is_refused(entra: EntraWorkspace) -> None:
    """Once its token is revoked it gets no other."""
    async with entra.client(entra.with_secret()) as client:
        await client.provider_status()
        await entra.change(applications=rules()["applications"][1:])
        await entra.admin.delete("/entra/tokens")
        with pytest.raises(CredentialsRefused) as caught:
            await client.provider_status()
    assert caught.value.code == "AADSTS700016"


@pytest.mark.parametrize(
    ("given", "code", "remedy"),
    [
        pytest.param({"secret": f"{SECRET}x"}, "AADSTS7000215", "secretKeyRef", id="a wrong secret"),
        pytest.param({"client_id": UNKNOWN}, "AADSTS700016", "clientId", id="an unknown application"),
        pytest.param({"tenant_id": UNKNOWN}, "AADSTS90002", "tenantId", id="an unknown tenant"),
    ],
)
async def test_refused_secrets(entra: EntraWorkspace, given: dict[str, str], code: str, remedy: str) -> None:
    """The refusal names what to fix, reads the same each time, and never shows the secret."""
    texts = set()
    for _ in range(2):
        with pytest.raises(CredentialsRefused) as caught:
            await entra.with_secret(**given).headers()
        texts.add(str(caught.value))
    assert (caught.value.code, caught.value.applied) == (code, Applied.NO)
    assert remedy in caught.value.detail
    assert len(texts) == 1
    assert SECRET not in texts.pop()


@pytest.mark.parametrize(
    ("text", "code", "remedy"),
    [
        pytest.param(assertion(sub="system:serviceaccount:other:x"), "AADSTS700213", SUBJECT, id="another account"),
        pytest.param(assertion(aud="api://other"), "AADSTS700212", AUDIENCE, id="another audience"),
        pytest.param(assertion(iss="https://other.example"), "AADSTS700211", "issuer", id="another cluster"),
        pytest.param(assertion(exp=1), "AADSTS700024", "clock", id="an expired assertion"),
        pytest.param(assertion(OTHER_KEY), "AADSTS700027", SUBJECT, id="a forged signature"),
        pytest.param("nonsense", "AADSTS50027", SUBJECT, id="no signed token"),
    ],
)
async def test_refused_assertions(entra: EntraWorkspace, text: str, code: str, remedy: str) -> None:
    """The refusal says which federated credential is missing, and never shows the assertion."""
    with pytest.raises(CredentialsRefused) as caught:
        await entra.federated(text).headers()
    assert caught.value.code == code
    assert remedy in caught.value.detail
    assert text not in str(caught.value)


async def test_an_issuer_whose_keys_cannot_be_read(entra: EntraWorkspace) -> None:
    """The provider trusts nobody whom it cannot check."""
    await entra.change(issuers={})
    with pytest.raises(CredentialsRefused, match="federated credential"):
        await entra.federated().headers()


@pytest.mark.parametrize(
    ("outage", "headers", "kind", "wait"),
    [
        pytest.param(503, {}, Retryable, None, id="503"),
        pytest.param(500, {"Retry-After": "7"}, Retryable, 7, id="500 that asks to wait"),
        pytest.param(429, {"Retry-After": "9"}, Throttled, 9, id="429"),
        pytest.param(404, {}, Retryable, None, id="a 404 page, as of another server"),
        pytest.param(401, {}, Retryable, None, id="a 401 page, as of a proxy"),
        pytest.param(200, {}, Retryable, None, id="a page instead of a token"),
    ],
)
async def test_an_outage_is_no_refusal(
    entra: EntraWorkspace, outage: int, headers: dict[str, str], kind: type[Retryable], wait: float | None
) -> None:
    """Nobody has to write a new Secret because the identity provider is down; asked once, not again and again."""
    await entra.change(outage=outage, outage_headers=headers)
    before = (await entra.answers()).get(str(outage), 0)
    with pytest.raises(kind) as caught:
        await entra.with_secret().headers()
    assert (type(caught.value), caught.value.retry_after, caught.value.applied) == (kind, wait, Applied.NO)
    assert (await entra.answers())[str(outage)] == before + 1


async def test_an_outage_while_a_token_is_valid_is_not_noticed(entra: EntraWorkspace) -> None:
    """The token at hand serves."""
    async with entra.client(entra.with_secret()) as client:
        await client.provider_status()
        await entra.change(outage=503)
        assert await client.provider_status()


async def test_an_authority_whose_certificate_is_not_trusted(entra: EntraWorkspace) -> None:
    """No secret is sent, and the setting that helps is named."""
    async with open_transport() as trusting_others:
        provider = Provider(trusting_others.identity, entra.emulator.facts["entra_authority"])
        identity = provider.client_secret(tenant_id=TENANT, client_id=WITH_SECRET, secret=SECRET)
        before = await entra.answers()
        with pytest.raises(Retryable, match="ca_bundle"):
            await identity.headers()
    assert await entra.answers() == before


async def test_an_authority_that_does_not_listen(entra: EntraWorkspace, unused_tcp_port: int) -> None:
    """The setting that names it is named."""
    provider = Provider(entra.transport.identity, f"https://127.0.0.1:{unused_tcp_port}")
    identity = provider.client_secret(tenant_id=TENANT, client_id=WITH_SECRET, secret=SECRET)
    with pytest.raises(Retryable, match="authority"):
        await identity.headers()


class Assertions:
    """Fetches assertions until it is told to fail."""

    def __init__(self) -> None:
        self.failure: CredentialsRefused | None = None

    async def __call__(self) -> str:
        """An assertion."""
        if self.failure:
            raise self.failure
        return assertion()


async def test_a_lost_account_is_noticed_only_when_an_assertion_is_needed(entra: EntraWorkspace) -> None:
    """The token at hand still serves (to cancel what runs); the next one is refused as the account was."""
    fetch = Assertions()
    identity: EntraIdentity = entra.provider.workload_identity(
        tenant_id=TENANT, client_id=rules()["applications"][1]["client_id"], subject=SUBJECT, fetch_assertion=fetch
    )
    async with entra.client(identity) as client:
        await client.provider_status()
        fetch.failure = CredentialsRefused("get_token", detail="the ServiceAccount is missing; create it")
        assert await client.provider_status()
        await entra.admin.delete("/entra/tokens")
        with pytest.raises(CredentialsRefused, match="create it"):
            await client.provider_status()


@pytest.mark.parametrize(
    ("said", "code", "detail"),
    [
        pytest.param(
            "Microsoft Entra ID error '(invalid_client) AADSTS7000215: Invalid client secret. "
            "Trace ID: 1-2 Correlation ID: 3-4 Timestamp: 2026-11-22 12:00:00Z'",
            "AADSTS7000215",
            "fix the secret (Microsoft Entra ID error '(invalid_client) AADSTS7000215: Invalid client secret.')",
            id="what differs each time is left out",
        ),
        pytest.param(f"you sent {SECRET}", None, "look (you sent [redacted])", id="a provider that quotes the secret"),
        pytest.param("AADSTS123456: new", "AADSTS123456", "look (AADSTS123456: new)", id="a code that nobody knows"),
    ],
)
def test_what_a_refusal_says(said: str, code: str | None, detail: str) -> None:
    """The remedy first, then the provider's own words without what is secret or differs each time."""
    error = ClientAuthenticationError(message=said)
    failure: Any = token_failure(error, {Topic.SECRET: "fix the secret"}, "look", hidden=SECRET)
    assert (failure.code, failure.detail) == (code, detail)
