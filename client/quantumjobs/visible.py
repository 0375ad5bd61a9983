"""Texts that somebody else wrote, as a terminal or a notebook may show them.

Must not live here: where they are shown.
"""

import unicodedata
from typing import Final

_LINES: Final = frozenset({"Zl", "Zp"})
_LONGEST: Final = 2_000
"""Characters of one text in a table; the longest of Kubernetes and of the service have fewer."""


def shown(text: str, *, kept: str = "") -> str:
    """A text: what is no character that one sees (controls, changes of direction) stands as an escape.

    Args:
        text: By whomever.
        kept: Controls that are meant; in a line or a cell there are none.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in kept or not _steers(one) else _escaped(one) for one in text)


def cut(text: str) -> str:
    """The beginning of a text that is longer than any that was meant to be read in a table."""
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("C") or category in _LINES


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
