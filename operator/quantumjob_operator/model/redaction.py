"""What a secret looks like, and the one cleaner of foreign text.

Lives here: the patterns, and what takes their matches out of a text. Must not live here: where texts come from; log
records are handled in `azure.log_redaction`.
"""

import re
import unicodedata
from typing import Final

MAX_TEXT_BYTES: Final = 1024
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

# One of these stands in whatever any of the patterns finds, as long as no character beyond ASCII is taken for a letter.
_SIGNS: Final = ("://", "sig", "bearer", "eyj", "key", "secret", "token", "assertion")


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
    lowered = text.lower()
    if text.isascii() and not any(sign in lowered for sign in _SIGNS):
        return text  # as nearly all that is logged, which the patterns would take longer to look through
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
