"""What the API server refuses, as exceptions that name the right, the object or the remedy. Pure.

Must not live here: requests (`kubeapi`).
"""

import json
import re
from http import HTTPStatus
from typing import Any, Final

from quantumjobs.errors import ClusterError, ForbiddenError, NameTakenError, NotFoundError, QuantumJobsError

Resource = dict[str, Any]
_UNKNOWN_FIELD: Final = re.compile(r'unknown field "([^"]+)"')


def refusal(status: int, data: bytes, method: str, what: str, namespace: str | None) -> QuantumJobsError:
    """The exception for an answer of 4xx or 5xx.

    Args:
        status: Of the answer.
        data: Its body.
        method: Of the request.
        what: What was asked for, in words.
        namespace: Where; None if in no single one.
    """
    said = status_in(data)
    message = " ".join(str(said.get("message") or data[:200].decode(errors="replace")).split())
    where = f" in namespace {namespace}" if namespace else ""
    if status == HTTPStatus.UNAUTHORIZED or "system:anonymous" in message:
        return ForbiddenError("you are not signed in to the cluster, or the login has expired: sign in again")
    if status == HTTPStatus.FORBIDDEN and "is forbidden: User" in message:
        return ForbiddenError(
            f"you may not {_verb(message, method)} {what}{where}: ask for the ClusterRole quantumjob-researcher there "
            "(`kubectl quantum doctor` names each right)"
        )
    if status == HTTPStatus.NOT_FOUND:
        return _not_found(said, what, where)
    if status == HTTPStatus.BAD_REQUEST and (unknown := _UNKNOWN_FIELD.search(message)):
        return ClusterError(
            f"the CRDs of this cluster are older than this client and do not know {unknown[1]}: have them upgraded, or "
            "leave out the flag that needs it; nothing was submitted"
        )
    if status == HTTPStatus.CONFLICT and said.get("reason") == "AlreadyExists":
        return NameTakenError(f"there is a {what}{where} already: choose another name")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ClusterError("the API server is busy and asks for fewer requests: try again in a minute")
    return ClusterError(f"the API server refuses {what}{where}: {message}")


def _not_found(said: Resource, what: str, where: str) -> QuantumJobsError:
    details = said.get("details") or {}
    if details.get("kind") == "namespaces":
        return NotFoundError(f"there is no namespace {details.get('name')}: check -n and the context")
    if not details.get("name") and what.startswith("quantum"):
        return ClusterError(
            "this cluster does not know QuantumJobs: have the operator and its CRDs installed, or check the context"
        )
    return NotFoundError(f"there is no {what}{where}")


def _verb(message: str, method: str) -> str:
    _, found, rest = message.partition(" cannot ")
    return rest.split(" ", 1)[0] if found else {"GET": "read", "POST": "create", "PATCH": "patch"}[method]


def status_in(data: bytes) -> Resource:
    """The Status in a body; empty if there is none."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
