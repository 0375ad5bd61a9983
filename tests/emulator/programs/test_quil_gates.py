"""Gates of Quil, matrix by matrix: against Qiskit's, phases included, the first qubit the most significant."""

import itertools
import math
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit import library as known
from qiskit.quantum_info import Operator
from quil.program import Program

from workspace_emulator.programs import Limits, ProgramError
from workspace_emulator.programs.quil.lowering import Apply, lower
from workspace_emulator.programs.quil.memory import Regions
from workspace_emulator.programs.quil.state import State

Matrix = NDArray[np.complex128]

CIS: Final = "DEFGATE TURN(%a):\n    cos(%a), -sin(%a)\n    sin(%a), cos(%a)\n"
CYCLE: Final = "DEFGATE CYCLE AS PERMUTATION:\n    1, 2, 3, 0\n"
EXCITE: Final = "DEFGATE EXCITE(%t) p q r AS PAULI-SUM:\n    YXX(%t) p q r\n    Z(-%t/3) q\n"
PAIR: Final = "DEFGATE PAIR(%t) p q AS SEQUENCE:\n    RX(%t/2) p\n    CNOT p q\n    DAGGER T q\n"
TWICE: Final = PAIR + "DEFGATE TWICE(%t) p q AS SEQUENCE:\n    PAIR(%t) q p\n    PAIR(2*%t) p q\n"


def _matrix(program: str) -> Matrix:
    """What the program's gates do to each basis state of qubits 0, 1, …, of which 0 is the most significant."""
    read = Program.parse(program)
    steps = lower(read, Regions(read.memory_regions), Limits())
    gates = [step for step in steps if isinstance(step, Apply)]
    assert len(gates) == len(steps)
    qubits = range(1 + max(qubit for gate in gates for qubit in gate.qubits))
    columns = []
    for values in itertools.product((0, 1), repeat=len(qubits)):
        state = State(settled=dict(zip(qubits, values, strict=True)))
        for gate in gates:
            state.apply(gate.unitary({}), gate.qubits)
        for qubit in qubits:
            state.apply((), [qubit])  # gives it an axis
        columns.append(np.transpose(state.vector, [state.axes.index(qubit) for qubit in qubits]).ravel())
    return np.array(columns).T


def _of(gate: Gate) -> Matrix:
    """Qiskit has the first qubit least significant."""
    matrix: Matrix = Operator(gate).reverse_qargs().data
    return matrix


def _blocks(*matrices: NDArray[Any]) -> Matrix:
    size = sum(len(matrix) for matrix in matrices)
    whole, start = np.zeros((size, size), dtype=np.complex128), 0
    for matrix in matrices:
        whole[start : start + len(matrix), start : start + len(matrix)] = matrix
        start += len(matrix)
    return whole


def _pair(angle: float) -> Matrix:
    circuit = QuantumCircuit(2)
    circuit.rx(angle / 2, 0)
    circuit.cx(0, 1)
    circuit.tdg(1)
    return _of(circuit.to_gate())


def _exponential(hermitian: Matrix) -> Matrix:
    """By its series: exp(-i·H), for a small H."""
    term = total = np.eye(len(hermitian), dtype=np.complex128)
    for order in range(1, 60):
        term = term @ hermitian * -1j / order
        total = total + term
    return total


X, Y, Z = (_of(gate) for gate in (known.XGate(), known.YGate(), known.ZGate()))
ONE: Final = np.eye(2)
SWAP: Final = _of(known.SwapGate())


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("I 0", ONE),
        ("X 0", X),
        ("Y 0", Y),
        ("Z 0", Z),
        ("H 0", _of(known.HGate())),
        ("S 0", _of(known.SGate())),
        ("T 0", _of(known.TGate())),
        ("PHASE(0.3) 0", _of(known.PhaseGate(0.3))),
        ("RX(0.3) 0", _of(known.RXGate(0.3))),
        ("RY(0.3) 0", _of(known.RYGate(0.3))),
        ("RZ(0.3) 0", _of(known.RZGate(0.3))),
        ("RZ(2*pi) 0", -ONE),
        ("CNOT 0 1", _of(known.CXGate())),
        ("CCNOT 0 1 2", _of(known.CCXGate())),
        ("CZ 0 1", _of(known.CZGate())),
        ("SWAP 0 1", SWAP),
        ("CSWAP 0 1 2", _of(known.CSwapGate())),
        ("ISWAP 0 1", _of(known.iSwapGate())),
        ("SQISW 0 1", _of(known.XXPlusYYGate(-math.pi / 2))),
        ("SQISWAP 0 1", _of(known.XXPlusYYGate(-math.pi / 2))),
        ("XY(0.7) 0 1", _of(known.XXPlusYYGate(-0.7))),
        ("PISWAP(0.7) 0 1", _of(known.XXPlusYYGate(-0.7))),
        ("FSIM(0.7, 0.2) 0 1", _of(known.XXPlusYYGate(-0.7)) @ _of(known.CPhaseGate(0.2))),
        ("PSWAP(0.3) 0 1", SWAP @ np.diag([1, np.exp(0.3j), np.exp(0.3j), 1])),
        ("CPHASE(0.3) 0 1", _of(known.CPhaseGate(0.3))),
        ("CPHASE00(0.3) 0 1", np.diag([np.exp(0.3j), 1, 1, 1])),
        ("CPHASE01(0.3) 0 1", np.diag([1, np.exp(0.3j), 1, 1])),
        ("CPHASE10(0.3) 0 1", np.diag([1, 1, np.exp(0.3j), 1])),
        ("RXX(0.3) 0 1", _of(known.RXXGate(0.3))),
        ("RYY(0.3) 0 1", _of(known.RYYGate(0.3))),
        ("RZZ(0.3) 0 1", _of(known.RZZGate(0.3))),
        ("DAGGER T 0", _of(known.TdgGate())),
        ("CONTROLLED RZ(-0.001) 0 1", _of(known.CRZGate(-0.001))),
        ("CONTROLLED RX(2*pi) 0 1", np.diag([1, 1, -1, -1])),
        ("CONTROLLED CONTROLLED DAGGER S 0 1 2", _blocks(np.eye(6), _of(known.SdgGate()))),
        ("FORKED RX(0.3, 1.1) 0 1", _blocks(_of(known.RXGate(0.3)), _of(known.RXGate(1.1)))),
        (
            "FORKED DAGGER FORKED RZ(0.1, 0.2, 0.3, 0.4) 0 1 2",
            _blocks(*(_of(known.RZGate(-angle)) for angle in (0.1, 0.2, 0.3, 0.4))),
        ),
        (
            "CONTROLLED FORKED RY(0.3, 1.1) 0 1 2",
            _blocks(np.eye(4), _of(known.RYGate(0.3)), _of(known.RYGate(1.1))),
        ),
        (CIS + "TURN(0.4) 0", _of(known.RYGate(0.8))),
        (CIS + "CONTROLLED DAGGER TURN(0.4) 0 1", _of(known.CRYGate(-0.8))),
        (CYCLE + "CYCLE 0 1", np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])),
        (
            EXCITE + "EXCITE(0.4) 0 1 2",
            _exponential(0.4 * np.kron(Y, np.kron(X, X)) - 0.4 / 3 * np.kron(ONE, np.kron(Z, ONE))),
        ),
        (PAIR + "PAIR(0.4) 0 1", _pair(0.4)),
        (PAIR + "DAGGER PAIR(0.4) 0 1", _pair(0.4).conj().T),
        (PAIR + "CONTROLLED PAIR(0.4) 0 1 2", _blocks(np.eye(4), _pair(0.4))),
        (TWICE + "TWICE(0.4) 0 1", _pair(0.8) @ SWAP @ _pair(0.4) @ SWAP),
        ("CNOT 1 0", SWAP @ _of(known.CXGate()) @ SWAP),
        ("X 0\nCNOT 0 1\nH 1", np.kron(ONE, _of(known.HGate())) @ _of(known.CXGate()) @ np.kron(X, ONE)),
    ],
    ids=lambda value: value.splitlines()[-1] if isinstance(value, str) else "",
)
def test_gate_is_its_matrix(program: str, expected: Any) -> None:
    """Also its phase, which a control makes visible."""
    np.testing.assert_allclose(_matrix(program), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param("CAN(1, 2, 3) 0 1", "'CAN'", id="a gate that is not known"),
        pytest.param("RX 0", "takes 1 parameters, not 0", id="an angle is missing"),
        pytest.param("RX(1/0) 0", "finite real", id="an angle that is no number"),
        pytest.param("RX(i) 0", "finite real", id="an angle that is not real"),
        pytest.param("CNOT 0 0", "2 different qubits", id="a qubit twice"),
        pytest.param("H 0 1", "1 different qubits", id="too many qubits"),
        pytest.param("FORKED RX(0.1) 0 1", "FORKED", id="a fork with one set of angles"),
        pytest.param("H q", "'q'", id="a qubit with a name"),
        pytest.param("DEFGATE G:\n    1, 1\n    0, 1\nG 0", "not unitary", id="a matrix that is not unitary"),
        pytest.param("DEFGATE G:\n    1, 0, 0\n    0, 1, 0\n    0, 0, 1\nG 0", "power of two", id="a matrix of 3 rows"),
        pytest.param("DEFGATE G AS PERMUTATION:\n    0, 1, 1, 2\nG 0 1", "permutation", id="no permutation"),
        pytest.param("DEFGATE G(%a):\n    %b, 0\n    0, 1\nG(1) 0", "DEFGATE G", id="a parameter of nobody"),
        pytest.param(
            "DEFGATE G(%t) p AS PAULI-SUM:\n    X(i*%t) p\nG(1) 0", "not real", id="a weight that is not real"
        ),
    ],
)
def test_gate_that_means_nothing_is_named(program: str, told: str) -> None:
    """Before anything runs."""
    with pytest.raises(ProgramError) as caught:
        _matrix(program)
    assert told in caught.value.message
