"""Lists: the language of filters, orders and pages."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from emulator.jobs import Jobs
from emulator.process import RunningEmulator

ROWS: dict[str, dict[str, Any]] = {
    "apple": {"name": "apple", "target": "ionq.simulator"},
    "apricot": {"name": "apricot", "target": "ionq.qpu.aria-1"},
    "it's": {
        "name": "it's",
        "providerId": "quantinuum",
        "target": "quantinuum.sim.h2-1e",
        "inputDataFormat": "honeywell.openqasm.v1",
        "outputDataFormat": "honeywell.quantum-results.v1",
    },
    "cancelled": {"name": "cancelled", "target": "ionq.simulator"},
}
EVERYTHING = set(ROWS)

Listed = Callable[..., list[str]]


@pytest.fixture(scope="module")
def orchard(shared_emulator: RunningEmulator) -> Iterator[str]:
    """Submit a few jobs, and return the time since when there are no others than these."""
    with shared_emulator.admin() as admin, shared_emulator.client() as wire, shared_emulator.stranger() as web:
        admin.put("/settings", json={"waiting_seconds": 3600}).raise_for_status()
        jobs = Jobs(wire, web)
        ids = {key: jobs.queue(**changes)[0] for key, changes in ROWS.items()}
        wire.post(f"/jobs/{ids['cancelled']}:cancel").raise_for_status()
        yield min(jobs.get(job_id)["creationTime"] for job_id in ids.values())


@pytest.fixture
def listed(orchard: str, jobs: Jobs) -> Listed:
    """Return the names of all jobs, of those above, that a list has."""

    def names(**query: Any) -> list[str]:
        since = f"CreationTime ge {orchard}"
        if query.get("filter"):
            since += f" and ({query.pop('filter')})"
        return [
            row["name"] for page in jobs.pages(filter=since, **query) for row in page["value"] if row["name"] in ROWS
        ]

    return names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        pytest.param("startswith(Name, 'ap')", {"apple", "apricot"}, id="names by their beginning"),
        pytest.param("startswith(Name, 'AP')", set(), id="names have a case"),
        pytest.param("startswith(Name, '%')", set(), id="a percent sign is no wild card"),
        pytest.param("Name eq 'it''s'", {"it's"}, id="a quote is doubled"),
        pytest.param(
            "(ProviderId eq 'ionq' or ProviderId eq 'rigetti')", EVERYTHING - {"it's"}, id="one of two providers"
        ),
        pytest.param("ProviderId eq 'IonQ'", EVERYTHING - {"it's"}, id="providers have no case"),
        pytest.param("(Target eq 'ionq.qpu.aria-1')", {"apricot"}, id="a target"),
        pytest.param(
            "(State eq 'Waiting' or State eq 'Executing')", EVERYTHING - {"cancelled"}, id="one of two states"
        ),
        pytest.param("State eq 'Queued'", EVERYTHING - {"cancelled"}, id="a state by its newer name"),
        pytest.param("State ne 'Cancelled'", EVERYTHING - {"cancelled"}, id="all but a state"),
        pytest.param("(JobType eq 'QuantumComputing')", EVERYTHING, id="the only job type"),
        pytest.param("(ItemType eq 'Session')", set(), id="jobs are no sessions"),
        pytest.param("CreationTime ge 2025-01-02", EVERYTHING, id="since a day"),
        pytest.param("CreationTime lt 2025-01-02T03:04:05Z", set(), id="before a time"),
        pytest.param(
            "startswith(Name, 'ap') and (ProviderId eq 'ionq') and (State eq 'Waiting') and Target eq 'ionq.simulator'",
            {"apple"},
            id="several conditions at once",
        ),
        pytest.param("Name eq 'apple' or Name eq 'apricot' and State eq 'Failed'", {"apple"}, id="and binds before or"),
        pytest.param(
            "(Name eq 'apple' or Name eq 'apricot') and State eq 'Failed'", set(), id="brackets bind before and"
        ),
    ],
)
def test_a_filter_finds_what_it_names(listed: Listed, condition: str, names: set[str]) -> None:
    """The whole grammar of the wire reference, and no more than it says."""
    assert set(listed(filter=condition)) == names


@pytest.mark.parametrize(
    ("order", "first"),
    [
        pytest.param("Name asc", "apple", id="names upwards"),
        pytest.param("Name desc", "it's", id="names downwards"),
        pytest.param("CreationTime", "apple", id="times upwards if nothing is said"),
        pytest.param("CreationTime desc", "cancelled", id="the newest first"),
    ],
)
@pytest.mark.parametrize("top", [1, 3, 100])
def test_an_order_holds_over_pages(listed: Listed, order: str, first: str, top: int) -> None:
    """Whatever the page size, each job comes once, in order."""
    names = listed(orderby=order, top=top)
    assert names[0] == first
    assert sorted(names) == sorted(ROWS)


def test_the_newest_job_is_listed_first(listed: Listed) -> None:
    """Without an order, lists begin with the newest."""
    assert listed() == ["cancelled", "it's", "apricot", "apple"]


def test_top_is_the_page_size_and_not_a_cap(orchard: str, jobs: Jobs) -> None:
    """Links lead through the whole list, and carry filter, order and version with them."""
    pages = jobs.pages(filter=f"CreationTime ge {orchard}", top=2, orderby="Name asc")
    assert all(len(page["value"]) == 2 for page in pages[:-1])
    assert sum(len(page["value"]) for page in pages) >= len(ROWS)
    link = httpx.URL(pages[0]["nextLink"])
    assert link.scheme == "http"
    assert list(link.params) == ["filter", "orderby", "top", "skip", "api-version"]
    assert (link.params["top"], link.params["skip"]) == ("2", "2")
    assert pages[-1]["nextLink"] is None


def test_skip_leaves_out_the_first_rows(listed: Listed) -> None:
    """`skip` counts rows of the whole list, once, not on every page."""
    assert listed(orderby="Name asc", skip=1, top=1) == ["apricot", "cancelled", "it's"]


@pytest.mark.parametrize(
    ("meanwhile", "seen"),
    [
        pytest.param("nothing", [4, 3, 2, 1, 0], id="each row once while nothing happens"),
        pytest.param("a job comes", [4, 3, 3, 2, 1, 0], id="a row twice where one comes"),
        pytest.param("a job goes", [4, 3, 1, 0], id="a row missing where one goes"),
    ],
)
def test_rows_shift_between_pages(
    admin: httpx.Client, jobs: Jobs, wire: httpx.Client, meanwhile: str, seen: list[int]
) -> None:
    """Links count rows, as the service's do."""
    admin.put("/settings", json={"waiting_seconds": 3600})
    name = f"shift-{meanwhile}"
    older = jobs.queue(5, name=name)
    pages = jobs.pages(filter=f"Name eq '{name}' and State eq 'Waiting'", top=2)[:1]
    if meanwhile == "a job comes":
        jobs.queue(name=name)
    if meanwhile == "a job goes":
        wire.post(f"/jobs/{older[4]}:cancel").raise_for_status()
    while link := pages[-1]["nextLink"]:
        pages.append(jobs.follow(link))
    assert [older.index(row["id"]) for page in pages for row in page["value"]] == seen


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        pytest.param("State eq 'Waiting'", 200, id="another word"),
        pytest.param("Name eq 'Queued jobs'", 200, id="a text that has more than the word"),
        pytest.param("(State eq 'Waiting' or State eq 'Queued')", 400, id="the word"),
    ],
)
def test_a_filter_can_be_made_to_refuse_words(
    admin: httpx.Client, wire: httpx.Client, condition: str, status: int
) -> None:
    """Which words the real service takes was never seen for all of them."""
    admin.put("/settings", json={"refused_filter_words": ["Queued", "Cancelling"]}).raise_for_status()
    answer = wire.get("/jobs", params={"filter": condition})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["code"] == "InvalidFilter"
