"""Azure's own Qiskit provider opens the jobs that this client sent."""

from collections.abc import Iterator

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.quantum import Workspace
from azure.quantum.qiskit import AzureQuantumProvider
from qiskit import QuantumCircuit

from client.conftest import Researcher
from client.programs import SIMULATOR
from localstack.emulated import Emulator

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ONE_OF_TWO = '{"qubits": 2, "circuit": [{"gate": "x", "target": 0}]}'


@pytest.fixture
def provider(emulator: Emulator) -> Iterator[AzureQuantumProvider]:
    """The SDK's provider on the workspace of the operator."""
    facts = emulator.announced
    with Workspace(
        subscription_id=facts["subscription_id"],
        resource_group=facts["resource_group"],
        name=facts["workspace"],
        location=facts["location"],
        credential=AzureKeyCredential(emulator.api_key),
        _quantum_endpoint=emulator.url,
    ) as workspace:
        yield AzureQuantumProvider(workspace)


def turned() -> QuantumCircuit:
    """X on the first of two qubits: reads 01 in Qiskit's order."""
    circuit = QuantumCircuit(2, name="turned", metadata={"series": 7})
    circuit.x(0)
    circuit.measure_all()
    return circuit


def test_a_circuit_of_ionqs_format(researcher: Researcher, provider: AzureQuantumProvider) -> None:
    """Bit i is qubit i, as our own counts say."""
    job = researcher.cluster().submit(ONE_OF_TWO, target=SIMULATOR, shots=20)
    assert job.counts(timeout=60) == {"01": 20}
    opened = provider.get_job(job.job_id)
    assert opened.result().get_counts() == {"01": 20}


def test_a_circuit_of_qiskit_as_openqasm_2(researcher: Researcher, provider: AzureQuantumProvider) -> None:
    """Its name and its metadata come with it."""
    job = researcher.cluster().submit(turned(), target="quantinuum.sim.h2-1e", shots=20, format="honeywell.openqasm.v1")
    assert job.counts(timeout=60) == {"01": 20}
    result = provider.get_job(job.job_id).result()
    assert result.get_counts() == {"01": 20}
    (experiment,) = result.results
    assert experiment.header["name"] == "turned"
    assert experiment.header["metadata"] == {"series": 7}
    assert experiment.header["num_qubits"] == "2"


@pytest.mark.parametrize("target", [SIMULATOR, "quantinuum.sim.h2-1e", "rigetti.sim.qvm"])
def test_a_circuit_of_qiskit_as_qir(researcher: Researcher, provider: AzureQuantumProvider, target: str) -> None:
    """By the name of its entry point; what the provider sends itself is judged with the emulator."""
    ours = researcher.cluster().backend(target).run(turned(), shots=20)
    (job,) = ours.jobs
    assert ours.result(timeout=60).get_counts() == {"01": 20}
    result = provider.get_job(job.job_id).result()
    assert result.get_counts() == {"01": 20}
    assert result.results[0].header["metadata"] == {"series": 7}
