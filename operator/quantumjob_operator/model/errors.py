"""What can go wrong while talking to the service, as decisions about time, and the one cleaner of foreign text.

Each class answers "what now?": look again later, wait for the target, mend the credentials, or give up. `applied`
answers "could it have happened all the same?", which decides whether a later 404 is believed. No I/O lives here, and
no mapping from HTTP: that is in `azure.failures`, the only translator of foreign errors.
"""
# ruff: noqa: N818 - the classes are named after the decision they ask for, as in cert-manager and Flux

import re
import unicodedata
from enum import StrEnum
from typing import Final

MAX_TEXT_BYTES: Final = 1024
_MAX_CODE_BYTES: Final = 128
_MAX_WORD: Final = 512
_ELLIPSIS: Final = "…"
_REDACTED: Final = "[redacted]"

# Each is linear in the length of the text: what was scanned is consumed, since what follows is optional, or it is
# bounded before its anchor.
_SECRETS: Final = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/?#@\"'<>]{0,256}+@", re.IGNORECASE), r"\1"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s?#\"'<>]*+)(?:[?#][^\s\"'<>]*)?", re.IGNORECASE), r"\1"),
    (re.compile(r"sig(?:=|%3d)[^\s&\"'<>]*", re.IGNORECASE), _REDACTED),
    (re.compile(r"\bBearer[\s:]+[\w.~+/=-]{12,}", re.IGNORECASE), _REDACTED),
    (re.compile(r"\beyJ[\w-]{8,}+(?:\.[\w.-]*)?"), _REDACTED),
    (
        re.compile(
            r"\b(api-?key|account-?key|shared-?access-?key|client_secret|client_assertion|access_token)\b"
            r"['\"]?\s*[,=:]\s*b?['\"]?[^\s;&'\",)]+",
            re.IGNORECASE,
        ),
        r"\1 " + _REDACTED,
    ),
)


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

    def __str__(self) -> str:
        """For people, who know no names of functions: the answer, its code, its words."""
        answer = f"HTTP {self.status}" if self.answered else ""
        return ": ".join(part for part in (answer, self.code, self.detail) if part) or "no reason was given"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({f'{self.operation}: {self}'!r}, applied={self.applied.value})"


class Retryable(ServiceError):
    """Look again later: 408, 5xx, time-outs, connection errors, unreadable answers, the 404 page of a gateway."""


class AnswerTooLarge(Retryable):
    """An answer, or a list of them, with more bytes, rows or pages than its operation needs."""


class Throttled(Retryable):
    """429: too many requests; nothing was done."""


class TargetUnavailable(Retryable):
    """409 `TargetUnavailable`: the target is down; nothing was done; come back after a long while."""


class CredentialsRefused(ServiceError):
    """401 after one re-authentication, or no credential could be obtained; nothing was done."""


class Refused(ServiceError):
    """The service refuses for good: the same request will be refused again until somebody changes something."""


class EndpointNotAllowed(Refused):
    """The host is not one that the administrator allows; nothing was sent."""


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


def clean_text(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """Make foreign text fit for a status, an Event or a log line.

    Args:
        text: Anything that came from outside.
        limit: The most bytes of UTF-8 that may come back.

    Returns:
        The text without control and formatting characters, URL queries and what looks like a secret.
    """
    printable = "".join(_printable(character) for character in _cut(text, limit * 16))
    return _shorten(redact(printable).strip(), limit)


def redact(text: str) -> str:
    """Take URL queries, signatures, tokens and keys out of a text and leave the rest as it is."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _cut(text: str, length: int) -> str:
    """The beginning of a text, without its last word if that may have lost what shows that it is a secret."""
    if len(text) <= length:
        return text
    head = text[:length]
    return head[:-_MAX_WORD] + (words[0] if len(words := head[-_MAX_WORD:].rsplit(maxsplit=1)) > 1 else "")


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if category.startswith("C") else character


def _shorten(text: str, limit: int) -> str:
    raw = text.encode()
    if len(raw) <= limit:
        return text
    return raw[: limit - len(_ELLIPSIS.encode())].decode(errors="ignore") + _ELLIPSIS
