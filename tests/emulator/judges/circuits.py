"""Circuits whose outcomes tell every order of qubits, bits and registers apart, and counts to compare with."""

from collections.abc import Callable, Mapping
from typing import Final

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.synthesis import synth_qft_full
from qiskit_aer import AerSimulator

SHOTS: Final = 1000
# Two sets of 1,000 shots over eight outcomes are 0.05 apart on average, with a deviation of 0.01; an order that is
# wrong makes at least 0.16 of each circuit here.
NEAR: Final = 0.12

Counts = Mapping[str, int | float]


def asymmetric() -> QuantumCircuit:
    """Return X on the first of three qubits."""
    circuit = QuantumCircuit(3, 3, name="asymmetric")
    circuit.x(0)
    circuit.measure(range(3), range(3))
    return circuit


def registers() -> QuantumCircuit:
    """Return two registers of different sizes, one with a certain and one with an even outcome."""
    qubits, more = QuantumRegister(2, "a"), QuantumRegister(1, "b")
    bits, others = ClassicalRegister(2, "c"), ClassicalRegister(1, "d")
    circuit = QuantumCircuit(qubits, more, bits, others, name="registers")
    circuit.x(qubits[0])
    circuit.h(more[0])
    circuit.measure(qubits, bits)
    circuit.measure(more, others)
    return circuit


def crossed() -> QuantumCircuit:
    """Return four qubits, two of which are measured, into bits in the other order."""
    circuit = QuantumCircuit(4, 2, name="crossed")
    circuit.x(2)
    circuit.ry(1.0, 0)
    circuit.measure(2, 0)
    circuit.measure(0, 1)
    return circuit


def fourier() -> QuantumCircuit:
    """Return the quantum Fourier transform of a state without symmetry: controlled phases and a swap."""
    circuit = QuantumCircuit(3, 3, name="fourier")
    circuit.x(0)
    circuit.ry(0.7, 1)
    circuit.compose(synth_qft_full(3), inplace=True)
    circuit.measure(range(3), range(3))
    return circuit


def phases() -> QuantumCircuit:
    """Return phase gates, made visible by interference."""
    circuit = QuantumCircuit(2, 2, name="phases")
    circuit.h([0, 1])
    circuit.p(0.9, 0)
    circuit.cp(1.3, 0, 1)
    circuit.t(1)
    circuit.sdg(0)
    circuit.h([0, 1])
    circuit.measure([0, 1], [0, 1])
    return circuit


def controlled() -> QuantumCircuit:
    """Return gates with two controls and with three."""
    circuit = QuantumCircuit(4, 4, name="controlled")
    circuit.x([0, 1])
    circuit.ry(1.9, 2)
    circuit.ccx(0, 1, 3)
    circuit.mcx([0, 1, 3], 2)
    circuit.measure(range(4), range(4))
    return circuit


def midway() -> QuantumCircuit:
    """Return a measurement, and gates on the measured qubit behind it."""
    circuit = QuantumCircuit(2, 2, name="midway")
    circuit.ry(1.0, 0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    circuit.x(1)
    circuit.measure(1, 1)
    return circuit


def conditional() -> QuantumCircuit:
    """Return a gate that depends on an outcome."""
    circuit = QuantumCircuit(2, 2, name="conditional")
    circuit.ry(1.0, 0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


AT_THE_END: Final[tuple[Callable[[], QuantumCircuit], ...]] = (
    asymmetric,
    registers,
    crossed,
    fourier,
    phases,
    controlled,
)
"""Circuits that measure at the end only, as IonQ's own format wants it."""


def aer_counts(circuit: QuantumCircuit) -> Counts:
    """Return the counts of Qiskit's own simulator."""
    simulator = AerSimulator(seed_simulator=5)
    counts: Counts = simulator.run(transpile(circuit, simulator), shots=SHOTS).result().get_counts()
    return counts


def distance(one: Counts, other: Counts) -> float:
    """Return how far apart two histograms are: 0 for the same shares, 1 for nothing in common."""
    total, others = sum(one.values()), sum(other.values())
    return float(sum(abs(one.get(key, 0) / total - other.get(key, 0) / others) for key in {*one, *other}) / 2)
