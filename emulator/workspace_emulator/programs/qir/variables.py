"""Variables of a function (`alloca`, `load`, `store`), the only memory that a program may use.

A variable holds one number, or the number of a qubit or result. It is made in the function's first block, read and
written as the type that it has, and its address is used for nothing else: a program can neither pass it on, nor compute
with it, nor reach beyond it. Each is set to zero where it is made, so that none is read that was never written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from workspace_emulator.programs.qir import grammar

_ALIGNED: Final = r"(?:, align \d{1,2})?"
_MADE: Final = re.compile(rf"(?P<name>{grammar.LOCAL}) = alloca (?P<type>{grammar.TYPE}){_ALIGNED}")
_READ: Final = re.compile(rf"{grammar.LOCAL} = load (?P<type>{grammar.TYPE}), ptr (?P<name>{grammar.LOCAL}){_ALIGNED}")
_WRITTEN: Final = re.compile(
    rf"store (?P<type>{grammar.TYPE}) (?P<value>{grammar.VALUE}), ptr (?P<name>{grammar.LOCAL}){_ALIGNED}"
)
# Globals are names as well: a quoted one may have a % in it.
_NAME: Final = re.compile(rf"{grammar.GLOBAL}|{grammar.LOCAL}")


def initialised(lines: Sequence[str]) -> list[str]:
    """Return a module's lines with a store of zero behind each variable that is made."""
    return [written for line in lines for written in (line, *_zero(line.strip()))]


def lines_of_variables(body: Sequence[str]) -> frozenset[int]:
    """Return which lines of a function's body make, read or write variables as they should.

    Args:
        body: The lines without indentation, labels of blocks among them.

    Raises:
        ValueError: A variable is used otherwise; the text quotes the line.
    """
    types = {found["name"]: found["type"] for found in map(_MADE.fullmatch, _first_block(body)) if found}
    proper = frozenset(number for number, line in enumerate(body) if _is_proper(line, types))
    for number, line in enumerate(body):
        if number not in proper and not types.keys().isdisjoint(_NAME.findall(line)):
            raise ValueError(line)
    return proper


def _zero(line: str) -> Iterator[str]:
    found = _MADE.fullmatch(line)
    if found:
        yield f"  store {found['type']} {grammar.ZEROS.get(found['type'], '0')}, ptr {found['name']}"


def _first_block(body: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(body):
        if number and grammar.BLOCK.fullmatch(line):
            return
        yield line


def _is_proper(line: str, types: Mapping[str, str]) -> bool:
    if found := _MADE.fullmatch(line):
        return found["name"] in types
    if found := _READ.fullmatch(line):
        return types.get(found["name"]) == found["type"]
    if found := _WRITTEN.fullmatch(line):
        return types.get(found["name"]) == found["type"] and found["value"] not in types
    return False
