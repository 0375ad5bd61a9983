"""The service at its worst: throttled, down, forgetful, unknown words. The job ends well, and is billed once.

In every test a repeated PUT would be a second paid run. Troubles of the cluster itself: `test_outages`.
"""

from datetime import datetime
from typing import Any, Final

import pytest
from azure.quantum import Workspace

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from localstack import manifests
from localstack.emulated import Emulator
from localstack.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

NEW_KEY: Final = "another-key-of-this-workspace"
BILLED_TWICE: Final = {"repeated_put": "second-run"}


def arm(emulator: Emulator, **fault: Any) -> None:
    """Let something go wrong, once unless `count` says otherwise."""
    emulator.admin("POST", "faults", {"count": 1, **fault})


def assert_billed_once(place: JobNamespace, name: str) -> None:
    """The job completes and the ledger has one run for it."""
    place.wait(name, "Complete")
    assert [run["status"] for run in place.runs(name)] == ["Succeeded"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        pytest.param(
            {"operation": "create-job", "kind": "status-before", "status": 429, "retry_after": "1"},
            "Throttled",
            id="the submission is throttled",
        ),
        pytest.param(
            {"operation": "create-job", "kind": "status-before", "status": 401},
            "WorkspaceNotReady",
            id="the submission is not let in",
        ),
        pytest.param(
            {"operation": "create-job", "kind": "status-before", "status": 503},
            "SubmissionUnconfirmed",
            id="the submission is answered 503 and did nothing",
        ),
        pytest.param(
            {"operation": "create-job", "kind": "status-after", "status": 503},
            "SubmissionUnconfirmed",
            id="the submission is answered 503 and worked",
        ),
        pytest.param(
            {"operation": "create-job", "kind": "drop-after"},
            "SubmissionUnconfirmed",
            id="the connection breaks after the submission worked",
        ),
        pytest.param(
            {"operation": "create-job", "kind": "delay-after", "seconds": 5},
            "SubmissionUnconfirmed",
            id="the answer to the submission comes too late",
        ),
        pytest.param(
            {"operation": "get-sas-uri", "kind": "status-before", "status": 503, "count": 2},
            "ServiceUnavailable",
            id="storage is not handed out",
        ),
        pytest.param(
            {"operation": "get-job", "kind": "drop-before", "count": 2},
            "ServiceUnavailable",
            id="the reconciliation before the submission breaks off",
        ),
        pytest.param(
            {"operation": "get-job", "kind": "html-page", "status": 404},
            "ServiceUnavailable",
            id="a gateway says 404 before the submission",
        ),
    ],
)
def test_trouble_at_submission_is_overcome(place: JobNamespace, emulator: Emulator, fault: Manifest, told: str) -> None:
    """The job says what keeps it back, submits when it can, and is billed once."""
    emulator.behave(**BILLED_TWICE)
    arm(emulator, **fault)
    place.apply(jobs.ionq("bell"))
    assert_billed_once(place, "bell")
    assert place.wait_event("bell", told).type == "Warning"
    assert emulator.admin("GET", "faults")["faults"] == []


def test_retry_after_is_respected(place: JobNamespace, emulator: Emulator) -> None:
    """The service's own wish for a pause wins over the operator's shorter back-off."""
    arm(emulator, operation="create-job", kind="status-before", status=429, retry_after="5")
    place.apply(jobs.ionq("bell"))
    assert_billed_once(place, "bell")
    job = place.job("bell")
    created = datetime.fromisoformat(job["metadata"]["creationTimestamp"])
    submitted = datetime.fromisoformat(job["status"]["submissionTime"])
    assert (submitted - created).total_seconds() >= 5


def test_target_that_is_down_holds_the_job(place: JobNamespace, emulator: Emulator) -> None:
    """409 TargetUnavailable is no conflict of ids: the job waits, and a later look submits it."""
    emulator.behave(**BILLED_TWICE, targets={"ionq.simulator": {"available": False}})
    place.apply(jobs.ionq("bell"))
    condition = place.wait_reason("bell", "Submitted", "TargetUnavailable")
    assert condition["status"] == "False"
    assert place.wait_event("bell", "TargetUnavailable").type == "Warning"
    assert place.status("bell")["state"] == "Pending"
    assert place.runs("bell") == []
    emulator.behave(targets={})
    # The back-off for a target is long; any change of the object is a reason for a reconciliation.
    place.patch("quantumjob", "bell", {"spec": {"deletionPolicy": "Cancel"}})
    assert_billed_once(place, "bell")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status-before", "status": 429, "retry_after": "1", "count": 2}, id="throttled"),
        pytest.param({"kind": "status-before", "status": 503, "count": 2}, id="answered 503"),
        pytest.param({"kind": "status-before", "status": 401}, id="not let in once"),
        pytest.param({"kind": "drop-before"}, id="cut off"),
        pytest.param({"kind": "html-page", "status": 404}, id="answered 404 by a gateway"),
        pytest.param({"kind": "delay-before", "seconds": 4}, id="answered too late"),
    ],
)
def test_polls_that_fail_are_repeated(place: JobNamespace, emulator: Emulator, fault: Manifest) -> None:
    """A job that executes is followed to its end however its polls are answered meanwhile."""
    emulator.behave(**BILLED_TWICE, executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    arm(emulator, operation="get-job", job=place.status("bell")["jobId"], **fault)
    eventually(lambda: not emulator.admin("GET", "faults")["faults"])
    place.pass_time()
    assert_billed_once(place, "bell")
    assert "Failed" not in {one["type"] for one in place.status("bell")["conditions"]}


def test_unknown_word_is_shown_and_polled_on(place: JobNamespace, emulator: Emulator) -> None:
    """A status that nobody has heard of breaks nothing: the word is shown, the state stays, the end is seen."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    arm(emulator, operation="get-job", kind="unknown-status", word="Recalibrating", count=None)
    place.wait("bell", "jsonpath={.status.remoteStatus}=Recalibrating")
    assert place.status("bell")["state"] == "Executing"
    emulator.admin("DELETE", "faults")
    place.pass_time()
    assert_billed_once(place, "bell")


def test_newer_words_mean_the_same(place: JobNamespace, emulator: Emulator) -> None:
    """Queued is Waiting and Completed is Succeeded; the service's own word is shown."""
    emulator.behave(newer_status_words=True, waiting_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Waiting")
    assert place.status("bell")["remoteStatus"] == "Queued"
    place.pass_time()
    place.wait("bell", "Complete")
    assert place.status("bell")["remoteStatus"] == "Completed"


def test_output_that_comes_late_is_waited_for(place: JobNamespace, emulator: Emulator) -> None:
    """Succeeded, but the blob isn't there: Complete says what it waits for, and becomes True with the output."""
    arm(emulator, kind="missing-output", seconds=3)
    place.apply(jobs.ionq("bell"))
    waiting = place.wait_reason("bell", "Complete", "OutputMissing")
    assert waiting["status"] == "False"
    assert "the job succeeded, but its result is missing" in waiting["message"]
    assert "can't be reached" not in waiting["message"]
    assert place.find("configmap", "bell-output") is None
    assert_billed_once(place, "bell")
    assert place.output("bell")["counts.json"]


def test_status_is_not_written_while_nothing_changes(place: JobNamespace, emulator: Emulator) -> None:
    """The same answer to every poll leaves the object as it is."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    before = place.job("bell")["metadata"]["resourceVersion"]
    emulator.admin("DELETE", "requests")
    eventually(lambda: emulator.admin("GET", "requests")["operations"].get("get-job", {}).get("200", 0) >= 3)
    assert place.job("bell")["metadata"]["resourceVersion"] == before


def test_key_that_is_rotated_while_a_job_runs(place: JobNamespace, emulator: Emulator) -> None:
    """The old key is refused; when the Secret holds the new one, the job is followed to its end."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    emulator.admin("PUT", "credentials", {"api_key": NEW_KEY})
    try:
        place.wait_reason("default", "Ready", "CredentialsInvalid", kind="quantumworkspace")
        place.apply(manifests.credentials(NEW_KEY))
        place.pass_time()
        assert_billed_once(place, "bell")
        place.wait("default", "Ready", kind="quantumworkspace")
    finally:
        emulator.admin("PUT", "credentials", {"api_key": emulator.api_key})


def test_job_that_the_service_forgets(place: JobNamespace, emulator: Emulator, sdk: Workspace) -> None:
    """An accepted job whose record is gone has failed; it is not run, and not paid, again."""
    emulator.behave(**BILLED_TWICE, executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("bell"))
    place.wait_state("bell", "Executing")
    sdk.get_job(place.status("bell")["jobId"]).delete()
    place.wait("bell")
    failed = condition_of(place.job("bell"), "Failed")
    assert failed["reason"] == "JobNotFound"
    assert place.status("bell")["jobId"] in failed["message"]
    assert len(place.runs("bell")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status-before", "status": 503}, id="answered 503"),
        pytest.param({"kind": "drop-before"}, id="cut off"),
        pytest.param({"kind": "status-before", "status": 401}, id="not let in"),
    ],
)
def test_cancellation_that_fails_is_asked_for_again(place: JobNamespace, emulator: Emulator, fault: Manifest) -> None:
    """A request to cancel that got no good answer is made again soon, by deletion as by `spec.cancel`."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.ionq("deleted"), jobs.ionq("cancelled"))
    for name in ("deleted", "cancelled"):
        place.wait(name, "jsonpath={.status.jobId}")
        arm(emulator, operation="cancel-job", job=place.status(name)["jobId"], **fault)
        place.wait_state(name, "Executing")
    place.delete("deleted", wait=False)
    place.patch("quantumjob", "cancelled", {"spec": {"cancel": True}})
    place.wait("deleted", "delete")
    place.wait("cancelled")
    for name in ("deleted", "cancelled"):
        assert [run["status"] for run in place.runs(name)] == ["Cancelled"]
    assert emulator.admin("GET", "faults")["faults"] == []
