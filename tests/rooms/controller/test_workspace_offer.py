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
from rooms.azure.misbehaving import misbehaving_server, says
from rooms.azure.samples import KEY, RESOURCE_ID
from rooms.model.bodies import workspace_body


@asynccontextmanager
async def telling(row: Mapping[str, object], rows: int) -> AsyncIterator[WorkspaceClient]:
    """A client of a service that answers every list with rows that differ by their names."""
    async with misbehaving_server() as server, open_transport() as transport:
        server.plays(
            says({"value": [{**row, "id": f"{number:0250}", "providerId": "x" * 250} for number in range(rows)]})
        )
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
        pytest.param(200, 5_000, 5, 7, id="any number of them: 4 KiB for each"),
    ],
)
async def test_names_beyond_what_a_status_holds_are_left_out(
    rows: int, workspaces: int, targets: int, quotas: int
) -> None:
    """The list of targets and of quotas: each keeps the first rows, as far as the room of this workspace goes."""
    workspace = parse_workspace(workspace_body({}))
    async with telling(LONG, rows) as client:
        offer = await ask_offer(workspace, client, room_for(workspaces))
    assert (len(offer.targets), len(offer.quotas or ())) == (targets, quotas)
