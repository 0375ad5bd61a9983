"""Tokens of a ServiceAccount: what a workload identity needs, and how long one serves."""

from collections.abc import AsyncIterator

import pytest

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.identities import AccountToken
from quantumjob_operator.cluster.references import BrokenReferenceError
from quantumjob_operator.lifecycle.observation import Trouble
from rooms.azure.workspaces import ACCOUNT, WORKSPACE, Bench, by_name, open_bench
from rooms.model.bodies import workspace


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench."""
    async with open_bench() as opened:
        yield opened


GUIDS = {"clientId": "bbbbbbbb-0000-4000-8000-000000000001", "tenantId": "aaaaaaaa-0000-4000-8000-000000000001"}


async def test_a_workload_identity_needs_its_account_and_nothing_else(bench: Bench) -> None:
    """The ServiceAccount is asked for at each reconciliation; that is the proof that it is there."""
    described = workspace({"credentials": {"workloadIdentity": GUIDS}})
    missing = await bench.connections.get(described)
    assert isinstance(missing, Trouble)
    assert (missing.reason, ACCOUNT in missing.message) == ("ServiceAccountNotFound", True)
    bench.store.accounts.add(ACCOUNT)
    made = await bench.connections.get(described)
    assert isinstance(made, Connection)
    assert await bench.connections.refresh(described) is made
    assert set(bench.store.asked) == {f"POST /api/v1/namespaces/research/serviceaccounts/{ACCOUNT}/token"}
    bench.store.broken = 403
    refused = await bench.connections.refresh(described)
    assert isinstance(refused, Trouble)
    assert refused.reason == "ServiceAccountRefused"
    held = bench.connections.for_cancelling(None, [WORKSPACE.key], by_name)
    assert held is not None
    assert held.cancel_only


def token(bench: Bench) -> AccountToken:
    """A token that nobody has asked for yet."""
    return bench.identities.token("research", "api://x")


async def test_a_token_is_asked_for_again_in_the_last_third_of_its_life(bench: Bench) -> None:
    """Its life is what the API server granted, not what was asked for."""
    bench.store.accounts.add(ACCOUNT)
    bench.store.token_seconds = 900
    account = token(bench)
    first = await account.current()
    bench.now[0] += 599
    assert await account.current() == first
    bench.now[0] += 2
    assert await account.current() != first


@pytest.mark.parametrize(
    ("broken", "raised"),
    [
        pytest.param(503, ClusterError, id="the API server is down"),
        pytest.param(404, BrokenReferenceError, id="the account is gone"),
        pytest.param(403, BrokenReferenceError, id="its tokens are refused"),
    ],
)
async def test_a_token_serves_to_its_end_if_there_is_no_other(
    bench: Bench, broken: int, raised: type[Exception]
) -> None:
    """A namespace that is being deleted gives none, and what runs in it is still to be cancelled."""
    bench.store.accounts.add(ACCOUNT)
    account = token(bench)
    first = await account.current()
    bench.store.broken = broken
    bench.now[0] += 3599
    assert await account.current() == first
    bench.now[0] += 2
    with pytest.raises(raised):
        await account.current()
