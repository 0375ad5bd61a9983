"""Manifests that the API server accepts, and ways to spoil them.

Only data and pure functions; talking to the API server is `crds.server`'s.
"""

from copy import deepcopy
from typing import Any, Final

Manifest = dict[str, Any]


class _Absent:
    """Marks a field that a change takes away."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
GUID: Final = "0b3e5a1c-0000-4000-8000-00000000cafe"
RESOURCE_ID: Final = (
    f"/subscriptions/{GUID}/resourceGroups/research-rg/providers/Microsoft.Quantum/workspaces/research-ws"
)
NAME_OF_64: Final = "n" * 64
DNS_NAME_OF_254: Final = "n" * 254

SMALLEST_JOB: Final[Manifest] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumJob",
    "metadata": {"name": "smallest"},
    "spec": {
        "provider": "ionq",
        "target": "ionq.simulator",
        "program": {"format": "ionq.circuit.v1", "source": '{"qubits": 1, "circuit": []}'},
    },
}

FULL_JOB: Final[Manifest] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumJob",
    "metadata": {"name": "full"},
    "spec": {
        "provider": "ionq",
        "target": "ionq.simulator",
        "name": "Bell pair",
        "parameters": {"shots": 500, "noise": {"model": "aria-1", "seeds": [1, {"second": 2.5}]}},
        "program": {"format": "ionq.circuit.v1", "configMapKeyRef": {"name": "programs", "key": "bell.json"}},
        "outputFormat": "ionq.quantum-results.v1",
        "workspaceRef": {"name": "default", "namespace": "quantum-system"},
        "tags": ["bell", "demo"],
        "metadata": {"experiment": "42"},
        "priority": "Standard",
        "sessionId": GUID,
        "idempotencyKey": "run-2026-11",
        "output": {
            "configMapName": "bell-output",
            "keys": {
                "uri": "output.uri",
                "jobId": "job_id",
                "state": "ended-as",
                "provider": "by",
                "target": "on",
            },
            "labels": {"experiment": "42", "lab.example.org/run": "a"},
            "includeResult": True,
        },
        "backoffLimit": 2,
        "suspend": False,
        "cancel": False,
        "activeDeadlineSeconds": 3600,
        "queueDeadlineSeconds": 600,
        "ttlSecondsAfterFinished": 86400,
        "deletionPolicy": "Cancel",
    },
}

JOB_STATUS: Final[Manifest] = {
    "observedGeneration": 1,
    "state": "Executing",
    "message": "the job executes",
    "remoteStatus": "Finishing",
    "jobId": GUID,
    "attempt": 2,
    "attempts": [
        {
            "attempt": 1,
            "jobId": GUID,
            "state": "Failed",
            "reason": "JobFailed",
            "cost": {"estimatedTotal": "1.25", "currencyCode": "USD"},
        },
        {"attempt": 2},
    ],
    "failedAttempts": 1,
    "cancellation": {
        "attempt": 2,
        "reason": "Deleted",
        "time": "2026-11-22T10:00:00Z",
        "requestedTime": "2026-11-22T10:00:01Z",
    },
    "workspace": {
        "id": RESOURCE_ID,
        "endpoint": "https://eastus.quantum.azure.com",
        "ref": {"name": "default", "namespace": "quantum-system"},
    },
    "submissionTime": "2026-11-22T09:00:00Z",
    "startTime": "2026-11-22T09:30:00Z",
    "completionTime": "2026-11-22T10:30:00Z",
    "duration": "1h0m0s",
    "cancellationTime": "2026-11-22T10:30:00Z",
    "outputUri": f"https://acct.blob.core.windows.net/job-{GUID}/rawOutputData",
    "outputConfigMap": "bell-output",
    "portalUrl": "https://portal.azure.com/#resource",
    "error": {"code": "InvalidInputData", "message": "no such gate"},
    "cost": {
        "estimatedTotal": "2.50",
        "currencyCode": "USD",
        "events": [{"dimension": "gs1q", "unit": "shot", "consumed": "9", "billed": "9", "unitPrice": "0.1"}],
        "usage": {"standardMinutes": "7"},
    },
    "totalCost": [{"unit": "USD", "amount": "3.75"}],
    "queue": {"ahead": 250, "observedTime": "2026-11-22T09:10:00Z", "usualWaitSeconds": 3600},
    "resolved": {
        "name": "Bell pair",
        "outputFormat": "ionq.quantum-results.v1",
        "entryPoint": "ENTRYPOINT__main",
        "arguments": [],
        "programDigest": "sha256:00",
    },
    "conditions": [
        {
            "type": "Submitted",
            "status": "True",
            "reason": "Submitted",
            "message": "accepted by the service",
            "lastTransitionTime": "2026-11-22T09:00:00Z",
            "observedGeneration": 1,
        }
    ],
}

SMALLEST_WORKSPACE: Final[Manifest] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumWorkspace",
    "metadata": {"name": "smallest"},
    "spec": {
        "resourceId": RESOURCE_ID,
        "location": "eastus",
        "credentials": {"apiKey": {"secretKeyRef": {"name": "azure-quantum", "key": "apiKey"}}},
    },
}

FULL_WORKSPACE: Final[Manifest] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumWorkspace",
    "metadata": {"name": "full"},
    "spec": {
        "resourceId": RESOURCE_ID,
        "location": "eastus",
        "workspaceKind": "V2",
        "endpoint": "http://127.0.0.1:8080",
        "credentials": {
            "clientSecret": {"tenantId": GUID, "clientId": GUID, "secretKeyRef": {"name": "entra", "key": "secret"}}
        },
        "allowedNamespaces": {
            "from": "Selector",
            "selector": {
                "matchLabels": {"team": "quantum"},
                "matchExpressions": [{"key": "stage", "operator": "In", "values": ["dev", "test"]}],
            },
        },
        "maxJobsInFlight": 100,
        "maxJobsInFlightPerNamespace": 10,
        "quotaGuard": "Enforce",
    },
}

WORKSPACE_STATUS: Final[Manifest] = {
    "observedGeneration": 1,
    "targets": [
        {
            "provider": "ionq",
            "target": "ionq.simulator",
            "availability": "Available",
            "averageQueueTimeSeconds": 3,
            "numQubits": 29,
            "targetProfile": "Base",
        }
    ],
    "quotas": [
        {
            "provider": "ionq",
            "dimension": "qgs",
            "scope": "Subscription",
            "period": "Infinite",
            "limit": 16666667,
            "utilization": 33334.5,
            "holds": 0,
        }
    ],
    "quotaUsages": [
        {"provider": "ionq", "scope": "Target", "target": "ionq.simulator", "usage": {"standardMinutes": "42.5"}}
    ],
    "conditions": [
        {
            "type": "Ready",
            "status": "False",
            "reason": "CredentialsInvalid",
            "message": "the service answers 401",
            "lastTransitionTime": "2026-11-22T09:00:00Z",
            "observedGeneration": 1,
        }
    ],
}


def changed(manifest: Manifest, path: str, value: Any) -> Manifest:
    """Copy a manifest with one field set, or taken away if the value is `ABSENT`.

    Args:
        manifest: Stays as it is.
        path: Names of fields joined by dots; missing parents are made.
        value: The field's new value.
    """
    copy = deepcopy(manifest)
    *parents, last = path.split(".")
    target = copy
    for parent in parents:
        target = target.setdefault(parent, {})
    if value is ABSENT:
        del target[last]
    else:
        target[last] = value
    return copy
