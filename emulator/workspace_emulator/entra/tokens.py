"""Access tokens of the local identity provider: issued, recognised and revoked.

They are signed, so that they outlive a restart; what was revoked is forgotten by one. Times are the workspace's clock,
which the admin route can put forward.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from workspace_emulator.entra.clients import Application
from workspace_emulator.private_file import write_private

RESOURCE: Final = "https://quantum.microsoft.com"
_ALGORITHM: Final = "RS256"  # what Entra signs with
_KEY_ID: Final = "local-1"
_BITS: Final = 2048
_EXPONENT: Final = 65537


class EntraTokens:
    """Issues tokens for the workspace.

    Args:
        folder: Keeps the signing key.
        now: Seconds since the epoch.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._key = _signing_key(folder / "signing.pem")
        self._now = now
        self._issued: set[str] = set()
        self._revoked: set[str] = set()

    def issue(self, application: Application, issuer: str, seconds: float) -> str:
        """Return a token of an application, valid for some seconds from now."""
        token_id, now = str(uuid4()), self._now()
        self._issued.add(token_id)
        claims = {
            "iss": issuer,
            "aud": RESOURCE,
            "tid": application.tenant_id,
            "appid": application.client_id,
            "uti": token_id,
            "iat": math.floor(now),
            "nbf": math.floor(now),
            "exp": now + seconds,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})

    def is_valid(self, token: str) -> bool:
        """Return whether a token was issued here for the workspace, is not revoked, and has not expired."""
        # Its times are checked below, by the clock that it was issued by.
        unchecked: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp", "uti"]}
        try:
            claims = jwt.decode(
                token, self._key.public_key(), algorithms=[_ALGORITHM], audience=RESOURCE, options=unchecked
            )
        except jwt.InvalidTokenError:
            return False
        return self._now() < float(claims["exp"]) and claims["uti"] not in self._revoked

    def revoke(self) -> int:
        """Accept no token any more that was issued since the start; return how many there were."""
        revoked, self._issued = self._issued, set()
        self._revoked |= revoked
        return len(revoked)

    def public_keys(self) -> dict[str, Any]:
        """Return the keys (JWKS, RFC 7517) by which others can check the tokens."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "use": "sig", "kid": _KEY_ID, "alg": _ALGORITHM}]}


def _signing_key(file: Path) -> rsa.RSAPrivateKey:
    if file.exists():
        kept = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(kept, rsa.RSAPrivateKey):
            raise TypeError(f"{file} holds another kind of key than RSA")
        return kept
    key = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=_BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(file, text.decode())
    return key
