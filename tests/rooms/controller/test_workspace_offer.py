"""What a workspace tells is bounded before it is cleaned, kept or written."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.controller.workspace_offer import ask_offer, room_for
from quantumjob_operator.model.quantumworkspace import parse_workspace
from rooms.azure.misbehaving import Received, misbehaving_server, says
from rooms.azure.samples import KEY, RESOURCE_ID
from rooms.model.bodies import workspace_body


@asynccontextmanager
async def telling(row: Mapping[str, object], rows: int, asked: list[Received]) -> AsyncIterator[WorkspaceClient]:
    """A client of a service that answers every list with rows that differ by their names, and notes who asked."""
    async with misbehaving_server() as server, open_transport() as transport:
        server.plays(
            says({"value": [{**row, "id": f"{number:0250}", "providerId": "x" * 250} for number in range(rows)]})
        )
        server.received = asked
        yield WorkspaceClient(
            endpoint=server.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([server.url]),
        )


LONG: Mapping[str, object] = {
    "dimension": "d" * 250,
    "targets": [{"id": "t" * 250, "currentAvailability": "a" * 250}],
}


@pytest.mark.parametrize(
    ("rows", "workspaces", "targets", "quotas"),
    [
        pytest.param(15, 1, 15, 15, id="what fits is shown whole"),
        pytest.param(200, 1, 80, 116, id="one workspace: as far as 64 KiB go, each row with 64 characters of its own"),
        pytest.param(200, 16, 80, 116, id="sixteen in the namespace: each has as much"),
        pytest.param(200, 64, 20, 29, id="more of them share 1 MiB"),
        pytest.param(200, 1_000, 1, 1, id="a thousand share no more"),
        pytest.param(200, 20_000, 0, 0, id="and any number of them"),
    ],
)
async def test_names_beyond_what_a_status_holds_are_left_out(
    rows: int, workspaces: int, targets: int, quotas: int
) -> None:
    """The list of targets and of quotas: each keeps the first rows, as far as the room of this workspace goes."""
    workspace = parse_workspace(workspace_body({}))
    async with telling(LONG, rows, []) as client:
        offer = await ask_offer(workspace, client, room_for(workspaces))
    assert (len(offer.targets), len(offer.quotas or ())) == (targets, quotas)


def target(**more: str) -> Mapping[str, object]:
    """A row of a provider with one target."""
    return {"targets": [{"id": "t", **more}]}


def used(names: int, digits: int, length: int = 2) -> Mapping[str, object]:
    """A row of what is used, of a provider with one target."""
    return {**target(), "usage": {f"{number:0{length}}": "9" * digits for number in range(names)}}


@pytest.mark.parametrize(
    ("row", "targets", "usages"),
    [
        pytest.param(target(targetProfile="p" * 250), 57, 104, id="the profile of a target"),
        pytest.param(used(32, 1, 100), 60, 5, id="the names of what is used"),
        pytest.param(used(32, 64), 60, 7, id="how much of it is used"),
        pytest.param(used(32, 1), 60, 13, id="and the entries themselves, which take more than their texts"),
    ],
)
async def test_all_that_a_row_keeps_counts(row: Mapping[str, object], targets: int, usages: int) -> None:
    """Of what is used no further provider is asked once there is no room."""
    asked: list[Received] = []
    async with telling(row, 60, asked) as client:
        offer = await ask_offer(parse_workspace(workspace_body({"workspaceKind": "V2"})), client, room_for(32))
    assert (len(offer.targets), len(offer.usages or ())) == (targets, usages)
    assert sum(one.path.endswith("/quotaUsages") for one in asked) == -(-usages // 60)
