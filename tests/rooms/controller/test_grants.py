"""What a reconciliation reserves for its job is sent under, or given back when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_ledger import Change, State
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.lifecycle.observation import ProgramFacts
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget, written
from rooms.lifecycle.observations import WORKSPACE, new, seen


@dataclass(slots=True)
class Bench:
    """Two budgets that count a job, in the order in which they are asked, and the ledgers of all of them.

    Attributes:
        broken: Uids of those that can't be written.
    """

    cache: Cache = field(default_factory=Cache)
    broken: set[str] = field(default_factory=set)
    spending: Spending = field(init=False)

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            self.cache.budgets[name] = replace(budget(), uid=name, name=name)
            self.cache.budgets[name] = written(self.cache.budgets[name], ledger_of(self.cache.budgets[name], NOW))
        self.spending = Spending(
            ledgers=self,
            cache=self.cache,
            namespaces=None,  # type: ignore[arg-type]  # unused
            wake=lambda _: None,
            needs_slot=lambda _: False,
            settings=Settings(),
            clock=Clock(lambda: 0.0, lambda: NOW),
        )

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """As the ledgers'."""
        assert not patient
        if uid in self.broken:
            raise ClusterError(f"PATCH {uid}", 500, "InternalError", "etcd is away")
        one = self.cache.budgets[uid]
        state, answer = change(one, State(ledger_of(one, NOW)), NOW)
        self.cache.budgets[uid] = written(one, state.ledger)
        return answer

    async def reserve(self) -> str:
        """Have a job reserve; returns its uid."""
        program = ProgramFacts("digest", estimate=Estimate(Basis.PRICE_LIST, "counted", (Amount("USD", "1"),)))
        through, job = replace(WORKSPACE, namespace=budget().namespace, name="shared"), new()
        context = ReconcileContext(
            seen=seen(job, workspace=through, program=program),
            memory=Memory(job),
            connection=None,
            stored=job.status,
            writer=None,  # type: ignore[arg-type]  # unused
        )
        await self.spending.reserve(context)
        return job.uid

    @property
    def held(self) -> Mapping[str, int]:
        """How many reservations each budget has."""
        return {uid: len(one.status.reservations) for uid, one in self.cache.budgets.items()}


@pytest.mark.parametrize(
    ("may_run", "held"),
    [
        pytest.param(True, 1, id="something may have been sent under it"),
        pytest.param(
            False, 0, id="nothing was sent: its target is down, or it was deleted, or it was changed meanwhile"
        ),
    ],
)
async def test_what_is_reserved_and_not_sent_is_given_back(*, may_run: bool, held: int) -> None:
    """A job that can't be sent, and is tried again and again, holds nothing that others wait for."""
    bench = Bench()
    uid = await bench.reserve()
    assert bench.held == {"first": 1, "second": 1}
    await bench.spending.reconciled(uid, may_run=may_run)
    assert bench.held == {"first": held, "second": held}
    await bench.spending.reconciled(uid, may_run=False)
    assert bench.held == {"first": held, "second": held}


async def test_what_earlier_budgets_granted_is_given_back_when_a_later_one_cant_be_written() -> None:
    """As when the later one refuses."""
    bench = Bench(broken={"second"})
    with pytest.raises(ClusterError):
        await bench.reserve()
    assert bench.held == {"first": 1, "second": 0}
    await bench.spending.reconciled(new().uid, may_run=False)
    assert bench.held == {"first": 0, "second": 0}


async def test_what_another_process_has_confirmed_is_not_given_back() -> None:
    """It may send under it at any moment."""
    bench = Bench()
    uid = await bench.reserve()
    await bench.change("first", _confirmed)
    await bench.spending.reconciled(uid, may_run=False)
    assert bench.held == {"first": 1, "second": 0}


async def test_what_cant_be_given_back_now_ends_nothing() -> None:
    """Others are given back all the same; the next try that is refused gives this one back, too."""
    bench = Bench()
    uid = await bench.reserve()
    bench.broken = {"first"}
    await bench.spending.reconciled(uid, may_run=False)
    assert bench.held == {"first": 1, "second": 0}
    bench.broken = set()
    await bench.reserve()
    await bench.spending.reconciled(uid, may_run=False)
    assert bench.held == {"first": 1, "second": 0}, "somebody else may have been granted it"
    await bench.reserve()
    await bench.spending.reconciled(uid, may_run=False, refused=True)
    assert bench.held == {"first": 0, "second": 0}


@pytest.mark.parametrize(
    ("standing", "kept"),
    [
        pytest.param({}, 0, id="its own"),
        pytest.param({"uid": "another"}, 1, id="another object's"),
        pytest.param({"ended_at": stamp(NOW)}, 1, id="it awaits a bill"),
        pytest.param({"renewed_at": stamp(NOW - timedelta(seconds=9))}, 1, id="it was confirmed at another time"),
    ],
)
async def test_what_a_refused_job_gives_back_of_what_stood_before(standing: dict[str, Any], kept: int) -> None:
    """A time-out once, and a target that is down since: each further try confirmed what it held, without an end."""
    bench = Bench()
    uid = await bench.reserve()
    await bench.spending.reconciled(uid, may_run=True)
    await bench.reserve()

    def other(_budget: QuantumBudget, state: State, _now: datetime) -> tuple[State, None]:
        changed = {job: replace(one, **standing) for job, one in state.ledger.open.items()}
        return replace(state, ledger=replace(state.ledger, open=changed)), None

    await bench.change("first", other)
    await bench.spending.reconciled(uid, may_run=False, refused=True)
    assert bench.held == {"first": kept, "second": 0}


def _confirmed(_budget: QuantumBudget, state: State, _now: object) -> tuple[State, None]:
    open_now = {job: replace(one, renewed_at=stamp(NOW)) for job, one in state.ledger.open.items()}
    return replace(state, ledger=replace(state.ledger, open=open_now)), None
