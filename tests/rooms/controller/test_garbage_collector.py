"""What a search of a service's list makes known, and to whom, if whoever owns the list fills it in."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from quantumjob_operator.controller import garbage_collector, sightings
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.naming import METADATA_SENT, orphan_tag
from rooms.azure.kept import rows_kept
from rooms.controller.collecting import Row, collecting, row
from rooms.model.bodies import OTHER_UID, UID, job_body

GUESSED: Final = "a-key-that-was-guessed"
ALL: Final[Row] = {"allowedNamespaces": {"from": "All"}}
NOBODYS: Final = str(UUID(int=7))
LEFT: Final = row("research", str(UUID(int=1)))
"""Of the workspace's own namespace, and really left: whoever stands before it was looked at when it is reported."""


@pytest.mark.parametrize("used", [True, False], ids=["the key is used", "the key is not used"])
async def test_whether_others_use_a_key_is_not_told(*, used: bool) -> None:
    """Neither by an Event nor by a request: to a row with the id of a guessed key nothing happens at all."""
    asks = row("victim", NOBODYS, key=GUESSED)
    async with collecting() as scene:
        if used:
            scene.knows(job_body({"idempotencyKey": GUESSED}, namespace="victim"))
        scene.lists.rows = [asks, LEFT]
        scene.leads(ALL)
        await scene.until(lambda: scene.told_of(LEFT))
        assert (scene.told_of(asks), asks["id"] in scene.lists.asked) == (False, False)
        assert scene.metrics.registry.get_sample_value("quantumjob_jobs_without_object_total") == 1.0
        assert not [path for path in scene.cluster if "victim" in path]


@pytest.mark.parametrize(
    ("one", "spec", "told"),
    [
        pytest.param(row("research", OTHER_UID, key="own"), {}, True, id="its own namespace's key"),
        pytest.param(row("guest", NOBODYS), ALL, True, id="a guest's job under the id of its uid"),
        pytest.param(row("guest", NOBODYS), {}, False, id="no guests are admitted"),
        pytest.param(row("guest", UID), ALL, False, id="the guest's object is there"),
        pytest.param({**row("guest", NOBODYS), "id": NOBODYS}, ALL, False, id="an id that follows from nothing"),
    ],
)
async def test_which_rows_are_reported(one: Row, spec: dict[str, Any], *, told: bool) -> None:
    """Into the QuantumWorkspace's own namespace, and without a question that costs more the more jobs others have."""
    async with collecting() as scene:
        scene.knows(job_body(namespace="guest"))
        scene.lists.rows = [one, LEFT]
        scene.leads(spec)
        await scene.until(lambda: scene.told_of(LEFT))
        assert scene.told_of(one) is told
        assert {event["involvedObject"]["namespace"] for event in scene.events} == {"research"}
        assert "GET /apis/quantumjobs.dev/v1alpha1/namespaces/guest/quantumjobs" not in scene.cluster
        assert "GET /api/v1/namespaces/guest" not in scene.cluster


async def test_another_workspaces_row_silences_nobody() -> None:
    """The same id in two lists is told to both owners: the first may be a stranger who knows it."""
    async with collecting() as scene:
        scene.lists.rows = [LEFT]
        scene.leads(ALL, namespace="stranger", uid=NOBODYS)
        await scene.until(lambda: scene.told_of(LEFT))
        scene.leads()
        await scene.until(lambda: {one["involvedObject"]["namespace"] for one in scene.events} > {"stranger"})


async def test_orphans_hide_nobody() -> None:
    """More of them than a search acts on, all newer; those are told of that nobody is known to have let go."""
    numbers = range(100, 220)
    released = [row("research", str(UUID(int=one)), tags=(orphan_tag(UID),)) for one in numbers]
    unmarked = [row("research", str(UUID(int=1000 + one)), policy="Orphan") for one in numbers]
    async with collecting() as scene:
        scene.collector.may_cancel = True
        scene.lists.rows = [*released, *unmarked, LEFT]
        scene.leads()
        await scene.until(lambda: scene.told_of(LEFT))
        assert not any(map(scene.told_of, released))
        assert [scene.told_of(one) for one in unmarked] == [True] * 100 + [False] * 20
        assert "nothing shows that it was released: cancel it at the service" in scene.events[0]["message"]
        assert not any("asked to cancel" in event["message"] for event in scene.events)


async def test_a_search_lists_a_namespace_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each row under the id of a key, of which whoever owns the list writes any number; the next goes on."""
    monkeypatch.setattr(sightings, "MOST_LOOKED", 3)
    rows = [row("research", str(UUID(int=1000 + one)), key=f"k{one}") for one in range(8)]
    async with collecting() as scene:
        scene.lists.rows = rows
        scene.leads()
        await scene.until(lambda: len(scene.lists.lists) >= 3)
        # The first search has only seen them, and the third one may be over as well.
        assert 0 < sum(map(scene.told_of, rows)) <= 6
        await scene.until(lambda: all(map(scene.told_of, rows)))


async def test_a_search_that_fails_forgets_nothing_and_reports_nothing_twice() -> None:
    """A list that breaks off is no sign that a job has ended."""
    async with collecting() as scene:
        scene.lists.rows = [LEFT]
        scene.leads()
        await scene.until(lambda: scene.told_of(LEFT))
        scene.lists.broken = True
        before = len(scene.lists.lists)
        await scene.until(lambda: len(scene.lists.lists) > before + 1)
        scene.lists.broken = False
        before = len(scene.lists.lists)
        await scene.until(lambda: len(scene.lists.lists) > before + 1)
        assert len(scene.events) == 1


@pytest.mark.parametrize(
    ("ahead", "sent", "cancelled"),
    [
        pytest.param(2, 1, True, id="the API server is ahead, and a predecessor sent it"),
        pytest.param(-2, -1, False, id="the API server is behind, and another process sent it since"),
    ],
)
async def test_whose_job_it_is_by_the_api_servers_clock(*, ahead: int, sent: int, cancelled: bool) -> None:
    """Hours from this machine's time: the job says when it was sent by the clock that is learnt before the search."""
    one = row("research", NOBODYS, policy="Cancel")
    one["metadata"][METADATA_SENT] = stamp(datetime.now(UTC) + timedelta(hours=sent))
    async with collecting(ahead=timedelta(hours=ahead)) as scene:
        scene.collector.may_cancel = True
        scene.lists.rows = [one]
        scene.leads()
        await scene.until(lambda: scene.told_of(one))
        assert ("it was asked to cancel" in scene.events[0]["message"]) is cancelled


async def test_slow_lists_delay_only_their_own_tenant() -> None:
    """More of one tenant's workspaces never answer than are searched at a time; another's is searched all the same."""
    async with collecting() as scene:
        scene.lists.slow = {f"slow-{number}" for number in range(12)}
        for number, name in enumerate(sorted(scene.lists.slow)):
            uid = str(UUID(int=number))
            scene.leads(azure=name, namespace="slow", name=name, uid=uid)
        await scene.until(lambda: len(scene.lists.lists) > 0)
        scene.leads()
        scene.lists.rows = [LEFT]
        await scene.until(lambda: scene.told_of(LEFT))
        assert len([name for name in scene.lists.lists if name in scene.lists.slow]) == 1


async def test_slow_lists_of_many_namespaces_delay_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight namespaces have many workspaces each, of which none answers; another's list comes after one of each."""
    monkeypatch.setattr(garbage_collector, "_SEARCH_SECONDS", 1.0)
    async with collecting() as scene:
        scene.lists.slow = {f"slow-{number}" for number in range(40)}
        for number, name in enumerate(sorted(scene.lists.slow)):
            scene.leads(azure=name, namespace=f"slow-{number % 8}", name=name, uid=str(UUID(int=number)))
        await scene.until(lambda: len(scene.lists.lists) >= 8)
        scene.leads(uid="f" * 36)
        scene.lists.rows = [LEFT]
        await scene.until(lambda: scene.told_of(LEFT))
        assert len(scene.lists.lists) <= 40, "three turns: a job is seen twice before it is told of"


async def test_rows_that_make_a_page_too_large_hide_nobody() -> None:
    """The list is read in smaller pages."""
    newer = [row("research", str(UUID(int=number)), policy="Orphan") for number in range(100, 110)]
    async with collecting() as scene:
        scene.lists.largest = 5
        scene.lists.rows = [*newer, LEFT]
        scene.leads()
        await scene.until(lambda: scene.told_of(LEFT))


async def test_a_search_that_runs_out_of_time_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has many long jobs under way in a shared workspace hides no older one there."""
    monkeypatch.setattr(garbage_collector, "_SEARCH_SECONDS", 1.0)
    newer = [row("research", str(UUID(int=number)), policy="Orphan") for number in range(100, 160)]
    async with collecting() as scene:
        scene.lists.largest, scene.lists.seconds = 2, 0.08
        scene.lists.rows = [*newer, LEFT]
        scene.leads()
        await scene.until(lambda: scene.told_of(LEFT), 60)


class Looking(list[Row]):
    """Rows that look how many of them are in the operator's memory whenever a page of them is asked for."""

    kept: list[int]

    def __getitem__(self, which: Any) -> Any:
        """A page."""
        self.kept.append(rows_kept())
        return super().__getitem__(which)


async def test_of_a_page_nothing_is_kept_while_the_next_one_is_awaited() -> None:
    """Rows full of bills are four times as long in memory as in the list, and the next page may never come."""
    rows = Looking(row("research", str(UUID(int=number)), policy="Orphan") for number in range(250))
    rows.kept, before = [], rows_kept()
    async with collecting() as scene:
        scene.lists.rows = rows
        scene.leads()
        await scene.until(lambda: len(rows.kept) >= 3)
    # The last row of a page is only forgotten with the first of the next one.
    assert max(rows.kept) - before <= 1
