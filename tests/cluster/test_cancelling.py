"""Jobs that end before their time without being deleted: cancelled by the user, at the service, or by a deadline."""

import pytest
from azure.quantum import Workspace

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, Told, condition_of
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = pytest.mark.cluster


def assert_cancelled(place: JobNamespace, name: str, reason: str) -> None:
    """The job has ended as cancelled for this reason, and the service says so too."""
    place.wait(name)
    job = place.job(name)
    assert job["status"]["state"] == "Cancelled"
    assert (condition_of(job, "Failed")["status"], condition_of(job, "Failed")["reason"]) == ("True", reason)
    assert [run["status"] for run in place.runs(name)] == ["Cancelled"]
    place.wait_event(name, reason)


def test_cancel_while_executing_keeps_the_resource(place: JobNamespace, emulator: Emulator) -> None:
    """`spec.cancel` ends the job at the service; its reason was written before."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.patch("quantumjob", "bell", {"spec": {"cancel": True}})
    assert_cancelled(place, "bell", "Cancelled")
    assert place.status("bell")["cancellation"]["reason"] == "Cancelled"
    told = [(one.type, one.reason) for one in place.events("bell")]
    assert told == [("Normal", reason) for reason in ("Submitted", "Executing", "CancellationRequested", "Cancelled")]


def test_job_cancelled_at_the_service_says_so(place: JobNamespace, emulator: Emulator, sdk: Workspace) -> None:
    """Somebody else cancels with the official SDK: not the resource's doing, and it says that."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    sdk.cancel_job(sdk.get_job(place.status("bell")["jobId"]))
    assert_cancelled(place, "bell", "CancelledExternally")
    assert "cancellation" not in place.status("bell")


@pytest.mark.parametrize(
    ("spec", "behaviour", "reason"),
    [
        pytest.param(
            {"activeDeadlineSeconds": 1},
            {"executing_seconds": FOR_EVER},
            "DeadlineExceeded",
            id="a job that executes beyond activeDeadlineSeconds",
        ),
        pytest.param(
            {"queueDeadlineSeconds": 1},
            {"waiting_seconds": FOR_EVER},
            "QueueDeadlineExceeded",
            id="a job that waits beyond queueDeadlineSeconds",
        ),
        pytest.param(
            {"activeDeadlineSeconds": 1, "queueDeadlineSeconds": 300},
            {"waiting_seconds": FOR_EVER},
            "DeadlineExceeded",
            id="a job that waits beyond activeDeadlineSeconds",
        ),
    ],
)
def test_deadline_cancels(
    place: JobNamespace, emulator: Emulator, spec: Manifest, behaviour: Manifest, reason: str
) -> None:
    """A job that takes too long is cancelled at the service, for the deadline's own reason."""
    emulator.behave(**behaviour)
    place.apply(jobs.ionq("bell", **spec))
    assert_cancelled(place, "bell", reason)


def test_queue_deadline_is_nothing_to_a_job_that_executes(place: JobNamespace, emulator: Emulator) -> None:
    """Once a job executes it may take its time."""
    emulator.behave(waiting_seconds=0, executing_seconds=3)
    place.apply(jobs.ionq("bell", queueDeadlineSeconds=1))
    place.wait("bell", "Complete")


def test_job_that_succeeds_in_spite_of_a_cancellation_has_succeeded(place: JobNamespace, emulator: Emulator) -> None:
    """The provider can't cancel while executing: the result was billed, and it is delivered."""
    emulator.behave(executing_seconds=FOR_EVER, targets={"ionq.simulator": {"cancellable": False}})
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    place.patch("quantumjob", "bell", {"spec": {"cancel": True}})
    place.wait("bell", "jsonpath={.status.cancellation.reason}=Cancelled")
    place.pass_time()
    place.wait("bell", "Complete")
    assert place.output("bell")["counts.json"]


def test_job_that_is_cancelled_from_the_start_is_never_sent(place: JobNamespace) -> None:
    """Nothing reaches the service, and the job is final."""
    place.apply(jobs.ionq("bell", cancel=True))
    place.wait("bell")
    job = place.job("bell")
    assert condition_of(job, "Failed")["reason"] == "Cancelled"
    assert condition_of(job, "Submitted")["status"] == "False"
    assert place.runs("bell") == []
    assert "finalizers" not in job["metadata"]


def test_held_back_job_can_be_cancelled(place: JobNamespace) -> None:
    """A job that waits for its program ends at once, and stays ended when the program comes."""
    program = {"format": "ionq.circuit.v1", "configMapKeyRef": {"name": "programs", "key": "bell.json"}}
    place.apply(jobs.job("bell", provider="ionq", target="ionq.simulator", program=program))
    place.wait_reason("bell", "Submitted", "ProgramNotFound")
    place.patch("quantumjob", "bell", {"spec": {"cancel": True}})
    place.wait("bell")
    place.apply(jobs.config_map("programs", {"bell.json": jobs.BELL}))
    assert condition_of(place.job("bell"), "Failed")["reason"] == "Cancelled"
    assert place.wait_event("bell", "Cancelled") == Told(
        "Normal", "Cancelled", condition_of(place.job("bell"), "Failed")["message"]
    )
    assert place.runs("bell") == []
