"""A small world of budgets, jobs and time, in which all that ask wake each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

from quantumjob_operator.budgets.ledger import ledger_of, release
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_ledger import Change, State
from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.lifecycle.observation import ProgramFacts
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget, written
from rooms.lifecycle.observations import WORKSPACE, new, seen
from rooms.model.bodies import RESOURCE_ID, workspace

LIMIT: Final = 100


@dataclass(slots=True)
class World:
    """Budgets of 100 USD each, and jobs that run for some minutes.

    Attributes:
        counting: By budget: the workspaces whose jobs it counts.
        for_each: Budgets whose limits are for each namespace.
        ends: The minute in which a job that runs ends, by its uid.
    """

    counting: Mapping[str, list[str]]
    for_each: tuple[str, ...] = ()
    longest: int = 4
    slots: int | None = None
    now: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    asking: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    amounts: dict[str, tuple[str, int]] = field(default_factory=dict)
    cache: Cache = field(default_factory=Cache)
    spending: Spending = field(init=False)
    limiter: InflightLimiter = field(init=False)
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secret

    def __post_init__(self) -> None:
        """All budgets are there and counted."""
        self.limiter = InflightLimiter(
            jobs=lambda _: (),
            exists=lambda _: True,
            serving=lambda _: None,
            wake=self.asking.append,
            left=lambda _: None,
            clock=lambda: 60.0 * self.now,
        )
        for name, workspaces in self.counting.items():
            limits = [{"unit": "USD", "amount": str(LIMIT)}]
            each = "Namespace" if name in self.for_each else "Together"
            one = replace(budget(workspaces=workspaces, limits=limits, each=each), name=name, uid=name)
            self.cache.put_budget(written(one, ledger_of(one, NOW)))
            self.cache.trust_budget(name)
        self.spending = Spending(
            ledgers=self,
            cache=self.cache,
            namespaces=None,  # type: ignore[arg-type]  # no budget selects any
            wake=self.asking.append,
            needs_slot=self.limiter.waits_for_others,
            settings=Settings(),
            clock=Clock(lambda: 60.0 * self.now, lambda: NOW),
        )

    async def change(self, uid: str, change: Change, *, patient: bool = False) -> Any:
        """As `BudgetLedgers.change`."""
        del patient
        one = self.cache.budgets[uid]
        before = State(ledger_of(one, NOW))
        state, answer = change(one, before, NOW + timedelta(seconds=self.now))
        if state != before:
            self._write(one, state)
        return answer

    def _write(self, one: QuantumBudget, state: State) -> None:
        version = str(int(one.resource_version) + 1)
        self.cache.put_budget(replace(written(one, state.ledger), resource_version=version))
        self.cache.trust_budget(one.uid)

    def make(self, uid: str, workspace: str, amount: int, *, namespace: str = "small") -> None:
        """A job that asks at once."""
        self.amounts[uid] = workspace, amount
        self.cache.put_job(replace(new(), uid=uid, name=uid, namespace=namespace, resource_version="1"))
        self.asking.append(uid)

    async def turn(self) -> None:
        """A minute: some jobs end, then all that were woken ask, and so do the budgets that changed."""
        self.now += 1
        for uid in [uid for uid, end in self.ends.items() if end <= self.now]:
            del self.ends[uid]
            for one in list(self.cache.budgets.values()):
                state = State(ledger_of(one, NOW))
                entry = next((each for each in state.ledger.open.values() if each.uid == uid), None)
                if entry:
                    self._write(one, replace(state, ledger=release(state.ledger, entry.job_id)))
            self._end(uid)
        for name in self.counting:
            self.spending.changed(self.cache.budgets[name], everybody=False)
        for _ in range(1000):
            if not self.asking:
                return
            uid = self.asking.pop(0)
            if uid in self.counting:
                self.spending.changed(self.cache.budgets[uid], everybody=False)
            elif uid in self.cache.jobs and uid not in self.ends:
                await self._ask(uid)
        raise AssertionError("they wake each other without end")

    def _end(self, uid: str) -> None:
        self.limiter.forget(uid)
        self.spending.forget(uid)
        self.cache.remove(uid)

    async def _ask(self, uid: str) -> None:
        job, (through, amount) = self.cache.jobs[uid], self.amounts[uid]
        limits = {"resourceId": RESOURCE_ID} | ({"maxJobsInFlight": self.slots} if self.slots else {})
        place = workspace(limits, namespace="quantum-platform", name=through, uid=through)
        if self.limiter.take(place, job, first=self.spending.lines.has_turn(uid)):
            return
        estimate = Estimate(Basis.PRICE_LIST, "counted", (Amount("USD", str(amount)),))
        context = ReconcileContext(
            seen=seen(
                job,
                workspace=replace(WORKSPACE, namespace="quantum-platform", name=through),
                program=ProgramFacts("digest", estimate=estimate),
            ),
            memory=Memory(job),
            connection=None,
            stored=job.status,
            writer=None,  # type: ignore[arg-type]  # unused
        )
        await self.spending.reserve(context)
        sent = context.seen.kept_back is None
        await self.spending.reconciled(uid, may_run=sent)
        if sent:
            self.passed.append(uid)
            self.ends[uid] = self.now + self.random.randint(1, self.longest)
        else:
            self.limiter.forget(uid)
        for one in self.cache.budgets.values():
            assert sum(float(each.amounts[0].value) for each in one.status.reservations) <= LIMIT
