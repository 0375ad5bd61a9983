"""The one translator of foreign errors: HTTP answers and library exceptions to the tree in `errors`.

Texts of exceptions are kept only where a library is known to put nothing secret in them; all others are replaced by a
sentence of our own, since URLs with a SAS and header values appear in the rest. No I/O lives here.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import httpx

from quantumjob_operator.azure.quotas import speaks_of_quota
from quantumjob_operator.model.errors import (
    Applied,
    CredentialsRefused,
    OutputMissing,
    QuotaExhausted,
    Refused,
    Retryable,
    ServiceError,
    TargetUnavailable,
    Throttled,
)
from quantumjob_operator.model.remotejob import RemoteError

CONNECTION_FAILED: Final = "connection"
_READ_OUTPUT: Final = "read_output"
_NO_SUCH_BLOB: Final = frozenset({"BlobNotFound", "ContainerNotFound", "ResourceNotFound"})
TIMED_OUT: Final = "timeout"
BROKEN_ANSWER: Final = "broken"

MAX_ERROR_BYTES: Final = 64 * 1024
"""Of an error no more is read, and the rest is cut off: it is told by its status."""
_ABOUT_ALL: Final = frozenset({401, 403, 404, 408, 429})
_LONGEST_RETRY_AFTER: Final = 86_400.0  # seconds; a service that asks for more is asked once a day
_MAX_DATE: Final = 64
_TARGET_UNAVAILABLE: Final = "TargetUnavailable"
# The list of api.md: an answer with one of these means that nothing was done.
_NOT_APPLIED: Final = frozenset({400, 401, 402, 403, 429})
_TRANSIENT_STORAGE: Final = frozenset({404, 412})
_INVALID_DEFINITION: Final = "InvalidJobDefinition"
_OPTIONAL: Final = frozenset({"quotas", "quota_usages", "queue_position"})
_CONTAINING_RESOURCE: Final = re.compile(r"workspace|resource ?group|subscription", re.IGNORECASE)


class WrongPart(ValueError):  # noqa: N818 - reads as what it says about the answer
    """An answer of a storage account that is not the part of a blob that was asked for; the text is ours."""


class StorageAnswer(Exception):  # noqa: N818 - an answer, if not the one that was asked for
    """What a storage account answers in place of what was asked for; of its body nothing is known.

    Attributes:
        status: Of HTTP.
        headers: Looked up without case.
    """

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers

    @property
    def code(self) -> str | None:
        """The account's word for what is wrong, which stands in the head."""
        return self.headers.get("x-ms-error-code")


def parse_error(body: bytes) -> RemoteError | None:
    """What the service says in its own error shape, nested or flat; None for HTML, nothing, or other JSON."""
    try:
        answer = json.loads(body[:MAX_ERROR_BYTES])
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    error = answer.get("error", answer)
    if not isinstance(error, dict) or not isinstance(error.get("code"), str) or not error["code"]:
        return None
    message = error.get("message")
    return RemoteError(error["code"], message if isinstance(message, str) else None)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait as the service asks, from either form of `Retry-After`.

    Args:
        headers: The answer's headers; looked up without case by httpx and aiohttp.
        now: The current time, with a zone.
    """
    text = (headers.get("Retry-After") or "").strip()[:_MAX_DATE]
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_RETRY_AFTER)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max((zoned - now).total_seconds(), 0.0), _LONGEST_RETRY_AFTER)


def asked_pause(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> float | None:
    """Seconds for which the service wants no requests of the whole workspace, if an answer says so.

    429 and 503 speak of the caller and of the service; any other answer with `Retry-After`, such as 409
    `TargetUnavailable` or a 429 for lack of a quota, only of what was asked for.
    """
    whole = status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
    whole = whole and not speaks_of_quota(status, parse_error(body))
    return retry_after(headers, now) if whole else None


def answer_failure(operation: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> ServiceError:
    """The error that an answer of the service stands for, if it is no success."""
    error = parse_error(body)
    code = error.code if error else None
    kind = _kind_of_answer(status, error)
    return kind(
        operation,
        status=status,
        code=code,
        detail=_answer_detail(status, error),
        retry_after=retry_after(headers, now),
        applied=Applied.NO if status in _NOT_APPLIED or kind is TargetUnavailable else Applied.UNKNOWN,
    )


def says_absent(status: int, body: bytes) -> bool:
    """Whether the service itself says that the job does not exist.

    Only a 404 in the service's own error shape counts. One that speaks of the workspace, its resource group or the
    subscription is about those; doubting it costs a second GET, believing it could lose a billed job.
    """
    error = parse_error(body) if status == httpx.codes.NOT_FOUND else None
    if error is None or _CONTAINING_RESOURCE.search(error.code or ""):
        return False
    message = error.message or ""
    return not _CONTAINING_RESOURCE.search(message) or re.search(r"\bjob", message, re.IGNORECASE) is not None


def refuses_credentials(operation: str, status: int, body: bytes) -> bool:
    """Whether an answer is about who asks, not about what is asked for.

    A 403 may also refuse a job's definition, or say that a quota is used up; and what a workspace need not have may be
    refused to everybody.
    """
    if status != httpx.codes.FORBIDDEN:
        return status == httpx.codes.UNAUTHORIZED
    error = parse_error(body)
    about_job = error is not None and error.code == _INVALID_DEFINITION
    return not about_job and not speaks_of_quota(status, error) and operation not in _OPTIONAL


def is_about_one_job(error: ServiceError) -> bool:
    """Whether the failure of a question about a job says nothing of its workspace: it was answered, but not usably.

    A 404 that is a failure comes from a gateway or speaks of the workspace, and a redirect is the endpoint's fault.
    """
    status = error.status or 0
    return httpx.codes.is_success(status) or (httpx.codes.is_client_error(status) and status not in _ABOUT_ALL)


def unreadable(operation: str, status: int | None, reason: str) -> Retryable:
    """A success that cannot be understood: what it did is unknown."""
    return Retryable(operation, status=status, detail=f"the answer cannot be read: {reason}")


def exchange_failure(operation: str, error: Exception) -> ServiceError:
    """The error for an exchange with the service that broke off (httpx, time-outs, sockets)."""
    word = word_for(error)
    if word == CONNECTION_FAILED:
        return Retryable(operation, detail=f"cannot connect: {error}", applied=Applied.NO)
    if word == TIMED_OUT:
        return Retryable(operation, detail="no answer in time")
    return Retryable(operation, detail=f"the exchange broke off ({type(error).__name__})")


def storage_failure(operation: str, error: Exception, now: datetime) -> ServiceError:
    """The error for a request to a blob that failed."""
    if isinstance(error, StorageAnswer):
        return _storage_answer(operation, error, now)
    if isinstance(error, WrongPart):
        return Retryable(operation, detail=f"the answer of the storage account cannot be read: {error}")
    word = word_for(error)
    if word == CONNECTION_FAILED:
        return Retryable(operation, detail="cannot connect to the storage account", applied=Applied.NO)
    if word == TIMED_OUT:
        return Retryable(operation, detail="no answer of the storage account in time")
    return Retryable(operation, detail=f"the exchange with the storage account broke off ({type(error).__name__})")


def word_for(error: Exception) -> str:
    """One word for a metric label."""
    if isinstance(error, httpx.ConnectError | aiohttp.ClientConnectorError):
        return CONNECTION_FAILED
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return TIMED_OUT
    return BROKEN_ANSWER


def _kind_of_answer(status: int, error: RemoteError | None) -> type[ServiceError]:
    if status == httpx.codes.UNAUTHORIZED:
        return CredentialsRefused
    if speaks_of_quota(status, error):
        return QuotaExhausted
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled
    if status == httpx.codes.CONFLICT and error is not None and error.code == _TARGET_UNAVAILABLE:
        return TargetUnavailable
    if status == httpx.codes.NOT_FOUND and error is None:
        return Retryable
    if httpx.codes.is_client_error(status) and status != httpx.codes.REQUEST_TIMEOUT:
        return Refused
    return Retryable


def _answer_detail(status: int, error: RemoteError | None) -> str:
    if error is not None:
        return error.message or ""
    if httpx.codes.is_redirect(status):
        return "the answer is a redirect, and redirects are not followed; is the endpoint right?"
    if status == httpx.codes.NOT_FOUND:
        return "the answer is not the service's own; a gateway may have sent it"
    return ""


def _storage_answer(operation: str, answer: StorageAnswer, now: datetime) -> ServiceError:
    status, code = answer.status, answer.code
    missing = operation == _READ_OUTPUT and status == httpx.codes.NOT_FOUND and code in _NO_SUCH_BLOB
    kind = OutputMissing if missing else _kind_of_storage_answer(status)
    return kind(
        operation,
        status=status,
        code=code,
        detail="there is no such blob" if missing else "the storage account refused the request",
        retry_after=retry_after(answer.headers, now),
        applied=Applied.NO if status in _NOT_APPLIED else Applied.UNKNOWN,
    )


def _kind_of_storage_answer(status: int) -> type[ServiceError]:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled
    # A blob that is not there yet, or was replaced while it was read, is there the next time.
    if status in _TRANSIENT_STORAGE or status == httpx.codes.REQUEST_TIMEOUT:
        return Retryable
    return Refused if httpx.codes.is_client_error(status) else Retryable
