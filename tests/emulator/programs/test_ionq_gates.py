"""Each gate of IonQ's JSON against its matrix, written down here independently."""

import json
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector

from emulator.programs.submission import IONQ, task
from workspace_emulator.programs import ionq

ANGLE = 0.7
I2 = np.eye(2)
X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
SQRT_X = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2


def _rotation(pauli: Any) -> Any:
    return np.cos(ANGLE / 2) * np.eye(len(pauli)) - 1j * np.sin(ANGLE / 2) * pauli


ONE_QUBIT = {
    "x": X,
    "not": X,
    "y": Y,
    "z": Z,
    "h": (X + Z) / np.sqrt(2),
    "s": np.diag([1, 1j]),
    "si": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(0.25j * np.pi)]),
    "ti": np.diag([1, np.exp(-0.25j * np.pi)]),
    "v": SQRT_X,
    "vi": SQRT_X.conj().T,
    "rx": _rotation(X),
    "ry": _rotation(Y),
    "rz": _rotation(Z),
}
TWO_QUBITS = {
    "swap": np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
    "xx": _rotation(np.kron(X, X)),
    "yy": _rotation(np.kron(Y, Y)),
    "zz": _rotation(np.kron(Z, Z)),
}
WIDTH = 4
# Brings every amplitude and phase into play before, and makes phases visible after.
STIRRING = [
    step
    for index in range(WIDTH)
    for step in (
        {"gate": "ry", "target": index, "rotation": 0.4 + 0.3 * index},
        {"gate": "rz", "target": index, "rotation": 1.1 - 0.5 * index},
    )
] + [{"gate": "cnot", "control": index, "target": index + 1} for index in range(WIDTH - 1)]


def _stir(circuit: QuantumCircuit) -> None:
    for index in range(WIDTH):
        circuit.ry(0.4 + 0.3 * index, index)
        circuit.rz(1.1 - 0.5 * index, index)
    for index in range(WIDTH - 1):
        circuit.cx(index, index + 1)


def _histogram(steps: list[dict[str, Any]]) -> list[float]:
    program = {"qubits": WIDTH, "circuit": steps}
    histogram = json.loads(ionq.run(task(IONQ, program)))["histogram"]
    return [histogram.get(str(state), 0.0) for state in range(2**WIDTH)]


def _expected(matrix: Any, targets: list[int], controls: list[int]) -> list[float]:
    controlled = np.eye(len(matrix) * 2 ** len(controls), dtype=complex)
    controlled[-len(matrix) :, -len(matrix) :] = matrix
    circuit = QuantumCircuit(WIDTH)
    _stir(circuit)
    circuit.unitary(Operator(controlled), [*targets, *controls])
    _stir(circuit)
    return [float(share) for share in Statevector(circuit).probabilities()]


def _step(gate: str, **fields: Any) -> dict[str, Any]:
    rotation = {"rotation": ANGLE} if gate[0] == "r" or gate in {"xx", "yy", "zz"} else {}
    return {"gate": gate, **rotation, **fields}


@pytest.mark.parametrize("gate", ONE_QUBIT)
@pytest.mark.parametrize("controls", [[], [3], [3, 0]], ids=["alone", "with a control", "with two controls"])
def test_one_qubit_gate_is_its_matrix(gate: str, controls: list[int]) -> None:
    """Probabilities are those of the gate's matrix, whose phase counts as soon as there is a control."""
    step = _step(gate, target=1, **({"controls": controls} if controls else {}))
    assert _histogram([*STIRRING, step, *STIRRING]) == pytest.approx(
        _expected(ONE_QUBIT[gate], [1], controls), abs=1e-9
    )


@pytest.mark.parametrize("controls", [[], [3], [3, 0]], ids=["alone", "with a control", "with two controls"])
def test_z_with_a_rotation_is_a_phase_gate(controls: list[int]) -> None:
    """That is how clients write p, and cp with controls."""
    step = {"gate": "z", "target": 1, "rotation": ANGLE, **({"controls": controls} if controls else {})}
    expected = _expected(np.diag([1, np.exp(1j * ANGLE)]), [1], controls)
    assert _histogram([*STIRRING, step, *STIRRING]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("gate", TWO_QUBITS)
@pytest.mark.parametrize("controls", [[], [3]], ids=["alone", "with a control"])
def test_two_qubit_gate_is_its_matrix(gate: str, controls: list[int]) -> None:
    """The same for gates on two qubits."""
    step = _step(gate, targets=[2, 0], **({"control": controls[0]} if controls else {}))
    expected = _expected(TWO_QUBITS[gate], [2, 0], controls)
    assert _histogram([*STIRRING, step, *STIRRING]) == pytest.approx(expected, abs=1e-9)


def test_cnot_is_a_controlled_x() -> None:
    """`cnot` with three controls is x with three controls."""
    step = {"gate": "cnot", "target": 1, "controls": [0, 2, 3]}
    assert _histogram([*STIRRING, step, *STIRRING]) == pytest.approx(_expected(X, [1], [0, 2, 3]), abs=1e-9)


def test_several_targets_get_the_gate_one_by_one() -> None:
    """`targets` of a one-qubit gate means the gate on each of them."""
    assert _histogram([{"gate": "x", "targets": [0, 2]}])[5] == 1.0


@pytest.mark.parametrize(("gate", "inverse"), [("s", "si"), ("t", "ti"), ("v", "vi"), ("h", "h")])
def test_a_gate_and_its_inverse_cancel(gate: str, inverse: str) -> None:
    """Exactly: no rounding noise is left in the histogram."""
    steps = [{"gate": "h", "target": 0}, _step(gate, target=0), _step(inverse, target=0), {"gate": "h", "target": 0}]
    assert json.loads(ionq.run(task(IONQ, {"qubits": 1, "circuit": steps}))) == {"histogram": {"0": 1.0}}


PHASES = (0.15, 0.4)
TURN = 2j * np.pi


def _gpi2(phase: float) -> Any:
    return np.array([[1, -1j * np.exp(-TURN * phase)], [-1j * np.exp(TURN * phase), 1]]) / np.sqrt(2)


def _ms(angle: float) -> Any:
    both, apart = sum(PHASES), PHASES[0] - PHASES[1]
    matrix = np.cos(np.pi * angle) * np.eye(4, dtype=complex)
    # Of Qiskit's order of two qubits: the first is the lower bit.
    for row, column, phase in ((0, 3, -both), (3, 0, both), (1, 2, apart), (2, 1, -apart)):
        matrix[row, column] = -1j * np.sin(np.pi * angle) * np.exp(TURN * phase)
    return matrix


NATIVE: dict[str, tuple[dict[str, Any], Any]] = {
    "gpi": ({"phase": 0.15, "target": 2}, np.array([[0, np.exp(-TURN * 0.15)], [np.exp(TURN * 0.15), 0]])),
    "gpi2": ({"phase": 0.4, "target": 2}, _gpi2(0.4)),
    "ms": ({"phases": list(PHASES), "angle": 0.1, "targets": [2, 0]}, _ms(0.1)),
    "ms that entangles fully": ({"phases": list(PHASES), "targets": [2, 0]}, _ms(0.25)),
    "zz": ({"angle": 0.1, "targets": [2, 0]}, np.diag(np.exp(-1j * np.pi * 0.1 * np.array([1, -1, -1, 1])))),
}
NATIVE_STIRRING: list[dict[str, Any]] = [
    step
    for index in range(WIDTH)
    for step in (
        {"gate": "gpi2", "target": index, "phase": 0.1 + 0.2 * index},
        {"gate": "gpi2", "target": index, "phase": 0.6 - 0.1 * index},
    )
] + [{"gate": "zz", "targets": [index, index + 1], "angle": 0.13} for index in range(WIDTH - 1)]


def _native_stir(circuit: QuantumCircuit) -> None:
    for index in range(WIDTH):
        circuit.unitary(_gpi2(0.1 + 0.2 * index), [index])
        circuit.unitary(_gpi2(0.6 - 0.1 * index), [index])
    for index in range(WIDTH - 1):
        circuit.rzz(2 * np.pi * 0.13, index, index + 1)


@pytest.mark.parametrize("name", NATIVE)
def test_native_gate_is_its_matrix(name: str) -> None:
    """Phases and angles are in turns."""
    fields, matrix = NATIVE[name]
    step = {"gate": name.split(maxsplit=1)[0], **fields}
    program = {"gateset": "native", "qubits": WIDTH, "circuit": [*NATIVE_STIRRING, step, *NATIVE_STIRRING]}
    histogram = json.loads(ionq.run(task(IONQ, program)))["histogram"]
    circuit = QuantumCircuit(WIDTH)
    _native_stir(circuit)
    circuit.unitary(matrix, [fields["target"]] if "target" in fields else fields["targets"])
    _native_stir(circuit)
    expected = [float(share) for share in Statevector(circuit).probabilities()]
    assert [histogram.get(str(state), 0.0) for state in range(2**WIDTH)] == pytest.approx(expected, abs=1e-9)
