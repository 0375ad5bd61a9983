"""What a job has its budgets settle, and by whose word."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.budgets.ledger import Ended, Outcome
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Request
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.settlement import Settlement
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.lifecycle.observation import ProgramFacts, Trouble
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import METADATA_RESERVED
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation, line_of
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget
from rooms.lifecycle.observations import WORKSPACE, accepted, claimed, identity, new, remote, seen
from rooms.model.bodies import RESOURCE_ID, workspace

RESERVED: Final = Reservation(
    identity(), "research", "bell", "u", "shared", "2026-11-22T12:00:00Z", amounts=(Amount("USD", "97.5"),)
)


@dataclass(slots=True)
class Ledgers:
    """Takes note of what is to be changed."""

    changed: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    async def change(self, uid: str, change: Any, *, patient: bool = False) -> tuple[Outcome, tuple[Amount, ...]]:
        """It is settled at nothing."""
        assert isinstance(change, Settlement), patient
        self.changed.append(uid)
        self.ended.append(change.ended)
        return Outcome.SETTLED, ()


@dataclass(slots=True)
class Refusing:
    """Keeps every job back."""

    waits: bool
    final: bool

    async def change(self, _uid: str, _change: Any) -> Refusal:
        """Refuse it."""
        return Refusal("BudgetExceeded", "there is not enough", waits=self.waits, final=self.final)


@dataclass(slots=True)
class Hearing:
    """Takes note of what is asked, and keeps every job back."""

    heard: list[Request] = field(default_factory=list)

    async def change(self, _uid: str, change: Any) -> Refusal:
        """Refuse it."""
        self.heard.append(change.request)
        return Refusal("BudgetExceeded", "there is not enough", waits=True, final=False)


class Full(Refusing):
    """Keeps every job back, and settles what has ended."""

    async def change(self, uid: str, change: Any, *, patient: bool = False) -> Any:
        """It is settled at nothing."""
        del patient
        return (Outcome.SETTLED, ()) if isinstance(change, Settlement) else await super().change(uid, change)


def spending_of(cache: Cache, ledgers: Any, woken: list[str] | None = None) -> Spending:
    """What jobs ask of the budgets of a cache."""
    return Spending(
        ledgers=ledgers,
        cache=cache,
        namespaces=None,  # type: ignore[arg-type]  # unused
        wake=([] if woken is None else woken).append,
        needs_slot=lambda _: False,
        settings=Settings(),
        clock=Clock(lambda: 0.0, lambda: NOW),
    )


async def ask(spending: Spending, one: QuantumBudget, uid: str, *, key: str | None = None) -> None:
    """A job, with an idempotencyKey or without, asks a budget that names its QuantumWorkspace."""
    program = ProgramFacts("digest", estimate=Estimate(Basis.PRICE_LIST, "counted", (Amount("USD", "1"),)))
    through = replace(WORKSPACE, namespace=one.namespace, name="shared")
    job = replace(new(), uid=uid, spec=replace(new().spec, idempotency_key=key))
    context = ReconcileContext(
        seen=seen(job, workspace=through, program=program),
        memory=Memory(job),
        connection=None,
        stored=job.status,
        writer=None,  # type: ignore[arg-type]  # unused
    )
    await spending.reserve(context)


async def test_a_process_that_goes_on_after_a_fence_confirms_for_itself() -> None:
    """Else one that was stopped could give back what the other one's job runs under."""
    cache, ledgers, one = Cache(), Hearing(), budget()
    cache.put_budget(one)
    spending = spending_of(cache, ledgers)
    await ask(spending, one, "u1")
    assert ledgers.heard[0].fresh < timedelta(seconds=Settings().fence_seconds)


@pytest.mark.parametrize(
    ("waits", "final"),
    [
        pytest.param(True, False, id="waits"),
        pytest.param(False, False, id="can't pass"),
        pytest.param(False, True, id="has ended"),
    ],
)
async def test_a_job_that_is_gone_waits_nowhere(*, waits: bool, final: bool) -> None:
    """Any number of them may come and go in a month."""
    cache, woken, one = Cache(), list[str](), budget()
    cache.put_budget(one)
    spending = spending_of(cache, Refusing(waits, final), woken)
    for uid in ("u1", "u2"):
        await ask(spending, one, uid)
    spending.forget("u1")
    spending.gone(one.uid)
    assert woken == ([] if final else ["u2"])


def holding(entry: Reservation, ledgers: Any, woken: list[str] | None = None) -> tuple[QuantumBudget, Spending]:
    """A budget that has this reservation."""
    cache, one = Cache(), budget({"reservations": [line_of(entry)]})
    cache.put_budget(one)
    return one, spending_of(cache, ledgers, woken)


@pytest.mark.parametrize(
    ("namespace", "name", "settled"),
    [
        pytest.param("quantum-platform", "shared", True, id="the one through which it was reserved"),
        pytest.param("quantum-platform", "other", False, id="another one beside it"),
        pytest.param("research", "shared", False, id="one of its name in the job's own namespace"),
        pytest.param("", "", False, id="one that serves the job no more"),
    ],
)
async def test_whose_word_settles_a_reservation(namespace: str, name: str, *, settled: bool) -> None:
    """Whoever may write a QuantumWorkspace may not say what others' budgets have spent."""
    ledgers = Ledgers()
    one, spending = holding(RESERVED, ledgers)
    told_by = workspace({"resourceId": RESOURCE_ID}, namespace=namespace, name=name or "gone")
    job = accepted()
    known = seen(job, remote=remote("Failed"))
    context = ReconcileContext(
        seen=known,
        memory=Memory(job),
        connection=Connection(told_by, None) if name else None,  # type: ignore[arg-type]  # not asked
        stored=job.status,
        writer=None,  # type: ignore[arg-type]  # not written
    )
    await spending.settle(context)
    assert ledgers.changed == ([one.uid] if settled else [])
    (shown,) = context.seen.settled or ()
    assert shown.state == ("Settled" if settled else "Reserved")


@pytest.mark.parametrize("waits", [True, False])
async def test_what_is_settled_is_offered_at_once(*, waits: bool) -> None:
    """If anybody waits for it: our own writing is no news, and the budget would be looked at some time later."""
    woken = list[str]()
    one, spending = holding(RESERVED, Full(waits=True, final=False), woken)
    if waits:
        await ask(spending, one, "u9")
    job, told_by = accepted(), workspace({"resourceId": RESOURCE_ID}, namespace=one.namespace, name=RESERVED.workspace)
    context = ReconcileContext(
        seen=seen(job, remote=remote("Failed")),
        memory=Memory(job),
        connection=Connection(told_by, None),  # type: ignore[arg-type]  # not asked
        stored=job.status,
        writer=None,  # type: ignore[arg-type]  # not written
    )
    await spending.settle(context)
    assert woken == [one.uid] * waits


HERE: Final = {METADATA_RESERVED: '{"quantum-platform/research":{"USD":"5"}}'}
AWAITED: Final = replace(RESERVED, ended_at="2026-11-22T12:30:00Z")


@pytest.mark.parametrize(
    ("entry", "facts", "ended"),
    [
        pytest.param(RESERVED, {"remote": remote("Cancelled")}, (False, ()), id="it never began"),
        pytest.param(AWAITED, {"remote": remote("Cancelled")}, (True, ()), id="another object with its key saw it run"),
        pytest.param(RESERVED, {"submission": Trouble("Rejected", "no", final=True)}, (False, ()), id="it was refused"),
        pytest.param(
            AWAITED, {"submission": Trouble("Rejected", "no", final=True)}, (True, ()), id="refused, as it ran before"
        ),
        pytest.param(
            AWAITED,
            {"remote": remote("Cancelled", metadata={**remote().metadata, **HERE})},
            (True, (Amount("USD", "5"),)),
            id="what stood reserved when it was sent",
        ),
    ],
)
async def test_how_a_job_ended_is_known_to_the_ledger_too(
    entry: Reservation, facts: dict[str, Any], ended: tuple[bool, Any]
) -> None:
    """An object that is made anew with the key has no memory of what it takes over."""
    ledgers, job = Ledgers(), claimed()
    one, spending = holding(entry, ledgers)
    told_by = workspace({"resourceId": RESOURCE_ID}, namespace=one.namespace, name=entry.workspace)
    context = ReconcileContext(
        seen=seen(job, job_id=entry.job_id, **facts),
        memory=Memory(job),
        connection=Connection(told_by, None),  # type: ignore[arg-type]  # not asked
        stored=job.status,
        writer=None,  # type: ignore[arg-type]  # not written
    )
    await spending.settle(context)
    assert [(each.began, each.reserved) for each in ledgers.ended] == [ended]


@pytest.mark.parametrize("reason", ["BudgetCounting", "CostUnknown"])
async def test_who_waits_for_a_count_is_woken_by_whoever_counted(reason: str) -> None:
    """Another process may have, while this one looked the other way."""
    cache, woken, one = Cache(), list[str](), budget()
    cache.put_budget(one)

    class Closed(Refusing):
        async def change(self, _uid: str, _change: Any) -> Refusal:
            return Refusal(reason, "not now")

    spending = spending_of(cache, Closed(waits=False, final=False), woken)
    await ask(spending, one, "u1")
    spending.changed(cache.budgets[one.uid], everybody=False)
    assert woken == []
    cache.trust_budget(one.uid)
    spending.changed(cache.budgets[one.uid], everybody=False)
    assert woken == (["u1"] if reason == "BudgetCounting" else [])


@pytest.mark.parametrize(
    ("becomes", "asks"),
    [
        pytest.param("", [], id="nothing has happened"),
        pytest.param("changed", ["u1"], id="its spec is another one"),
        pytest.param("gone", ["u1"], id="it is gone"),
    ],
)
async def test_a_job_that_was_refused_by_a_former_budget_asks_again(becomes: str, asks: list[str]) -> None:
    """Those who wait were woken while its question was on its way, and it was not among them."""
    cache, woken, one = Cache(), list[str](), budget()
    cache.put_budget(one)

    class Changing(Refusing):
        async def change(self, uid: str, change: Any) -> Refusal:
            if becomes == "gone":
                cache.remove(uid)
            if becomes == "changed":
                cache.put_budget(replace(one, resource_version="8", generation=one.generation + 1))
            return await super().change(uid, change)

    spending = spending_of(cache, Changing(waits=False, final=False), woken)
    await ask(spending, one, "u1")
    assert woken == asks
