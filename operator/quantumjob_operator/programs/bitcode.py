"""LLVM bitcode: which defined functions have which attributes (https://llvm.org/docs/BitCodeFormat.html).

Four kinds of records tell it: groups of attributes, lists of such groups, the functions, and the table of their names.
Modules older than LLVM 5 keep names elsewhere and are not read. Must not live here: how records are written
(`bitstream`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from quantumjob_operator.programs.bitstream import Bitstream, Record, UnreadableProgram

MAGIC: Final = b"BC\xc0\xde"
_WRAPPER: Final = b"\xde\xc0\x17\x0b"
_ENTERED: Final = frozenset({8, 9, 10, 23})
"""MODULE_BLOCK, and in it PARAMATTR_BLOCK and PARAMATTR_GROUP_BLOCK; STRTAB_BLOCK."""
_WITH_TABLE_OF_NAMES: Final = 2
_OF_FUNCTION: Final = 0xFFFFFFFF
_NUMBERS_OF: Final = {0: 1, 1: 2, 5: 1, 6: 2}
_TEXTS_OF: Final = {3: 1, 4: 2}
_DECLARED_ONLY: Final = 4
_ATTRIBUTES: Final = 6
MAX_FOUND: Final = 100
MAX_NAME: Final = 1024
"""As long as a status shows one. It is kept for each job that names the program; and the names of bitcode lie in a
table of their own, in which any number of functions may point to the same bytes.
"""


@dataclass(slots=True)
class _Module:
    """What was read.

    Attributes:
        versions: Of the modules; each says its own once.
        groups: Keys of a function's attributes, by the number of their group.
        lists: Numbers of groups, by the number of the list less 1.
        functions: Where the name stands (offset, size) and the number of the list, 0 for none.
        names: Where the names stand.
    """

    versions: list[int] = field(default_factory=list)
    groups: dict[int, frozenset[bytes]] = field(default_factory=dict)
    lists: list[list[int]] = field(default_factory=list)
    functions: list[tuple[int, int, int]] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)


def is_bitcode(program: bytes) -> bool:
    """Whether these bytes begin as bitcode does, bare or wrapped."""
    return program.startswith((MAGIC, _WRAPPER))


def functions_with(program: bytes, attributes: frozenset[bytes]) -> list[str]:
    """The names of the functions that are defined in a module and have one of these attributes.

    Raises:
        UnreadableProgram: It is not the bitcode of one module, or of a kind that is not read here.
    """
    module = _Module()
    for block, record in Bitstream(_bare(program)).records(_ENTERED):
        _take(module, block, record)
    if len(module.versions) != 1 or module.versions[0] < _WITH_TABLE_OF_NAMES:
        raise UnreadableProgram("it is not one module as LLVM 5 or later writes it")
    marked = {number for number, keys in module.groups.items() if keys & attributes}
    # Decided once for each list: any number of functions may have the same long one.
    fitting = {number for number, groups in enumerate(module.lists, 1) if not marked.isdisjoint(groups)}
    if any(number > len(module.lists) for *_, number in module.functions):
        raise UnreadableProgram("a function has attributes that are not defined")
    found = [(offset, size) for offset, size, number in module.functions if number in fitting]
    if len(found) > MAX_FOUND:
        raise UnreadableProgram("it has too many entry points")
    names = b"".join(module.names)
    return [_name(names, offset, size) for offset, size in found]


def _bare(program: bytes) -> bytes:
    """What follows the magic, without the wrapper that some platforms put around (five words: …, offset, size, …)."""
    if program.startswith(_WRAPPER):
        offset, size = (int.from_bytes(program[at : at + 4], "little") for at in (8, 12))
        program = program[offset : offset + size]
    if not program.startswith(MAGIC):
        raise UnreadableProgram("the wrapper holds no bitcode")
    # The magic is one word, so that what is aligned stays so.
    return program[len(MAGIC) :]


def _take(module: _Module, block: int, record: Record) -> None:
    code, values = record.code, record.values
    match block, code:
        case (8, 1) if values:  # MODULE_BLOCK, VERSION
            module.versions.append(values[0])
        case (8, 8):  # MODULE_BLOCK, FUNCTION
            _take_function(module, values)
        case (9, 2):  # PARAMATTR_BLOCK, ENTRY
            module.lists.append(values)
        case (9, _):
            raise UnreadableProgram("its attributes are written in an older way")
        case (10, 3) if values[1:2] == [_OF_FUNCTION]:  # PARAMATTR_GROUP_BLOCK, ENTRY
            module.groups[values[0]] = _keys(values[2:])
        case (23, 1):  # STRTAB_BLOCK, BLOB
            module.names.append(record.blob)


def _take_function(module: _Module, values: Sequence[int]) -> None:
    """[name's offset, name's size, type, calling convention, is declared only, linkage, attributes, …]."""
    if len(values) <= _ATTRIBUTES:
        raise UnreadableProgram("a function's record is too short")
    if not values[_DECLARED_ONLY]:
        module.functions.append((values[0], values[1], values[_ATTRIBUTES]))


def _keys(values: Sequence[int]) -> frozenset[bytes]:
    """The keys of the attributes that are text: kind 0 has a number, 1 two; 3 a key, 4 a key and a value."""
    keys, at = set(), 0
    while at < len(values):
        kind = values[at]
        if kind in _NUMBERS_OF:
            at += 1 + _NUMBERS_OF[kind]
        elif kind in _TEXTS_OF:
            key, at = _text(values, at + 1)
            keys.add(key)
            if _TEXTS_OF[kind] > 1:
                _, at = _text(values, at)
        else:
            raise UnreadableProgram("an attribute is of an unknown kind")
    return frozenset(keys)


def _text(values: Sequence[int], start: int) -> tuple[bytes, int]:
    try:
        end = values.index(0, start)
        return bytes(values[start:end]), end + 1
    except ValueError:  # without an end, or numbers that are no bytes
        raise UnreadableProgram("an attribute has no end") from None


def _name(names: bytes, offset: int, size: int) -> str:
    if size > MAX_NAME:
        raise UnreadableProgram("a function's name is too long")
    if offset + size > len(names):
        raise UnreadableProgram("a function's name is not in the table of names")
    return names[offset : offset + size].decode(errors="replace")
