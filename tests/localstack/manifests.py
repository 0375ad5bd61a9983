"""The objects that the stack itself puts into its cluster, and where the project's own manifests lie.

Values only; `localstack.stack` applies them.
"""

from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parents[2]
CRDS: Final = PROJECT / "crds"
RBAC: Final = PROJECT / "config" / "rbac"
SYSTEM_NAMESPACE: Final = "quantumjob-system"
SERVICE_ACCOUNT: Final = "quantumjob-operator"
CREDENTIALS: Final = "quantum-credentials"
_API_KEY: Final = "apiKey"

Manifest = dict[str, Any]


def namespace(name: str) -> Manifest:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def credentials(api_key: str) -> Manifest:
    """The Secret with a workspace's key, of the type without which the operator wouldn't read it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CREDENTIALS},
        "type": "quantumjobs.dev/credentials",
        "stringData": {_API_KEY: api_key},
    }


def workspace(name: str, *, resource_id: str, location: str, endpoint: str) -> Manifest:
    """A QuantumWorkspace that authenticates with the key of the Secret."""
    return {
        "apiVersion": "quantumjobs.dev/v1alpha1",
        "kind": "QuantumWorkspace",
        "metadata": {"name": name},
        "spec": {
            "resourceId": resource_id,
            "location": location,
            "endpoint": endpoint,
            "credentials": {"apiKey": {"secretKeyRef": {"name": CREDENTIALS, "key": _API_KEY}}},
        },
    }
