"""What a workspace tells is bounded before it is cleaned, kept or written."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.controller.workspace_offer import ask_offer
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


async def test_names_beyond_what_a_status_holds_are_left_out() -> None:
    """The list of targets and of quotas: each keeps the first rows, as far as 64 KiB of names go."""
    row: dict[str, object] = {"dimension": "d" * 250, "targets": [{"id": "t" * 250, "currentAvailability": "a" * 250}]}
    workspace = parse_workspace(workspace_body({}))
    async with telling(row, 15) as client:
        few = await ask_offer(workspace, client)
    async with telling(row, 100) as client:
        many = await ask_offer(workspace, client)
    assert (len(few.targets), len(few.quotas or ())) == (15, 15)
    assert len(many.targets) == 87
    assert len(many.quotas or ()) == 100
