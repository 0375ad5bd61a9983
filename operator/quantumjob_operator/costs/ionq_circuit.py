"""Counts the gates of `ionq.circuit.v1` (JSON).

Must not live here: prices.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from quantumjob_operator.costs.gates import Gates, UncountableError, gate_on

_EACH: Final = frozenset({
    *("x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi", "not"),
    *("rx", "ry", "rz", "cnot"),
})  # fmt: skip
"""Gates that act on each of their targets."""
_TOGETHER: Final = frozenset({"xx", "yy", "zz"})
"""Gates that act on all their targets at once."""
_SWAP: Final = "swap"
"""Three controlled gates, as in the other formats."""


def count(program: bytes) -> Gates:
    """The gates of a circuit; IonQ bills no measurements.

    Raises:
        UncountableError: It is no such circuit, or one in native gates, which are billed otherwise.
    """
    try:
        document = json.loads(program, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise UncountableError("the program is no JSON") from None
    circuit = document.get("circuit") if isinstance(document, Mapping) else None
    if not isinstance(circuit, list) or "circuits" in document:
        raise UncountableError("the program has no list `circuit`, or several circuits")
    if document.get("gateset", "qis") != "qis":
        raise UncountableError("the program is written in native gates")
    total = Gates()
    for gate in circuit:
        total += _counted(gate)
    return total


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one with a key twice means one thing here and another there."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UncountableError("the program has a key twice")
    return found


def _counted(gate: Any) -> Gates:
    if not isinstance(gate, Mapping) or not isinstance(gate.get("gate"), str):
        raise UncountableError("an entry of `circuit` is no gate")
    targets, controls = (_qubits(gate, one, many) for one, many in (("target", "targets"), ("control", "controls")))
    if not targets:
        raise UncountableError("a gate of `circuit` names no target")
    name = gate["gate"]
    if name == "cnot" and not controls:
        raise UncountableError("a gate `cnot` of `circuit` names no control")
    if name == _SWAP:
        return gate_on(targets + controls) * 3
    if name in _TOGETHER:
        return gate_on(targets + controls)
    if name not in _EACH:
        raise UncountableError("a gate of `circuit` is none of those that are counted", name)
    return gate_on(1 + controls) * targets


def _qubits(gate: Mapping[str, Any], one: str, many: str) -> int:
    """How many qubits a gate names in one of two ways; a list in the place of a number is read by nobody alike."""
    named = [gate[one]] if one in gate else []
    if many in gate:
        named += gate[many] if isinstance(gate[many], list) else [gate[many]]
    if any(isinstance(qubit, bool) or not isinstance(qubit, int) for qubit in named):
        raise UncountableError("a gate of `circuit` names qubits that are no numbers")
    return len(named)
