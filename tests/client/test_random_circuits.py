"""Random circuits through every way in, at every level of optimisation, against Aer.

No shots are drawn: what would be sent is read back, and Aer computes its exact probabilities and those of the circuit
that the user wrote. So nothing fails by chance, and a phase that is wrong by a little is seen.
"""

import os
from typing import Any, Final

import numpy as np
import pytest

from client.qirjudge import circuit_of
from quantumjobs import QuantumCluster
from quantumjobs.programs.prepare import prepare
from quantumjobs.programs.prepared import Target

# Qiskit's lazily imported parts warn on their first use.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
TARGET: Final = Target("quantinuum", "quantinuum.sim.h2-1e", qubits=20, profile="Base")
_CIRCUITS: Final = int(os.environ.get("CIRCUITS", "16"))
"""For each level; `make test-release` has 50."""
_TOLERANCE: Final = 1e-6
WAYS: Final = ("Qiskit", "OpenQASM 3", "OpenQASM 2", "sent as OpenQASM 2")


def exact(circuit: Any) -> Any:
    """The probability of each reading of all classical bits, by Aer."""
    from qiskit import QuantumCircuit, transpile
    from qiskit_aer import AerSimulator

    wires = {
        circuit.find_bit(one.clbits[0]).index: circuit.find_bit(one.qubits[0]).index
        for one in circuit.data
        if one.operation.name == "measure"
    }
    plain = QuantumCircuit(circuit.num_qubits)
    for one in circuit.data:
        if one.operation.name not in {"measure", "barrier"}:
            plain.append(one.operation, [circuit.find_bit(bit).index for bit in one.qubits])
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    plain = transpile(plain, simulator, optimization_level=0)
    plain.save_probabilities([wires[i] for i in range(circuit.num_clbits)])
    return np.asarray(simulator.run(plain).result().data()["probabilities"])


def drawn(seed: int) -> Any:
    """A random circuit between walls of H, so that phases are seen, read into two registers in a random order.

    In the middle are what others got wrong: controlled rotations by small negative angles and by whole turns, and a
    Fourier transform whose swaps are left out by transpilers.
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit.library import QFTGate
    from qiskit.circuit.random import random_circuit

    chance = np.random.default_rng(seed)
    size = int(chance.integers(2, 5))
    first = int(chance.integers(1, size))
    circuit = QuantumCircuit(
        QuantumRegister(size, "q"), ClassicalRegister(first, "a"), ClassicalRegister(size - first, "b")
    )
    circuit.h(range(size))
    circuit.compose(random_circuit(size, 3, max_operands=min(size, 3), seed=seed), range(size), inplace=True)
    for angle in (-0.001, float(chance.uniform(-13, 13)), 2 * np.pi):
        control, turned = (int(i) for i in chance.permutation(size)[:2])
        getattr(circuit, ["crx", "cry", "crz"][int(chance.integers(3))])(angle, control, turned)
    circuit.append(QFTGate(size), range(size))
    circuit.h(range(size))
    circuit.measure(range(size), [int(i) for i in chance.permutation(size)])
    return circuit


def sent(circuit: Any, way: str) -> Any:
    """What would be sent, read back as a circuit."""
    from qiskit import qasm2, qasm3
    from qiskit.converters import circuit_to_dag, dag_to_circuit

    free = dag_to_circuit(circuit_to_dag(circuit))  # text cannot name the wires of a machine
    match way:
        case "OpenQASM 3":
            program = qasm3.dumps(free)
        case "OpenQASM 2":
            program = qasm2.dumps(free)
        case _:
            program = circuit
    if way == "sent as OpenQASM 2":
        made = prepare(program, TARGET, parameters={}, format="honeywell.openqasm.v1")
        return qasm2.loads(made.data.decode(), custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return circuit_of(prepare(program, TARGET, parameters={}).data.decode())


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("way", WAYS)
def test_random_circuits_are_sent_as_they_are_meant(way: str, level: int) -> None:
    """Transpiled by the user before, for the backend's Target or without one."""
    from qiskit import transpile

    from quantumjobs.qiskit import ClusterBackend

    backend = ClusterBackend(QuantumCluster(), TARGET)
    number = WAYS.index(way)
    for seed in range(level * _CIRCUITS + number, (level + 1) * _CIRCUITS, len(WAYS)):
        circuit = drawn(seed)
        compiled = transpile(circuit, backend if seed % 3 else None, optimization_level=level, seed_transpiler=seed)
        read = sent(compiled, way)
        assert [len(one) for one in read.cregs] == [len(one) for one in circuit.cregs], seed
        assert exact(read) == pytest.approx(exact(circuit), abs=_TOLERANCE), seed


def test_the_judge_sees_a_wrong_phase() -> None:
    """Half a turn more in one controlled rotation is far outside of the tolerance."""
    from qiskit import QuantumCircuit

    right, wrong = QuantumCircuit(2, 2), QuantumCircuit(2, 2)
    for circuit, angle in ((right, -0.001), (wrong, -0.001 + 2 * np.pi)):
        circuit.h([0, 1])
        circuit.crz(angle, 0, 1)
        circuit.h([0, 1])
        circuit.measure([0, 1], [0, 1])
    assert exact(sent(right, "Qiskit")) == pytest.approx(exact(right), abs=_TOLERANCE)
    assert exact(sent(wrong, "Qiskit")) != pytest.approx(exact(right), abs=0.1)
