"""`microsoft.quantum-results.v2` and v1: the results of QIR programs.

The order of the bits is the one in which the program records its output; the service shows it in `Display`, and that
order is kept. Programs made from Qiskit record the highest index first, which is the normal form.
"""

import re
from collections import defaultdict
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


def read_v2(raw: bytes) -> Counts:
    """Counts of `{"DataFormat": …, "Results": [{"Histogram": [{"Display": "[0, 1]", "Count": 7}, …]}]}`.

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
    return _summed(mapping(results[0], "a result").get("Histogram"))


def _summed(histogram: Any) -> Counts:
    outcomes: defaultdict[str, int] = defaultdict(int)
    for item in sequence(histogram, "Histogram"):
        entry = mapping(item, "an entry of Histogram")
        outcomes[normal_form(text(entry.get("Display"), "Display"))] += count(entry.get("Count"), "Count")
    return Counts(outcomes)


def read_v1(raw: bytes) -> Probabilities:
    """Probabilities of `{"Histogram": ["[0, 1]", 0.5, "[1, 0]", 0.5]}`.

    Raises:
        CannotCount: The result is malformed.
    """
    histogram = sequence(mapping(parse(raw), "the result").get("Histogram"), "Histogram")
    if len(histogram) % 2:
        raise malformed("Histogram does not consist of pairs")
    outcomes: defaultdict[str, float] = defaultdict(float)
    for display, value in zip(histogram[::2], histogram[1::2], strict=True):
        outcomes[normal_form(text(display, "an outcome"))] += probability(value, "a probability")
    return checked_probabilities(outcomes)


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
