"""Deletion is cancellation: the object goes when its remote job has ended, or when waiting for that has an end.

The ledger of the emulator says what became of the paid run.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from localstack.emulated import Emulator
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = pytest.mark.cluster

UNCANCELLABLE = {"ionq.simulator": {"cancellable": False}}


@contextmanager
def operator_stopped(operator: Operator) -> Iterator[None]:
    """Nobody serves the objects meanwhile; a new process does afterwards."""
    operator.stop()
    try:
        yield
    finally:
        operator.start()


@contextmanager
def operator_frozen(operator: Operator) -> Iterator[None]:
    """The same process lives on afterwards, with what it remembers."""
    os.kill(operator.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(operator.pid, signal.SIGCONT)


def run_status(place: JobNamespace, name: str) -> str:
    """What the ledger says of a job's only run."""
    (run,) = place.runs(name)
    return str(run["status"])


@pytest.mark.parametrize(
    ("state", "behaviour"),
    [
        pytest.param("Waiting", {"waiting_seconds": FOR_EVER}, id="a job that waits in the queue"),
        pytest.param("Executing", {"executing_seconds": FOR_EVER}, id="a job that executes"),
    ],
)
def test_object_goes_when_its_job_is_cancelled_and_not_before(
    place: JobNamespace, emulator: Emulator, state: str, behaviour: dict[str, float]
) -> None:
    """While the service is cancelling, the object is still there; when it is gone, the ledger says Cancelled."""
    emulator.behave(**behaviour, cancelling_seconds=1)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", state)
    place.delete("bell", wait=False)
    outlived = set()
    while place.find("quantumjob", "bell"):
        outlived.add(run_status(place, "bell"))
        time.sleep(0.1)
    assert run_status(place, "bell") == "Cancelled"
    assert "Cancelling" in outlived
    told = [one.reason for one in place.events("bell")]
    assert told.count("CancellationRequested") == 1
    assert "CancellationUnconfirmed" not in told


def test_job_that_cannot_be_cancelled_is_released_after_the_grace_period(
    place: JobNamespace, emulator: Emulator
) -> None:
    """Deletion ends although the job runs on; a Warning names the job that may still be billed."""
    emulator.behave(executing_seconds=FOR_EVER, targets=UNCANCELLABLE)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    job_id = place.status("bell")["jobId"]
    place.delete("bell")
    assert run_status(place, "bell") == "Executing"
    told = place.wait_event("bell", "CancellationUnconfirmed")
    assert told.type == "Warning"
    assert job_id in told.message


def test_end_of_a_job_that_cannot_be_cancelled_is_waited_for(place: JobNamespace, emulator: Emulator) -> None:
    """Within the grace period the remote end releases the object, without a warning."""
    emulator.behave(executing_seconds=FOR_EVER, targets=UNCANCELLABLE)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.delete("bell", wait=False)
    place.wait("bell", "jsonpath={.status.cancellation.reason}=Deleted")
    place.pass_time()
    place.wait("bell", "delete")
    assert run_status(place, "bell") == "Succeeded"
    assert not [one for one in place.events("bell") if one.type == "Warning"]


def test_what_goes_while_the_operator_is_down(stack: Stack, place: JobNamespace, emulator: Emulator) -> None:
    """A finished job goes, and its output with it; one that executes stays until the next operator has cancelled it.

    If that operator finds no credentials, the object goes after the grace period, and a Warning stays.
    """
    place.apply(
        jobs.secret("lost", {"apiKey": emulator.api_key}, kind="quantumjobs.dev/credentials"),
        place.workspace("lost", credentials={"apiKey": {"secretKeyRef": {"name": "lost", "key": "apiKey"}}}),
        jobs.ionq("finished"),
    )
    place.wait("finished")
    eventually(lambda: "finalizers" not in place.job("finished")["metadata"])
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("running"), jobs.ionq("locked", workspaceRef={"name": "lost"}))
    place.wait_state("running", "Executing")
    place.wait_state("locked", "Executing")
    with operator_stopped(stack.operator):
        place.kubectl("delete", "secret", "lost")
        place.kubectl("delete", "quantumjob", "running", "locked", "--wait=false")
        place.delete("finished")
        place.wait("finished-output", "delete", kind="configmap")
        assert place.find("quantumjob", "running")
        assert run_status(place, "running") == "Executing"
    place.wait("running", "delete")
    place.wait("locked", "delete")
    assert [run_status(place, name) for name in ("finished", "running")] == ["Succeeded", "Cancelled"]
    assert place.wait_event("locked", "CancellationUnconfirmed").type == "Warning"
    assert run_status(place, "locked") == "Executing"


def test_job_that_was_held_back_goes_unsent(place: JobNamespace) -> None:
    """Nothing was claimed, nothing is waited for, nothing was paid."""
    program = {"format": "ionq.circuit.v1", "configMapKeyRef": {"name": "missing", "key": "bell.json"}}
    place.apply(jobs.job("bell", provider="ionq", target="ionq.simulator", program=program))
    place.wait_reason("bell", "Submitted", "ProgramNotFound")
    place.delete("bell")
    assert place.runs("bell") == []


def test_job_with_a_time_to_live_goes_by_itself_some_time_after_its_end(place: JobNamespace) -> None:
    """Its output goes with it; the job at the service stays what it is, and one that has no such time stays."""
    place.apply(jobs.ionq("brief", ttlSecondsAfterFinished=1), jobs.ionq("kept"))
    place.wait("kept")
    place.wait("brief", "delete")
    place.wait("brief-output", "delete", kind="configmap")
    assert [run["status"] for run in place.runs("brief")] == ["Succeeded"]
    assert place.output("kept")["counts.json"]


def test_orphan_is_released_at_once_and_runs_on(place: JobNamespace, emulator: Emulator) -> None:
    """`deletionPolicy: Orphan` asks the service for nothing, and an Event keeps the job's id."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell", deletionPolicy="Orphan"))
    place.wait_state("bell", "Executing")
    job_id = place.status("bell")["jobId"]
    place.delete("bell")
    assert run_status(place, "bell") == "Executing"
    assert job_id in place.wait_event("bell", "Orphaned").message
    place.pass_time()
    eventually(lambda: run_status(place, "bell") == "Succeeded")


def test_orphan_may_still_be_chosen_while_the_deletion_waits(place: JobNamespace, emulator: Emulator) -> None:
    """The policy is read at every reconciliation: whoever can't wait for a provider needn't."""
    emulator.behave(executing_seconds=FOR_EVER, cancelling_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.delete("bell", wait=False)
    place.wait_state("bell", "Cancelling")
    place.patch("quantumjob", "bell", {"spec": {"deletionPolicy": "Orphan"}})
    place.wait("bell", "delete")
    assert place.wait_event("bell", "Orphaned").type == "Normal"
    assert "CancellationUnconfirmed" not in [one.reason for one in place.events("bell")]


def test_finalizer_that_is_taken_off_comes_back(place: JobNamespace, emulator: Emulator) -> None:
    """While a paid job runs, deletion must not get past the operator."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.patch("quantumjob", "bell", {"metadata": {"finalizers": None}})
    eventually(lambda: place.job("bell")["metadata"].get("finalizers") == ["quantumjobs.dev/cancel"])
    place.delete("bell")
    assert run_status(place, "bell") == "Cancelled"


def test_object_that_was_removed_by_force_has_its_job_cancelled_once(
    stack: Stack, place: JobNamespace, emulator: Emulator
) -> None:
    """Whoever takes off the finalizer of a deleted object doesn't leave a paid job behind."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    emulator.admin("DELETE", "requests")
    with operator_frozen(stack.operator):
        place.delete("bell", wait=False)
        place.patch("quantumjob", "bell", {"metadata": {"finalizers": None}})
        place.wait("bell", "delete")
    eventually(lambda: run_status(place, "bell") == "Cancelled")
    asked = emulator.admin("GET", "requests")["operations"]["cancel-job"]
    assert sum(asked.values()) == 1


def test_namespace_goes_when_its_jobs_are_cancelled(place: JobNamespace, emulator: Emulator) -> None:
    """In a namespace that terminates, Secrets go first and Events are refused; the job is cancelled all the same."""
    emulator.behave(executing_seconds=FOR_EVER, cancelling_seconds=1)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.stack.cluster.kubectl("delete", "namespace", place.name, "--timeout=60s", timeout=90)
    assert run_status(place, "bell") == "Cancelled"
