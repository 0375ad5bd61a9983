"""Microsoft's own Cirq service as the client, and counts against Cirq's simulator."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import cirq
import pytest
import qsharp
from azure.quantum import Workspace
from azure.quantum.cirq import AzureQuantumService

from emulator.judges.circuits import NEAR, SHOTS, Counts, distance

# Microsoft's packages call what they deprecate themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

A, B, C = cirq.LineQubit.range(3)


def asymmetric() -> cirq.Circuit:
    """Return X on the first of three qubits."""
    return cirq.Circuit(cirq.X(A), cirq.measure(A, key="a"), cirq.measure(B, key="b"), cirq.measure(C, key="c"))


def keys() -> cirq.Circuit:
    """Return keys that are measured in another order than that of their qubits."""
    return cirq.Circuit(cirq.X(A), cirq.ry(1.0)(C), cirq.measure(C, key="first"), cirq.measure(A, key="second"))


def rotations() -> cirq.Circuit:
    """Return rotations, an interaction and a swap."""
    gates = [cirq.rx(0.7)(A), cirq.ry(1.1)(B), cirq.rz(0.4)(A), cirq.XX(A, B) ** 0.3, cirq.CNOT(B, C), cirq.SWAP(A, C)]
    return cirq.Circuit(gates, cirq.measure(A, key="a"), cirq.measure(B, key="b"), cirq.measure(C, key="c"))


def phases() -> cirq.Circuit:
    """Return phase gates, made visible by interference."""
    gates = [cirq.H(A), cirq.H(B), cirq.S(A), cirq.T(B), cirq.CZPowGate(exponent=0.4)(A, B), cirq.H(A), cirq.H(B)]
    return cirq.Circuit(gates, cirq.measure(A, key="a"), cirq.measure(B, key="b"))


def fourier() -> cirq.Circuit:
    """Return the quantum Fourier transform of a state without symmetry."""
    gates = [cirq.X(A), cirq.ry(0.7)(B), cirq.qft(A, B, C)]
    return cirq.Circuit(gates, cirq.measure(A, key="a"), cirq.measure(B, key="b"), cirq.measure(C, key="c"))


def midway() -> cirq.Circuit:
    """Return a measurement, and gates on the measured qubit behind it."""
    return cirq.Circuit(
        cirq.ry(1.0)(A), cirq.measure(A, key="early"), cirq.CNOT(A, B), cirq.X(B), cirq.measure(B, key="late")
    )


IONQ = (asymmetric, keys, rotations)
ALL = (*IONQ, phases, fourier, midway)
CASES: list[tuple[str, Callable[[], cirq.Circuit]]] = [
    *(("ionq.simulator", circuit) for circuit in IONQ),
    ("ionq.qpu.aria-1", keys),
    *(("quantinuum.sim.h2-1e", circuit) for circuit in ALL),
    ("quantinuum.sim.helios-1e", keys),
    *(("rigetti.sim.qvm", circuit) for circuit in ALL),
    ("rigetti.qpu.cepheus-1-108q", keys),
    ("qci.simulator", keys),
]


@pytest.fixture
def service(sdk: Workspace) -> AzureQuantumService:
    """The service on the workspace of the tests."""
    # Cirq programs go to targets of QIR through Q#, whose profile is a setting of the whole process.
    qsharp.init(target_profile=qsharp.TargetProfile.Base)
    return AzureQuantumService(workspace=sdk)


def counts_of(result: Any) -> Counts:
    """Return how often each outcome was seen, with the keys in alphabetical order."""
    columns = [result.measurements[key] for key in sorted(result.measurements)]
    return Counter("|".join("".join(map(str, row)) for row in rows) for rows in zip(*columns, strict=True))


@pytest.mark.parametrize(("target", "circuit"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_counts_are_those_of_cirq(
    service: AzureQuantumService, target: str, circuit: Callable[[], cirq.Circuit]
) -> None:
    """By IonQ's JSON, by OpenQASM, and by QIR."""
    counts = counts_of(service.run(circuit(), repetitions=SHOTS, target=target, seed=3))
    expected = counts_of(cirq.Simulator(seed=4).run(circuit(), repetitions=SHOTS))
    assert sum(counts.values()) == SHOTS
    assert distance(counts, expected) < NEAR


@pytest.mark.parametrize(
    ("target", "order"),
    [
        pytest.param("ionq.simulator", "100", id="IonQ"),
        pytest.param("rigetti.sim.qvm", "100", id="QIR"),
        pytest.param(
            "quantinuum.sim.h2-1e", "001", id="Quantinuum, whose strings the service takes the other way round"
        ),
    ],
)
def test_a_key_of_several_qubits(service: AzureQuantumService, target: str, order: str) -> None:
    """Quantinuum's strings begin with the highest bit, and Microsoft's Qiskit provider reads them so."""
    circuit = cirq.Circuit(cirq.X(A), cirq.measure(A, B, C, key="m"))
    assert counts_of(service.run(circuit, repetitions=SHOTS, target=target)) == {order: SHOTS}
