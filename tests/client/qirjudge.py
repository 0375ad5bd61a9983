"""Reads QIR of the Base profile back as a circuit, for judges that compute exact probabilities: no client code in it.

Only what the client's compiler writes is known; anything else ends the test. Registers follow the record of the output.
"""

from typing import Any, Final

import pyqir
from qiskit import ClassicalRegister, QuantumCircuit

_GATES: Final = {
    "x__body": "x", "y__body": "y", "z__body": "z", "h__body": "h", "s__body": "s", "s__adj": "sdg", "t__body": "t",
    "t__adj": "tdg", "sx__body": "sx", "cx__body": "cx", "cy__body": "cy", "cz__body": "cz", "swap__body": "swap",
    "ccx__body": "ccx", "rx__body": "rx", "ry__body": "ry", "rz__body": "rz", "rxx__body": "rxx", "ryy__body": "ryy",
    "rzz__body": "rzz",
}  # fmt: skip
_MEASURED: Final = frozenset({"m__body", "mz__body", "mresetz__body"})


def circuit_of(qir: str) -> QuantumCircuit:
    """The program's gates and measurements, with a register for each array of its output, in Qiskit's order.

    Args:
        qir: LLVM text of the Base profile.
    """
    module = pyqir.Module.from_ir(pyqir.Context(), qir)
    (entry,) = [function for function in module.functions if pyqir.is_entry_point(function)]
    (block,) = entry.basic_blocks
    calls: list[Any] = [one for one in block.instructions if one.opcode == pyqir.Opcode.CALL]
    arrays = _recorded(calls)
    registers = [ClassicalRegister(len(results), f"c{i}") for i, results in enumerate(reversed(arrays))]
    circuit = QuantumCircuit(pyqir.required_num_qubits(entry) or 0)
    circuit.add_register(*registers)
    # The last register is recorded first, and its highest bit first.
    places = {
        result: register[len(register) - 1 - bit]
        for register, results in zip(reversed(registers), arrays, strict=True)
        for bit, result in enumerate(results)
    }
    for call in calls:
        name = call.callee.name.removeprefix("__quantum__qis__")
        if name in _MEASURED:
            circuit.measure(_number(call.args[0]), places[_number(call.args[1])])
        elif name in _GATES:
            angles = [one.value for one in call.args if isinstance(one, pyqir.FloatConstant)]
            qubits = [_number(one) for one in call.args if not isinstance(one, pyqir.FloatConstant)]
            getattr(circuit, _GATES[name])(*angles, *qubits)
        else:
            assert name.startswith("__quantum__rt__"), name
    return circuit


def _recorded(calls: list[Any]) -> list[list[int]]:
    """The results in each array of the output, in the order of the record."""
    arrays: list[list[int]] = []
    for call in calls:
        match call.callee.name.removeprefix("__quantum__rt__"):
            case "array_record_output":
                arrays.append([])
            case "result_record_output":
                arrays[-1].append(_number(call.args[0]))
    return arrays


def _number(constant: Any) -> int:
    """The number of a qubit or result."""
    number = pyqir.ptr_id(constant)
    assert number is not None
    return int(number)
