"""Counts the gates of `ionq.circuit.v1` (JSON).

Must not live here: prices.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from quantumjob_operator.costs.gates import Gates, UncountableError, gate_on

_QUBITS: Final = ("target", "targets", "control", "controls")


def count(program: bytes) -> Gates:
    """The gates of a circuit; IonQ bills no measurements.

    Raises:
        UncountableError: It is no such circuit, or one in native gates, which are billed otherwise.
    """
    try:
        document = json.loads(program)
    except (ValueError, RecursionError):
        raise UncountableError("the program is no JSON") from None
    circuit = document.get("circuit") if isinstance(document, Mapping) else None
    if not isinstance(circuit, list):
        raise UncountableError("the program has no list `circuit`")
    if document.get("gateset", "qis") != "qis":
        raise UncountableError("the program is written in native gates")
    total = Gates()
    for gate in circuit:
        total += gate_on(_qubits(gate))
    return total


def _qubits(gate: Any) -> int:
    if not isinstance(gate, Mapping):
        raise UncountableError("an entry of `circuit` is no gate")
    touched = 0
    for field in _QUBITS:
        value = gate.get(field)
        touched += len(value) if isinstance(value, list) else int(value is not None)
    if not touched:
        raise UncountableError("a gate of `circuit` names no qubit")
    return touched
