"""A JSON value's text, and how large it is. Must not live here: how large it may be (`quantumjob`)."""

import json
from typing import Any, Final

from pydantic_core import to_json

NESTED: Final = frozenset({dict, list})
"""As readers of JSON make them; to ask by abstract classes takes four times as long, for each value of each version."""


def json_of(value: Any) -> bytes:
    """Its JSON, without white space."""
    try:
        return to_json(value)  # in a third of the time, for each version of each object
    except ValueError:  # halves of characters, or many levels
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def bytes_of(value: Any) -> int:
    """The bytes of its JSON, without white space."""
    return len(json_of(value))


def exceeds(values: int, levels: int, value: Any) -> tuple[bool, bool]:
    """Whether it holds more values, or else is nested deeper; without recursion: the depth is the user's choice."""
    level, left = [value], values  # no level is walked that holds too many
    for _ in range(levels):
        level = [one.values() if type(one) is dict else one for one in level if type(one) in NESTED]
        left -= sum(map(len, level))
        if left < 0 or not level:
            return left < 0, False
        level = [inner for one in level for inner in one]
    return False, any(type(one) in NESTED for one in level)
