"""The library against the whole system: submitted, followed, explained, cancelled, found again."""

from pathlib import Path
from typing import Any

import pytest

from client.conftest import Researcher
from client.programs import BELL_IONQ, BELL_QASM, ROTATED_QASM, SIMULATOR, UNKNOWN_WORD
from cluster.jobnamespace import FOR_EVER, JobNamespace
from localstack.emulated import Emulator
from quantumjobs.errors import (
    JobCancelledError,
    JobFailedError,
    NameTakenError,
    NotFoundError,
    ProgramError,
    WaitTimeoutError,
)
from quantumjobs.facts import Outcome

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_a_program_is_submitted_and_counted(researcher: Researcher) -> None:
    """From text to counts, cost and the object itself."""
    job = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=500)
    counts = job.counts(timeout=60)
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500
    assert (job.status, job.outcome) == ("Succeeded", Outcome.SUCCEEDED)
    assert job.resource["spec"]["program"]["format"] == "qir.v1"
    assert job.result_bytes().startswith(b"{")
    assert job.waited_seconds is not None
    assert job.cost is not None
    assert job.why().next == f"`kubectl quantum counts {job.name}`"


def test_a_job_is_found_again(researcher: Researcher) -> None:
    """By its name and by its GUID in Azure, with the registers that it was sent with, in another process's cluster."""
    sent = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10)
    sent.wait(60)
    for name in (sent.name, sent.job_id, sent.job_id.upper()):
        found = researcher.cluster().job(name)
        assert found.name == sent.name
        assert found.counts(register="c") == sent.counts()
    with pytest.raises(NotFoundError, match="no quantumjob"):
        researcher.cluster().job("00000000-0000-0000-0000-000000000000")


def test_the_same_order_once_is_one_purchase(researcher: Researcher, place: JobNamespace) -> None:
    """A cell that runs again gets the job that it billed, also after the resource was deleted; another one is new."""
    first = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10, once=True)
    first.wait(60)
    again = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10, once=True)
    assert again.name == first.name
    assert len(place.runs(first.name)) == 1
    place.delete(first.name)
    third = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10, once=True)
    assert third.counts(timeout=60) == first.counts()
    assert len(place.runs(first.name)) == 1
    other = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=11, once=True)
    other.wait(60)
    assert other.name != first.name


def test_a_chosen_key_does_not_stand_for_another_program(researcher: Researcher) -> None:
    """The second program is refused with the remedy, and nothing is sent."""
    cluster = researcher.cluster()
    cluster.submit(BELL_QASM, target=SIMULATOR, shots=10, once="figure-3", name="figure")
    with pytest.raises(NameTakenError, match="another key"):
        cluster.submit(BELL_IONQ, target=SIMULATOR, shots=10, once="figure-3", name="figure")


def test_a_name_that_is_taken_is_refused(researcher: Researcher, place: JobNamespace) -> None:
    """Without `once`, the same name is somebody else's job."""
    cluster = researcher.cluster()
    cluster.submit(BELL_QASM, target=SIMULATOR, shots=10, name="bell").wait(60)
    with pytest.raises(NameTakenError, match="already"):
        cluster.submit(BELL_QASM, target=SIMULATOR, shots=10, name="bell")
    assert len(place.runs("bell")) == 1


def test_a_job_that_fails_says_why(researcher: Researcher) -> None:
    """The service's own words arrive in the exception."""
    job = researcher.cluster().submit(UNKNOWN_WORD, target=SIMULATOR, shots=10)
    with pytest.raises(JobFailedError, match=r"failed \(JobFailed\).*InvalidInputData.*kubectl quantum why"):
        job.counts(timeout=60)
    assert "InvalidInputData" in job.why().error


def test_a_time_out_leaves_the_job_alone_and_cancel_does_not(researcher: Researcher, emulator: Emulator) -> None:
    """Waiting ends without harm; a cancelled job keeps its resource."""
    emulator.behave(executing_seconds=FOR_EVER)
    job = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10)
    job.wait(60, until="submitted")
    with pytest.raises(WaitTimeoutError, match=f"kubectl quantum wait {job.name}"):
        job.wait(1)
    assert job.outcome is Outcome.RUNNING
    job.cancel()
    assert job.wait(60) is Outcome.CANCELLED
    with pytest.raises(JobCancelledError, match="was cancelled"):
        job.counts()
    job.cancel()


def test_waiting_ends_when_the_job_is_deleted(researcher: Researcher, emulator: Emulator, place: JobNamespace) -> None:
    """It says that the job is gone and what was last seen of it."""
    emulator.behave(executing_seconds=FOR_EVER)
    job = researcher.cluster().submit(BELL_QASM, target=SIMULATOR, shots=10)
    job.wait(60, until="submitted")
    place.kubectl("delete", "quantumjob", job.name, "--wait=false")
    with pytest.raises((NotFoundError, AssertionError), match="was deleted"):
        job.wait(60)


def test_a_program_that_is_too_long_goes_beside_its_job(researcher: Researcher, place: JobNamespace) -> None:
    """It becomes an immutable ConfigMap that goes when the job goes."""
    gates = "".join(f'{{"gate": "rx", "target": 0, "rotation": {i / 1000}}},' for i in range(2000))
    program = f'{{"qubits": 1, "circuit": [{gates}{{"gate": "x", "target": 0}}]}}'
    job = researcher.cluster().submit(program, target=SIMULATOR, shots=10)
    assert sum(job.counts(timeout=60).values()) == 10
    stored = place.find("configmap", f"{job.name}-program")
    assert stored is not None
    assert stored["immutable"]
    assert stored["metadata"]["ownerReferences"][0]["uid"] == job.resource["metadata"]["uid"]


def test_a_sweep_is_one_set(researcher: Researcher, tmp_path: Path) -> None:
    """One label, one watch, and one table with the exact values, also in another process."""
    points = [{"theta": -0.5}, {"theta": 1e-20}, {"theta": 3.141592653589793}]
    sent = researcher.cluster().sweep(ROTATED_QASM, points=points, target=SIMULATOR, shots=100)
    assert len(sent.wait(60)) == 3
    found = researcher.cluster().job_set(sent.selector)
    assert [job.parameters for job in found] == points
    rows = found.counts()
    assert {row["theta"] for row in rows} == {-0.5, 1e-20, 3.141592653589793}
    assert [row["count"] for row in rows if row["theta"] == 3.141592653589793] == [100]
    assert [row["outcome"] for row in rows if row["theta"] == 1e-20] == ["0"]
    frame = found.to_pandas()
    assert list(frame.columns) == ["job", "state", "theta", "outcome", "count"]
    found.to_parquet(tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").read_bytes()[:4] == b"PAR1"


def test_a_sweep_that_was_interrupted_goes_on(researcher: Researcher, place: JobNamespace) -> None:
    """Under the same name of the batch, what was sent already is not sent again."""
    points = [{"theta": 0.1}, {"theta": 0.2}]
    options: dict[str, Any] = {"target": SIMULATOR, "shots": 10, "batch": "resumed"}
    researcher.cluster().sweep(ROTATED_QASM, points=points[:1], **options).wait(60)
    assert len(researcher.cluster().sweep(ROTATED_QASM, points=points, **options).wait(60)) == 2
    assert [len(place.runs(f"resumed-{number}")) for number in range(2)] == [1, 1]
    with pytest.raises(NameTakenError):
        researcher.cluster().sweep(ROTATED_QASM, points=[{"theta": 0.3}], **options)


@pytest.mark.parametrize(
    ("target", "error", "text"),
    [
        pytest.param("ionq.simulatr", NotFoundError, "did you mean ionq.simulator", id="a target with a typo"),
        pytest.param("pasqal.sim.emu-sv", ProgramError, "takes no QIR", id="a target without QIR"),
    ],
)
def test_refused_before_anything_is_sent(
    researcher: Researcher, place: JobNamespace, target: str, error: type[Exception], text: str
) -> None:
    """The cluster never sees it."""
    with pytest.raises(error, match=text):
        researcher.cluster().submit(BELL_QASM, target=target, shots=10)
    assert place.kubectl("get", "quantumjobs", "-o", "name") == ""
