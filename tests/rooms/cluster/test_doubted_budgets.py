"""Which ledgers are doubted, or to be counted anew, by what the watch tells of their budgets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumworkspace import Selector
from rooms.budgets.values import NOW, budget, written


def test_a_budget_that_nobody_watched_is_doubted_until_it_was_compared() -> None:
    """Further versions of it are no proof; nor is one that was set back."""
    known, one = Cache(), budget()
    known.put_budget(one)
    known.doubt_budgets()
    known.put_budget(replace(one, resource_version="8"))
    assert known.budgets[one.uid].doubted
    known.trust_budget(one.uid)
    assert not known.budgets[one.uid].doubted
    known.mark_stale()
    known.put_budget(replace(one, resource_version="3"))
    assert known.budgets[one.uid].doubted


@pytest.mark.parametrize("version", ["3", "7", "12"])
def test_after_a_restore_each_budget_is_doubted(version: str) -> None:
    """Somebody may have written to one since, so that its version is higher than that of the ledger that is lost."""
    known, one = Cache(), budget()
    known.put_budget(one)
    known.trust_budget(one.uid)
    known.mark_stale()
    known.put_budget(replace(one, resource_version=version))
    assert known.budgets[one.uid].doubted


def test_a_budget_that_was_compared_before_its_restored_version_came_is_doubted_again() -> None:
    """The ledger that was compared was the one from before, and nothing was missing in it."""
    known, one = Cache(), budget()
    known.put_budget(one)
    known.mark_stale()
    known.trust_budget(one.uid)
    known.put_budget(replace(one, resource_version="3"))
    assert known.budgets[one.uid].doubted


@pytest.mark.parametrize("counted", [True, False])
def test_a_budget_that_comes_with_a_count_is_doubted(*, counted: bool) -> None:
    """It was deleted, and a restore brought it back with an older ledger; one that is new is counted anyway."""
    known, one = Cache(), budget()
    one = one if counted else replace(one, status=replace(one.status, counted=None))
    known.put_budget(one)
    assert known.budgets[one.uid].doubted is counted


def test_each_doubt_of_a_ledger_is_another_one() -> None:
    """Also of one that is doubted already, or comes back: who compares it meanwhile has another version."""
    known, one = Cache(), replace(budget(), status=replace(budget().status, changed_at="2026-11-22T13:00:00Z"))
    steps: list[Callable[[], object]] = [
        lambda: known.put_budget(one),
        lambda: known.put_budget(replace(one, resource_version="8")),
        lambda: known.put_budget(
            replace(one, resource_version="9", status=replace(one.status, changed_at="2026-11-21T13:00:00Z"))
        ),
        known.doubt_budgets,
        known.mark_stale,
        lambda: known.remove(one.uid),
        lambda: known.put_budget(replace(one, resource_version="10")),
        lambda: known.put_budget(replace(one, uid="another", resource_version="11")),
    ]
    doubts = [(step(), known.doubts.get(one.uid))[1] for step in steps]
    assert doubts == [1, 1, 2, 3, 4, None, 5, 5]


def other_jobs(one: QuantumBudget) -> QuantumBudget:
    """The budget with a spec that means other jobs."""
    return replace(one, spec=replace(one.spec, jobs=Selector({"team": "other"})))


@pytest.mark.parametrize(
    ("versions", "counted"),
    [
        pytest.param([lambda one: replace(one, generation=2)], True, id="another limit"),
        pytest.param([other_jobs], False, id="other jobs"),
        pytest.param([other_jobs, lambda one: one], False, id="other jobs for a moment: they were sent without it"),
        pytest.param([lambda one: replace(one, generation=3)], False, id="two changes, of which one was not seen"),
    ],
)
def test_a_budget_that_meant_others_for_a_moment_is_counted_anew(
    versions: list[Callable[[QuantumBudget], QuantumBudget]], *, counted: bool
) -> None:
    """Until a count is written; not by whatever else is written meanwhile."""
    known, one = Cache(), budget()
    known.put_budget(one)
    for number, change in enumerate(versions):
        known.put_budget(replace(change(one), resource_version=f"{8 + number}"))
    assert known.budgets[one.uid].is_counted is counted
    last = replace(versions[-1](one), resource_version="20")
    known.put_budget(last)
    assert known.budgets[one.uid].is_counted is counted
    known.put_budget(replace(written(last, ledger_of(last, NOW), NOW + timedelta(seconds=9)), resource_version="21"))
    assert known.budgets[one.uid].is_counted


@pytest.mark.parametrize(
    ("changed_at", "doubted"),
    [
        pytest.param("2026-11-22T13:00:00Z", False, id="the same"),
        pytest.param("2026-11-22T13:00:09Z", False, id="later"),
        pytest.param("2026-11-22T12:59:59Z", True, id="earlier: somebody wrote an older status over it"),
        pytest.param(None, True, id="never"),
    ],
)
def test_a_ledger_that_is_set_back_while_it_is_watched_is_doubted(changed_at: str | None, *, doubted: bool) -> None:
    """By a tool that writes a backup over the object."""
    known, one = Cache(), budget()
    one = replace(one, status=replace(one.status, changed_at="2026-11-22T13:00:00Z"))
    known.put_budget(one)
    known.trust_budget(one.uid)
    known.put_budget(replace(one, resource_version="8", status=replace(one.status, changed_at=changed_at)))
    assert known.budgets[one.uid].doubted is doubted
    assert known.budgets[one.uid].is_counted is not doubted


@pytest.mark.parametrize(
    ("changed_at", "counted"),
    [
        pytest.param("2026-11-22T13:00:00.000001Z", True, id="the same"),
        pytest.param("2026-11-22T13:00:00.000002Z", True, id="later"),
        pytest.param("2026-11-22T13:00:00.000000Z", False, id="a moment earlier"),
    ],
)
def test_of_a_ledger_that_is_set_back_a_moment_is_enough(changed_at: str, *, counted: bool) -> None:
    """Each change is later than the one before, whatever clocks say; only a count makes it one to believe again."""
    known, one = Cache(), budget()
    one = replace(one, status=replace(one.status, changed_at="2026-11-22T13:00:00.000001Z", digest="of it"))
    known.put_budget(one)
    known.trust_budget(one.uid)
    for version in ("8", "9"):
        status = replace(one.status, changed_at=changed_at)
        known.put_budget(replace(one, resource_version=version, status=status))
        assert known.budgets[one.uid].is_counted is counted
    later = replace(one.status, changed_at="2026-11-22T14:00:00.000000Z")
    anew = replace(one, resource_version="10", status=later)
    known.put_budget(replace(written(anew, ledger_of(anew, NOW), NOW + timedelta(seconds=9)), resource_version="10"))
    assert known.budgets[one.uid].is_counted
