"""Objects as an API server hands them out, and ways to spoil them. Only data and pure functions."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace, parse_workspace

Body = dict[str, Any]
Spoil = Callable[[Body], object]

UID: Final = "7f6a1c1e-9d2b-4b7c-8a55-0d9e6d1f0a01"
OTHER_UID: Final = "2c65a392-11e6-4f7b-9def-a5a237675de1"
RESOURCE_ID: Final = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Research-RG"
    "/providers/Microsoft.Quantum/workspaces/Research-WS"
)
CLAIM: Final = f'{{"v":1,"uid":"{UID}","workspace":"{RESOURCE_ID.lower()}","attempt":1,"holder":"a-process"}}'
BELL: Final = '{"qubits":2,"circuit":[{"gate":"h","target":0},{"gate":"cnot","control":0,"target":1}]}'

_JOB: Final[Body] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumJob",
    "metadata": {
        "name": "bell",
        "namespace": "research",
        "uid": UID,
        "resourceVersion": "1042",
        "generation": 2,
        "creationTimestamp": "2026-11-22T12:00:00Z",
        "managedFields": [{"manager": "kubectl-client-side-apply", "operation": "Update"}],
    },
    "spec": {
        "provider": "ionq",
        "target": "ionq.simulator",
        "program": {"format": "ionq.circuit.v1", "source": BELL},
        "parameters": {"shots": 500},
    },
    "status": {"observedGeneration": -1},
}

_WORKSPACE: Final[Body] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumWorkspace",
    "metadata": {
        "name": "default",
        "namespace": "research",
        "uid": OTHER_UID,
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-11-22T11:00:00Z",
    },
    "spec": {
        "resourceId": RESOURCE_ID,
        "location": "eastus",
        "credentials": {"apiKey": {"secretKeyRef": {"name": "azure-quantum", "key": "key"}}},
    },
}


def job_body(spec: Mapping[str, Any] | None = None, **metadata: Any) -> Body:
    """A QuantumJob; the arguments are put over the usual spec and metadata."""
    return _over(_JOB, spec, metadata)


def workspace_body(spec: Mapping[str, Any] | None = None, **metadata: Any) -> Body:
    """A QuantumWorkspace; the arguments are put over the usual spec and metadata."""
    return _over(_WORKSPACE, spec, metadata)


def job(spec: Mapping[str, Any] | None = None, **metadata: Any) -> QuantumJob:
    """The same as a value."""
    return parse_job(job_body(spec, **metadata))


def workspace(spec: Mapping[str, Any] | None = None, **metadata: Any) -> QuantumWorkspace:
    """The same as a value."""
    return parse_workspace(workspace_body(spec, **metadata))


def putting(path: str, value: Any) -> Spoil:
    """A change that puts a value at a path such as `spec.program.source`."""
    *parents, last = path.split(".")

    def spoil(body: Body) -> None:
        for parent in parents:
            body = body.setdefault(parent, {})
        body[last] = value

    return spoil


def dropping(path: str) -> Spoil:
    """A change that takes the field at a path away."""
    *parents, last = path.split(".")

    def spoil(body: Body) -> None:
        for parent in parents:
            body = body[parent]
        del body[last]

    return spoil


def spoilt(body: Body, spoil: Spoil) -> Body:
    """A copy of a body with a change made to it."""
    copy = deepcopy(body)
    spoil(copy)
    return copy


def _over(usual: Body, spec: Mapping[str, Any] | None, metadata: Mapping[str, Any]) -> Body:
    body = deepcopy(usual)
    body["spec"] |= spec or {}
    body["metadata"] |= metadata
    return body
