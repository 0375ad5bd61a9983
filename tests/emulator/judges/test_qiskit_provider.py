"""Microsoft's own Qiskit provider as the client: its backends, formats and readers, and counts against Qiskit Aer."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.quantum import Workspace
from azure.quantum.qiskit import AzureQuantumProvider
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate

from emulator.judges.circuits import (
    AT_THE_END,
    NEAR,
    SHOTS,
    Counts,
    aer_counts,
    asymmetric,
    conditional,
    distance,
    midway,
)

# Microsoft's packages call what they deprecate themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

IONQ = {"gateset": "qis"}
QASM = {"input_data_format": "honeywell.openqasm.v1"}
# The kinds of backends on whose simulator every circuit is run: QIR, IonQ's JSON, OpenQASM.
SIMULATORS: dict[str, tuple[str, dict[str, str]]] = {
    "IonQ by QIR": ("ionq.simulator", {}),
    "IonQ by JSON": ("ionq.simulator", IONQ),
    "Quantinuum by QIR": ("quantinuum.sim.h2-1e", {}),
    "Quantinuum by OpenQASM": ("quantinuum.sim.h2-1e", QASM),
    "Rigetti by QIR": ("rigetti.sim.qvm", {}),
}
OTHERS: list[tuple[str, dict[str, str]]] = [
    *((f"ionq.qpu.{machine}", kind) for machine in ("aria-1", "forte-1", "forte-enterprise-1") for kind in ({}, IONQ)),
    *((f"quantinuum.{machine}", {}) for machine in ("sim.h2-1sc", "sim.h2-2sc", "sim.h2-2e", "qpu.h2-1", "qpu.h2-2")),
    *((f"quantinuum.{machine}", QASM) for machine in ("sim.h2-1sc", "sim.h2-2sc", "sim.h2-2e", "qpu.h2-1", "qpu.h2-2")),
    *((f"quantinuum.{machine}", {}) for machine in ("sim.helios-1sc", "sim.helios-1e", "qpu.helios-1")),
    ("rigetti.qpu.cepheus-1-108q", {}),
    ("qci.simulator", {}),
]


@pytest.fixture
def provider(sdk: Workspace) -> AzureQuantumProvider:
    """The provider on the workspace of the tests."""
    return AzureQuantumProvider(sdk)


def counts_of(backend: Any, circuit: QuantumCircuit | list[QuantumCircuit], **options: Any) -> Counts:
    """Run a circuit as the provider's users do, and return its counts; what failed says why."""
    job = backend.run(circuit, shots=SHOTS, **options)
    job._azure_job.wait_until_completed(max_poll_wait_secs=1, print_progress=False)
    details = job._azure_job.details
    assert details.status == "Succeeded", details.error_data
    counts: Counts = job.result().get_counts()
    return counts


def joined(counts: Counts) -> Counts:
    """Return counts as the provider writes them where it knows of no registers: IonQ's JSON."""
    return {key.replace(" ", ""): count for key, count in counts.items()}


def first_register_first(counts: Counts) -> Counts:
    """Return counts as the provider joins the registers of OpenQASM results: in the order of their declaration."""
    return {"".join(reversed(key.split(" "))): count for key, count in counts.items()}


READ_AS: dict[str, Callable[[Counts], Counts]] = {
    "IonQ by JSON": joined,
    "Quantinuum by OpenQASM": first_register_first,
}


@pytest.mark.parametrize("circuit", AT_THE_END, ids=lambda circuit: circuit.__name__)
@pytest.mark.parametrize("kind", SIMULATORS)
def test_counts_are_those_of_aer(
    provider: AzureQuantumProvider, kind: str, circuit: Callable[[], QuantumCircuit]
) -> None:
    """Each format, each order of qubits, bits and registers, each gate that the provider translates."""
    name, options = SIMULATORS[kind]
    backend = provider.get_backend(name, **options)
    counts = counts_of(backend, transpile(circuit(), backend, optimization_level=0))
    expected = READ_AS.get(kind, dict)(aer_counts(circuit()))
    assert sum(counts.values()) == SHOTS
    assert distance(counts, expected) < NEAR


@pytest.mark.parametrize(
    ("kind", "circuit"),
    [
        *((kind, midway) for kind in SIMULATORS if kind != "IonQ by JSON"),
        ("Quantinuum by QIR", conditional),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_measurements_midway_are_those_of_aer(
    provider: AzureQuantumProvider, kind: str, circuit: Callable[[], QuantumCircuit]
) -> None:
    """IonQ's own format has none, and only an adaptive target takes a condition."""
    name, options = SIMULATORS[kind]
    backend = provider.get_backend(name, **options)
    assert distance(counts_of(backend, circuit()), aer_counts(circuit())) < NEAR


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), OTHERS, ids=lambda value: str(value) if value else "QIR")
def test_every_backend_runs(provider: AzureQuantumProvider, name: str, options: dict[str, str]) -> None:
    """All that the provider has for these workspaces, beside the simulators above."""
    backend = provider.get_backend(name, **options)
    assert counts_of(backend, transpile(asymmetric(), backend, optimization_level=0)) == {"001": SHOTS}


def test_no_backend_is_left_out(provider: AzureQuantumProvider) -> None:
    """Every backend that the provider finds for these three providers is run by one of the tests here."""
    run = {name for name, _ in [*SIMULATORS.values(), *OTHERS]}
    assert {backend.name for backend in provider.backends() if not backend.name.startswith("qci.")} == run - {
        "qci.simulator"
    }


@pytest.mark.parametrize("name", ["ionq.simulator", "ionq.qpu.aria-1"])
def test_native_gates_of_ionq_run(provider: AzureQuantumProvider, name: str) -> None:
    """They are no gates of Qiskit's; the provider knows them by their names."""
    circuit = QuantumCircuit(3, 3, name="native")
    circuit.append(Gate("gpi", 1, [0.1]), [0])
    circuit.append(Gate("gpi2", 1, [0.3]), [2])
    circuit.append(Gate("ms", 2, [0.0, 0.0, 0.0]), [0, 1])
    circuit.append(Gate("zz", 2, [0.2]), [1, 2])
    circuit.measure(range(3), range(3))
    counts = counts_of(provider.get_backend(name, gateset="native"), circuit)
    assert distance(counts, {"001": 1, "101": 1}) < NEAR


def test_a_list_of_one_circuit_runs(provider: AzureQuantumProvider) -> None:
    """The provider takes no longer lists."""
    assert counts_of(provider.get_backend("rigetti.sim.qvm"), [asymmetric()]) == {"001": SHOTS}


def test_the_older_result_format_is_understood(provider: AzureQuantumProvider) -> None:
    """Shares instead of shots, of which the provider makes counts."""
    backend = provider.get_backend("quantinuum.sim.h2-1e")
    assert counts_of(backend, asymmetric(), output_data_format="microsoft.quantum-results.v1") == {"001": SHOTS}


def test_a_failed_job_is_a_failed_result(provider: AzureQuantumProvider) -> None:
    """The provider reads the failure, and gives no counts."""
    job = provider.get_backend("ionq.simulator").run(asymmetric(), shots=20_000)
    job._azure_job.wait_until_completed(max_poll_wait_secs=1, print_progress=False)
    result = job.result()
    assert result.success is False
    assert "inputParams.shots" in job._azure_job.details.error_data.message
