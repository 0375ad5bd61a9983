"""The backend of Qiskit on the whole system, held to Qiskit's own contracts and to the state vector."""

from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate
from qiskit.providers import JobError, JobStatus, JobTimeoutError
from qiskit.quantum_info import SparsePauliOp, Statevector

from client.conftest import Researcher
from client.programs import SIMULATOR
from cluster.jobnamespace import FOR_EVER, JobNamespace
from localstack.emulated import Emulator
from quantumjobs.errors import NotFoundError, UsageError

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
PROVIDERS = [SIMULATOR, "quantinuum.sim.h2-1e", "rigetti.sim.qvm"]


def asymmetric() -> QuantumCircuit:
    """X on the first of three qubits, read into registers of two bits and one."""
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "a"), ClassicalRegister(1, "b"), name="x")
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def bell() -> QuantumCircuit:
    """A Bell pair."""
    circuit = QuantumCircuit(2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.mark.parametrize("target", PROVIDERS)
def test_many_circuits_in_one_run(researcher: Researcher, target: str) -> None:
    """Counts by name, index and circuit, hexadecimal memory, and Qiskit's order of registers at every provider."""
    backend = researcher.cluster().backend(target)
    circuits = [asymmetric(), bell()]
    result = backend.run(circuits, shots=60).result(timeout=90)
    assert result.success
    assert result.get_counts("x") == result.get_counts(0) == result.get_counts(circuits[0]) == {"0 01": 60}
    assert set(result.get_counts(1)) <= {"00", "11"}
    assert result.get_memory(0) == ["0 01"] * 60
    assert set(result.results[1].data.memory) <= {"0x0", "0x3"}
    assert len(result.results[1].data.memory) == 60


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_transpiled_circuits_stay_right(researcher: Researcher, level: int) -> None:
    """A Fourier transform whose swaps are elided, and a phase that a controlled rotation kicks back."""
    backend = researcher.cluster().backend(SIMULATOR)
    fourier = QuantumCircuit(3)
    fourier.x(0)
    fourier.append(QFTGate(3), range(3))
    fourier.append(QFTGate(3).inverse(), range(3))
    fourier.measure_all()
    kicked = QuantumCircuit(2, 1)
    kicked.h(0)
    kicked.crz(-0.001, 0, 1)
    kicked.h(0)
    kicked.measure(0, 0)
    compiled = transpile([fourier, kicked], backend, optimization_level=level)
    assert not any("crz" in circuit.count_ops() for circuit in compiled)
    result = backend.run(compiled, shots=40).result(timeout=90)
    assert (result.get_counts(0), result.get_counts(1)) == ({"001": 40}, {"0": 40})


def test_the_sampler_is_right(researcher: Researcher) -> None:
    """Over a grid of parameters and two registers: never all zeros, as where the memory is missing."""
    theta = Parameter("theta")
    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(1, "a"), ClassicalRegister(1, "b"))
    circuit.rx(theta, 0)
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    sampler = researcher.cluster().sampler(SIMULATOR)
    data = sampler.run([(circuit, [0.0, 3.141592653589793])], shots=50).result()[0].data
    assert [data.a.get_counts(i) for i in range(2)] == [{"0": 50}, {"1": 50}]
    assert [data.b.get_counts(i) for i in range(2)] == [{"1": 50}] * 2


def test_the_estimator_is_right(researcher: Researcher) -> None:
    """Within five standard errors of the state vector."""
    circuit = QuantumCircuit(2)
    circuit.ry(0.7, 0)
    circuit.cry(-0.9, 0, 1)
    observable = SparsePauliOp.from_list([("ZZ", 1.0), ("XI", 0.5), ("IZ", -0.3)])
    expected = Statevector(circuit).expectation_value(observable).real
    estimator = researcher.cluster().estimator(SIMULATOR)
    found: Any = estimator.run([(circuit, observable)], precision=0.03).result()[0].data
    assert abs(float(found.evs) - expected) < 5 * 0.03 * 2


def test_a_job_is_opened_by_its_id(researcher: Researcher) -> None:
    """From another process's cluster, with the registers that it was sent with."""
    sent = researcher.cluster().backend(SIMULATOR).run(asymmetric(), shots=20)
    opened = researcher.cluster().qiskit_job(sent.job_id())
    assert opened.result(timeout=60).get_counts() == {"0 01": 20}
    assert opened.status() is JobStatus.DONE
    assert opened.error_message() is None
    with pytest.raises(NotFoundError, match="belongs to run-absent"):
        researcher.cluster().qiskit_job("run-absent")


def test_once_is_one_purchase(researcher: Researcher, place: JobNamespace) -> None:
    """The same cell again opens the same job."""
    jobs = [researcher.cluster().backend(SIMULATOR).run(bell(), shots=20, once=True) for _ in range(2)]
    assert jobs[0].job_id() == jobs[1].job_id()
    assert jobs[0].result(60).get_counts() == jobs[1].result(60).get_counts()
    assert len(place.runs(f"{jobs[0].job_id()}-0")) == 1


def test_time_outs_and_cancellations(researcher: Researcher, emulator: Emulator) -> None:
    """Each is Qiskit's own exception, with the words of the job."""
    emulator.behave(executing_seconds=FOR_EVER)
    job = researcher.cluster().backend(SIMULATOR).run(bell(), shots=20)
    with pytest.raises(JobTimeoutError, match="goes on"):
        job.result(timeout=2)
    assert job.status() in {JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.INITIALIZING}
    job.cancel()
    with pytest.raises(JobError, match="was cancelled"):
        job.result(timeout=60)
    assert job.status() is JobStatus.CANCELLED
    assert "was cancelled" in (job.error_message() or "")
    assert not job.result(partial=True).success


def test_unknown_options_are_refused(researcher: Researcher) -> None:
    """Instead of being dropped in silence."""
    with pytest.raises(UsageError, match="noise_model"):
        researcher.cluster().backend(SIMULATOR).run(bell(), noise_model="x")
