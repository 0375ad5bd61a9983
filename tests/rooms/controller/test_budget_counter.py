"""The count of a budget, from lists that say what their owner likes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from quantumjob_operator.azure import wire
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.budgets import tally as tally_module
from quantumjob_operator.budgets.conditions import Kept
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_counter import BudgetCounter
from quantumjob_operator.controller.budget_ledger import Change, State
from quantumjob_operator.controller.settlement import as_shown
from quantumjob_operator.model.conditions import micro_stamp
from quantumjob_operator.model.jobstatus import AttemptShown, JobStatus
from quantumjob_operator.model.money import Basis, Estimate
from quantumjob_operator.model.naming import (
    CLAIM_ANNOTATION,
    METADATA_CLUSTER,
    METADATA_NAME,
    METADATA_NAMESPACE,
    METADATA_UID,
    job_id,
)
from quantumjob_operator.model.quantumbudget import QuantumBudget, parse_budget
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings
from rooms.azure.kept import rows_kept
from rooms.budgets.values import NOW, request, usd, written
from rooms.model.bodies import CLAIM, RESOURCE_ID, UID, Body, job_body, workspace_body

CLUSTER: Final = "lab"
FORMER: Final = "former-lab"
CLAIMED: Final = job_id(RESOURCE_ID.lower(), "mallory", uid=UID, key=None, attempt=1)
PAGE: Final = 100
Rows = list[Body]


def row(number: int, **told: Any) -> Body:
    """A row of a list, of a job that runs; its metadata may say something else."""
    metadata = {
        METADATA_CLUSTER: CLUSTER,
        METADATA_NAMESPACE: "mallory",
        METADATA_NAME: "bell",
        METADATA_UID: str(UUID(int=number)),
    }
    stamp = datetime.now(UTC).isoformat()
    return {
        "id": told.pop("id", str(UUID(int=number))),
        "name": "x",
        "status": told.pop("status", "Executing"),
        "creationTime": stamp,
        "metadata": metadata | {f"quantumjobs_{key}": text for key, text in told.items()},
    }


@dataclass
class Lab:
    """A counter between a list and a ledger, which are played; what it asks of namespaces is noted.

    Attributes:
        page: The rows of the page of a number.
        pages: How many there are.
        cluster: The name under which this cluster submits.
        asked: The namespaces whose labels were asked for.
        reads: How often the list was read from its begin.
        newest: The budget by the time of a change, if it is another version.
    """

    page: Callable[[int], Rows]
    pages: int = 1
    cluster: str = CLUSTER
    budget_spec: Body = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    reads: int = 0
    now: float = 0.0
    state: State | None = None
    slowest: float = 0.0
    refuses: bool = False
    newest: QuantumBudget | None = None

    async def list_whole_jobs(self, *, only: str) -> AsyncIterator[list[RemoteJob]]:
        """As the client's."""
        assert only == ""
        self.reads += 1
        for number in range(self.pages):
            self.now += 1
            rows, _ = wire.parse_page(json.loads(json.dumps({"value": self.page(number)})))
            yield wire.parse_whole_rows(rows)

    async def get(self, workspace: Any) -> Connection:
        """As the connections'."""
        if self.refuses:
            raise ClusterError("GET secrets", 403, "Forbidden", "the operator may not read it")
        return Connection(workspace, self)  # type: ignore[arg-type]

    async def labels(self, name: str) -> dict[str, str]:
        """As the namespaces'."""
        self.asked.append(name)
        return {"tier": "gold"}

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """As the ledgers'."""
        assert (uid, patient) == (self.budget.uid, False)
        began, now, newest = time.process_time(), datetime.now(UTC), self.newest or self.budget
        self.state, answer = change(newest, State(ledger_of(newest, now)), now)
        self.slowest = time.process_time() - began
        return answer

    def __post_init__(self) -> None:
        """There is a budget that is not counted, and the QuantumWorkspace that it names."""
        spec = {"workspaces": ["mine"], "period": "Month", "limits": [{"unit": "USD", "amount": "1"}]}
        self.budget: QuantumBudget = parse_budget(
            {
                "metadata": {
                    "namespace": "mallory",
                    "name": "own",
                    "uid": "u",
                    "resourceVersion": "1",
                    "creationTimestamp": "2026-01-01T00:00:00Z",
                },
                "spec": spec | self.budget_spec,
            }
        )
        cache = self.cache = Cache()
        cache.put_workspace(parse_workspace(workspace_body(namespace="mallory", name="mine")))
        cache.put_budget(self.budget)
        self.counter = BudgetCounter(
            cache=cache,
            ledgers=self,
            connections=self,  # type: ignore[arg-type]
            namespaces=self,  # type: ignore[arg-type]
            settings=Settings(cluster_name=self.cluster, adoptable_clusters=[FORMER]),
            clock=Clock(lambda: self.now, lambda: datetime.now(UTC)),
        )

    async def look(self) -> Kept | None:
        """Have the budget counted."""
        return await self.counter.look(self.budget)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"namespace": "platform/secrets/quantum-credentials"}, id="a Secret instead of a namespace"),
        pytest.param({"namespace": "mallory/../../../version"}, id="a path"),
        pytest.param({"namespace": "mallory?x=1"}, id="a query"),
        pytest.param({"namespace": "n" * 64}, id="a namespace that is too long"),
        pytest.param({"name": "x" * 38_000}, id="a name of a page"),
        pytest.param({"name": "Bell"}, id="a name that no object has"),
        pytest.param({"uid": "x" * 38_000}, id="a uid of a page"),
        pytest.param({"id": "-" * 38_000 + UUID(int=1).hex}, id="an id of a page that reads as a GUID"),
        pytest.param({"cluster": "another"}, id="another cluster"),
        pytest.param(
            {"cluster": "another", "sent": "2020-01-01T00:00:00Z"}, id="another cluster, which says that it is long ago"
        ),
    ],
)
async def test_what_nobody_here_can_have_sent_counts_for_nothing(told: Body) -> None:
    """And nobody is asked about it: the answer would show in what the budget counts."""
    lab = Lab(lambda _: [row(1, **told), row(2)], budget_spec={"namespaces": {"selector": {"tier": "gold"}}})
    await lab.look()
    assert lab.asked == ["mallory"]
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=2))]


async def test_jobs_of_a_cluster_without_a_name_count() -> None:
    """Nobody gave it one, and the uid of kube-system can't be read: what it sent costs as much."""
    lab = Lab(lambda _: [row(1, cluster=""), row(2)], cluster="")
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1))]


async def test_jobs_of_a_cluster_that_was_renamed_count() -> None:
    """They were paid for, whatever it is called now."""
    lab = Lab(lambda _: [row(1, cluster=FORMER), row(2, cluster="another")])
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1))]


async def test_a_credential_that_is_refused_is_said_to_keep_a_budget_from_being_counted() -> None:
    """By its condition, and it is tried again."""
    lab = Lab(lambda _: [], refuses=True)
    kept = await lab.look()
    assert kept is not None
    assert "QuantumWorkspace mine is not ready" in kept.message


async def test_a_time_after_all_times_ends_no_count() -> None:
    """Whoever owns the list writes it: in this time zone it is of a year that is none."""
    lab = Lab(lambda _: [row(1, sent="9999-12-31T23:59:59-01:00"), row(2)])
    await lab.look()
    assert lab.state is not None
    assert list(lab.state.ledger.open) == [str(UUID(int=1)), str(UUID(int=2))]


async def test_what_is_known_of_a_job_counts_where_its_cost_is_not() -> None:
    """It is one job, and its parameters tell its shots."""
    limits = [{"unit": unit, "amount": "1000"} for unit in ("USD", "jobs", "shots")]
    lab = Lab(lambda _: [row(1)], budget_spec={"limits": limits})
    spec = {"parameters": {"shots": 100}, "workspaceRef": {"name": "mine"}}
    lab.cache.put_job(parse_job(job_body(spec, namespace="mallory", uid=str(UUID(int=1)))))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == {"jobs": "1", "shots": "100"}


async def test_free_jobs_under_way_take_no_place() -> None:
    """Nothing was reserved for them, and a tenant may have any number."""
    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=26)
    free = Estimate(Basis.FREE, "it costs nothing")
    for number in range(26 * PAGE):
        body = job_body(namespace="mallory", name=f"bell-{number}", uid=str(UUID(int=number)))
        lab.cache.put_job(replace(parse_job(body), status=JobStatus(estimate=free)))
    await lab.look()
    assert lab.state is not None
    assert lab.state.ledger.open == {}


LIMITS: Final[Body] = {"limits": [{"unit": "USD", "amount": "2000"}], "perJob": [{"unit": "USD", "amount": "250"}]}


@pytest.mark.parametrize(
    ("max_cost", "reserved"),
    [
        pytest.param("250", ["250"], id="as much as a job may"),
        pytest.param("250.01", ["250"], id="more than the budget lets a job have"),
        pytest.param("100000000000000", ["250"], id="more than there is"),
    ],
)
@pytest.mark.parametrize("sent", [False, True])
async def test_a_claim_reserves_no_more_than_the_operator_would_have(
    max_cost: str, reserved: list[str], *, sent: bool
) -> None:
    """Users write claims, and what a job may cost: one that was never sent, or failed, must not fill everybody's."""
    rows = [row(0, id=CLAIMED, uid=UID, status="Failed") | {"beginExecutionTime": "2026-11-22T12:00:00Z"}]
    lab = Lab(lambda _: rows if sent else [], budget_spec=LIMITS | {"unknownCost": "Declared"})
    spec = {"maxCost": [{"unit": "USD", "amount": max_cost}], "workspaceRef": {"name": "mine"}}
    body = job_body(spec, namespace="mallory", annotations={CLAIM_ANNOTATION: CLAIM})
    lab.cache.put_job(parse_job(body))
    await lab.look()
    assert lab.state is not None
    entries = lab.state.ledger.open.values()
    assert [amount.amount for one in entries for amount in one.amounts] == reserved
    assert [one.basis for one in entries] == ["Estimate" if sent else "Claimed"] * len(entries)


@pytest.mark.parametrize("admitted", [False, True])
async def test_a_claim_from_a_namespace_that_is_not_admitted_counts_for_nothing(*, admitted: bool) -> None:
    """Its user wrote it, and nothing can have been sent under it."""
    lab = Lab(lambda _: [], budget_spec=LIMITS | {"unknownCost": "Declared"})
    spec = {"allowedNamespaces": {"from": "All"}} if admitted else {}
    lab.cache.put_workspace(
        parse_workspace(workspace_body(spec, namespace="mallory", name="mine", resourceVersion="99"))
    )
    max_cost, ref = [{"unit": "USD", "amount": "9"}], {"namespace": "mallory", "name": "mine"}
    claim = {"annotations": {CLAIM_ANNOTATION: CLAIM}}
    lab.cache.put_job(parse_job(job_body({"maxCost": max_cost, "workspaceRef": ref}, namespace="outsider", **claim)))
    await lab.look()
    assert lab.state is not None
    assert len(lab.state.ledger.open) == admitted


HERE: Final = '{"mallory/own":{"USD":"12.5"}}'
ELSEWHERE: Final = '{"mallory/other":{"USD":"12.5"}}'


@pytest.mark.parametrize(
    ("told", "reserved", "set_back"),
    [
        pytest.param({"reserved": "Free"}, [], False, id="it was free"),
        pytest.param({"reserved": "Free", "status": "Completed"}, [], False, id="it was free, and has ended"),
        pytest.param({"reserved": HERE}, ["12.5"], True, id="so much was reserved"),
        pytest.param({"reserved": HERE, "status": "Completed"}, ["12.5"], True, id="so much, and its bill is awaited"),
        pytest.param({"reserved": ELSEWHERE}, ["250"], False, id="nothing was reserved in this budget"),
        pytest.param({"reserved": "{}"}, ["250"], False, id="nothing was reserved in any budget"),
        pytest.param({}, ["250"], True, id="a version sent it that told nothing"),
        pytest.param({"reserved": "untold"}, ["250"], True, id="it was too long to tell"),
        pytest.param({"reserved": '{"mallory/own":{"USD":"-1"}}'}, ["250"], True, id="no amount"),
        pytest.param({"reserved": f'{{"mallory/own":{{"{"x" * 129}":"1"}}}}'}, ["250"], True, id="no unit"),
    ],
)
async def test_what_its_metadata_tell_of_a_job_whose_object_is_gone(
    told: Body, reserved: list[str], *, set_back: bool
) -> None:
    """Free jobs that were released while they run reserve nothing, and do not show that a ledger was set back."""
    lab = Lab(lambda _: [row(1, **told)], budget_spec=LIMITS)
    await lab.look()
    assert lab.state is not None
    assert [amount.amount for one in lab.state.ledger.open.values() for amount in one.amounts] == reserved
    lab = doubted(lambda _: [row(1, **told)], budget_spec=LIMITS)
    await lab.look()
    assert (lab.state is not None) is set_back


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        pytest.param({"reserved": HERE}, 1, id="its metadata tell that this budget has reserved for it"),
        pytest.param({"reserved": ELSEWHERE}, 0, id="they tell of another one"),
        pytest.param({}, 0, id="they tell nothing"),
    ],
)
@pytest.mark.parametrize("spec", [{}, {"jobs": {"matchLabels": {"team": "a"}}}], ids=["all jobs", "some jobs"])
async def test_a_job_whose_namespace_is_not_admitted_any_more_counts_if_it_was(
    told: Body, counted: int, spec: Body
) -> None:
    """The namespace is gone, or its label was taken off; what it spent was spent."""
    lab = Lab(lambda _: [row(1, namespace="former", **told)], budget_spec=LIMITS | spec)
    await lab.look()
    assert lab.state is not None
    assert len(lab.state.ledger.open) == counted


def forgetful(number: int, spec: Body | None = None) -> QuantumJob:
    """The object of a row, restored to a time before its job was sent."""
    body = job_body({"workspaceRef": {"name": "mine"}} | (spec or {}), namespace="mallory", uid=str(UUID(int=number)))
    return parse_job(body)


@pytest.mark.parametrize(
    ("told", "reserved"),
    [
        pytest.param({"reserved": HERE}, {"USD": "12.5"}, id="so much was reserved"),
        pytest.param({"reserved": ELSEWHERE}, {"USD": "250"}, id="nothing was reserved in this budget"),
        pytest.param({}, {"USD": "250"}, id="a version sent it that told nothing"),
    ],
)
async def test_what_its_metadata_tell_of_a_job_that_its_object_has_forgotten(
    told: Body, reserved: dict[str, str]
) -> None:
    """A cluster was restored while the job runs, and the price that was known then is known no more."""
    lab = Lab(lambda _: [row(1, **told)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == reserved


@pytest.mark.parametrize("status", ["Executing", "Completed"])
async def test_a_free_job_that_its_object_has_forgotten_counts_for_nothing(status: str) -> None:
    """Its own metadata say that it was free; hundreds of them would fill a budget that was restored."""
    lab = Lab(lambda _: [row(1, reserved="Free", status=status)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    assert (lab.state.ledger.open, lab.state.ledger.spent) == ({}, {})
    lab = doubted(lambda _: [row(1, reserved="Free", status=status)], budget_spec=LIMITS)
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is None, "it shows nothing"


@pytest.mark.parametrize("told", [{"reserved": HERE}, {}])
async def test_a_running_job_that_its_object_has_forgotten_shows_that_a_ledger_was_set_back(told: Body) -> None:
    """What it may cost is not known, and without `perJob` nobody says how much that is: it is not nothing."""
    lab = doubted(lambda _: [row(1, **told)])
    lab.cache.put_job(forgetful(1))
    await lab.look()
    assert lab.state is not None
    assert not lab.state.counted


async def test_what_a_job_surely_takes_is_counted_whatever_else_is_not_known() -> None:
    """It is one job, and its parameters tell its shots."""
    limits = [{"unit": unit, "amount": "1000"} for unit in ("USD", "jobs", "shots")]
    lab = Lab(lambda _: [row(1)], budget_spec={"limits": limits})
    lab.cache.put_job(forgetful(1, {"parameters": {"shots": 300}}))
    await lab.look()
    assert lab.state is not None
    (entry,) = lab.state.ledger.open.values()
    assert {one.unit: one.amount for one in entry.amounts} == {"jobs": "1", "shots": "300"}


async def test_a_ledger_that_changed_last_in_the_future_is_counted_anew() -> None:
    """It would be compared with what was sent since then, which is nothing."""
    lab = doubted(lambda _: [row(1)], budget_spec=LIMITS)
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    lab.budget = replace(lab.budget, status=replace(lab.budget.status, changed_at=ahead))
    lab.cache.budgets[lab.budget.uid] = lab.budget
    await lab.look()
    assert lab.state is not None
    assert lab.state.counted is False


@pytest.mark.parametrize("how", ["reserved", "settled"])
async def test_what_is_booked_while_a_list_is_read_is_not_missing(how: str) -> None:
    """By another operator: the newest ledger has the job, or its object says by then that it is settled."""
    lab = doubted(lambda _: [row(1, reserved=HERE)], budget_spec=LIMITS)
    job = forgetful(1)
    lab.cache.put_job(job)
    if how == "reserved":
        held = request(1, usd("12.5"), job_id=str(UUID(int=1)), uid=job.uid)
        ledger = ask(replace(lab.budget, doubted=False), ledger_of(lab.budget, datetime.now(UTC)), held, NOW)[0]
        lab.newest = written(lab.budget, ledger, datetime.now(UTC))
    else:
        shown = AttemptShown(1, str(UUID(int=1)), "Failed", "JobFailed")
        told = as_shown(lab.budget, (), "Settled", lab.budget.status.changed_at)
        lab.cache.put_job(replace(job, resource_version="9999", status=JobStatus(attempts=(shown,), budgets=(told,))))
    await lab.look()
    assert lab.state is None or lab.state.counted is not False
    assert lab.cache.budgets[lab.budget.uid].doubted is (how == "reserved")


async def test_free_jobs_under_way_whose_objects_are_gone_take_no_place() -> None:
    """A tenant may have any number of them, too."""
    lab = Lab(lambda page: [row(page * PAGE + number, reserved="Free") for number in range(PAGE)], pages=26)
    await lab.look()
    assert lab.state is not None
    assert lab.state.ledger.open == {}


async def test_what_was_sent_a_moment_before_a_period_is_remembered_and_not_counted() -> None:
    """The former period has counted it: the next object with its key must not pay for it again."""
    began = datetime.now(UTC) - timedelta(seconds=10)
    sent = {number: (began + timedelta(seconds=after)).isoformat() for number, after in enumerate((-5, -3600, 5))}
    bill = {"costEstimate": {"currencyCode": "USD", "estimatedTotal": 1.25, "events": []}}
    rows = [row(number, status="Succeeded", sent=at) | bill for number, at in sent.items()]
    lab = Lab(lambda _: rows, budget_spec={"period": "Lifetime"})
    lab.budget = replace(lab.budget, created=began)
    lab.cache.budgets[lab.budget.uid] = lab.budget
    assert await lab.look() is not None, "what was counted is not written here"
    assert lab.state
    assert lab.state.counted
    assert set(lab.state.remembered) == {str(UUID(int=0)), str(UUID(int=2))}
    assert list(lab.state.ledger.spent.values()) == [Decimal("1.25")]


async def test_what_a_tenant_has_under_way_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """More than a ledger holds, of which no version told what was reserved: others' jobs are reserved one by one."""
    lab = Lab(
        lambda page: [row(page * PAGE + n, namespace=("mallory", "alice")[page == 25]) for n in range(PAGE)], pages=26
    )
    shared = workspace_body({"allowedNamespaces": {"from": "All"}}, namespace="mallory", name="mine", uid="shared")
    lab.cache.put_workspace(parse_workspace(shared))
    await lab.look()
    assert lab.state is not None
    held = Counter(one.namespace for one in lab.state.ledger.open.values())
    assert held == {"mallory": 2_000, "alice": PAGE}
    assert "500 jobs of namespace mallory that have not ended count as reserved for good" in caplog.text


async def test_a_list_without_end_ends_the_count_and_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Longer than it took to read; nothing of it is written."""
    monkeypatch.setattr(tally_module, "MOST_ROWS", 2_500)
    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=1_000)
    kept = await lab.look()
    assert kept is not None
    assert "more than 2,500 jobs of this period" in kept.message
    assert lab.state is None
    took = lab.now
    assert took < 30
    lab.now += took
    assert await lab.look() == kept
    assert lab.reads == 1
    lab.now += 4 * took
    assert await lab.look() == kept
    assert lab.reads == 2


def doubted(page: Callable[[int], Rows], **fields: Any) -> Lab:
    """A ledger that was counted a moment ago, may have been set back since, and lacks what a list shows."""
    lab = Lab(page, **fields)
    now = datetime.now(UTC)
    counted = written(lab.budget, replace(ledger_of(lab.budget, now), open={}), now)
    lab.budget = replace(counted, doubted=True, status=replace(counted.status, changed_at=micro_stamp(now)))
    lab.cache.budgets[lab.budget.uid] = lab.budget
    return lab


def full_pages(status: str) -> Callable[[int], Rows]:
    """Pages of jobs, each of its own."""
    return lambda page: [row(page * PAGE + number, status=status) for number in range(PAGE)]


async def test_a_list_is_compared_as_far_as_one_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no job is missing, since these never began; then it is left alone as well."""
    monkeypatch.setattr(tally_module, "MOST_ROWS", 1_000)
    lab = doubted(full_pages("Cancelled"), pages=20)
    kept = await lab.look()
    assert kept is not None
    assert "more than 1,000 jobs of this period" in kept.message
    assert (lab.now, lab.state) == (11, None)
    lab.now += 11
    assert await lab.look() == kept
    assert lab.reads == 1


async def test_a_list_is_compared_as_far_as_a_job_that_is_missing() -> None:
    """One is enough to count anew, and for each the whole ledger is looked through."""
    lab = doubted(full_pages("Executing"), pages=20)
    await lab.look()
    assert lab.state is not None
    assert not lab.state.counted
    assert lab.now == 1


async def test_a_ledger_that_is_doubted_while_a_list_is_read_was_not_compared() -> None:
    """The cluster was restored meanwhile, and the ledger that came is another one."""

    def page(number: int) -> Rows:
        if number == 1 and lab.reads == 1:
            lab.cache.mark_stale()
        return []

    lab = doubted(page, pages=2)
    assert await lab.look() is not None
    assert lab.cache.budgets[lab.budget.uid].doubted
    lab.now += 600
    lab.budget = lab.cache.budgets[lab.budget.uid]
    assert await lab.look() is None
    assert not lab.cache.budgets[lab.budget.uid].doubted


async def test_others_run_while_a_list_is_counted() -> None:
    """Between a few rows, and the write takes a moment."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    lab = Lab(lambda page: [row(page * PAGE + number) for number in range(PAGE)], pages=20)
    running = asyncio.create_task(others())
    assert await lab.look() is not None  # the ledger that is played is never in the cache
    running.cancel()
    assert turns >= 20 * PAGE // 25
    assert lab.state is not None
    assert len(lab.state.ledger.open) == 20 * PAGE
    print(f"{lab.slowest:.3f} s")  # noqa: T201


async def test_of_a_page_nothing_is_kept_while_the_next_one_is_awaited() -> None:
    """Rows full of bills are four times as long in memory as in the list, and the next page may never come."""
    before, kept = rows_kept(), []

    def page(number: int) -> Rows:
        kept.append(rows_kept() - before)
        return [row(number * PAGE + one) for one in range(PAGE)]

    await Lab(page, pages=3).look()
    # The last row of a page is only forgotten with the first of the next one.
    assert len(kept) == 3
    assert max(kept) <= 1
