"""`ionq.quantum-results.v1`: probabilities of basis states, which are numbered.

Bit i of a state's number is qubit i, so that its binary digits, highest first, already are the normal form; what the
result does not say is how many there are, and that is in the program.
"""

import re
from typing import Final

from quantumjob_operator.results.document import malformed, mapping, parse, probability
from quantumjob_operator.results.histogram import CannotCount, Omitted, Probabilities, checked_probabilities

FORMAT: Final = "ionq.quantum-results.v1"

_MAX_QUBITS: Final = 256
_STATE: Final = re.compile(r"0|[1-9][0-9]{0,77}")


def read(raw: bytes, program: bytes | None) -> Probabilities:
    """The probabilities of all qubits of the program, whether or not its author measures them.

    Args:
        raw: Such as `{"histogram": {"0": 0.5, "3": 0.5}}`.
        program: The `ionq.circuit.v1` document.

    Raises:
        CannotCount: The result is malformed, or the program does not tell its number of qubits.
    """
    histogram = mapping(mapping(parse(raw), "the result").get("histogram"), "histogram")
    width = _qubits(program)
    return checked_probabilities(
        {_outcome(state, width): probability(value, "a probability") for state, value in histogram.items()},
    )


def _outcome(state: str, width: int) -> str:
    if not _STATE.fullmatch(state) or int(state) >= 1 << width:
        raise malformed(f"a state is not a number below 2**{width}")
    return format(int(state), f"0{width}b")


def _qubits(program: bytes | None) -> int:
    if program is None:
        raise _unknown()
    try:
        qubits = mapping(parse(program), "the program").get("qubits")
    except CannotCount:
        raise _unknown() from None
    if not isinstance(qubits, int) or isinstance(qubits, bool) or not 1 <= qubits <= _MAX_QUBITS:
        raise _unknown()
    return qubits


def _unknown() -> CannotCount:
    return CannotCount(Omitted.QUBITS_UNKNOWN, "the program does not say its number of qubits")
