"""JSON that somebody else wrote. What stands in one object must not end a command that shows the objects of others.

The API server stores values that are nested deeper than Python's reader goes. Must not live here: what a text means.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

_DEEPEST: Final = 100
"""Levels; what users write has a few, and whatever goes through what was read can go through so many."""
_BRACKETS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_TEXT: Final = b'"'


def read_json(text: bytes) -> Any:
    """Read JSON; what is nested too deeply to be read is null.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(b"".join(_shallow(text)))


def _shallow(text: bytes) -> Iterator[bytes]:
    """The same, cut below the deepest level; a value that never ends is left out to its end."""
    depth = kept = 0
    for found in _BRACKETS.finditer(text):
        bracket = found[0]
        if bracket.startswith(_TEXT):
            continue
        if bracket in b"[{":
            depth += 1
            if depth == _DEEPEST:
                yield text[kept : found.start()] + b"null"
                kept = len(text)
        else:
            if depth == _DEEPEST:
                kept = found.end()
            depth -= 1
    yield text[kept:]
