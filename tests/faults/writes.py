"""The operator's writes to the API server, told apart by their requests, for answers that are lost after their effect.

Must not live here: when an answer is lost (`plan`), or the losing (`disturbances`).
"""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from devcluster.proxyrules import Request
from faults.jobs import API

_FINALIZER: Final = "quantumjobs.dev/cancel"
_CLAIM: Final = "quantumjobs.dev/claim"


class Write(StrEnum):
    """What a write is for."""

    CLAIM = "claim"  # of the first attempt: put on, or taken over
    LATER_ATTEMPT = "claim of a later attempt"
    RENOUNCE = "renounce"  # claim and finalizer taken off: the key belongs to another object
    LET_GO = "finalizer off"
    STATUS = "status"
    OUTPUT = "ConfigMap"
    DELETE = "delete"
    EVENT = "Event"
    WORKSPACE = "workspace"
    LEASE = "Lease"


def write_of(request: Request) -> Write | None:
    """What a request writes; None if it writes nothing that is known."""
    parts = urlsplit(request.path).path.removeprefix(API).strip("/").split("/")
    match request.method, parts:
        case "PATCH", ["namespaces", _, "quantumjobs", _]:
            return _metadata(request.json().get("metadata", {}))
        case "PATCH", ["namespaces", _, "quantumjobs", _, "status"]:
            return Write.STATUS
        case "DELETE", ["namespaces", _, "quantumjobs", _]:
            return Write.DELETE
        case "PATCH", ["namespaces", _, "quantumworkspaces", _, *_]:
            return Write.WORKSPACE
        case "POST", ["api", "v1", "namespaces", _, "configmaps"]:
            return Write.OUTPUT
        case "POST", ["api", "v1", "namespaces", _, "events"]:
            return Write.EVENT
        case "PUT" | "PATCH" | "POST", ["apis", "coordination.k8s.io", "v1", "namespaces", _, "leases", *_]:
            return Write.LEASE
    return None


def is_write(kind: Write) -> Callable[[Request], bool]:
    """Picks the requests that write this."""
    return lambda request: write_of(request) is kind


def _metadata(metadata: dict[str, Any]) -> Write | None:
    annotations = metadata.get("annotations") or {}
    if _CLAIM in annotations:
        text = annotations[_CLAIM]
        if text is None:
            return Write.RENOUNCE
        return Write.CLAIM if json.loads(text)["attempt"] == 1 else Write.LATER_ATTEMPT
    return Write.LET_GO if "finalizers" in metadata and _FINALIZER not in metadata["finalizers"] else None
