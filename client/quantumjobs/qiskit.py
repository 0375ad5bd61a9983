"""A cluster's target as a backend of Qiskit, with jobs that another process can open again.

Each circuit is a QuantumJob of its own; those of one `run` share the label that is the id of Qiskit's job. Results
carry hexadecimal memory: Qiskit's primitives take a missing one for zeros. Must not live here: compiling circuits.
"""

import dataclasses
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final

from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp, Measure, Parameter, Reset, SwitchCaseOp, WhileLoopOp
from qiskit.circuit.controlflow import ForLoopOp
from qiskit.circuit.library import standard_gates as gates
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2
from qiskit.providers import BackendV2, JobError, JobStatus, JobTimeoutError, JobV1, Options
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import Target as QiskitTarget

from quantumjobs import facts
from quantumjobs.cluster import QuantumCluster
from quantumjobs.errors import NotFoundError, UsageError, WaitTimeoutError
from quantumjobs.harvest import Reading
from quantumjobs.jobset import JobSet
from quantumjobs.programs.prepared import Target
from quantumjobs.waiting import Ending

_SHOTS: Final = 500
_MOST_SHOTS: Final = 10_000_000
"""Qiskit's memory has an entry for each: 80 MB."""
_BITS: Final = frozenset("01 ")
_STATES: Final = {
    "Pending": JobStatus.INITIALIZING,
    "Suspended": JobStatus.INITIALIZING,
    "Waiting": JobStatus.QUEUED,
    "Failed": JobStatus.ERROR,
    "Cancelled": JobStatus.CANCELLED,
}
# The worst, or the least advanced, of many.
_ORDER: Final = (
    JobStatus.ERROR,
    JobStatus.CANCELLED,
    JobStatus.INITIALIZING,
    JobStatus.QUEUED,
    JobStatus.RUNNING,
    JobStatus.DONE,
)


class ClusterBackend(BackendV2):  # type: ignore[misc]  # Qiskit ships no types
    """A target of the cluster's workspace.

    Args:
        cluster: Where jobs go.
        target: Which machine or simulator.
    """

    def __init__(self, cluster: QuantumCluster, target: Target) -> None:
        super().__init__(name=target.name, description=f"{target.name} through Kubernetes")
        self._cluster = cluster
        self._chosen = target
        self._target = _gates(target)

    @property
    def target(self) -> QiskitTarget:
        """Gates without controlled rotations, the size and no coupling map: Azure Quantum tells none."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """As many as you like: each is a job of its own."""
        return

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=_SHOTS)

    def run(
        self,
        run_input: QuantumCircuit | Sequence[QuantumCircuit],
        *,
        shots: int | None = None,
        once: bool = False,
        memory: bool = True,  # noqa: ARG002 - it always is there
        **more: Any,
    ) -> "ClusterJob":
        """Submit circuits; all are compiled and checked before the first is sent.

        Args:
            run_input: One or many.
            shots: Of each.
            once: The same circuits again are the same, paid jobs.
            memory: Accepted for the primitives; results always carry it.
            more: `options`, `labels`, `max_cost`, `deadline` and `queue_deadline`, as `QuantumCluster.submit` has them.

        Raises:
            ProgramError: One of them cannot run there; nothing was sent.
        """
        # The primitives always pass a seed; only one that was given would be dropped in silence.
        if more.get("seed_simulator") is None:
            more.pop("seed_simulator", None)
        unknown = sorted(more.keys() - {"options", "max_cost", "deadline", "queue_deadline", "labels"})
        if unknown:
            raise UsageError(f"{self.name} takes no {', '.join(unknown)}")
        circuits = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        if not circuits:
            raise UsageError("there is no circuit to run")
        wanted = shots if shots is not None else int(self.options.shots)
        made = [self._cluster.order(one, target=self.name, shots=wanted, once=once, **more) for one in circuits]
        text = f"{self.name} {wanted} {more} {[order.program.digest for order in made]}"
        batch = f"run-{hashlib.sha256(text.encode()).hexdigest()[:16] if once else uuid.uuid4().hex[:16]}"
        orders = [
            dataclasses.replace(
                order, name=f"{batch}-{i}", labels={**order.labels, facts.BATCH: batch, facts.POINT: str(i)}
            )
            for i, order in enumerate(made)
        ]
        return ClusterJob(self, self._cluster.send_all(batch, orders), batch)


class ClusterJob(JobV1):  # type: ignore[misc]  # Qiskit ships no types
    """The jobs of one `run`.

    Args:
        backend: Whose they are; None for a job that was opened by its id.
        jobs: In the order of the circuits.
        batch: The id.
    """

    def __init__(self, backend: ClusterBackend | None, jobs: JobSet, batch: str) -> None:
        super().__init__(backend, batch)
        self._jobs = jobs

    @property
    def jobs(self) -> JobSet:
        """The QuantumJobs behind it."""
        return self._jobs

    def submit(self) -> None:
        """Jobs are submitted by `ClusterBackend.run`."""
        raise JobError("this job was submitted when it was made")

    def result(self, timeout: float | None = None, *, partial: bool = False) -> Result:
        """Wait for all circuits and read their counts.

        Args:
            timeout: Seconds.
            partial: Give what there is, with the failed circuits marked, instead of raising.

        Raises:
            JobTimeoutError: They did not end in time; they go on.
            JobError: One failed or was cancelled.
        """
        try:
            endings = self._jobs.wait(timeout)
        except WaitTimeoutError as error:
            raise JobTimeoutError(str(error)) from error
        except NotFoundError as error:
            raise JobError(str(error)) from error
        errors = [str(error) for error in (ending.error() for ending in endings) if error]
        if errors and not partial:
            raise JobError("; ".join(errors))
        found = {reading.name: reading for reading in self._jobs.readings()}
        results = [_experiment(found[job.name], facts.shots(job.resource)) for job in self._jobs]
        target = str(next(iter(self._jobs)).resource["spec"]["target"])
        return Result(
            backend_name=target, backend_version="", job_id=self.job_id(), success=not errors, results=results
        )

    def status(self) -> JobStatus:
        """The worst of all, or the least advanced; DONE once every output is there."""
        present = {_status(job.resource) for job in self._jobs}
        return next(status for status in _ORDER if status in present)

    def cancel(self) -> None:
        """Cancel what has not ended; what has begun may be billed."""
        self._jobs.cancel()

    def error_message(self) -> str | None:
        """What went wrong, a line for each job; None if nothing did."""
        errors = [Ending(job.resource, gone=False, met=True).error() for job in self._jobs]
        return "\n".join(str(error) for error in errors if error) or None


def backend(cluster: QuantumCluster, name: str) -> ClusterBackend:
    """The backend of a target.

    Raises:
        NotFoundError: The workspace does not offer it.
    """
    target = cluster.target(name)
    if not target.profile:
        raise UsageError(f"{name} runs no circuits of gates")
    return ClusterBackend(cluster, target)


def open_job(cluster: QuantumCluster, job_id: str) -> ClusterJob:
    """A job of another process, by its id.

    Raises:
        NotFoundError: There is none in this namespace.
    """
    jobs = cluster.batch(job_id)
    if not len(jobs):
        raise NotFoundError(f"no quantumjob in namespace {cluster.namespace} belongs to {job_id}")
    return ClusterJob(None, jobs, job_id)


def sampler(cluster: QuantumCluster, name: str, **options: Any) -> BackendSamplerV2:
    """Qiskit's SamplerV2 over a target; `options` as `BackendSamplerV2` takes them."""
    return BackendSamplerV2(backend=backend(cluster, name), options=options)


def estimator(cluster: QuantumCluster, name: str, **options: Any) -> BackendEstimatorV2:
    """Qiskit's EstimatorV2 over a target; `options` as `BackendEstimatorV2` takes them."""
    return BackendEstimatorV2(backend=backend(cluster, name), options=options)


def _gates(target: Target) -> QiskitTarget:
    theta = Parameter("theta")
    found = QiskitTarget(num_qubits=target.qubits)
    plain = ("X", "Y", "Z", "H", "S", "Sdg", "T", "Tdg", "SX", "CX", "CY", "CZ", "Swap", "CCX")
    for name in plain:
        found.add_instruction(getattr(gates, f"{name}Gate")())
    for name in ("RX", "RY", "RZ", "RXX", "RYY", "RZZ"):
        found.add_instruction(getattr(gates, f"{name}Gate")(theta))
    found.add_instruction(Measure())
    found.add_instruction(Reset())
    if target.profile != "Base":
        for operation, name in (
            (IfElseOp, "if_else"),
            (ForLoopOp, "for_loop"),
            (WhileLoopOp, "while_loop"),
            (SwitchCaseOp, "switch_case"),
        ):
            found.add_instruction(operation, name=name)
    return found


def _status(resource: dict[str, Any]) -> JobStatus:
    if facts.outcome(resource) is facts.Outcome.SUCCEEDED:
        return JobStatus.DONE
    return _STATES.get(facts.state(resource), JobStatus.RUNNING)


def _experiment(reading: Reading, shots: int | None) -> ExperimentResult:
    header = {
        "name": reading.header.name,
        "creg_sizes": [[name, size] for name, size in reading.header.registers],
        "memory_slots": sum(size for _, size in reading.header.registers),
    }
    if reading.counts is None:
        data = ExperimentResultData()
        return ExperimentResult(shots or 0, success=False, data=data, header=header, status=reading.missing)
    counts = _hexadecimal(reading)
    if (total := sum(counts.values())) > _MOST_SHOTS:
        raise JobError(
            f"{reading.name} counted {total:,} shots, more than Qiskit holds: read its counts without Qiskit"
        )
    memory = [outcome for outcome, count in counts.items() for _ in range(count)]
    data = ExperimentResultData(counts=counts, memory=memory)
    return ExperimentResult(len(memory), success=True, data=data, header=header, status="DONE")


def _hexadecimal(reading: Reading) -> dict[str, int]:
    strange = sorted(outcome for outcome in reading.counts or {} if not set(outcome) <= _BITS)
    if strange:
        raise JobError(f"{reading.name} measured more than bits ({strange[0]}): read its counts without Qiskit")
    return {hex(int(outcome.replace(" ", "") or "0", 2)): count for outcome, count in (reading.counts or {}).items()}
