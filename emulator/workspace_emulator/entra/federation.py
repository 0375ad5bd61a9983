"""Assertions in place of secrets: is this token of a trusted issuer, and does it stand for the application?"""

import asyncio
import json
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import httpx
import jwt

from workspace_emulator.entra.clients import Application, EntraRules, Federation

_ALGORITHMS: Final = ("RS256", "ES256")
_FETCH_SECONDS: Final = 10.0


class Refusal(IntEnum):
    """Why an assertion is refused, by Entra's error codes."""

    MALFORMED = 50027
    NO_KEYS = 50166
    OUT_OF_TIME = 700024
    BAD_SIGNATURE = 700027
    OTHER_ISSUER = 700211
    OTHER_AUDIENCE = 700212
    OTHER_SUBJECT = 700213


class AssertionRefusedError(Exception):
    """An assertion does not stand for the application.

    Attributes:
        refusal: Why.
        detail: The claim that does not fit.
    """

    def __init__(self, refusal: Refusal, detail: str) -> None:
        self.refusal = refusal
        self.detail = detail
        super().__init__(f"{refusal.name}: {detail}")


async def require_federated(assertion: str, application: Application, rules: EntraRules) -> None:
    """Check that an assertion stands for an application.

    Raises:
        AssertionRefusedError: It does not.
    """
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
        key_id = jwt.get_unverified_header(assertion).get("kid")
    except jwt.InvalidTokenError:
        raise AssertionRefusedError(Refusal.MALFORMED, "the assertion is no signed token") from None
    federation = _matching(claims, application)
    key = await _key(rules.issuers.get(federation.issuer), key_id)
    _verify(assertion, key, federation)


def _matching(claims: dict[str, Any], application: Application) -> Federation:
    """The federated credential that the claims fit; which claim to blame follows Entra's order."""
    fitting = application.federations
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    for refusal, name, fits in (
        (Refusal.OTHER_ISSUER, "issuer", lambda one: one.issuer == claims.get("iss")),
        (Refusal.OTHER_SUBJECT, "subject", lambda one: one.subject == claims.get("sub")),
        (Refusal.OTHER_AUDIENCE, "audience", lambda one: one.audience in audiences),
    ):
        fitting = tuple(one for one in fitting if fits(one))
        if not fitting:
            claim = {"issuer": claims.get("iss"), "subject": claims.get("sub"), "audience": audience}[name]
            detail = f"No matching federated identity record found for presented assertion {name} '{claim}'."
            raise AssertionRefusedError(refusal, detail)
    return fitting[0]


async def _key(source: str | dict[str, Any] | None, key_id: str | None) -> jwt.PyJWK:
    try:
        keys = jwt.PyJWKSet.from_dict(await _document(source))
        return keys[key_id or ""]
    except (httpx.HTTPError, OSError, ValueError, KeyError, jwt.PyJWTError):
        raise AssertionRefusedError(Refusal.NO_KEYS, "the issuer's key of this assertion cannot be read") from None


async def _document(source: str | dict[str, Any] | None) -> dict[str, Any]:
    # Read each time: a cluster that is made anew has new keys, and its file is written after we started.
    if source is None:
        raise ValueError("no keys are known of this issuer")
    if isinstance(source, dict):
        return source
    if source.startswith("https://"):
        async with httpx.AsyncClient(timeout=_FETCH_SECONDS) as client:
            answer = (await client.get(source)).raise_for_status()
        return dict(answer.json())
    return dict(json.loads(await asyncio.to_thread(Path(source).read_text)))


def _verify(assertion: str, key: jwt.PyJWK, federation: Federation) -> None:
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=_ALGORITHMS,
            audience=federation.audience,
            issuer=federation.issuer,
            subject=federation.subject,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise AssertionRefusedError(Refusal.OUT_OF_TIME, "the assertion is not within its valid time range") from None
    except jwt.InvalidSignatureError:
        raise AssertionRefusedError(Refusal.BAD_SIGNATURE, "the assertion failed signature validation") from None
    except jwt.InvalidTokenError as error:
        raise AssertionRefusedError(Refusal.MALFORMED, type(error).__name__) from None
