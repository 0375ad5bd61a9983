"""What can go wrong while talking to the service, as decisions about time.

Each class answers "what now?": try again later, wait for the target, fix the credentials, or give up. `applied`
answers "could it have happened all the same?", which decides whether a later 404 is believed. No I/O lives here, and
no mapping from HTTP: that is in `azure.failures`, the only translator of foreign errors.
"""
# ruff: noqa: N818 - the classes are named after the decision they ask for, as in cert-manager and Flux

from copy import copy
from enum import StrEnum
from typing import Final, Self

from quantumjob_operator.model.redaction import clean_text

_MAX_CODE_BYTES: Final = 128


class Applied(StrEnum):
    """Whether a failed request may have taken effect at the service."""

    NO = "No"
    UNKNOWN = "Unknown"


class ServiceError(Exception):
    """A request to the service, its storage or its identity provider that did not do what was asked.

    Attributes:
        operation: What was tried, for example `put_job`.
        status: The HTTP status, or None if there was no answer.
        code: The service's own error code, if it gave one.
        detail: Cleaned text for people, at most 1 KiB.
        retry_after: Seconds that the service asked to wait, or None.
        applied: Whether the request may have taken effect.
    """

    def __init__(
        self,
        operation: str,
        *,
        status: int | None = None,
        code: str | None = None,
        detail: str = "",
        retry_after: float | None = None,
        applied: Applied = Applied.UNKNOWN,
    ) -> None:
        self.operation = operation
        self.status = status
        self.code = clean_text(code, _MAX_CODE_BYTES) if code else None
        self.detail = clean_text(detail)
        self.retry_after = retry_after
        self.applied = applied
        super().__init__(operation)

    @property
    def answered(self) -> bool:
        """Whether these are the words of somebody who answered, and not our own about a silence."""
        return self.status is not None

    def apart(self) -> Self:
        """The same error, never raised.

        One that was raised holds, by its traceback and by what it came of, all that was at work then: connections,
        and answers. So none is kept as it was caught; nor is one raised that its own frame has a name for: the two
        would hold each other, until Python looks for such circles.
        """
        return copy(self)

    def __str__(self) -> str:
        """For people, who know no names of functions: the answer, its code, its words."""
        answer = f"HTTP {self.status}" if self.answered else ""
        return ": ".join(part for part in (answer, self.code, self.detail) if part) or "no reason was given"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({f'{self.operation}: {self}'!r}, applied={self.applied.value})"


class Retryable(ServiceError):
    """Try again later: 408, 5xx, time-outs, connection errors, unreadable answers, the 404 page of a gateway."""


class AnswerTooLarge(Retryable):
    """An answer, or a list of them, with more bytes, rows or pages than its operation needs."""


class OutputMissing(Retryable):
    """A job has succeeded, and what it wrote is not there: it never was, or somebody removed it."""


class Throttled(Retryable):
    """429: too many requests; nothing was done."""


class QuotaExhausted(Retryable):
    """A refusal that speaks of a quota or of credit: the same request is accepted once there is some."""


class TargetUnavailable(Retryable):
    """409 `TargetUnavailable`: the target is down; nothing was done; come back after a long while."""


class CredentialsRefused(ServiceError):
    """401 after one re-authentication, or no credential could be obtained; nothing was done."""


class Refused(ServiceError):
    """The service refuses for good: the same request will be refused again until somebody changes something."""


class EndpointNotAllowed(Refused):
    """The host is not one that the administrator allows; nothing was sent."""


class StorageNotAllowed(EndpointNotAllowed):
    """The same of the storage that the service names."""


class CredentialsMalformed(ValueError):
    """A key or a connection string that cannot be used as it stands; the text never quotes it.

    Attributes:
        part: The part that is wrong, for example `ApiKey` or `WorkspaceName`.
        detail: What is wrong with it and the remedy, as the rest of a sentence.
    """

    def __init__(self, part: str, detail: str) -> None:
        self.part = part
        self.detail = clean_text(detail)
        super().__init__(f"the part {part} {self.detail}")
