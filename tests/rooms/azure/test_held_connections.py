"""Connections of QuantumWorkspaces that are gone: of which they are held, for how many, and who looks at them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.connections import HELD_SECONDS, MOST_HELD, Connection, Connections
from quantumjob_operator.azure.credentials import Authenticated
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.settings import Settings
from rooms.model.bodies import workspace

WORKSPACE = workspace()


class Keys:
    """Each workspace has a key of its own, and none is asked for."""

    async def credential(self, one: QuantumWorkspace) -> Authenticated:
        """It."""
        return Authenticated(ApiKey(f"key-of-{one.uid}"), one.uid)


@pytest.fixture
def now() -> list[float]:
    """Monotonic seconds."""
    return [1000.0]


@pytest.fixture
async def connections(now: list[float]) -> AsyncIterator[Connections]:
    """None yet."""
    async with open_transport() as transport:
        yield Connections(
            authenticator=Keys(),  # type: ignore[arg-type]  # of which this is all that is asked
            transport=transport,
            allowed=AllowedOrigins(),
            settings=Settings(),
            observer=lambda _: Observer(lambda *_: None),
            monotonic=lambda: now[0],
        )


def _left(connections: Connections) -> int:
    """How much is remembered of any workspace."""
    of_uids = len(connections._used) + len(connections._open) + len(connections._held)
    return of_uids + len(connections._held_of) + len(connections._named) + len(connections._rate_limiters)


async def _gone(connections: Connections, number: int, *, used: bool) -> QuantumWorkspace:
    """A QuantumWorkspace that came and went, all of one name if its number is negative."""
    one = workspace(uid=f"uid-{number}", name=f"w-{number}" if number >= 0 else "again")
    assert isinstance(await connections.get(one), Connection)
    if used:
        connections.use(one.uid)
    await connections.gone(one.uid)
    return one


async def test_what_nothing_was_sent_through_is_not_held(connections: Connections) -> None:
    """Nor what all jobs are over of; objects may come and go without end."""
    for number in range(3):
        one = await _gone(connections, number, used=False)
        assert connections.for_cancelling(one.uid, [one.key], lambda _: True) is None
    connections.use("uid-3")
    connections.idle("uid-3")
    await _gone(connections, 3, used=False)
    assert _left(connections) == 0


async def test_a_job_looks_at_what_may_serve_it_alone(connections: Connections) -> None:
    """By the object that it was claimed through, and by name; a walk through all would be as long as somebody likes."""
    await connections.get(WORKSPACE)
    for number in range(20):
        await _gone(connections, number, used=True)
    asked: list[str] = []

    def refuse(one: QuantumWorkspace) -> bool:
        asked.append(one.uid)
        return False

    assert connections.for_cancelling("uid-7", [("research", "w-3"), WORKSPACE.key], refuse) is None
    assert asked == [WORKSPACE.uid, "uid-7", "uid-3"]


async def test_a_namespace_has_an_end_of_what_is_held_for_it(connections: Connections, now: list[float]) -> None:
    """The oldest gives way, whatever its name; that of others stays."""
    await connections.get(WORKSPACE)
    connections.use(WORKSPACE.uid)
    await connections.gone(WORKSPACE.uid)
    for number in range(MOST_HELD + 5):
        await _gone(connections, number, used=True)
    for number in (-1, -2):
        await _gone(connections, number, used=True)
    assert len(connections._held) == MOST_HELD
    kept = connections.for_cancelling(None, [(WORKSPACE.namespace, "again")], lambda one: one.uid == "uid--2")
    assert kept is not None
    now[0] += HELD_SECONDS
    assert connections.for_cancelling("uid-50", [], lambda _: True) is None
    assert _left(connections) == 0


async def test_of_what_a_workspace_offers_no_connection_keeps_a_copy(connections: Connections) -> None:
    """The cache has it, as it is now; of thousands of workspaces it would be in memory twice."""
    offering = replace(WORKSPACE, status={"targets": [{"provider": "p", "target": "t", "availability": "Available"}]})
    made = await connections.get(offering)
    again = await connections.refresh(replace(offering, generation=offering.generation + 1))
    assert isinstance(made, Connection)
    assert isinstance(again, Connection)
    assert made.workspace == replace(WORKSPACE, status={})
    assert not again.workspace.status
