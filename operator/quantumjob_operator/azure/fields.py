"""Fields of the service's JSON, each read as what it must be; pure. Must not live here: which there are (`wire`)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from quantumjob_operator.azure.times import Unreadable, parse_time
from quantumjob_operator.model.redaction import clean_text

MAX_LABEL: Final = 256
"""Characters of an id or a word in a list; the schema of a workspace's status takes no more."""
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LARGEST_NUMBER: Final = 1e300  # JSON knows no bounds, and Python's reads Infinity and NaN too
_FIRST_YEAR: Final = 1970
_LARGEST_WHOLE: Final = 2**53

T = TypeVar("T")


def as_object(body: Any, what: str) -> Mapping[str, Any]:
    """The body as a JSON object, or `Unreadable`."""
    if not isinstance(body, dict):
        raise Unreadable(f"{what}: no JSON object")
    return body


def text(row: Mapping[str, Any], key: str) -> str | None:
    """A text or null."""
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{key} is no text")
    return value and whole_characters(value)


def required(row: Mapping[str, Any], key: str) -> str:
    """A text that must be there."""
    value = text(row, key)
    if not value:
        raise Unreadable(f"{key} is missing")
    return value


def label(row: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """A text that is kept or shown, and so may not be long."""
    value = short(row, key) or default
    if value is None:
        raise Unreadable(f"{key} is missing")
    return value


def word(row: Mapping[str, Any], key: str) -> str:
    """A label as status shows it, so that what is told can be compared with what was written down."""
    value = label(row, key)
    shown = value if value.isascii() and value.isalnum() else clean_text(value)
    if not shown:
        raise Unreadable(f"{key} has no letters")
    return shown


def short(row: Mapping[str, Any], key: str) -> str | None:
    """A text that may not be long, or null."""
    value = text(row, key)
    if value and len(value) > MAX_LABEL:
        raise Unreadable(f"{key} is longer than {MAX_LABEL} characters")
    return value


def beginning(row: Mapping[str, Any], key: str, most: int) -> str | None:
    """The first characters of a text, which are all that anybody looks at; or null."""
    value = text(row, key)
    return value and value[:most]


def number(row: Mapping[str, Any], key: str) -> float | None:
    """A number within reason or null."""
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST_NUMBER:
        raise Unreadable(f"{key} is no number")
    return float(value)


def whole(row: Mapping[str, Any], key: str) -> int | None:
    """A number without its fraction, or null."""
    value = number(row, key)
    if value is not None and abs(value) > _LARGEST_WHOLE:
        raise Unreadable(f"{key} is no number within reason")
    return None if value is None else int(value)


def time(row: Mapping[str, Any], key: str) -> datetime | None:
    """A time or null; services say "unset" with the first year of the calendar, too."""
    value = text(row, key)
    moment = parse_time(value) if value else None
    return moment if moment and moment.year >= _FIRST_YEAR else None


def whole_characters(value: str) -> str:
    """The text as every other reader of JSON has it: an escape of half a surrogate pair stands for no character."""
    return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)


class Optional:
    """Reads what decides nothing: a field that is not what it should be is left out, and named.

    Attributes:
        left_out: Names of the fields that were there and could not be read.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self.left_out: list[str] = []

    def __call__(self, read: Callable[[Mapping[str, Any], str], T | None], key: str) -> T | None:
        """The field as `read` has it; None if it is absent or something else."""
        try:
            return read(self._row, key)
        except Unreadable:
            self.left_out.append(key)
            return None
