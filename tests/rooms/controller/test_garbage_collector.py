"""What a search of a service's list makes known, and to whom, if whoever owns the list fills it in."""

from typing import Any, Final
from uuid import UUID

import pytest

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
