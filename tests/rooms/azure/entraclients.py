"""Applications and assertions for tests of the identity provider: values, and a cluster's key that is ours."""

import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

TENANT: Final = "aaaaaaaa-0000-4000-8000-000000000001"
WITH_SECRET: Final = "bbbbbbbb-0000-4000-8000-000000000001"
FEDERATED: Final = "bbbbbbbb-0000-4000-8000-000000000002"
UNKNOWN: Final = "cccccccc-0000-4000-8000-000000000009"
SECRET: Final = "s3cret~for.tests_only-0123456789abcdef"
ISSUER: Final = "https://cluster.example"
SUBJECT: Final = "system:serviceaccount:research:quantumjob-workload"
AUDIENCE: Final = "api://AzureADTokenExchange"
SCOPE: Final = "https://quantum.microsoft.com/.default"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY: Final = ec.generate_private_key(ec.SECP256R1())
_KEY_ID: Final = "cluster-1"


def rules() -> dict[str, Any]:
    """Two applications: one has a secret, the other trusts the cluster's ServiceAccount."""
    federation = {"issuer": ISSUER, "subject": SUBJECT, "audience": AUDIENCE}
    public = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": _KEY_ID, "alg": "ES256", "use": "sig"}
    return {
        "applications": [
            {"tenant_id": TENANT, "client_id": WITH_SECRET, "secrets": [SECRET]},
            {"tenant_id": TENANT, "client_id": FEDERATED, "federations": [federation]},
        ],
        "issuers": {ISSUER: {"keys": [public]}},
        "token_seconds": 3600.0,
        "outage": 0,
        "outage_headers": {},
    }


def assertion(key: ec.EllipticCurvePrivateKey = KEY, **claims: Any) -> str:
    """An assertion as a cluster signs it, with some claims changed."""
    now = int(time.time())
    usual = {"iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "nbf": now, "exp": now + 600}
    return jwt.encode({**usual, **claims}, key, algorithm="ES256", headers={"kid": _KEY_ID})
