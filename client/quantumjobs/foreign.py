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
    """Read an answer of the API server; parameters of a job that are nested too deeply are null from there on.

    Of all that it stores, their depth alone has no bound in a schema; `managedFields` repeat it, and nobody reads them.
    What can't be read at all is cut everywhere.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        read = json.loads(text)
    except RecursionError:
        return json.loads(b"".join(_cut(text)))
    for one in _objects(read):
        spec, metadata = one.get("spec"), one.get("metadata")
        if isinstance(spec, dict) and "parameters" in spec:
            spec["parameters"] = shallow(spec["parameters"])
        if isinstance(metadata, dict):
            metadata.pop("managedFields", None)
    return read


def _objects(read: Any) -> Iterator[dict[str, Any]]:
    """An object, the one of an event, or those of a list."""
    if not isinstance(read, dict):
        return
    items = read.get("items")
    for one in items if isinstance(items, list) else (read.get("object") or read,):
        if isinstance(one, dict):
            yield one


def shallow(value: Any, levels: int = _DEEPEST) -> Any:
    """The same, with null for what is nested deeper than so many levels."""
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        return None
    if isinstance(value, list):
        return [shallow(one, levels - 1) for one in value]
    return {key: shallow(one, levels - 1) for key, one in value.items()}


def _cut(text: bytes) -> Iterator[bytes]:
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
