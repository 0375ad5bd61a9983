"""The budgets of one QuantumWorkspace and of one job, found without a walk through all."""

from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.budgets.membership import MOST_COMPARED
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.budget_index import Budgets
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.controller.budget_reconciler import BudgetReconciler
from quantumjob_operator.controller.spending import Spending
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.reservation import Reservation
from quantumjob_operator.settings import Settings
from rooms.budgets.values import NOW, budget

SHARED: Final = ("quantum-platform", "shared")
MANY: Final = 1_000
touched: Final[list[str]] = []


class Watched(QuantumBudget):
    """A budget that takes note of each look at it."""

    def __getattribute__(self, name: str) -> Any:
        """Note it."""
        touched.append(object.__getattribute__(self, "uid"))
        return object.__getattribute__(self, name)


def crowd() -> Cache:
    """A thousand budgets of a tenant for one QuantumWorkspace, each with a reservation."""
    cache = Cache()
    for number in range(MANY):
        held = (_reservation(f"job-{number}"),)
        one = replace(budget(), uid=f"uid-{number}", name=f"b{number}", namespace="mallory")
        one = replace(one, status=replace(one.status, reservations=held))
        cache.put_budget(Watched(**{field: getattr(one, field) for field in QuantumBudget.__dataclass_fields__}))
    return cache


def _reservation(job_id: str) -> Reservation:
    return Reservation(job_id, "mallory", "a", "u", "shared", "2026-11-22T12:00:00Z", amounts=(Amount("USD", "1"),))


def _spending(cache: Cache) -> Spending:
    return Spending(
        ledgers=None,  # type: ignore[arg-type]  # unused
        cache=cache,
        namespaces=None,  # type: ignore[arg-type]  # unused
        wake=lambda _: None,
        needs_slot=lambda _: False,
        settings=Settings(),
        clock=Clock(lambda: 0.0, lambda: NOW),
    )


@dataclass
class Idle:
    """Neither sweeps, nor counts, nor queues, nor writes anything."""

    async def look(self, _budget: QuantumBudget) -> None:
        """Nothing is in the way."""

    async def sweep(self, _budget: QuantumBudget) -> str:
        """Nothing is unconfirmed."""
        return ""

    async def change(self, _uid: str, _change: Any) -> None:
        """Nothing is written."""

    def add_after(self, *_: Any) -> None:
        """Nothing follows."""


def test_a_job_of_another_tenant_looks_at_none_of_a_crowd() -> None:
    """What it asks on each of its reconciliations: who counts it, and what is set aside for it."""
    spending = _spending(crowd())
    touched.clear()
    assert spending.concerned(SHARED) == ()
    assert spending.reserved("job-of-somebody-else") == ()
    assert touched == []
    (shown,) = spending.reserved("job-7")
    assert (shown.namespace, shown.name, set(touched)) == ("mallory", "b7", {"uid-7"})


async def test_a_budget_of_a_crowd_is_compared_with_few() -> None:
    """Each of them is reconciled every minute: a look at all others would be a million looks."""
    cache, idle = crowd(), Idle()
    parts: dict[str, Any] = {"objects": idle, "ledgers": idle, "sweep": idle, "counter": idle, "queue": idle}
    clock = Clock(lambda: 0.0, lambda: NOW)
    reconciler = BudgetReconciler(cache=cache, spending=_spending(cache), clock=clock, **parts)
    touched.clear()
    await reconciler.reconcile("uid-7")
    assert 100 < len(set(touched)) <= MOST_COMPARED + 1


def test_only_budgets_of_the_workspaces_namespace_count() -> None:
    """Whoever owns the money writes them there; they are asked in the order of their names."""
    cache, one = Cache(), budget()
    for name in ("b", "c", "a"):
        cache.put_budget(replace(one, uid=name, name=name))
    assert [each.name for each in cache.budgets.naming(SHARED)] == ["a", "b", "c"]
    assert list(cache.budgets.naming(("quantum-platform", "other"))) == []
    assert list(cache.budgets.naming(("research", "shared"))) == []


UIDS: Final = ("u1", "u2", "u3")
places: Final = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=3, unique=True)
jobs: Final = st.lists(st.sampled_from(["j1", "j2", "j3"]), max_size=3, unique=True)
steps: Final = st.lists(st.tuples(st.sampled_from(UIDS), st.none() | st.tuples(st.sampled_from("nm"), places, jobs)))


@given(steps)
def test_the_index_says_what_a_walk_through_all_would(taken: list[tuple[str, Any]]) -> None:
    """After any budgets were taken, replaced by others and removed."""
    index, usual = Budgets(), budget()
    for uid, given_ in taken:
        if given_ is None:
            index.pop(uid, None)
            continue
        namespace, workspaces, held = given_
        status = replace(usual.status, reservations=tuple(map(_reservation, held)))
        spec = replace(usual.spec, workspaces=tuple(workspaces))
        index[uid] = replace(usual, uid=uid, name=uid[::-1], namespace=namespace, spec=spec, status=status)
    everything = sorted(index.values(), key=lambda one: one.key)
    for namespace in "nm":
        for name in "xyz":
            wanted = [one for one in everything if one.namespace == namespace and name in one.spec.workspaces]
            assert list(index.naming((namespace, name))) == wanted
    for job_id in ("j1", "j2", "j3"):
        wanted = [one for one in everything if any(each.job_id == job_id for each in one.status.reservations)]
        assert index.holding(job_id) == wanted
    if not index:
        assert not index._naming
        assert not index._holding
    with pytest.raises(KeyError):
        index["nobody"]


def test_a_budget_whose_spec_cant_be_read_may_name_any_workspace_of_its_namespace() -> None:
    """Until it can be read again; then it names those that it names."""
    cache = Cache()
    cache.put_budget(budget())
    unread = replace(budget(), uid="unread", name="other", unreadable="spec.unknownCost: no such word")
    cache.put_budget(replace(unread, spec=replace(unread.spec, workspaces=())))
    for name in ("shared", "another"):
        assert "unread" in {one.uid for one in cache.budgets.naming((SHARED[0], name))}
    assert [one.uid for one in cache.budgets.naming(("elsewhere", "shared"))] == []
    cache.put_budget(replace(unread, resource_version="8", unreadable=""))
    assert [one.name for one in cache.budgets.naming(SHARED)] == ["other", "research"]
    assert list(cache.budgets.naming((SHARED[0], "another"))) == []
