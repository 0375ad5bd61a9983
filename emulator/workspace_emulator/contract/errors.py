"""Errors of the service, as a client sees them; how they become an HTTP answer is `service`'s part."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus


class Code(StrEnum):
    """Error codes; those of the wire reference where it names one."""

    INVALID_JOB_DEFINITION = "InvalidJobDefinition"
    INVALID_SESSION_DEFINITION = "InvalidSessionDefinition"
    TARGET_UNAVAILABLE = "TargetUnavailable"
    INVALID_REQUEST = "InvalidRequest"
    INVALID_FILTER = "InvalidFilter"
    UNSUPPORTED_API_VERSION = "UnsupportedApiVersion"
    WORKSPACE_NOT_FOUND = "WorkspaceNotFound"
    JOB_NOT_FOUND = "JobNotFound"
    SESSION_NOT_FOUND = "SessionNotFound"
    NOT_FOUND = "NotFound"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    JOB_EXISTS = "JobAlreadyExists"
    JOB_FINAL = "JobAlreadyFinal"
    SESSION_EXISTS = "SessionAlreadyExists"
    INTERNAL_ERROR = "InternalError"


class ServiceError(Exception):
    """An answer other than success.

    Args:
        status: HTTP status.
        code: What is wrong, for programs.
        message: What is wrong and what to change, for people.
        target: The field or parameter that is wrong.
    """

    def __init__(self, status: HTTPStatus, code: str, message: str, target: str | None = None) -> None:
        super().__init__(f"{status.value} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, as its `errorData`."""

    code: str
    message: str


def bad_request(code: Code, message: str, target: str | None = None) -> ServiceError:
    """Return a 400."""
    return ServiceError(HTTPStatus.BAD_REQUEST, code, message, target)


def not_found(code: Code, message: str) -> ServiceError:
    """Return a 404."""
    return ServiceError(HTTPStatus.NOT_FOUND, code, message)


def conflict(code: Code, message: str) -> ServiceError:
    """Return a 409."""
    return ServiceError(HTTPStatus.CONFLICT, code, message)
