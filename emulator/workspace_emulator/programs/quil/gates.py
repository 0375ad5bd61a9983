"""The gates of Quil as matrices: the standard ones, those that a program defines, and the modifiers of both.

Own tables although the parser has `Gate.to_unitary`: that of quil 0.37 takes RZ for RY, gives PSWAP a matrix that is
not unitary, and knows half of the standard gates. A wrong result is worse than none.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
from quil.expression import EvaluationError, Expression
from quil.instructions import Gate, GateDefinition, GateModifier, GateSpecification, PauliGate, PauliSum

from workspace_emulator.programs.quil.state import Branch, Matrix, Unitary, apply, width
from workspace_emulator.programs.request import ErrorCode, ProgramError

_MOST_QUBITS: Final = 10  # of a definition that becomes a dense matrix
_REMEMBERED: Final = 1024

_I: Final = np.eye(2, dtype=np.complex128)
_X: Final = np.array([[0, 1], [1, 0]], dtype=np.complex128)
_Y: Final = np.array([[0, -1j], [1j, 0]])
_Z: Final = np.diag([1, -1]).astype(np.complex128)
_PAULIS: Final = MappingProxyType({PauliGate.I: _I, PauliGate.X: _X, PauliGate.Y: _Y, PauliGate.Z: _Z})


def _kron(left: Matrix, right: Matrix) -> Matrix:
    return np.kron(left, right).astype(np.complex128)


def _phase(angle: float) -> Matrix:
    return np.diag([1, np.exp(1j * angle)])


def _rotation(generator: Matrix) -> Callable[[float], Unitary]:
    """Return exp(-i·angle/2·generator), for a generator whose square is 1."""
    one = np.eye(len(generator))
    return lambda angle: (Branch((), math.cos(angle / 2) * one - 1j * math.sin(angle / 2) * generator),)


def _exchange(kept: complex, exchanged: complex, both: complex = 1) -> Unitary:
    """Return a gate that mixes 01 and 10 only."""
    matrix = np.diag([1, kept, kept, both]).astype(np.complex128)
    matrix[1, 2] = matrix[2, 1] = exchanged
    return (Branch((), matrix),)


def _xy(angle: float) -> Unitary:
    return _exchange(math.cos(angle / 2), 1j * math.sin(angle / 2))


def _plain(matrix: Matrix, *controls: int) -> Callable[[], Unitary]:
    return lambda: (Branch(controls, matrix),)


_SWAP: Final = _exchange(0, 1)[0].matrix
_STANDARD: Final[Mapping[str, tuple[int, Callable[..., Unitary]]]] = MappingProxyType(
    {
        "I": (0, _plain(_I)),
        "X": (0, _plain(_X)),
        "Y": (0, _plain(_Y)),
        "Z": (0, _plain(_Z)),
        "H": (0, _plain((_X + _Z) / math.sqrt(2))),
        "S": (0, _plain(_phase(math.pi / 2))),
        "T": (0, _plain(_phase(math.pi / 4))),
        "CNOT": (0, _plain(_X, 1)),
        "CCNOT": (0, _plain(_X, 1, 1)),
        "CZ": (0, _plain(_Z, 1)),
        "SWAP": (0, _plain(_SWAP)),
        "CSWAP": (0, _plain(_SWAP, 1)),
        "ISWAP": (0, lambda: _exchange(0, 1j)),
        "SQISW": (0, lambda: _xy(math.pi / 2)),
        "SQISWAP": (0, lambda: _xy(math.pi / 2)),
        "PHASE": (1, lambda angle: (Branch((), _phase(angle)),)),
        "CPHASE": (1, lambda angle: (Branch((1,), _phase(angle)),)),
        "CPHASE10": (1, lambda angle: (Branch((1,), _X @ _phase(angle) @ _X),)),
        "CPHASE01": (1, lambda angle: (Branch((0,), _phase(angle)),)),
        "CPHASE00": (1, lambda angle: (Branch((0,), _X @ _phase(angle) @ _X),)),
        "RX": (1, _rotation(_X)),
        "RY": (1, _rotation(_Y)),
        "RZ": (1, _rotation(_Z)),
        "RXX": (1, _rotation(_kron(_X, _X))),
        "RYY": (1, _rotation(_kron(_Y, _Y))),
        "RZZ": (1, _rotation(_kron(_Z, _Z))),
        "PSWAP": (1, lambda angle: _exchange(0, np.exp(1j * angle))),
        "PISWAP": (1, _xy),
        "XY": (1, _xy),
        "FSIM": (2, lambda angle, both: _exchange(math.cos(angle / 2), 1j * math.sin(angle / 2), np.exp(1j * both))),
    }
)


class Gates:
    """The gates that a program may apply.

    Args:
        definitions: The program's own, by name; they come before the standard ones.
    """

    def __init__(self, definitions: Mapping[str, GateDefinition]) -> None:
        self._definitions = definitions
        # A definition in terms of others that double it would otherwise be worked out as often as it is used.
        self._remembered = lru_cache(_REMEMBERED)(self._unmodified)

    def unitary(self, gate: Gate, parameters: Sequence[complex]) -> Unitary:
        """Return what a gate does with these values for its parameters.

        Raises:
            ProgramError: There is no such gate, or its parameters or its definition make no unitary.
        """
        return self._modified(gate.name, gate.modifiers, tuple(parameters))

    def _modified(self, name: str, modifiers: Sequence[GateModifier], parameters: tuple[complex, ...]) -> Unitary:
        """Take the modifiers from the outermost on, each with the first of the qubits that are left."""
        if not modifiers:
            return self._remembered(name, parameters)
        outermost, *inner = modifiers
        if outermost == GateModifier.DAGGER:
            unmodified = self._modified(name, inner, parameters)
            return tuple(Branch(branch.controls, branch.matrix.conj().T) for branch in unmodified)
        if outermost == GateModifier.CONTROLLED:
            return _where(1, self._modified(name, inner, parameters))
        if len(parameters) % 2:
            raise refused(f"FORKED {name}: needs one set of parameters for 0 and another for 1")
        half = len(parameters) // 2
        sets = parameters[:half], parameters[half:]
        return tuple(
            branch for value, one in enumerate(sets) for branch in _where(value, self._modified(name, inner, one))
        )

    def _unmodified(self, name: str, parameters: tuple[complex, ...]) -> Unitary:
        definition = self._definitions.get(name)
        if definition is not None:
            return self._defined(definition, parameters)
        if name not in _STANDARD:
            raise refused(f"gate '{name}' is neither a standard gate that is known here nor defined by the program")
        count, made = _STANDARD[name]
        _check_count(name, count, parameters)
        if not all(value.imag == 0 and math.isfinite(value.real) for value in parameters):
            raise refused(f"gate '{name}': an angle is not a finite real number")
        return made(*(value.real for value in parameters))

    def _defined(self, definition: GateDefinition, parameters: tuple[complex, ...]) -> Unitary:
        _check_count(definition.name, len(definition.parameters), parameters)
        values = dict(zip(definition.parameters, parameters, strict=True))
        match definition.specification:
            case GateSpecification.Matrix(rows):
                matrix = _matrix(definition.name, rows, values)
            case GateSpecification.Permutation(order):
                matrix = _permutation(definition.name, order)
            case GateSpecification.PauliSum(pauli_sum):
                matrix = _exponential(definition.name, pauli_sum, values)
            case GateSpecification.Sequence(sequence):
                matrix = self._product(definition.name, sequence.qubits, sequence.gates, values)
        if not np.allclose(matrix @ matrix.conj().T, np.eye(len(matrix)), atol=1e-6):
            raise refused(f"DEFGATE {definition.name}: the matrix is not unitary")
        return (Branch((), matrix),)

    def _product(
        self, name: str, arguments: Sequence[str], gates: Sequence[Gate], values: Mapping[str, complex]
    ) -> Matrix:
        size = _dimension(name, len(arguments))
        product = np.eye(size, dtype=np.complex128).reshape((2,) * len(arguments) + (size,))
        for gate in gates:
            axes = [arguments.index(qubit.to_quil()) for qubit in gate.qubits]  # the parser knows no others
            unitary = self.unitary(gate, [_value(name, expression, values) for expression in gate.parameters])
            check_qubits(gate, unitary, axes)
            apply(unitary, product, axes)
        return product.reshape(size, size)


def check_qubits(gate: Gate, unitary: Unitary, qubits: Sequence[int]) -> None:
    """Refuse a gate that is applied to a wrong number of qubits, or twice to the same.

    Raises:
        ProgramError: It names the gate.
    """
    if len(qubits) != width(unitary) or len(set(qubits)) != len(qubits):
        raise refused(f"'{gate.to_quil()}': needs {width(unitary)} different qubits")


def refused(problem: str) -> ProgramError:
    """Return the error for a program that can't be run as it is."""
    return ProgramError(ErrorCode.INVALID_INPUT_DATA, problem)


def _where(value: int, unitary: Unitary) -> Unitary:
    return tuple(Branch((value, *branch.controls), branch.matrix) for branch in unitary)


def _check_count(name: str, count: int, parameters: Sequence[complex]) -> None:
    if len(parameters) != count:
        raise refused(f"gate '{name}': takes {count} parameters, not {len(parameters)}")


def _value(name: str, expression: Expression, values: Mapping[str, complex]) -> complex:
    try:
        return expression.evaluate(values, {})
    except EvaluationError as error:
        raise refused(f"DEFGATE {name}: only its own parameters and numbers can stand in its body") from error


def _dimension(name: str, qubits: int) -> int:
    if not 0 < qubits <= _MOST_QUBITS:
        raise ProgramError(
            ErrorCode.INSUFFICIENT_RESOURCES, f"DEFGATE {name}: a gate may have 1 to {_MOST_QUBITS} qubits here"
        )
    return int(2**qubits)


def _matrix(name: str, rows: Sequence[Sequence[Expression]], values: Mapping[str, complex]) -> Matrix:
    size = len(rows)
    if size < len(_I) or size & (size - 1) or any(len(row) != size for row in rows):
        raise refused(f"DEFGATE {name}: the matrix is not square, or its size is no power of two")
    return np.array([[_value(name, entry, values) for entry in row] for row in rows], dtype=np.complex128)


def _permutation(name: str, order: Sequence[int]) -> Matrix:
    """Row i of the matrix has its 1 in column order[i], as the specification has it."""
    size = len(order)
    if size < len(_I) or size & (size - 1) or sorted(order) != list(range(size)):
        raise refused(f"DEFGATE {name}: not a permutation of 0 to 2^n - 1")
    _dimension(name, size.bit_length() - 1)
    return np.eye(size, dtype=np.complex128)[list(order)]


def _exponential(name: str, pauli_sum: PauliSum, values: Mapping[str, complex]) -> Matrix:
    """Return exp(-i·H) of a sum H of Pauli words."""
    size = _dimension(name, len(pauli_sum.arguments))
    hamiltonian = np.zeros((size, size), dtype=np.complex128)
    for term in pauli_sum.terms:
        letters = {argument: letter for letter, argument in term.arguments}
        weight = _value(name, term.expression, values)
        if weight.imag or not math.isfinite(weight.real) or not set(letters) <= set(pauli_sum.arguments):
            raise refused(f"DEFGATE {name}: a term has a weight that is not real, or a qubit that is not the gate's")
        word = np.ones((1, 1), dtype=np.complex128)
        for argument in pauli_sum.arguments:
            word = _kron(word, _PAULIS[letters.get(argument, PauliGate.I)])
        hamiltonian += weight.real * word
    energies, states = np.linalg.eigh(hamiltonian)
    exponential: Matrix = (states * np.exp(-1j * energies)) @ states.conj().T
    return exponential
