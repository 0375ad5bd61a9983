"""The quotas that are enforced: what is counted beside a reading, and when the service is asked again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.lifecycle.observation import QuotaLooked, Trouble
from quantumjob_operator.lifecycle.quota_guard import SETTLING_SECONDS
from quantumjob_operator.model.errors import Retryable
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.model.quotas import Quota
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, fails, misbehaving_server, says
from rooms.azure.samples import KEY, RESOURCE_ID
from rooms.lifecycle.observations import PROGRAM, WORKSPACE, claimed, identity, seen
from rooms.model.bodies import workspace

GUARDED: Final = replace(WORKSPACE, guards_quota=True)
UID: Final = GUARDED.uid
ROW: Final = {"dimension": "qgs", "providerId": "ionq", "period": "Monthly", "scope": "Workspace"}


def left(units: float) -> list[Quota]:
    """A quota of which so much is left."""
    return [Quota("qgs", "Workspace", "ionq", "Monthly", 0.0, 0.0, units)]


def told(units: float) -> Behaviour:
    """The service says that so much is left."""
    return says({"value": [{**ROW, "limit": units, "utilization": 0, "holds": 0}]})


@dataclass(slots=True)
class Bench:
    """Guards with a clock that stands still, and jobs that take `qgs` of IonQ."""

    client: WorkspaceClient | None = None
    now: float = 1000.0
    known: dict[str, QuantumWorkspace] = field(default_factory=lambda: {UID: workspace(uid=UID)})
    guards: QuotaGuards = field(init=False)

    def __post_init__(self) -> None:
        self.guards = QuotaGuards(lambda: self.now, self.known)

    def job(self, units: str, attempt: int = 1, **facts: Any) -> ReconcileContext:
        """A job that takes so much; each attempt is another remote job."""
        estimate = Estimate(Basis.PRICE_LIST, "counted", (Amount("qgs", units),))
        known = {"workspace": GUARDED, "program": replace(PROGRAM, estimate=estimate), "job_id": identity(attempt)}
        observed = seen(claimed(), **{**known, **facts})
        connection = Connection(workspace(), self.client) if self.client else None
        return ReconcileContext(observed, Memory(observed.job), connection, observed.job.status, Objects(Api(None)))


def test_what_is_sent_takes_of_what_is_left() -> None:
    """Two at a time can't both have the last of it; a request that surely had no effect gives it back."""
    bench = Bench()
    bench.guards.learn(UID, left(10), asked=bench.now)
    first, second = bench.job("6"), bench.job("6", attempt=2)
    assert bench.guards.enter(first) is None
    assert bench.guards.enter(first) is None, "it does not stand in its own way"
    short = bench.guards.enter(second)
    assert short is not None
    assert "ionq has 4 qgs left of 10 (Workspace, renewed every month); this job needs about 6" in short.message
    bench.guards.left(first, applied=False)
    assert bench.guards.enter(second) is None


@pytest.mark.parametrize(
    ("asked", "counted"),
    [
        pytest.param(1004.0, True, id="asked before the PUT was answered"),
        pytest.param(1005.0, True, id="asked at that moment"),
        pytest.param(1006.0, False, id="asked afterwards"),
    ],
)
def test_how_long_it_is_counted(asked: float, *, counted: bool) -> None:
    """Until the service was asked after its PUT was answered: then its quotas contain it."""
    bench = Bench()
    bench.guards.learn(UID, left(10), asked=bench.now)
    job = bench.job("6")
    bench.guards.enter(job)
    bench.guards.learn(UID, left(10), asked=1002.0)
    assert bench.guards.enter(bench.job("6", attempt=2)), "its PUT is not answered yet"
    bench.now = 1005.0
    bench.guards.left(job, applied=True)
    bench.guards.learn(UID, left(10), asked=asked)
    assert (bench.guards.enter(bench.job("6", attempt=2)) is not None) is counted


def test_an_answer_that_was_overtaken_is_old_news() -> None:
    """The one that was asked for last counts; only what differs is news."""
    bench = Bench()
    assert bench.guards.learn(UID, left(10), asked=1001.0)
    assert not bench.guards.learn(UID, left(99), asked=1000.0)
    assert not bench.guards.learn(UID, left(10), asked=1002.0)
    assert bench.guards.learn(UID, left(99), asked=1003.0)
    assert bench.guards.enter(bench.job("50")) is None


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"workspace": WORKSPACE}, id="a workspace that does not ask for it"),
        pytest.param({"workspace": replace(GUARDED, uid="another")}, id="a workspace that told nothing"),
        pytest.param({"program": PROGRAM}, id="no estimate"),
        pytest.param({"program": replace(PROGRAM, estimate=Trouble("PriceListUnreadable", ""))}, id="no price list"),
    ],
)
def test_what_is_not_held_up(facts: dict[str, Any]) -> None:
    """Nothing can be compared."""
    bench = Bench()
    bench.guards.learn(UID, left(1), asked=bench.now)
    job = bench.job("6", **facts)
    assert bench.guards.enter(job) is None
    bench.guards.left(job, applied=True)


@asynccontextmanager
async def asking(*script: Behaviour) -> AsyncIterator[tuple[Bench, MisbehavingServer]]:
    """Guards that can ask, and whom they ask."""
    async with misbehaving_server() as server, open_transport() as transport:
        server.plays(*script)
        client = WorkspaceClient(
            endpoint=server.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([server.url]),
        )
        yield Bench(client), server


async def test_the_first_job_asks_and_the_next_knows() -> None:
    """A job that is held asks no more: the refresh of the workspace brings the news."""
    async with asking(told(10)) as (bench, server):
        assert await bench.guards.look(bench.job("6")) == QuotaLooked()
        short = await bench.guards.look(bench.job("11"))
        assert isinstance(short, Trouble)
        assert len(server.received) == 1


async def test_what_only_ours_stand_before_is_asked_for_again() -> None:
    """The service may have counted them already: half a minute later its answer decides."""
    async with asking(told(7)) as (bench, server):
        bench.guards.learn(UID, left(10), asked=bench.now)
        first, second = bench.job("6"), bench.job("6", attempt=2)
        bench.guards.enter(first)
        bench.guards.left(first, applied=True)
        short = await bench.guards.look(second)
        assert isinstance(short, Trouble)
        assert short.retry_after == SETTLING_SECONDS
        assert server.received == []
        bench.now += SETTLING_SECONDS
        assert await bench.guards.look(second) == QuotaLooked()
        assert len(server.received) == 1


@pytest.mark.parametrize(
    ("units", "later", "facts", "questions"),
    [
        pytest.param("5", 60.0, {}, 0, id="half of what is left"),
        pytest.param("5.1", 60.0, {}, 1, id="more than half"),
        pytest.param("5.1", 1.0, {}, 0, id="more than half of what was told a second ago"),
        pytest.param("5.1", 60.0, {"workspace": WORKSPACE}, 0, id="nobody asks for it to be enforced"),
    ],
)
async def test_when_it_is_asked_again(units: str, later: float, facts: dict[str, Any], questions: int) -> None:
    """Right before what would take much: others may have used it meanwhile."""
    async with asking(told(4)) as (bench, server):
        bench.guards.learn(UID, left(10), asked=bench.now)
        bench.now += later
        await bench.guards.look_again(bench.job(units, **facts))
        assert len(server.received) == questions
        assert (bench.guards.enter(bench.job(units, **facts)) is not None) is bool(questions)


@pytest.mark.parametrize(
    ("answer", "looked"),
    [
        pytest.param(fails(403, "Forbidden"), True, id="refused: the workspace has none to tell"),
        pytest.param(fails(404, "NotFound"), True, id="an operation that it does not know"),
        pytest.param(fails(503, "Busy"), False, id="no answer now"),
        pytest.param(says({"value": [{"dimension": 7}]}), False, id="unreadable"),
    ],
)
async def test_quotas_that_are_not_told(answer: Behaviour, *, looked: bool) -> None:
    """What is refused guards nothing, and says so; without an answer nothing is sent."""
    async with asking(answer) as (bench, _):
        if looked:
            told_why = await bench.guards.look(bench.job("6"))
            assert isinstance(told_why, QuotaLooked)
            assert "no quota of ionq is told" in told_why.note
        else:
            with pytest.raises(Retryable):
                await bench.guards.look(bench.job("6"))


async def test_of_a_list_without_end_no_more_is_kept_than_the_namespace_has_room_for() -> None:
    """Rows of long names, through each of a hundred workspaces: at most 64 KiB each, as everywhere else."""
    long = {name: f"{name}-" + "x" * 240 for name in ("dimension", "providerId", "period", "scope")}
    rows = [{**long, "limit": 1, "utilization": 0, "holds": 0} for _ in range(200)]
    async with asking(says({"value": rows})) as (bench, _):
        await bench.guards.look(bench.job("1"))
        kept = bench.guards._readings[UID].quotas
        assert 0 < sum(len(one.dimension + one.scope + one.provider + one.period) for one in kept) <= 64 * 1024


async def test_nothing_is_kept_of_a_workspace_that_is_gone() -> None:
    """Its service answers when nobody can forget it any more."""
    async with asking(told(5.0)) as (bench, _):
        bench.known.clear()
        assert isinstance(await bench.guards.look(bench.job("1")), QuotaLooked)
        assert not bench.guards._readings


async def test_what_was_sent_since_is_no_longer_than_a_look_takes() -> None:
    """The service tells its quotas once, and never again: nothing more is sent until it does."""
    async with asking(told(10_000), fails(500, "Oops"), told(5_000)) as (bench, server):
        await bench.guards.look(bench.job("1"))
        for attempt in range(1, 101):
            assert await bench.guards.look(bench.job("1", attempt)) == QuotaLooked()
            assert bench.guards.enter(bench.job("1", attempt)) is None
            bench.guards.left(bench.job("1", attempt), applied=True)
        bench.now += 1
        with pytest.raises(Retryable):
            await bench.guards.look(bench.job("1", 101))
        assert await bench.guards.look(bench.job("1", 101)) == QuotaLooked()
        assert len(server.received) == 3
        assert not bench.guards._readings[UID].sent
