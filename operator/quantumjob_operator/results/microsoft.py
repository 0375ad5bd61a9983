"""`microsoft.quantum-results.v2` and v1: the results of QIR programs.

The order of the bits is the one in which the program records its output; the service shows it in `Display`, and that
order is kept. Programs made from Qiskit record the highest index first, which is the normal form.

A number that happens to be 0 or 1 looks like a bit. The program says which of the two it records; where it is not at
hand, the whole histogram does. Either way all outcomes have one form.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
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
    entries = [mapping(item, "an entry of Histogram") for item in sequence(histogram, "Histogram")]
    displays = [text(entry.get("Display"), "Display") for entry in entries]
    of_bits = _are_bits(displays, program)
    outcomes: defaultdict[str, int] = defaultdict(int)
    for display, entry in zip(displays, entries, strict=True):
        outcomes[normal_form(display) if of_bits else display] += count(entry.get("Count"), "Count")
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
    of_bits = _are_bits(displays, program)
    outcomes: defaultdict[str, float] = defaultdict(float)
    for display, value in zip(displays, histogram[1::2], strict=True):
        outcomes[normal_form(display) if of_bits else display] += probability(value, "a probability")
    return checked_probabilities(outcomes)


def _are_bits(displays: Iterable[str], program: bytes | None) -> bool:
    """Whether what looks like bits in a histogram is bits; errors and lost qubits say nothing of it."""
    if program is not None and _RECORDS_NUMBERS.search(program):
        return False
    if program is not None and _RECORDS_RESULTS in program:
        return True
    told = (_LOST.sub("0", display) for display in displays if not _ERROR.match(display))
    return all(normal_form(display) != display or _BIT_STRINGS.fullmatch(display) for display in told)


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
