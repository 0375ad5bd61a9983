"""Arrays of constants (numbers, qubits, results), which programs of the profile Adaptive read by a computed index.

No program reads memory here: each such reading is written anew as a choice among the elements, and the array is left
out. What is not written exactly as compilers do stays as it is, and is then refused like any other address. An index
beyond the array has no meaning in QIR; it gives zero.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workspace_emulator.programs.qir import grammar

_MOST_CHOICES: Final = 50_000
_ELEMENT: Final = re.compile(rf"(?P<type>{grammar.TYPE}) (?P<value>{grammar.ID}|{grammar.NUMBER})(?:, |$)")
_ARRAY: Final = re.compile(
    rf"(?P<name>{grammar.GLOBAL}) = (?:internal|private)(?: (?:local_)?unnamed_addr)? constant"
    rf" \[(?P<size>[1-9]\d{{0,4}}) x (?P<type>{grammar.TYPE})\] (?:\[(?P<elements>[^\[\]]*)\]|zeroinitializer)"
    r"(?:, align \d{1,2})?"
)
_INDEX: Final = rf"(?:{grammar.LOCAL}|-?\d+)"
_PLACE: Final = re.compile(
    rf"(?P<name>{grammar.LOCAL}) = getelementptr(?: inbounds)?(?: nuw)? \[(?P<size>\d+) x (?P<type>{grammar.TYPE})\],"
    rf" ptr (?P<array>{grammar.GLOBAL}), i64 (?P<whole>{_INDEX}), i64 (?P<index>{_INDEX})"
)
_READ: Final = re.compile(
    rf"(?P<name>{grammar.LOCAL}) = load (?P<type>{grammar.TYPE}), ptr (?P<place>{grammar.LOCAL})(?:, align \d{{1,2}})?"
)
_NAME: Final = re.compile(rf"{grammar.GLOBAL}|{grammar.LOCAL}")


@dataclass(frozen=True, slots=True)
class _Array:
    type: str
    elements: tuple[str, ...]


def without_arrays(lines: Sequence[str]) -> list[str]:
    """Return a module's lines with each reading of an array of constants as a choice, and without these arrays."""
    arrays = dict(_arrays(lines))
    if not arrays:
        return list(lines)
    written: list[str] = []
    body: list[str] | None = None
    for line in lines:
        if line.startswith("define"):
            body = []
            written.append(line)
        elif body is None:
            written.append(line)
        elif line == "}":
            written += [*_rewritten(body, arrays), line]
            body = None
        else:
            body.append(line)
    named = Counter(name for line in written for name in _NAME.findall(line))
    # An array that is named only where it is defined is read no more.
    return [line for line in written if not ((found := _ARRAY.fullmatch(line)) and named[found["name"]] == 1)]


def _arrays(lines: Sequence[str]) -> Iterator[tuple[str, _Array]]:
    for found in filter(None, map(_ARRAY.fullmatch, lines)):
        if found["elements"] is None:
            zeros = (grammar.ZEROS.get(found["type"], "0"),) * int(found["size"])
            yield found["name"], _Array(found["type"], zeros)
            continue
        elements = [*_ELEMENT.finditer(found["elements"])]
        text = "".join(element[0] for element in elements)
        if text == found["elements"] and {element["type"] for element in elements} == {found["type"]}:
            yield found["name"], _Array(found["type"], tuple(element["value"] for element in elements))


def _rewritten(body: Sequence[str], arrays: Mapping[str, _Array]) -> Iterator[str]:
    places = {found["name"]: found for line in body if (found := _PLACE.fullmatch(line.strip()))}
    uses = Counter(name for line in body for name in _NAME.findall(line))
    reads = [found for line in body if (found := _READ.fullmatch(line.strip()))]
    proper = Counter(
        found["place"]
        for found in reads
        if found["place"] in places and found["type"] == places[found["place"]]["type"]
    )
    known = {
        name: array
        for name, place in places.items()
        if (array := arrays.get(place["array"])) is not None
        and (str(len(array.elements)), array.type) == (place["size"], place["type"])
        and uses[name] == proper[name] + 1
    }
    if sum(len(array.elements) * proper[name] for name, array in known.items()) > _MOST_CHOICES:
        known = {}
    for line in body:
        place, read = _PLACE.fullmatch(line.strip()), _READ.fullmatch(line.strip())
        if place and place["name"] in known:
            yield from _position(place)
        elif read and read["place"] in known:
            yield from _choice(read["name"], read["place"], known[read["place"]])
        else:
            yield line


def _position(place: re.Match[str]) -> Iterator[str]:
    """The whole arrays that are passed over, and the elements of the last: a negative index counts from its end."""
    yield f"  {_local(place['name'], 'start')} = mul i64 {place['whole']}, {place['size']}"
    yield f"  {place['name']} = add i64 {_local(place['name'], 'start')}, {place['index']}"


def _choice(name: str, place: str, array: _Array) -> Iterator[str]:
    chosen = grammar.ZEROS.get(array.type, "0")
    for number, element in enumerate(array.elements):
        here = _local(name, f"is{number}")
        result = name if number == len(array.elements) - 1 else _local(name, str(number))
        yield f"  {here} = icmp eq i64 {place}, {number}"
        yield f"  {result} = select i1 {here}, {array.type} {element}, {array.type} {chosen}"
        chosen = result


def _local(name: str, suffix: str) -> str:
    """A name of our own beside one of the program's; LLVM refuses one that is there already."""
    return f'%"{name[1:].strip(chr(34))}.of.array.{suffix}"'
