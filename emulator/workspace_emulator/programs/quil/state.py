"""A state vector that holds only the qubits that need one; knows gates as matrices, and nothing of Quil.

A qubit that was never touched, or was measured, is settled: it has a value and no place in the vector until a gate
touches it again. So measuring all of 20 qubits halves the vector 20 times instead of copying it for each outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.complex128]
Matrix = NDArray[np.complex128]

# Nearer to 0 or 1 than this, a probability is rounding noise.
_NOISE: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A matrix that acts where the first qubits of a gate have given values, and nowhere else.

    Attributes:
        controls: Those values; empty for a gate without controls.
        matrix: On the other qubits of the gate, of which the first is the most significant, as Quil has it.
    """

    controls: tuple[int, ...]
    matrix: Matrix


Unitary = tuple[Branch, ...]
"""What a gate does: branches whose controls exclude each other, all of the same length."""


def width(unitary: Unitary) -> int:
    """Return how many qubits a gate acts on."""
    first = unitary[0]
    return len(first.controls) + int(first.matrix.shape[0]).bit_length() - 1


def apply(unitary: Unitary, vector: Vector, axes: Sequence[int]) -> None:
    """Change a vector of shape (2, 2, …) in place: `axes` are the gate's qubits, its controls first."""
    for branch in unitary:
        controls, targets = axes[: len(branch.controls)], axes[len(branch.controls) :]
        selected = [slice(None)] * vector.ndim
        for axis, value in zip(controls, branch.controls, strict=True):
            selected[axis] = slice(value, value + 1)
        part = np.moveaxis(vector[tuple(selected)], targets, range(len(targets)))
        part[...] = (branch.matrix @ part.reshape(branch.matrix.shape[0], -1)).reshape(part.shape)


@dataclass(slots=True)
class State:
    """The state of all qubits; they start in 0.

    Attributes:
        vector: Amplitudes of the qubits that are not settled, one axis of length 2 for each.
        axes: Those qubits in the order of the axes.
        settled: The values of others; 0 if absent.
    """

    vector: Vector = field(default_factory=lambda: np.ones((), dtype=np.complex128))
    axes: list[int] = field(default_factory=list)
    settled: dict[int, int] = field(default_factory=dict)

    def apply(self, unitary: Unitary, qubits: Sequence[int]) -> None:
        """Apply a gate to different qubits."""
        for qubit in qubits:
            self._unsettle(qubit)
        apply(unitary, self.vector, [self.axes.index(qubit) for qubit in qubits])

    def chance_of_one(self, qubit: int) -> float:
        """Return the probability that a measurement of a qubit gives 1, without rounding noise at 0 and 1."""
        if qubit not in self.axes:
            return float(self.settled.get(qubit, 0))
        ones = np.take(self.vector, 1, axis=self.axes.index(qubit))
        chance = float(np.vdot(ones, ones).real)
        return 0.0 if chance < _NOISE else 1.0 if chance > 1 - _NOISE else chance

    def measured(self, qubit: int, value: int) -> "State":
        """Return the state after a measurement gave a value that is possible; of the settled ones only one is."""
        if qubit not in self.axes:
            return self
        axis = self.axes.index(qubit)
        vector = np.take(self.vector, value, axis=axis)
        vector = vector / np.linalg.norm(vector)
        return State(vector, self.axes[:axis] + self.axes[axis + 1 :], {**self.settled, qubit: value})

    def settle(self, qubit: int, value: int) -> None:
        """Set a qubit that is settled."""
        self.settled[qubit] = value

    def _unsettle(self, qubit: int) -> None:
        if qubit not in self.axes:
            absent = np.zeros_like(self.vector)
            pair = (absent, self.vector) if self.settled.pop(qubit, 0) else (self.vector, absent)
            self.vector = np.stack(pair, axis=-1)
            self.axes.append(qubit)
