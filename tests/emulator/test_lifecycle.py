"""How jobs move: stages and their words, cancellation, repeated PUTs, hidden jobs, targets that are down."""

import uuid
from typing import Any

import httpx
import pytest

from emulator.jobs import Jobs


def runs_of(admin: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    """Return the paid runs of a job."""
    return [run for run in admin.get("/ledger").json()["runs"] if run["job"] == job_id]


def test_all_stages_are_passed_in_order(admin: httpx.Client, jobs: Jobs) -> None:
    """With time in every stage, a job shows Waiting, Executing, Finishing and Succeeded, and its times fit."""
    admin.put("/settings", json={"waiting_seconds": 3600, "executing_seconds": 3600, "finishing_seconds": 3600})
    job_id = jobs.submit()
    for word in ("Waiting", "Executing", "Finishing"):
        jobs.in_status(job_id, word)
        admin.post("/clock", json={"advance_seconds": 3601}).raise_for_status()
    job = jobs.finished(job_id)
    assert job["status"] == "Succeeded"
    assert job["creationTime"] < job["beginExecutionTime"] < job["endExecutionTime"]


def test_the_newer_words_can_be_asked_for(admin: httpx.Client, jobs: Jobs) -> None:
    """Queued takes the place of Waiting, and Completed that of Succeeded."""
    admin.put("/settings", json={"newer_status_words": True, "waiting_seconds": 3600})
    job_id = jobs.submit()
    assert jobs.get(job_id)["status"] == "Queued"
    admin.post("/clock", json={"advance_seconds": 3601})
    assert jobs.finished(job_id)["status"] == "Completed"


def test_a_target_has_its_own_times(admin: httpx.Client, jobs: Jobs) -> None:
    """The settings of one target leave the others alone."""
    admin.put("/settings", json={"targets": {"ionq.qpu.aria-1": {"waiting_seconds": 3600}}})
    slow, fast = jobs.submit(target="ionq.qpu.aria-1"), jobs.submit()
    assert jobs.finished(fast)["status"] == "Succeeded"
    assert jobs.get(slow)["status"] == "Waiting"


def test_the_stages_of_a_cancellation_are_seen(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """With time for it, cancelling passes CancellationRequested and Cancelling before Cancelled."""
    admin.put("/settings", json={"waiting_seconds": 3600, "cancelling_seconds": 1000})
    (job_id,) = jobs.queue()
    answer = wire.post(f"/jobs/{job_id}:cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "CancellationRequested")
    assert answer.json()["isCancelling"] is True
    for word in ("CancellationRequested", "Cancelling"):
        jobs.in_status(job_id, word)
        admin.post("/clock", json={"advance_seconds": 1001})
    assert jobs.finished(job_id)["status"] == "Cancelled"


@pytest.mark.parametrize(
    ("target", "word"),
    [
        pytest.param("ionq.simulator", "Waiting", id="before it executes"),
        pytest.param("ionq.qpu.aria-1", "Executing", id="while it executes"),
    ],
)
def test_a_cancellation_can_be_told_by_the_flag_alone(
    admin: httpx.Client, jobs: Jobs, wire: httpx.Client, target: str, word: str
) -> None:
    """The status word stays, in answers and in filters, and isCancelling is true until it is Cancelled."""
    settings = {"cancelling_words": False, "cancelling_seconds": 1000, "executing_seconds": 3600}
    targets = {"ionq.simulator": {"waiting_seconds": 3600}}
    admin.put("/settings", json={**settings, "targets": targets}).raise_for_status()
    job_id = jobs.submit(target=target)
    assert jobs.in_status(job_id, word)["isCancelling"] is False
    cancelled = wire.post(f"/jobs/{job_id}:cancel").json()
    assert (cancelled["status"], cancelled["isCancelling"]) == (word, True)
    listed = [row["id"] for page in jobs.pages(filter=f"State eq '{word}'") for row in page["value"]]
    assert job_id in listed
    for _ in range(2):
        assert (jobs.get(job_id)["status"], jobs.get(job_id)["isCancelling"]) == (word, True)
        admin.post("/clock", json={"advance_seconds": 1001})
    assert jobs.finished(job_id)["status"] == "Cancelled"
    assert jobs.get(job_id)["isCancelling"] is False


def test_an_executing_job_is_cancelled_and_still_paid(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """The ledger says Cancelled, and that the run had begun."""
    admin.put("/settings", json={"executing_seconds": 3600})
    job_id = jobs.submit(target="ionq.qpu.aria-1")
    jobs.in_status(job_id, "Executing")
    wire.post(f"/jobs/{job_id}:cancel").raise_for_status()
    assert jobs.get(job_id)["status"] == "Cancelled"
    (run,) = runs_of(admin, job_id)
    assert run["status"] == "Cancelled"
    assert run["started"] is not None
    assert run["cost"] > 0


def test_some_targets_cannot_cancel_while_executing(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """The request is accepted, but the job returns to Executing and succeeds; a waiting job is cancelled."""
    target = {"cancellable": False, "waiting_seconds": 10, "executing_seconds": 500}
    admin.put("/settings", json={"targets": {"ionq.simulator": target}, "cancelling_seconds": 50})
    job_id, waiting = jobs.submit(), jobs.submit()
    wire.post(f"/jobs/{waiting}:cancel").raise_for_status()
    admin.post("/clock", json={"advance_seconds": 11})
    jobs.in_status(job_id, "Executing")
    assert wire.post(f"/jobs/{job_id}:cancel").json()["status"] == "CancellationRequested"
    admin.post("/clock", json={"advance_seconds": 51})
    jobs.in_status(job_id, "Executing")
    admin.post("/clock", json={"advance_seconds": 501})
    assert jobs.finished(job_id)["status"] == "Succeeded"
    assert jobs.finished(waiting)["status"] == "Cancelled"


@pytest.mark.parametrize(("setting", "status"), [("accept", 200), ("conflict", 409)])
def test_cancelling_a_finished_job_changes_nothing(
    admin: httpx.Client, jobs: Jobs, wire: httpx.Client, setting: str, status: int
) -> None:
    """Both answers that the service may give leave the job as it is."""
    admin.put("/settings", json={"final_cancel": setting})
    job_id = jobs.submit()
    before = jobs.finished(job_id)
    assert wire.post(f"/jobs/{job_id}:cancel").status_code == status
    assert jobs.get(job_id)["status"] == before["status"]


@pytest.mark.parametrize(
    ("setting", "answer", "runs"),
    [
        pytest.param("same", (200, "first"), 1, id="the job as it is"),
        pytest.param("conflict", (409, "first"), 1, id="a conflict"),
        pytest.param("replace", (200, "second"), 1, id="another definition of the same run"),
        pytest.param("second-run", (200, "second"), 2, id="a second paid run"),
    ],
)
def test_a_repeated_put_does_what_is_set(
    admin: httpx.Client, jobs: Jobs, setting: str, answer: tuple[int, str], runs: int
) -> None:
    """What the service does is unknown, so each is played; the ledger tells what was paid."""
    admin.put("/settings", json={"repeated_put": setting})
    job_id = jobs.submit(name="first", target="ionq.qpu.aria-1")
    jobs.finished(job_id)
    repeated = jobs.put(job_id, name="second", target="ionq.qpu.aria-1")
    assert (repeated.status_code, jobs.finished(job_id)["name"]) == answer
    assert [(run["run"], run["status"]) for run in runs_of(admin, job_id)] == [
        (number + 1, "Succeeded") for number in range(runs)
    ]


def test_a_second_run_takes_over_from_an_unfinished_one(admin: httpx.Client, jobs: Jobs) -> None:
    """The first run stays in the ledger as Superseded."""
    admin.put("/settings", json={"repeated_put": "second-run", "waiting_seconds": 3600})
    (job_id,) = jobs.queue()
    jobs.put(job_id).raise_for_status()
    assert [run["status"] for run in runs_of(admin, job_id)] == ["Superseded", "Waiting"]


def test_a_hidden_job_exists_but_is_not_seen(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """GET says 404 and lists leave it out until its time has come; it is paid all the same."""
    admin.put("/settings", json={"hidden_seconds": 100, "waiting_seconds": 3600})
    (job_id,) = jobs.queue(name="hidden-job")
    assert wire.get(f"/jobs/{job_id}").status_code == 404
    assert jobs.pages(filter="Name eq 'hidden-job'")[0]["value"] == []
    assert len(runs_of(admin, job_id)) == 1
    admin.post("/clock", json={"advance_seconds": 101})
    assert jobs.get(job_id)["id"] == job_id
    assert [row["id"] for row in jobs.pages(filter="Name eq 'hidden-job'")[0]["value"]] == [job_id]


def test_a_target_that_is_down_takes_no_jobs(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """409 TargetUnavailable, the provider's status says so too, and nothing is paid."""
    admin.put("/settings", json={"targets": {"ionq.simulator": {"available": False}}})
    job_id = str(uuid.uuid4())
    answer = jobs.put(job_id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "TargetUnavailable")
    assert runs_of(admin, job_id) == []
    (ionq,) = [row for row in wire.get("/providerStatus").json()["value"] if row["id"] == "ionq"]
    assert ionq["currentAvailability"] == "Degraded"
    states = {target["id"]: target["currentAvailability"] for target in ionq["targets"]}
    assert (states["ionq.simulator"], states["ionq.qpu.aria-1"]) == ("Unavailable", "Available")


def test_deleting_the_record_does_not_unpay_the_run(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """DELETE is no cancellation at this api-version: 204, the record is gone, the run stays in the ledger."""
    admin.put("/settings", json={"waiting_seconds": 3600})
    (job_id,) = jobs.queue()
    answer = wire.delete(f"/jobs/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert wire.get(f"/jobs/{job_id}").status_code == 404
    assert [run["status"] for run in runs_of(admin, job_id)] == ["RecordDeleted"]


@pytest.mark.parametrize(
    ("policy", "status"),
    [pytest.param("Abort", "Failed", id="Abort"), pytest.param("Continue", "Failure(s)", id="Continue")],
)
def test_the_policy_decides_what_a_failure_does_to_a_session(
    jobs: Jobs, wire: httpx.Client, policy: str, status: str
) -> None:
    """Abort ends the session with the first failed job; with Continue it takes more jobs, and says so when closed."""
    session = str(uuid.uuid4())
    body = {"name": "s", "providerId": "ionq", "target": "ionq.simulator", "jobFailurePolicy": policy}
    assert wire.put(f"/sessions/{session}", json=body).json()["status"] == "Waiting"
    (failed,) = jobs.queue(sessionId=session)
    assert jobs.finished(failed)["status"] == "Failed"
    another = jobs.put(str(uuid.uuid4()), sessionId=session)
    assert another.status_code == (400 if policy == "Abort" else 200)
    assert wire.post(f"/sessions/{session}:close").json()["status"] == status


def test_an_idle_session_times_out(admin: httpx.Client, jobs: Jobs, wire: httpx.Client) -> None:
    """After ten minutes without a job it is TimedOut and takes no more; unfinished jobs keep it open."""
    admin.put("/settings", json={"waiting_seconds": 10_000})
    idle, busy = str(uuid.uuid4()), str(uuid.uuid4())
    for session in (idle, busy):
        wire.put(f"/sessions/{session}", json={"name": "s", "providerId": "ionq", "target": "ionq.simulator"})
    jobs.queue(sessionId=busy)
    admin.post("/clock", json={"advance_seconds": 601})
    assert wire.get(f"/sessions/{idle}").json()["status"] == "TimedOut"
    assert wire.get(f"/sessions/{busy}").json()["status"] == "Executing"
    assert jobs.put(str(uuid.uuid4()), sessionId=idle).json()["error"]["target"] == "sessionId"


def test_a_session_takes_jobs_of_its_target_only(jobs: Jobs, wire: httpx.Client) -> None:
    """A job for another target is refused."""
    session = str(uuid.uuid4())
    wire.put(f"/sessions/{session}", json={"name": "s", "providerId": "ionq", "target": "ionq.simulator"})
    assert jobs.put(str(uuid.uuid4()), sessionId=session, target="ionq.qpu.aria-1").status_code == 400


def test_runs_with_a_seed_are_repeatable_and_differ_by_job(admin: httpx.Client, jobs: Jobs, web: httpx.Client) -> None:
    """The same job again gives the same shots, another job gives others."""
    admin.put("/settings", json={"repeated_put": "second-run", "seed": 3})
    program = b'OPENQASM 2.0;include "qelib1.inc";qreg q[1];creg c[1];h q[0];measure q->c;'
    quantinuum = {
        "providerId": "quantinuum",
        "target": "quantinuum.sim.h2-1e",
        "inputDataFormat": "honeywell.openqasm.v1",
        "outputDataFormat": "honeywell.quantum-results.v1",
        "inputParams": {"shots": 64},
    }
    first, other = jobs.submit(program, **quantinuum), jobs.submit(program, **quantinuum)
    shots = [web.get(jobs.finished(job_id)["outputDataUri"]).json()["c"] for job_id in (first, other)]
    assert shots[0] != shots[1]
    assert set(shots[0]) == {"0", "1"}
