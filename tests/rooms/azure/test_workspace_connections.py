"""Connections are kept while what they were made from stays as it is; afterwards they serve only cancelling."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from quantumjob_operator.azure.connections import HELD_SECONDS, Connection, Connections
from quantumjob_operator.azure.credentials import Authenticator
from quantumjob_operator.azure.entra import Provider
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.identities import AccountToken, Identities
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.naming import WORKSPACE_FINALIZER
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings
from rooms.azure.secretstore import SecretStore, secret_store
from rooms.lifecycle.observations import accepted, claimed
from rooms.model.bodies import workspace

WORKSPACE = workspace()
SECRET = "azure-quantum"
ACCOUNT = "quantumjob-workload"
GUIDS = {"clientId": "bbbbbbbb-0000-4000-8000-000000000001", "tenantId": "aaaaaaaa-0000-4000-8000-000000000001"}


def by_name(one: QuantumWorkspace) -> bool:
    """Whether it is the usual workspace."""
    return one.key == WORKSPACE.key


@dataclass(slots=True)
class Bench:
    """Everything between an API server and connections, with a clock that is set by hand.

    Attributes:
        gone: Uids of QuantumWorkspaces that are gone.
        store: The API server; has the Secret of `WORKSPACE`.
        connections: What is tested.
        namespaces: Reads the same API server.
        now: Monotonic seconds, in a list of one.
        api: A connection to the API server.
    """

    store: SecretStore
    connections: Connections
    namespaces: Namespaces
    identities: Identities
    now: list[float]
    api: Api
    gone: set[str]

    async def connection(self) -> Connection:
        """The connection of the workspace, which is open."""
        made = await self.connections.get(WORKSPACE)
        assert isinstance(made, Connection)
        return made

    def workspaces(self, cache: Cache, queue: WorkQueue[str] | None = None) -> Workspaces:
        """What finds the QuantumWorkspace of a job, and has its jobs followed."""
        return Workspaces(
            cache=cache,
            objects=Objects(self.api),
            namespaces=self.namespaces,
            connections=self.connections,
            queue=WorkQueue(lambda: self.now[0]) if queue is None else queue,
            settings=Settings(),
            clock=Clock(lambda: self.now[0]),
        )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench."""
    now, settings, gone = [1000.0], Settings(), set[str]()

    def monotonic() -> float:
        return now[0]

    async with secret_store() as (store, api), open_transport() as transport:
        store.secrets[SECRET] = "first"
        identities = Identities(api, ACCOUNT, monotonic)
        authenticator = Authenticator(
            references=References(api),
            identities=identities,
            provider=Provider(transport.identity),
            settings=settings,
            monotonic=monotonic,
        )
        connections = Connections(
            authenticator=authenticator,
            transport=transport,
            allowed=AllowedOrigins(),
            settings=settings,
            observer=lambda _: Observer(lambda *_: None),
            monotonic=monotonic,
            is_there=lambda uid: uid not in gone,
        )
        yield Bench(store, connections, Namespaces(api, monotonic), identities, now, api, gone)
        await connections.close()


@pytest.mark.parametrize(
    "finalizers", [pytest.param([WORKSPACE_FINALIZER], id="its Secret"), pytest.param([], id="the mark of its use")]
)
async def test_a_job_says_what_of_its_workspace_the_api_server_refuses(bench: Bench, finalizers: list[str]) -> None:
    """It waits and says for what; no answer at all says nothing of the workspace."""
    cache = Cache()
    cache.put_workspace(workspace(finalizers=finalizers))
    way = bench.workspaces(cache)
    bench.store.broken = 403
    found = await way.for_job(claimed())
    assert isinstance(found, Trouble)
    assert found.reason == "WorkspaceNotReady"
    assert "refuses the operator what it needs of it: because" in found.message
    bench.store.broken = 500
    with pytest.raises(ClusterError):
        await way.for_job(claimed())


async def test_who_follows_the_last_job_of_a_workspace_ends(bench: Bench) -> None:
    """Also by the connection that is held for cancelling: thousands may come and go."""
    cache = Cache()
    way = bench.workspaces(cache)
    way.wake, way.learn_place = (lambda *_, **__: None), (lambda *_: None)
    connection, first, second = await bench.connection(), accepted(), replace(accepted(), uid="another")
    way.follow(connection, first, "job-1")
    way.follow(connection, second, "job-2")
    followed = asyncio.all_tasks() - {asyncio.current_task()}
    way.unfollow(first.uid)
    assert len(list(way.pollers())) == 1
    way.unfollow(second.uid)
    assert list(way.pollers()) == []
    _, pending = await asyncio.wait([one for one in followed if "research/default" in one.get_name()], timeout=1)
    assert not pending
    cache.put_workspace(WORKSPACE)
    way.follow(connection, first, "job-1")
    way.unfollow(first.uid)
    assert list(way.pollers()) == [], "nor does a workspace that is there take anything without a job"
    await way.close()


async def test_a_workspace_that_goes_while_its_credential_is_read_leaves_nothing_open(bench: Bench) -> None:
    """Nobody would close it, and what it authenticates with would be kept for good."""
    bench.gone.add(WORKSPACE.uid)
    found = await bench.connections.get(WORKSPACE)
    assert isinstance(found, Trouble)
    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], by_name) is None
    bench.gone.clear()
    assert isinstance(await bench.connections.get(WORKSPACE), Connection)


async def test_a_workspace_that_goes_while_its_credential_is_read_is_held_for_what_runs(bench: Bench) -> None:
    """What it authenticated with before is all there is to cancel its jobs with."""
    assert isinstance(await bench.connections.get(WORKSPACE), Connection)
    bench.connections.use(WORKSPACE.uid)
    bench.gone.add(WORKSPACE.uid)
    await bench.connections.gone(WORKSPACE.uid)
    assert isinstance(await bench.connections.refresh(WORKSPACE), Trouble)
    held = bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], by_name)
    assert held is not None
    assert held.cancel_only


async def test_jobs_of_a_workspace_that_is_removed_by_force_look_for_it(bench: Bench) -> None:
    """Nobody asks about them any more: they say so, and go on when it is made anew."""
    cache = Cache()
    queue: WorkQueue[str] = WorkQueue(lambda: bench.now[0])
    way = bench.workspaces(cache, queue)
    way.wake, way.learn_place = (lambda *_, **__: None), (lambda *_: None)
    cache.put_workspace(WORKSPACE)
    way.follow(await bench.connection(), accepted(), "job-1")
    cache.remove(WORKSPACE.uid)
    assert way.serves(WORKSPACE.uid), "whether it had its turn before or not"
    await way.forget(WORKSPACE.uid)
    assert not way.serves(WORKSPACE.uid)
    assert len(queue) == 1
    await way.close()


async def test_the_same_key_is_no_other_one_because_it_was_refused(bench: Bench) -> None:
    """Whoever goes on with it asks no earlier than was planned."""
    assert not (await bench.connection()).refused
    await bench.connections.refuse(WORKSPACE.uid)
    assert (await bench.connection()).refused
    await bench.connections.refuse(WORKSPACE.uid)
    bench.store.secrets[SECRET] = "second"
    assert not (await bench.connection()).refused


async def test_what_stays_as_it_is_stays_connected(bench: Bench) -> None:
    """A kept connection needs no look at the Secret, and a reconciliation that finds the same changes nothing."""
    first = await bench.connection()
    assert await bench.connection() is first
    assert len(bench.store.asked) == 1
    assert await bench.connections.refresh(WORKSPACE) is first
    assert len(bench.store.asked) == 2


async def test_many_jobs_that_begin_together_read_the_secret_once(bench: Bench) -> None:
    """They get the same connection."""
    made = await asyncio.gather(*(bench.connections.get(WORKSPACE) for _ in range(5)))
    assert all(one is made[0] for one in made)
    assert len(bench.store.asked) == 1


async def test_a_changed_secret_is_taken_up_by_the_next_look(bench: Bench) -> None:
    """Jobs go on with the old connection until then, and with the new one from then on."""
    first = await bench.connection()
    bench.store.secrets[SECRET] = "second"
    assert await bench.connection() is first
    second = await bench.connections.refresh(WORKSPACE)
    assert second is not first
    assert await bench.connection() is second


async def test_a_changed_spec_is_taken_up_at_once(bench: Bench) -> None:
    """A generation is a reading of the spec."""
    first = await bench.connection()
    second = await bench.connections.get(workspace({"location": "westus"}, generation=2))
    assert isinstance(second, Connection)
    assert second is not first


async def test_an_api_server_that_is_down_takes_nothing_away(bench: Bench) -> None:
    """A reconciliation that failed is no news of the Secret."""
    first = await bench.connection()
    bench.store.broken = 503
    with pytest.raises(ClusterError):
        await bench.connections.refresh(WORKSPACE)
    assert await bench.connection() is first


async def test_a_lost_secret_leaves_a_connection_for_cancelling(bench: Bench) -> None:
    """New jobs are told what is missing; the last good client cancels, until the Secret is there again."""
    first = await bench.connection()
    del bench.store.secrets[SECRET]
    for reconciliation in (bench.connections.refresh, bench.connections.get):
        trouble = await reconciliation(WORKSPACE)
        assert isinstance(trouble, Trouble)
        assert trouble.reason == "CredentialsNotFound"
    held = bench.connections.for_cancelling(None, [WORKSPACE.key], by_name)
    assert held is not None
    assert (held.client, held.cancel_only) == (first.client, True)
    bench.store.secrets[SECRET] = "first"
    again = await bench.connection()
    assert again.cancel_only is False
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is again


async def test_another_workspace_is_never_cancelled_with(bench: Bench) -> None:
    """Whether open or held: which object may serve a job is asked for each."""
    await bench.connection()
    asked: list[str] = []

    def refuse(one: QuantumWorkspace) -> bool:
        asked.append(one.uid)
        return False

    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], refuse) is None
    await bench.connections.hold(WORKSPACE.uid)
    assert bench.connections.for_cancelling(WORKSPACE.uid, [WORKSPACE.key], refuse) is None
    assert asked == [WORKSPACE.uid, WORKSPACE.uid]


async def test_a_lost_workspace_object_leaves_a_connection_for_a_day(bench: Bench) -> None:
    """Longer than any deletion waits, and not for ever."""
    await bench.connection()
    await bench.connections.hold(WORKSPACE.uid)
    bench.now[0] += HELD_SECONDS - 1
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is not None
    bench.now[0] += 2
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is None


async def test_refused_credentials_are_not_held(bench: Bench) -> None:
    """They would not cancel either."""
    await bench.connection()
    await bench.connections.drop(WORKSPACE.uid)
    assert bench.connections.for_cancelling(None, [WORKSPACE.key], by_name) is None
    assert len(bench.store.asked) == 1
    await bench.connection()
    assert len(bench.store.asked) == 2


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


async def test_labels_are_believed_for_a_moment(bench: Bench) -> None:
    """A burst of jobs reads the namespace once; what could not be read is None, and an outage is no answer."""
    bench.store.labels["research"] = {"team": "a"}
    assert bench.namespaces.known("research") is None
    for _ in range(3):
        assert await bench.namespaces.labels("research") == {"team": "a"}
    assert len(bench.store.asked) == 1
    bench.store.labels["research"] = {}
    bench.now[0] += 10
    assert await bench.namespaces.labels("research") == {}
    assert await bench.namespaces.labels("gone") is None
    bench.store.broken = 503
    bench.now[0] += 10
    with pytest.raises(ClusterError):
        await bench.namespaces.labels("research")
    assert bench.namespaces.known("research") == {}


async def test_namespaces_that_are_not_there_are_forgotten(bench: Bench) -> None:
    """Anybody can make names up; those that exist are kept, because they say who may use a workspace."""
    bench.store.labels["research"] = {"team": "a"}
    await bench.namespaces.labels("research")
    for number in range(5):
        await bench.namespaces.labels(f"made-up-{number}")
        bench.now[0] += 10
    await bench.namespaces.labels("research")
    assert len(bench.namespaces) == 1
    assert bench.namespaces.known("research") == {"team": "a"}
