"""Faults that the admin route arms: each goes wrong as it says, as often as it says, and where it says."""

import uuid
from typing import Any

import httpx
import pytest

from emulator.jobs import Jobs, eventually
from emulator.process import RunningEmulator


@pytest.fixture
def waiting(admin: httpx.Client, jobs: Jobs) -> Jobs:
    """Jobs that stay in Waiting."""
    admin.put("/settings", json={"waiting_seconds": 3600}).raise_for_status()
    return jobs


def arm(admin: httpx.Client, **fault: Any) -> None:
    """Arm a fault."""
    admin.post("/faults", json=fault).raise_for_status()


def is_paid(admin: httpx.Client, job_id: str) -> bool:
    """Return whether a job has a row in the ledger."""
    return job_id in [run["job"] for run in admin.get("/ledger").json()["runs"]]


@pytest.mark.parametrize(("kind", "paid"), [("drop-before", False), ("drop-after", True)])
def test_a_dropped_connection_takes_effect_or_not(
    admin: httpx.Client,
    waiting: Jobs,
    kind: str,
    paid: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The client sees the same broken connection; only the ledger knows whether the job was accepted."""
    arm(admin, operation="create-job", kind=kind, count=1)
    job_id = str(uuid.uuid4())
    with pytest.raises(httpx.TransportError):
        waiting.put(job_id)
    assert is_paid(admin, job_id) is paid
    assert waiting.put(job_id).status_code == 200


@pytest.mark.parametrize(("kind", "paid"), [("status-before", False), ("status-after", True)])
def test_an_error_status_takes_effect_or_not(
    admin: httpx.Client,
    waiting: Jobs,
    kind: str,
    paid: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A 503 says nothing of whether the job was accepted."""
    arm(admin, operation="create-job", kind=kind, count=1, status=503, code="Busy", retry_after="7")
    job_id = str(uuid.uuid4())
    answer = waiting.put(job_id)
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (503, "Busy", "7")
    assert is_paid(admin, job_id) is paid


@pytest.mark.parametrize("setting", ["put_delay_before", "put_delay_after"])
def test_a_client_that_dies_during_a_delayed_put_has_submitted_nevertheless(
    admin: httpx.Client, waiting: Jobs, wire: httpx.Client, setting: str
) -> None:
    """Whether the delay lies before or after the effect, the effect comes without the client."""
    admin.put("/settings", json={setting: {"least": 0.3, "most": 0.4}}).raise_for_status()
    job_id = str(uuid.uuid4())
    with pytest.raises(httpx.TimeoutException):
        wire.put(f"/jobs/{job_id}", json=waiting.body(job_id), timeout=0.1)
    assert is_paid(admin, job_id) is (setting == "put_delay_after")
    admin.put("/settings", json={setting: {}})
    assert waiting.put(job_id).status_code == 200
    eventually(lambda: admin.get("/requests").json()["in_flight"] == 0)
    assert [run["job"] for run in admin.get("/ledger").json()["runs"]].count(job_id) == 1


def test_a_fault_acts_as_often_as_it_says_and_only_there(
    admin: httpx.Client, waiting: Jobs, wire: httpx.Client
) -> None:
    """The third call is answered, and so are calls of other operations."""
    (job_id,) = waiting.queue()
    before = admin.get("/faults").json()["struck"].get("status-before", 0)
    arm(admin, operation="get-job", kind="status-before", count=2, status=429)
    assert wire.get("/quotas").status_code == 200
    assert [wire.get(f"/jobs/{job_id}").status_code for _ in range(3)] == [429, 429, 200]
    told = admin.get("/faults").json()
    assert (told["faults"], told["struck"]["status-before"]) == ([], before + 2)


def test_a_fault_can_be_for_one_job(admin: httpx.Client, waiting: Jobs, wire: httpx.Client) -> None:
    """Other jobs are not disturbed."""
    disturbed, other = waiting.queue(2)
    arm(admin, operation="get-job", kind="status-before", status=500, job=disturbed)
    assert wire.get(f"/jobs/{other}").status_code == 200
    assert wire.get(f"/jobs/{disturbed}").status_code == 500


def test_a_gateway_page_is_no_json(admin: httpx.Client, wire: httpx.Client) -> None:
    """An HTML page with an error status, as proxies send it."""
    arm(admin, kind="html-page", count=1, status=502)
    answer = wire.get("/jobs")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")


def test_an_injected_401_has_no_body(admin: httpx.Client, wire: httpx.Client) -> None:
    """It looks like any other 401."""
    arm(admin, kind="status-before", count=1, status=401)
    answer = wire.get("/jobs")
    assert (answer.status_code, answer.content) == (401, b"")
    assert "www-authenticate" in answer.headers


def test_an_unknown_status_word_is_shown_in_get_and_list(admin: httpx.Client, waiting: Jobs) -> None:
    """Only the word is new, the job is what it was."""
    (job_id,) = waiting.queue(name="unknown-word")
    arm(admin, kind="unknown-status", word="Recalibrating", job=job_id)
    assert waiting.get(job_id)["status"] == "Recalibrating"
    (row,) = waiting.pages(filter="Name eq 'unknown-word'")[0]["value"]
    assert row["status"] == "Recalibrating"
    admin.delete("/faults")
    assert waiting.get(job_id)["status"] == "Waiting"


def test_an_output_can_be_missing_for_a_while(admin: httpx.Client, jobs: Jobs, web: httpx.Client) -> None:
    """The job is Succeeded, its blob comes later."""
    arm(admin, kind="missing-output", count=1, seconds=100)
    output = jobs.finished(jobs.submit())["outputDataUri"]
    missing = web.get(output)
    assert (missing.status_code, "BlobNotFound" in missing.text) == (404, True)
    admin.post("/clock", json={"advance_seconds": 101})
    eventually(lambda: web.get(output).status_code == 200)
    assert web.get(output).json() == {"histogram": {"0": 0.5, "3": 0.5}}


def test_a_body_can_be_cut_off(admin: httpx.Client, waiting: Jobs, wire: httpx.Client) -> None:
    """The status says that all is well, and the JSON ends in the middle."""
    (job_id,) = waiting.queue()
    arm(admin, operation="get-job", kind="truncated-body", count=1)
    whole, cut = [wire.get(f"/jobs/{job_id}") for _ in range(2)][::-1]
    # Beyond its name each answer has signed addresses of its own second.
    same = whole.content.index(b"containerUri")
    assert (cut.status_code, cut.content[:same]) == (200, whole.content[:same])
    assert 0 < len(cut.content) < len(whole.content)


def test_a_list_can_be_stale(admin: httpx.Client, waiting: Jobs, wire: httpx.Client) -> None:
    """It stays as it was when it was first asked for, while a GET of the job shows what is."""
    (job_id,) = waiting.queue(name="stale")
    arm(admin, kind="stale-list")
    shown = waiting.pages(filter="Name eq 'stale'")
    wire.post(f"/jobs/{job_id}:cancel").raise_for_status()
    assert waiting.get(job_id)["status"] == "Cancelled"
    assert waiting.pages(filter="Name eq 'stale'") == shown
    admin.delete("/faults")
    assert waiting.pages(filter="Name eq 'stale'")[0]["value"][0]["status"] == "Cancelled"


def test_a_list_can_miss_a_job_while_paging(admin: httpx.Client, waiting: Jobs) -> None:
    """One row is in no page, and a GET shows that the job is there."""
    ids = waiting.queue(3, name="short")
    arm(admin, kind="short-list", count=1, job=ids[1])
    shown = {row["id"] for page in waiting.pages(filter="Name eq 'short'", top=2) for row in page["value"]}
    assert shown == {ids[0], ids[2]}
    assert waiting.get(ids[1])["status"] == "Waiting"


def test_storage_can_be_shown_at_another_address(
    emulator: RunningEmulator, admin: httpx.Client, jobs: Jobs, web: httpx.Client
) -> None:
    """A proxy before the account sees what clients do; the account's own address goes on working."""
    own = str(emulator.facts["storage_url"])
    other = own.replace("127.0.0.1", "localhost")
    try:
        admin.put("/storage", json={"url": other}).raise_for_status()
        output = str(jobs.finished(jobs.submit())["outputDataUri"])
        assert output.startswith(f"{other}/")
        assert web.get(output).content == web.get(output.replace(other, own)).content
    finally:
        admin.put("/storage", json={"url": own}).raise_for_status()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("ProviderTimeout", {"code": "ProviderTimeout", "message": "this failure was asked for"}, id="why"),
        pytest.param("", {"code": None, "message": None}, id="nothing"),
    ],
)
def test_a_run_can_fail(admin: httpx.Client, jobs: Jobs, code: str, told: dict[str, str | None]) -> None:
    """It executed and was billed, and says why it failed, or nothing."""
    arm(admin, kind="failed-run", count=1, code=code)
    failed = jobs.finished(jobs.submit())
    assert (failed["status"], failed["errorData"]) == ("Failed", told)
    assert is_paid(admin, failed["id"])
    assert jobs.finished(jobs.submit())["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("settings", {"waiting_seconds": -1}, id="a time below zero"),
        pytest.param("settings", {"wating_seconds": 1}, id="a setting that does not exist"),
        pytest.param("settings", {"put_delay_after": {"least": 2, "most": 1}}, id="a range upside down"),
        pytest.param("faults", {"kind": "earthquake"}, id="a kind that does not exist"),
        pytest.param("faults", {"operation": "fly", "kind": "delay-before"}, id="an operation that does not exist"),
        pytest.param("faults", {"kind": "delay-before", "probability": 2}, id="a probability above one"),
        pytest.param("clock", {"advance_seconds": -5}, id="a clock put back"),
        pytest.param("storage", {"url": "somewhere"}, id="an address that is none"),
    ],
)
def test_a_wrong_wish_is_refused_and_changes_nothing(admin: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """A typing error in a test must not make it pass."""
    before = admin.get("/settings").json()
    answer = admin.request("PUT" if path in {"settings", "storage"} else "POST", f"/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert admin.get("/settings").json() == before


def test_requests_are_counted(admin: httpx.Client, wire: httpx.Client) -> None:
    """By operation and by status."""
    admin.delete("/requests")
    wire.get("/jobs/11111111-2222-3333-4444-555555555555")
    wire.get("/quotas")
    wire.get("/quotas")
    counts = admin.get("/requests").json()
    assert counts["operations"] == {"get-job": {"404": 1}, "get-quotas": {"200": 2}}
    assert (counts["in_flight"], counts["max_in_flight"]) == (0, 1)


def test_jobs_that_were_shown_are_counted(admin: httpx.Client, wire: httpx.Client, jobs: Jobs) -> None:
    """Each job counts once, however often a GET or a list tells of it; a job that was only made doesn't."""
    admin.put("/settings", json={"waiting_seconds": 3600})
    made = jobs.queue(3)
    admin.delete("/requests")
    assert admin.get("/requests").json()["jobs_shown"] == 0
    wire.get(f"/jobs/{made[0]}")
    wire.get(f"/jobs/{made[0]}")
    assert admin.get("/requests").json()["jobs_shown"] == 1
    assert {job["id"] for page in jobs.pages() for job in page["value"]} >= set(made)
    assert admin.get("/requests").json()["jobs_shown"] >= 3
