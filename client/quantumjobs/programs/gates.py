"""Counting the gates of a program that is ready to be sent, where that can be done without running it.

A number is given only if every run does exactly that; otherwise the reason why not. Must not live here: prices.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.errors import ProgramError
from quantumjobs.programs import qir
from quantumjobs.programs.prepared import IONQ, OPENQASM_2, QIR, Prepared

MEASUREMENTS: Final = "measure"
Gates = Mapping[tuple[str, int], int]
"""How often each gate occurs, by its name and the number of its qubits."""
_GATE: Final = "__quantum__qis__"
_SAID: Final = "__quantum__rt__"
_MEASURING: Final = frozenset({"m", "mz", "mresetz", "measure"})
_NAMES: Final = {"cnot": "cx", "ccnot": "ccx", "not": "x", "si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg"}


def count(program: Prepared) -> Gates:
    """How often each gate occurs in a run; measurements are called `measure`.

    Raises:
        ProgramError: That is not known; the text says why.
    """
    match program.format:
        case "qir.v1":
            return _in_qir(program.data)
        case "ionq.circuit.v1":
            return _in_ionq(program)
        case "honeywell.openqasm.v1":
            return _in_openqasm_2(program.data.decode())
    raise ProgramError(f"gates are counted in {QIR}, {IONQ} and {OPENQASM_2}, not in {program.format}")


def _in_qir(data: bytes) -> Gates:
    pyqir = extras.load("pyqir", "qsharp")
    entry = qir.entry_point(data)
    if len(entry.basic_blocks) != 1:
        raise ProgramError("the program branches or repeats, so its gates are known only when it has run")
    found: Counter[tuple[str, int]] = Counter()
    for instruction in entry.basic_blocks[0].instructions:
        if instruction.opcode != pyqir.Opcode.CALL or instruction.callee.name.startswith(_SAID):
            continue
        called = instruction.callee.name
        if not called.startswith(_GATE):
            raise ProgramError(f"the program calls {called}, whose gates are not counted")
        found[_gate(called, sum(isinstance(one.type, pyqir.PointerType) for one in instruction.args))] += 1
    return found


def _gate(called: str, pointers: int) -> tuple[str, int]:
    name, _, kind = called.removeprefix(_GATE).partition("__")
    if name in _MEASURING:
        return (MEASUREMENTS, 1)
    return (f"{name}dg" if kind == "adj" else _NAMES.get(name, name), pointers)


def _in_ionq(program: Prepared) -> Gates:
    try:
        found = Counter(_ionq_gate(one) for one in json.loads(program.data)["circuit"])
    except (TypeError, KeyError) as error:
        raise ProgramError("a gate of the IonQ circuit does not say its name and its qubits") from error
    # Every qubit is measured at the end, without a gate that says so.
    return found + Counter({(MEASUREMENTS, 1): program.qubits or 0})


def _ionq_gate(one: Mapping[str, Any]) -> tuple[str, int]:
    name, controls = str(one["gate"]), _wires(one, "control")
    plain = "x" if name == "cnot" else _NAMES.get(name, name)
    return ("c" * controls + plain, controls + _wires(one, "target"))


def _wires(gate: Mapping[str, Any], field: str) -> int:
    return len(gate.get(f"{field}s") or ()) or (1 if field in gate else 0)


def _in_openqasm_2(text: str) -> Gates:
    qasm2 = extras.load("qiskit.qasm2", "qiskit")
    circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return Counter((one.operation.name, len(one.qubits)) for one in circuit.data if one.operation.name != "barrier")
