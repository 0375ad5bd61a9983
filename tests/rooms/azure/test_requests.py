"""What the client sends: the right request to the right place, and pages followed only where they belong."""

import json
from typing import Any
from uuid import UUID

import pytest

from quantumjob_operator import __version__
from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.model.errors import Retryable
from rooms.azure.conftest import Observed
from rooms.azure.misbehaving import MisbehavingServer, says
from rooms.azure.samples import DEFINITION, JOB_ID, KEY, LOCATION, RESOURCE_ID, job

JOBS = f"{RESOURCE_ID}/jobs"


async def test_every_request_says_who_asks(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Version, credential, a new request id and the operator's name go with each request."""
    server.plays(says(job()))
    await client.get_job(JOB_ID)
    await client.get_job(JOB_ID)
    first, second = server.received
    assert (first.method, first.path) == ("GET", f"{JOBS}/{JOB_ID}")
    assert first.query == {"api-version": ["2026-01-15-preview"]}
    assert first.headers["x-ms-quantum-api-key"] == KEY
    assert first.headers["user-agent"] == f"quantumjob-operator/{__version__}"
    ids = {UUID(request.headers["x-ms-client-request-id"]) for request in (first, second)}
    assert len(ids) == 2


async def test_a_job_is_put_under_its_own_id(
    server: MisbehavingServer, client: WorkspaceClient, observed: Observed
) -> None:
    """The body is the create body, the id stands in the path alone, and the observer hears of it."""
    server.plays(says(job(), status=201))
    created = await client.put_job(DEFINITION, LOCATION)
    request = server.received[0]
    body = json.loads(request.body)
    assert (created.id, created.status) == (JOB_ID, "Waiting")
    assert (request.method, request.path) == ("PUT", f"{JOBS}/{JOB_ID}")
    assert body["containerUri"] == LOCATION.container_uri_with_sas
    assert "id" not in body
    assert observed.exchanges == [("put_job", "201")]


@pytest.mark.parametrize("job_id", ["", "..", "../../x", "0b3e", f"{JOB_ID}/x", f"{JOB_ID}?x"])
async def test_ids_that_are_no_guids(server: MisbehavingServer, client: WorkspaceClient, job_id: str) -> None:
    """An id that could change the path is a mistake of the caller, and nothing is sent."""
    with pytest.raises(ValueError, match="GUID"):
        await client.get_job(job_id)
    assert server.received == []


@pytest.mark.parametrize(
    "resource_id",
    ["", "/subscriptions/x", f"{RESOURCE_ID}/jobs", RESOURCE_ID.replace("research-rg", ".."), RESOURCE_ID[1:]],
)
async def test_resource_ids_that_are_no_workspaces(transport: HttpTransport, resource_id: str) -> None:
    """A client exists only for a workspace."""
    with pytest.raises(ValueError, match="workspace"):
        WorkspaceClient(
            endpoint="https://eastus.quantum.azure.com",
            resource_id=resource_id,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins(),
        )


async def test_pages_are_followed_to_the_end(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """The filter goes with the first request; the links carry the rest, whatever the case of their path."""
    link = f"{server.url}{JOBS.upper()}?api-version=old&skip=100&filter=x"
    server.plays(
        says({"value": [job(), job(status="Executing")], "nextLink": link}),
        says({"value": [], "nextLink": f"{link}0"}),
        says({"value": [job(status="Succeeded")], "nextLink": None}),
    )
    pages = [page async for page in client.list_jobs(filter="startswith(Name, 'x')")]
    assert [[row.status for row in page] for page in pages] == [["Waiting", "Executing"], [], ["Succeeded"]]
    first, second, _ = server.received
    assert first.query["filter"] == ["startswith(Name, 'x')"]
    assert first.query["orderby"] == ["CreationTime desc"]
    assert second.query == {"skip": ["100"], "filter": ["x"], "api-version": ["2026-01-15-preview"]}


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example{jobs}?skip=1", id="another host"),
        pytest.param("http://127.0.0.1:9{jobs}?skip=1", id="another port"),
        pytest.param("{url}@evil.example{jobs}?skip=1", id="the origin as a user name"),
        pytest.param("{url}/other?skip=1", id="another path"),
        pytest.param("{url}{jobs}/../../x?skip=1", id="a path that climbs"),
        pytest.param("{url}{jobs}/%2e%2e/x?skip=1", id="a path that climbs by escapes"),
        pytest.param("{url}{jobs}/x?skip=1", id="a single job"),
        pytest.param("{jobs}?skip=1", id="a relative link"),
        pytest.param("skip=1", id="no link at all"),
        pytest.param(7, id="a number"),
    ],
)
async def test_links_that_lead_elsewhere(server: MisbehavingServer, client: WorkspaceClient, link: Any) -> None:
    """A link that is not more of the same list is an error, and gets no request and no credential."""
    target = link.format(url=server.url, jobs=JOBS) if isinstance(link, str) else link
    server.plays(says({"value": [], "nextLink": target}))
    with pytest.raises(Retryable):
        [page async for page in client.list_jobs()]
    assert len(server.received) == 1


async def test_links_that_go_in_circles(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A link that was followed before ends the listing with an error."""
    link = f"{server.url}{JOBS}?skip="
    server.plays(
        says({"value": [], "nextLink": f"{link}1"}),
        says({"value": [], "nextLink": f"{link}2"}),
        says({"value": [], "nextLink": f"{link}1"}),
    )
    with pytest.raises(Retryable, match="circle"):
        [page async for page in client.list_jobs()]
    assert len(server.received) == 3


@pytest.mark.parametrize("body", [[], {}, {"value": None}, {"value": {}}, "text"])
async def test_pages_that_are_none(server: MisbehavingServer, client: WorkspaceClient, body: Any) -> None:
    """A list that cannot be read is an error, never an empty list."""
    server.plays(says(body))
    with pytest.raises(Retryable):
        [page async for page in client.list_jobs()]


@pytest.mark.parametrize(
    ("only", "query"),
    [
        pytest.param("State eq 'Waiting'", {"filter": ["State eq 'Waiting'"]}, id="with a filter"),
        pytest.param(None, {}, id="without one"),
    ],
)
async def test_a_page_has_a_hundred_rows_newest_first(
    server: MisbehavingServer, client: WorkspaceClient, only: str | None, query: dict[str, list[str]]
) -> None:
    """Always: without `top`, pages were seen to hold thousands of rows."""
    server.plays(says({"value": [job(isCancelling=True)]}))
    [[row]] = [page async for page in client.list_jobs(filter=only)]
    usual = {"api-version": ["2026-01-15-preview"], "orderby": ["CreationTime desc"], "top": ["100"]}
    assert server.received[0].query == usual | query
    assert row.sight == ("Waiting", True)


@pytest.mark.parametrize(
    ("told", "ahead"),
    [
        pytest.param({"queuePosition": 0}, 0, id="the next"),
        pytest.param({"queuePosition": 999}, 999, id="far behind"),
        pytest.param({"queuePosition": None}, None, id="beyond what is told"),
        pytest.param({}, None, id="nothing told"),
    ],
)
async def test_a_place_in_the_queue_is_a_call_of_a_newer_version(
    server: MisbehavingServer, client: WorkspaceClient, told: dict[str, Any], ahead: int | None
) -> None:
    """That one call alone."""
    server.plays(says(told))
    assert await client.queue_position(JOB_ID) == ahead
    (asked,) = server.received
    assert (asked.method, asked.path) == ("GET", f"{JOBS}/{JOB_ID}/queuePosition")
    assert asked.query == {"api-version": ["2026-08-01-preview"]}


@pytest.mark.parametrize("told", [{"queuePosition": -1}, {"queuePosition": "3"}, {"queuePosition": 1e300}, [], 7])
async def test_what_is_no_place(server: MisbehavingServer, client: WorkspaceClient, told: Any) -> None:
    """It is an error, and no number."""
    server.plays(says(told))
    with pytest.raises(Retryable):
        await client.queue_position(JOB_ID)


async def test_what_is_left_out_is_logged_once(
    server: MisbehavingServer, client: WorkspaceClient, caplog: pytest.LogCaptureFixture
) -> None:
    """By the names of the fields, however many jobs have them; what stands in them may be anything."""
    server.plays(says(job(costEstimate="secret", creationTime=7)))
    for _ in range(3):
        assert await client.get_job(JOB_ID)
        assert await client.on_behalf("research").get_job(JOB_ID)
    (line,) = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert "costEstimate" in line
    assert "creationTime" in line
    assert "secret" not in caplog.text


async def test_a_row_that_cannot_be_read(
    server: MisbehavingServer, client: WorkspaceClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else's broken row does not hide the others; it is logged once, however often the list is read."""
    server.plays(says({"value": [{"id": 7}, job(), None]}))
    for _ in range(3):
        assert [[row.id for row in page] async for page in client.list_jobs()] == [[JOB_ID]]
    assert len([record for record in caplog.records if "left out 2 rows" in record.getMessage()]) == 1


async def test_provider_status_and_quotas(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """Both lists come with all their pages."""
    provider = {"id": "ionq", "targets": [{"id": "ionq.simulator", "currentAvailability": "Degraded"}]}
    server.plays(
        says({"value": [provider], "nextLink": f"{server.url}{RESOURCE_ID}/providerStatus?skip=1"}),
        says({"value": [provider | {"id": "other"}]}),
    )
    assert [(row.provider, row.availability) for row in await client.provider_status()] == [
        ("ionq", "Degraded"),
        ("other", "Degraded"),
    ]
    server.plays(says({"value": [{"dimension": "qgs", "scope": "Workspace", "providerId": "ionq", "limit": 5}]}))
    assert [(row.dimension, row.limit) for row in await client.quotas()] == [("qgs", 5.0)]


async def test_what_is_used_is_asked_of_one_provider(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """The query names it, on each page."""
    row = {"providerId": "ionq", "scope": "Target", "usage": {"shots": 7}, "lastModifiedTime": "2026-01-01T00:00:00Z"}
    more = f"{server.url}{RESOURCE_ID}/quotaUsages?providerId=ionq&skip=1"
    server.plays(says({"value": [row], "nextLink": more}), says({"value": [row | {"targetId": "ionq.simulator"}]}))
    found = await client.quota_usages("ionq")
    assert [(one.provider, one.target, one.usage) for one in found] == [
        ("ionq", "", {"shots": "7"}),
        ("ionq", "ionq.simulator", {"shots": "7"}),
    ]
    assert all("providerId=ionq" in request.target for request in server.received)


async def test_quotas_that_cannot_be_read(server: MisbehavingServer, client: WorkspaceClient) -> None:
    """A row outside the contract is an error that says so."""
    server.plays(says({"value": [{"dimension": 7}]}))
    with pytest.raises(Retryable, match="dimension"):
        await client.quotas()
