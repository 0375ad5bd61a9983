"""The gates of qelib1.inc against qiskit's reading of the same text, those of hqslib1.inc against their matrices."""

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import Operator, Statevector

from emulator.programs.submission import HEADER
from workspace_emulator.programs import Limits, simulator
from workspace_emulator.programs.openqasm.program import parse_program

WIDTH = 5
# Brings every amplitude and phase into play before a gate, and makes phases visible after it.
STIRRING = "".join(
    f"U({0.5 + 0.3 * n},{0.2 * n},{1.3 - 0.4 * n}) q[{n}]; CX q[{n}],q[{(n + 1) % 5}];" for n in range(5)
)
ANGLES = (0.7, -1.9, 11.3, 2.2)
QUBITS = ["q[3]", "q[0]", "q[4]", "q[1]", "q[2]"]

X = np.array([[0, 1], [1, 0]])
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1])
ALPHA, BETA, GAMMA = ANGLES[:3]


def _rotation(axis: Any, angle: float) -> Any:
    return np.cos(angle / 2) * np.eye(len(axis)) - 1j * np.sin(angle / 2) * axis


def _program(library: str, gate: str, parameters: int, qubits: int) -> str:
    angles = f"({','.join(map(str, ANGLES[:parameters]))})" if parameters else ""
    call = f"{gate}{angles} {','.join(QUBITS[:qubits])};"
    return f'OPENQASM 2.0; include "{library}"; qreg q[{WIDTH}]; {STIRRING} {call} {STIRRING}'


def _probabilities(text: str) -> list[float]:
    found = simulator.probabilities(parse_program(text, Limits()).circuit)
    return [found.get(state, 0.0) for state in range(2**WIDTH)]


def _by_qiskit(text: str) -> list[float]:
    legacy = {
        "custom_instructions": qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
        "custom_classical": qasm2.LEGACY_CUSTOM_CLASSICAL,
    }
    return [float(share) for share in Statevector(qasm2.loads(text, **legacy)).probabilities()]


@pytest.mark.parametrize(
    "gate",
    [gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if gate.name not in {"delay", "u0"}],
    ids=lambda gate: str(gate.name),
)
def test_gate_of_qelib1_does_what_qiskit_says(gate: qasm2.CustomInstruction) -> None:
    """Every gate that qiskit knows under qelib1.inc, with its phases."""
    text = _program("qelib1.inc", gate.name, gate.num_params, gate.num_qubits)
    assert _probabilities(text) == pytest.approx(_by_qiskit(text), abs=1e-9)


@pytest.mark.parametrize(
    ("gate", "parameters", "matrix"),
    [
        ("Rz", 1, _rotation(Z, ALPHA)),
        ("U1q", 2, _rotation(np.cos(BETA) * X + np.sin(BETA) * Y, ALPHA)),
        ("ZZ", 0, _rotation(np.kron(Z, Z), np.pi / 2)),
        ("RZZ", 1, _rotation(np.kron(Z, Z), ALPHA)),
        (
            "Rxxyyzz",
            3,
            _rotation(np.kron(X, X), ALPHA) @ _rotation(np.kron(Y, Y), BETA) @ _rotation(np.kron(Z, Z), GAMMA),
        ),
    ],
)
def test_native_gate_of_hqslib1_is_its_matrix(gate: str, parameters: int, matrix: Any) -> None:
    """Quantinuum's documented gates, up to a global phase."""
    qubits = 1 if len(matrix) == 2 else 2
    circuit = QuantumCircuit(WIDTH)
    stirring = qasm2.loads(f"OPENQASM 2.0; qreg q[{WIDTH}]; {STIRRING}")
    circuit.compose(stirring, inplace=True)
    circuit.unitary(Operator(matrix), [3, 0][:qubits])
    circuit.compose(stirring, inplace=True)
    expected = [float(share) for share in Statevector(circuit).probabilities()]
    assert _probabilities(_program("hqslib1.inc", gate, parameters, qubits)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("gate", "parameters", "qubits"),
    [
        *((gate, 0, 1) for gate in ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg")),
        *((gate, 1, 1) for gate in ("rx", "ry", "rz")),
        *((gate, 0, 2) for gate in ("cx", "cy", "cz", "ch")),
        *((gate, 1, 2) for gate in ("crx", "cry", "crz", "cu1")),
        ("ccx", 0, 3),
    ],
)
def test_standard_gate_means_the_same_in_both_libraries(gate: str, parameters: int, qubits: int) -> None:
    """hqslib1.inc writes out what qelib1.inc leaves to the machine."""
    texts = [_program(library, gate, parameters, qubits) for library in ("qelib1.inc", "hqslib1.inc")]
    assert _probabilities(texts[0]) == pytest.approx(_probabilities(texts[1]), abs=1e-9)


def test_cu3_of_hqslib1_has_no_phase_on_its_control() -> None:
    """Quantinuum's header controls the rotation alone; that of qelib1.inc adds (phi + lambda)/2."""
    own = _program("hqslib1.inc", "cu3", 3, 2)
    other = _program("qelib1.inc", "cu3", 3, 2).replace("cu3(", f"u1({-(BETA + GAMMA) / 2}) q[3]; cu3(")
    assert _probabilities(own) == pytest.approx(_probabilities(other), abs=1e-9)


@pytest.mark.parametrize(
    "angle",
    [
        "1/2*pi",
        "(1/2)",
        "-2^2",
        "2^3^2/100",
        "-pi^2",
        "2^-1",
        "1-2-3",
        "8/4/2",
        "ln(2)+exp(1e-1)-sqrt(2)",
        "-(-3)",
        ".5",
    ],
)
def test_angle_is_computed_by_the_rules_of_version_2(angle: str) -> None:
    """Division is real, `^` is a power; inside a gate's body too."""
    text = f"{HEADER}gate g(a) b {{ rx(a/2+{angle}) b; }} qreg q[{WIDTH}]; g({angle}) q[0]; h q[0]; g({angle}) q[0];"
    assert _probabilities(text) == pytest.approx(_by_qiskit(text), abs=1e-9)
