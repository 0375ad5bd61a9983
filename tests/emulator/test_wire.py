"""The raw protocol: what the SDK hides from its users, and what a client that is not the SDK fails at."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from emulator.jobs import Jobs
from emulator.process import RunningEmulator

UNKNOWN = "11111111-2222-3333-4444-555555555555"
URIS = ("containerUri", "inputDataUri", "outputDataUri")


@pytest.fixture
def waiting(admin: httpx.Client, jobs: Jobs) -> Jobs:
    """Jobs that stay in Waiting."""
    admin.put("/settings", json={"waiting_seconds": 3600}).raise_for_status()
    return jobs


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"x-other": "1"}, id="no credential"),
        pytest.param({"x-ms-quantum-api-key": "wrong"}, id="a wrong API key"),
        pytest.param({"authorization": "Bearer wrong"}, id="a wrong bearer token"),
        pytest.param({"authorization": "Basic token"}, id="another scheme"),
        pytest.param({"x-ms-quantum-api-key": ""}, id="an empty API key"),
    ],
)
def test_without_a_valid_credential_the_body_is_empty(emulator: RunningEmulator, headers: dict[str, str]) -> None:
    """401 has no body, only `www-authenticate`."""
    with emulator.client(**headers) as client:
        answer = client.get("/jobs")
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_credentials_are_exchanged_at_run_time(emulator: RunningEmulator, admin: httpx.Client) -> None:
    """A rotated key takes the place of the old one, and a bearer token is as good."""
    admin.put("/credentials", json={"api_key": "rotated", "bearer_tokens": ["token"]}).raise_for_status()
    for headers, status in (
        ({"x-ms-quantum-api-key": "rotated"}, 200),
        ({"authorization": "Bearer token"}, 200),
        ({"x-ms-quantum-api-key": emulator.facts["api_key"]}, 401),
    ):
        with emulator.client(**headers) as client:
            assert client.get("/quotas").status_code == status


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"providerId": "acme"}, 403, "InvalidJobDefinition", id="an unknown provider is forbidden"),
        pytest.param({"target": "ionq.nowhere"}, 403, "InvalidJobDefinition", id="an unknown target is forbidden"),
        pytest.param(
            {"inputDataFormat": "rigetti.quil.v1"}, 400, "InvalidJobDefinition", id="another provider's format is bad"
        ),
        pytest.param({"outputDataFormat": None}, 400, "InvalidJobDefinition", id="no output format"),
        pytest.param({"name": None}, 400, "InvalidJobDefinition", id="no name"),
        pytest.param({"priority": "Urgent"}, 400, "InvalidJobDefinition", id="an unknown priority"),
        pytest.param({"tags": "one"}, 400, "InvalidJobDefinition", id="tags that are no list"),
        pytest.param({"sessionId": UNKNOWN}, 400, "InvalidJobDefinition", id="a session that does not exist"),
        pytest.param({"containerUri": "nowhere/"}, 400, "InvalidJobDefinition", id="an input blob without a name"),
    ],
)
def test_a_wrong_definition_is_refused(
    jobs: Jobs, admin: httpx.Client, changes: dict[str, Any], status: int, code: str
) -> None:
    """The answer is the error object, and nothing is paid."""
    if changes.get("containerUri"):
        changes = {**changes, "inputDataUri": "http://127.0.0.1:1/emulator/container"}
    job_id = str(uuid.uuid4())
    answer = jobs.put(job_id, **changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert job_id not in [run["job"] for run in admin.get("/ledger").json()["runs"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("GET", f"/jobs/{UNKNOWN}", None, 404, id="an unknown job"),
        pytest.param("POST", f"/jobs/{UNKNOWN}:cancel", None, 404, id="cancelling an unknown job"),
        pytest.param("DELETE", f"/jobs/{UNKNOWN}", None, 404, id="deleting an unknown job"),
        pytest.param("PUT", "/jobs/not-a-guid", {"name": "x"}, 400, id="a job id that is no GUID"),
        pytest.param("PUT", f"/jobs/{UNKNOWN}", "{", 400, id="a body that is no JSON"),
        pytest.param("PUT", f"/jobs/{UNKNOWN}", [1], 400, id="a body that is no object"),
        pytest.param("GET", f"/sessions/{UNKNOWN}", None, 404, id="an unknown session"),
        pytest.param("POST", "/storage/sasUri", {"containerName": "Not Valid"}, 400, id="a bad container name"),
        pytest.param("GET", "/nothing", None, 404, id="an unknown path"),
        pytest.param("POST", "/jobs", {}, 405, id="an unknown method"),
        pytest.param("GET", "/jobs?filter=Colour eq 'red'", None, 400, id="an unknown field in a filter"),
        pytest.param("GET", "/jobs?filter=Name eq 'x", None, 400, id="an open quote in a filter"),
        pytest.param("GET", "/jobs?filter=Name eq 'x' or", None, 400, id="a filter that ends too early"),
        pytest.param("GET", "/jobs?filter=(Name eq 'x'))", None, 400, id="a filter with one bracket too many"),
        pytest.param("GET", "/jobs?filter=CreationTime ge soon", None, 400, id="a filter by a time that is none"),
        pytest.param("GET", "/jobs?orderby=Colour desc", None, 400, id="an order by an unknown field"),
        pytest.param("GET", "/jobs?top=0", None, 400, id="an empty page"),
        pytest.param("GET", "/jobs?skip=-1", None, 400, id="skipping less than nothing"),
    ],
)
def test_errors_have_one_shape(wire: httpx.Client, method: str, path: str, body: Any, status: int) -> None:
    """Every refusal is `{"error": {"code", "message"}}`."""
    content = {"content": body} if isinstance(body, str) else {"json": body}
    path, _, query = path.partition("?")
    key, _, value = query.partition("=")
    answer = wire.request(method, path, params={key: value} if key else None, **content)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["code"]
    assert answer.json()["error"]["message"]


def test_another_workspace_and_another_version_are_refused(emulator: RunningEmulator) -> None:
    """The path and the api-version must be exactly those of this workspace; names are compared without case."""
    with emulator.client() as client:
        other = client.get(emulator.workspace_url.replace("/workspaces/emulator", "/workspaces/other") + "/jobs")
        same = client.get(emulator.workspace_url.replace("/workspaces/emulator", "/workspaces/EMULATOR") + "/jobs")
        old = client.get("/jobs", params={"api-version": "2022-09-12-preview"})
    assert (other.status_code, other.json()["error"]["code"]) == (404, "WorkspaceNotFound")
    assert same.status_code == 200
    assert (old.status_code, old.json()["error"]["code"]) == (400, "UnsupportedApiVersion")


def test_a_job_is_shown_as_the_service_shows_it(waiting: Jobs) -> None:
    """Nulls are explicit, the provider is in lower case, metadata are strings, times have seven digits."""
    (job_id,) = waiting.queue(providerId="IonQ", metadata={"text": "a", "number": 4, "truth": True})
    put, job = waiting.put(job_id).json(), waiting.get(job_id)
    assert put["quantumComputingData"] is None
    assert set(put) == set(job)
    assert job["providerId"] == "ionq"
    assert job["metadata"] == {"text": "a", "number": "4", "truth": "true"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", job["creationTime"])
    assert job["quantumComputingData"] == {"count": 1}
    assert job["isCancelling"] is False
    assert (job["tags"], job["jobPriority"], job["lastModifiedTime"]) == ([], "Basic", job["creationTime"])
    absent = ("beginExecutionTime", "endExecutionTime", "cancellationTime", "errorData", "costEstimate", "sessionId")
    assert {key: job[key] for key in absent} == dict.fromkeys(absent)


def test_an_id_in_capitals_is_the_same_job(waiting: Jobs) -> None:
    """GUIDs have no case."""
    (job_id,) = waiting.queue()
    assert waiting.get(job_id.upper())["id"] == job_id


def test_only_a_get_carries_a_signature_that_works(jobs: Jobs, web: httpx.Client) -> None:
    """PUT answers carry none, lists an expired one, and a GET a fresh one for all three addresses."""
    job_id = jobs.submit()
    put = jobs.put(job_id).json()
    assert not any("?" in put[uri] for uri in URIS)
    fresh = jobs.finished(job_id)
    assert all("se" in parse_qs(urlsplit(fresh[uri]).query) for uri in URIS)
    assert web.get(fresh["outputDataUri"]).json() == {"histogram": {"0": 0.5, "3": 0.5}}
    assert web.get(fresh["outputDataUri"], headers={"range": "bytes=0-0"}).status_code == 206
    (listed,) = [row for page in jobs.pages() for row in page["value"] if row["id"] == job_id]
    expiry = datetime.fromisoformat(parse_qs(urlsplit(listed["outputDataUri"]).query)["se"][0])
    assert expiry < datetime.now(UTC)
    assert web.get(listed["outputDataUri"]).status_code == 403


def test_a_signature_for_one_blob_reads_it(jobs: Jobs, wire: httpx.Client, web: httpx.Client) -> None:
    """`storage/sasUri` with a blob's name renews access to that blob."""
    job_id = jobs.submit()
    answer = wire.post("/storage/sasUri", json={"containerName": f"job-{job_id}", "blobName": "inputData"})
    assert web.get(answer.json()["sasUri"]).json()["qubits"] == 2


def test_a_second_upload_is_refused(jobs: Jobs) -> None:
    """`If-None-Match: *` protects an uploaded program."""
    job_id = str(uuid.uuid4())
    jobs.upload(job_id)
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        jobs.upload(job_id)
    assert refusal.value.response.status_code == 409
    assert "BlobAlreadyExists" in refusal.value.response.text


def test_a_program_that_was_never_uploaded_fails_the_job(jobs: Jobs) -> None:
    """The job is accepted, and fails once it looks for its program."""
    (job_id,) = jobs.queue()
    job = jobs.finished(job_id)
    assert (job["status"], job["errorData"]["code"]) == ("Failed", "InvalidInputData")


def test_an_output_format_that_nobody_knows_fails_the_job(jobs: Jobs) -> None:
    """The job is accepted, and fails once there is an output to translate."""
    job = jobs.finished(jobs.submit(outputDataFormat="somebody.else.v1"))
    assert (job["status"], job["errorData"]["code"]) == ("Failed", "CannotTranslateOutputData")


def test_only_name_priority_and_tags_can_be_changed(waiting: Jobs, wire: httpx.Client) -> None:
    """A merge patch changes these three; anything else, and any other content type, is refused."""
    (job_id,) = waiting.queue(tags=["old"])
    merge = {"content-type": "application/merge-patch+json"}
    answer = wire.patch(f"/jobs/{job_id}", content='{"name": "new"}', headers=merge)
    assert (answer.status_code, answer.json()) == (200, {"name": "new", "priority": None, "tags": ["old"]})
    assert (waiting.get(job_id)["name"], waiting.get(job_id)["tags"]) == ("new", ["old"])
    assert wire.patch(f"/jobs/{job_id}", content='{"target": "ionq.qpu"}', headers=merge).status_code == 400
    assert wire.patch(f"/jobs/{job_id}", json={"name": "newer"}).status_code == 415


def test_health_needs_no_credential(emulator: RunningEmulator, web: httpx.Client) -> None:
    """Whoever waits for the workspace needs no key."""
    assert web.get(f"{emulator.facts['endpoint']}healthz").status_code == 200
