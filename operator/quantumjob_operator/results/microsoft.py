"""`microsoft.quantum-results.v2` and v1: the results of QIR programs.

The order of the bits is the one in which the program records its output; the service shows it in `Display`, and that
order is kept. Programs made from Qiskit record the highest index first, which is the normal form.

A number that happens to be 0 or 1 looks like a bit. The program says which of the two it records; where it is not at
hand, the outcomes of the same shape do: one number among them is enough. So all of them have one form.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from quantumjob_operator.results.document import count, malformed, mapping, parse, probability, sequence, text
from quantumjob_operator.results.histogram import CannotCount, Counts, Omitted, Probabilities, checked_probabilities

FORMAT_V1: Final = "microsoft.quantum-results.v1"
FORMAT_V2: Final = "microsoft.quantum-results.v2"

_BIT_STRINGS: Final = re.compile(r"[01]+(?: [01]+)*")
_REGISTER: Final = re.compile(r"\[[01](?:, ?[01])*\]|(?<![\w.+-])[01](?![\w.])")
_NOT_A_BIT: Final = re.compile(r"[^01]+")
_STRUCTURE: Final = re.compile(r"[\[\](), ]*")
_EMPTY: Final = re.compile(r"\[ *\]|\( *\)")
_ERROR: Final = re.compile(r"Error\b")
_LOST: Final = re.compile(r"(?<=[\[( ])-(?=[\]),])")
_EMPTY_LIST: Final = re.compile(r"\[ *\]")
_VALUE: Final = re.compile(r"[\w.+-]+")
_INNERMOST_LIST: Final = re.compile(r"\[([^\[\]]*+)\]")
_MAX_DEPTH: Final = 4
# Names of the runtime's functions stand in text and bitcode alike, letter by letter.
_RECORDS_NUMBERS: Final = re.compile(rb"__quantum__rt__(?:int|integer|double)_record_output")
_RECORDS_RESULTS: Final = b"__quantum__rt__result_record_output"


def read_v2(raw: bytes, program: bytes | None = None) -> Counts:
    """Counts of `{"DataFormat": …, "Results": [{"Histogram": [{"Display": "[0, 1]", "Count": 7}, …]}]}`.

    Args:
        raw: The result.
        program: What was run, if it is at hand.

    Raises:
        CannotCount: The result is malformed, or a batch of several results.
    """
    document = mapping(parse(raw), "the result")
    if document.get("DataFormat") != FORMAT_V2:
        raise malformed(f"DataFormat is not {FORMAT_V2}")
    results = sequence(document.get("Results"), "Results")
    if len(results) > 1:
        raise CannotCount(Omitted.SEVERAL_RESULTS, "a batch has one histogram for each of its parts")
    if not results:
        raise malformed("Results is empty")
    return _summed(mapping(results[0], "a result").get("Histogram"), program)


def _summed(histogram: Any, program: bytes | None) -> Counts:
    entries = sequence(histogram, "Histogram")
    displays = [text(mapping(entry, "an entry of Histogram").get("Display"), "Display") for entry in entries]
    outcomes: defaultdict[str, int] = defaultdict(int)
    for outcome, entry in zip(_outcomes(displays, program), entries, strict=True):
        outcomes[outcome] += count(entry.get("Count"), "Count")
    return Counts(outcomes)


def read_v1(raw: bytes, program: bytes | None = None) -> Probabilities:
    """Probabilities of `{"Histogram": ["[0, 1]", 0.5, "[1, 0]", 0.5]}`.

    Args:
        raw: The result.
        program: What was run, if it is at hand.

    Raises:
        CannotCount: The result is malformed.
    """
    histogram = sequence(mapping(parse(raw), "the result").get("Histogram"), "Histogram")
    if len(histogram) % 2:
        raise malformed("Histogram does not consist of pairs")
    displays = [text(display, "an outcome") for display in histogram[::2]]
    outcomes: defaultdict[str, float] = defaultdict(float)
    for outcome, value in zip(_outcomes(displays, program), histogram[1::2], strict=True):
        outcomes[outcome] += probability(value, "a probability")
    return checked_probabilities(outcomes)


def _outcomes(displays: Sequence[str], program: bytes | None) -> Sequence[str]:
    """How counts name what a histogram shows: bits in normal form, and all outcomes of one shape alike."""
    if program is not None and _RECORDS_NUMBERS.search(program):
        return displays
    named = [normal_form(display) for display in displays]
    if program is not None and _RECORDS_RESULTS in program:
        return named
    numbers = {_shape(display) for display in displays if not _may_be_bits(display)}
    if not numbers:
        return named
    return [display if _shape(display) in numbers else name for display, name in zip(displays, named, strict=True)]


def _may_be_bits(display: str) -> bool:
    """Errors and lost qubits say nothing of what stands beside them."""
    if _ERROR.match(display):
        return True
    told = _LOST.sub("0", display)
    return normal_form(told) != told or _BIT_STRINGS.fullmatch(told) is not None


def _shape(display: str) -> str:
    """What two values of one type have in common: lists may be of any length, tuples are of one."""
    shape = _VALUE.sub("n", _EMPTY_LIST.sub("[n]", display)).replace(", ", ",")
    for _ in range(_MAX_DEPTH):
        shape = _INNERMOST_LIST.sub(lambda found: f"<{'|'.join(sorted(set(found[1].split(','))))}>", shape)
    return shape


def normal_form(display: str) -> str:
    """An outcome as counts name it: `[0, 1]` is `01`, `([0, 1], [1])` is `01 1`.

    Each innermost list is a register, and so is a bit that stands outside of lists. What is not made of bits alone (a
    number, a lost qubit, an error) stays as the service shows it.
    """
    if _BIT_STRINGS.fullmatch(display):
        return display
    registers = _REGISTER.findall(display)
    if not registers or _EMPTY.search(display) or not _STRUCTURE.fullmatch(_REGISTER.sub("", display)):
        return display
    return " ".join(_NOT_A_BIT.sub("", register) for register in registers)
