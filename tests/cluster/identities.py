"""The identity provider beside the stack's workspace, as its administrator sees it: applications, and who may be them.

Must not live here: what is right (`test_identities`).
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from devcluster.apiserver import ISSUER
from localstack.emulated import Emulator
from localstack.manifests import Manifest

TENANT: Final = "aaaaaaaa-0000-4000-8000-00000000000a"
ACCOUNT: Final = "quantumjob-workload"
SECRET_NAME: Final = "entra"
_KEY: Final = "clientSecret"


class Beside(Protocol):
    """A cluster and the workspace that its operator uses."""

    @property
    def emulator(self) -> Emulator:
        """The workspace, which has the identity provider."""

    def kubectl(self, *arguments: str) -> str:
        """What kubectl prints."""


@dataclass(slots=True)
class Directory:
    """The applications of one tenant; a change is in force when a method returns.

    Attributes:
        stack: The system beside which it runs.
    """

    stack: Beside
    _applications: dict[str, dict[str, Any]] = field(default_factory=dict)

    def trust_cluster(self) -> None:
        """Let the identity provider know the keys by which this cluster signs its tokens."""
        keys = json.loads(self.stack.kubectl("get", "--raw", "/openid/v1/jwks"))
        self.put(issuers={ISSUER: keys})

    def new_application(self) -> str:
        """Register an application that nobody can be yet; returns its id."""
        client_id = f"bbbbbbbb-0000-4000-8000-{len(self._applications):012x}"
        self._applications[client_id] = {"tenant_id": TENANT, "client_id": client_id}
        self._change(client_id)
        return client_id

    def set_secrets(self, client_id: str, *secrets: str) -> None:
        """These secrets are good from now on, and no others; tokens are what they were."""
        self._change(client_id, secrets=secrets)

    def federate(self, client_id: str, namespace: str, account: str = ACCOUNT) -> None:
        """Let a ServiceAccount of this cluster be the application."""
        subject = f"system:serviceaccount:{namespace}:{account}"
        self._change(client_id, federations=[{"issuer": ISSUER, "subject": subject}])

    def revoke_tokens(self) -> None:
        """No token that was given so far is good any more."""
        self.stack.emulator.admin("DELETE", "entra/tokens")

    def granted(self) -> int:
        """How many tokens were given so far."""
        return int(self.stack.emulator.admin("GET", "entra")["answers"].get("granted", 0))

    def put(self, **rules: Any) -> None:
        """Change rules of the identity provider."""
        self.stack.emulator.admin("PUT", "entra", rules)

    def _change(self, client_id: str, **changes: Any) -> None:
        self._applications[client_id] |= changes
        self.put(applications=list(self._applications.values()))


def client_secret(client_id: str) -> Manifest:
    """`spec.credentials` of a workspace that authenticates with a client secret."""
    ref = {"name": SECRET_NAME, "key": _KEY}
    return {"clientSecret": {"tenantId": TENANT, "clientId": client_id, "secretKeyRef": ref}}


def operator_identity() -> Manifest:
    """`spec.credentials` of a workspace that uses the operator's own identity."""
    return {"operatorIdentity": {}}


def workload_identity(client_id: str) -> Manifest:
    """`spec.credentials` of a workspace that authenticates as its namespace's ServiceAccount."""
    return {"workloadIdentity": {"tenantId": TENANT, "clientId": client_id}}


def secret(value: str) -> Manifest:
    """The Secret with a client secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET_NAME},
        "type": "quantumjobs.dev/credentials",
        "stringData": {_KEY: value},
    }


def service_account(name: str = ACCOUNT) -> Manifest:
    """A ServiceAccount."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
