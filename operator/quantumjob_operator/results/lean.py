"""JSON that repeats itself, in little memory: a result is a list of a million shots that are the same few values.

The standard library makes each of them anew, some hundred bytes for three characters. Here equal elements of a list are
one object; whoever reads must not change them. Must not live here: what is refused beyond the grammar (`document`).
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

_WALKED_LEVELS: Final = 4
"""Deeper values are left to the standard library: no format has a long list there."""
_MAX_KEPT: Final = 65_536
_MAX_KEPT_LENGTH: Final = 256
_SPACE: Final = re.compile(r"[ \t\n\r]*+")

Pairs = list[tuple[str, Any]]


def load(text: str, unique: Callable[[Pairs], dict[str, Any]], constant: Callable[[str], Any]) -> Any:
    """Read a document as `json.loads` does.

    Args:
        text: All of it.
        unique: Makes an object of its pairs; may raise.
        constant: Called for NaN and the infinities; may raise.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    reader = _Reader(text, unique, constant)
    value, end = reader.value(0, 0)
    if reader.skip(end) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


class _Reader:
    def __init__(self, text: str, unique: Callable[[Pairs], dict[str, Any]], constant: Callable[[str], Any]) -> None:
        self._text = text
        self._unique = unique
        decoder: Any = json.JSONDecoder(object_pairs_hook=unique, parse_constant=constant)
        self._scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
        self._kept: dict[str, Any] = {}

    def skip(self, at: int) -> int:
        """Where the next character that is no white space stands."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def value(self, at: int, level: int) -> tuple[Any, int]:
        """The value that begins here or behind white space, and its end."""
        at = self.skip(at)
        first = self._text[at : at + 1]
        if level < _WALKED_LEVELS and first == "[":
            return self._list(at + 1, level + 1)
        if level < _WALKED_LEVELS and first == "{":
            return self._object(at + 1, level + 1)
        return self._plain(at)

    def _plain(self, at: int) -> tuple[Any, int]:
        try:
            return self._scan(self._text, at)
        except StopIteration:
            raise self._expected("a value", at) from None

    def _element(self, at: int, level: int) -> tuple[Any, int]:
        if self._text[at : at + 1] == "{":
            return self.value(at, level)
        value, end = self._plain(at)
        if end - at <= _MAX_KEPT_LENGTH:
            source = self._text[at:end]
            known = self._kept.get(source, self)
            if known is not self:
                return known, end
            if len(self._kept) < _MAX_KEPT:
                self._kept[source] = value
        return value, end

    def _list(self, at: int, level: int) -> tuple[list[Any], int]:
        elements: list[Any] = []
        at = self.skip(at)
        if self._text[at : at + 1] == "]":
            return elements, at + 1
        while True:
            element, at = self._element(at, level)
            elements.append(element)
            at, over = self._next(at, "]")
            if over:
                return elements, at

    def _object(self, at: int, level: int) -> tuple[dict[str, Any], int]:
        pairs: Pairs = []
        at = self.skip(at)
        if self._text[at : at + 1] == "}":
            return self._unique(pairs), at + 1
        while True:
            if self._text[at : at + 1] != '"':
                raise self._expected("a key", at)
            key, at = self._plain(at)
            at = self.skip(at)
            if self._text[at : at + 1] != ":":
                raise self._expected("a colon", at)
            value, at = self.value(at + 1, level)
            pairs.append((key, value))
            at, over = self._next(at, "}")
            if over:
                return self._unique(pairs), at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        at = self.skip(at)
        mark = self._text[at : at + 1]
        if mark == closing:
            return at + 1, True
        if mark != ",":
            raise self._expected("a comma", at)
        return self.skip(at + 1), False

    def _expected(self, what: str, at: int) -> json.JSONDecodeError:
        return json.JSONDecodeError(f"{what} is expected", self._text, at)
