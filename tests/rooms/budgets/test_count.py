"""A ledger counted anew from the service's list."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.count import Row, count, is_missing
from quantumjob_operator.budgets.ledger import Ended, Outcome, ledger_of, settle
from quantumjob_operator.budgets.needs import CLAIMED
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.budgets.shown import as_counted, shown
from quantumjob_operator.controller.budget_counter import Count
from quantumjob_operator.controller.budget_ledger import State
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from rooms.budgets.values import NOW, budget, request, usd, written

ENTRY = ask(budget(), ledger_of(budget(), NOW), request(0, usd("97.5")), NOW)[0].open["job-0"]
BILL = Ended({"USD": Decimal(90)})


@pytest.mark.parametrize(
    ("ended", "held", "spent", "left"),
    [
        pytest.param(BILL, True, ["90"], 0, id="billed, and its reservation goes"),
        pytest.param(BILL, False, ["90"], 0, id="billed, and it had none"),
        pytest.param(None, True, [], 1, id="unfinished"),
        pytest.param(None, False, [], 1, id="unfinished, and its reservation was lost"),
        pytest.param(Ended(None), False, [], 1, id="ended without a bill after it began"),
        pytest.param(Ended(None, began=False), True, [], 0, id="it never began"),
    ],
)
def test_each_job_counts_once(ended: Ended | None, held: bool, spent: list[str], left: int) -> None:  # noqa: FBT001
    """As spent or as reserved, whatever the ledger said before."""
    one = budget()
    before = ledger_of(one, NOW)
    if held:
        before = ask(one, before, request(0, usd("97.5")), NOW)[0]
    after = count(one, before, [Row(ENTRY, NOW - timedelta(days=1), ended)], NOW)
    assert [f"{amount:f}" for amount in after.spent.values()] == spent
    assert len(after.open) == left
    assert count(one, after, [Row(ENTRY, NOW - timedelta(days=1), ended)], NOW).spent == after.spent


def test_what_awaits_its_bill_is_not_forgotten_by_a_count() -> None:
    """The service no longer shows the begin of a job that was cancelled; the ledger knows that there was one."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    waiting = settle(one, before, ENTRY.job_id, Ended(None), NOW, tolerance=timedelta(minutes=2))[0]
    assert count(one, waiting, [Row(ENTRY, NOW, Ended(None, began=False))], NOW) == waiting


def test_free_jobs_of_a_tenant_do_not_fill_a_ledger() -> None:
    """They ended without a bill, and nothing would have been reserved for them."""
    one, free = budget(), replace(ENTRY, amounts=())
    rows = [Row(replace(free, job_id=f"free-{n}"), NOW, Ended(None), unknown=n % 2 > 0) for n in range(10)]
    assert not count(one, ledger_of(one, NOW), rows, NOW).open


def test_a_job_that_runs_without_an_object_shows_that_a_ledger_was_set_back() -> None:
    """Nobody knows what it may cost."""
    one = budget()
    one = replace(one, status=replace(one.status, changed_at=CHANGED))
    later = NOW + timedelta(minutes=10)
    for unknown in (True, False):
        row = Row(replace(ENTRY, amounts=()), later, None, unknown=unknown)
        assert is_missing(one, row, settled=False, tolerance=TOLERANCE) is unknown


def test_what_the_list_does_not_show_stays_reserved() -> None:
    """Its job may be on its way; but nobody begins under it without asking the limits."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    kept = replace(ENTRY, basis=CLAIMED, renewed_at=stamp(NOW))
    assert count(one, before, [], NOW).open == {ENTRY.job_id: kept}


@pytest.mark.parametrize(
    ("row", "basis"),
    [
        pytest.param(Row(ENTRY, NOW, None), "Estimate", id="the list shows its job"),
        pytest.param(Row(ENTRY, NOW, Ended(None)), "Estimate", id="its job has ended, and a bill is awaited"),
        pytest.param(Row(ENTRY, NOW, None, accepted=False), CLAIMED, id="a claim tells of its job, and no list does"),
    ],
)
def test_what_a_count_knows_of_a_reservation(row: Row, basis: str) -> None:
    """Whether a limit is to be asked once more depends on it, whatever the former count knew."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    for standing in (before, count(one, before, [], NOW)):
        assert count(one, standing, [row], NOW).open[ENTRY.job_id].basis == basis


def test_a_job_that_is_listed_twice_counts_once() -> None:
    """By two QuantumWorkspaces of the same Azure workspace, or while the list grows."""
    one = budget()
    row = Row(ENTRY, NOW, BILL)
    assert count(one, ledger_of(one, NOW), [row, row], NOW) == count(one, ledger_of(one, NOW), [row], NOW)


def test_what_was_counted_is_not_missing() -> None:
    """A job whose object is gone is found by the count, which then changes nothing: no further start counts anew."""
    one = budget()
    row = Row(ENTRY, NOW + timedelta(minutes=1), BILL)
    one = replace(one, status=replace(one.status, changed_at=CHANGED))
    assert is_missing(one, row, settled=False, tolerance=TOLERANCE)
    one = written(one, ledger_of(one, NOW), NOW + timedelta(minutes=10))
    one = replace(one, status=replace(one.status, changed_at=CHANGED))
    assert not is_missing(one, row, settled=False, tolerance=TOLERANCE)


CHANGED = "2026-11-22T13:00:00Z"
TOLERANCE = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("later", "ended", "settled", "held", "missing"),
    [
        pytest.param(10, None, False, False, True, id="newer than the last change and not reserved"),
        pytest.param(10, BILL, True, False, True, id="newer, and its object was not set back"),
        pytest.param(10, None, False, True, False, id="newer and reserved"),
        pytest.param(10, Ended({"USD": Decimal(0)}), False, False, False, id="newer and free"),
        pytest.param(10, Ended(None, began=False), False, False, False, id="newer, and it never began"),
        pytest.param(10, Ended(None), False, False, True, id="newer, and its bill is not told"),
        pytest.param(-1, BILL, True, False, False, id="settled a moment ago"),
        pytest.param(-1, BILL, False, False, True, id="ended a moment ago, and nothing says that it was settled"),
        pytest.param(-10, BILL, False, False, False, id="older than the last change"),
    ],
)
def test_a_ledger_that_was_set_back_lacks_a_job(
    later: int,
    ended: Ended | None,
    settled: bool,  # noqa: FBT001
    held: bool,  # noqa: FBT001
    missing: bool,  # noqa: FBT001
) -> None:
    """Whatever is sent is reserved before, and settled after."""
    one = budget()
    if held:
        one = written(one, ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0])
    one = replace(one, status=replace(one.status, changed_at=CHANGED))
    row = Row(ENTRY, NOW + timedelta(minutes=later), ended)
    assert is_missing(one, row, settled=settled, tolerance=TOLERANCE) is missing


@pytest.mark.parametrize(
    ("spec", "still"),
    [
        pytest.param({"limits": [{"unit": "USD", "amount": "3000"}]}, True, id="a limit was raised"),
        pytest.param(
            {"limits": [{"unit": "USD", "amount": "2000"}, {"unit": "hqc", "amount": "5"}]},
            False,
            id="a unit was added",
        ),
        pytest.param({"perJob": [{"unit": "hqc", "amount": "5"}]}, False, id="a unit was added for each job"),
    ],
)
def test_a_unit_that_was_not_kept_account_of_is_counted_first(spec: dict[str, Any], still: bool) -> None:  # noqa: FBT001
    """It would begin with nothing spent, whatever the period has used."""
    one = budget()
    assert replace(one, spec=budget(**spec).spec).is_counted is still


def test_what_runs_is_reserved_in_a_unit_that_was_added() -> None:
    """And no less in the others."""
    one = budget(limits=[{"unit": "USD", "amount": "2000"}, {"unit": "jobs", "amount": "5"}])
    before = ask(budget(), ledger_of(budget(), NOW), request(0, usd("97.5")), NOW)[0]
    row = Row(replace(ENTRY, amounts=(Amount("jobs", "1"), Amount("USD", "1"))), NOW, None)
    assert count(one, before, [row], NOW).open["job-0"].amounts == (Amount("USD", "97.5"), Amount("jobs", "1"))


@pytest.mark.parametrize(("months", "counted"), [(0, True), (-1, None)])
def test_a_list_of_another_period_is_not_put_in_place(months: int, counted: bool | None) -> None:  # noqa: FBT001
    """The period ended while it was read: it is read again."""
    one = replace(budget(), status=replace(budget().status, counted=None))
    start = ledger_of(one, NOW).period.start
    since = start.replace(month=start.month + months)
    change = Count((one.scope, one.generation), (Row(ENTRY, NOW, BILL),), frozenset(), since, TOLERANCE)
    assert change(one, State(ledger_of(one, NOW)), NOW)[0].counted is counted


@pytest.mark.parametrize("changes", [0, 1, 2])
def test_a_list_that_was_read_while_the_spec_meant_others_is_not_put_in_place(changes: int) -> None:
    """Also if it means the same again: what was sent between is in no list, and was reserved nowhere."""
    one = replace(budget(), status=replace(budget().status, counted=None))
    change = Count((one.scope, one.generation), (), frozenset(), ledger_of(one, NOW).period.start, TOLERANCE)
    after, _ = change(replace(one, generation=one.generation + changes), State(ledger_of(one, NOW)), NOW)
    assert after.counted is (None if changes else True)


def test_what_was_sent_a_moment_before_a_count_is_remembered() -> None:
    """With an end: what is not remembered counts once more, rather than not at all."""
    one = replace(budget(), status=replace(budget().status, counted=None))
    start = ledger_of(one, NOW).period.start
    sent = {"new": NOW, "just": NOW - 2 * TOLERANCE, "old": NOW - 2 * TOLERANCE - timedelta(seconds=1)}
    rows = [Row(replace(ENTRY, job_id=name), at, BILL) for name, at in sent.items()]
    after, _ = Count((one.scope, one.generation), (*rows, *rows), frozenset(), start, TOLERANCE)(
        one, State(ledger_of(one, NOW)), NOW
    )
    assert after.remembered == ("new", "just")
    many = tuple(Row(replace(ENTRY, job_id=str(number)), NOW, BILL) for number in range(1000))
    after, _ = Count((one.scope, one.generation), many, frozenset(), start, TOLERANCE)(
        one, State(ledger_of(one, NOW)), NOW
    )
    assert len(after.remembered) == 256


def test_what_stands_under_a_key_when_a_ledger_is_counted_is_paid_once() -> None:
    """The list hides the job, which is settled by its reservation; then another object with the key asks."""
    one, sent = budget(), NOW + timedelta(seconds=1)
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("97.5"), uid="first", keyed=True), NOW)
    ledger, _ = ask(one, ledger, request(1, usd("97.5")), NOW)
    one = replace(written(one, ledger), status=replace(written(one, ledger).status, counted=None))
    counted = sent + timedelta(seconds=9)
    change = Count((one.scope, one.generation), (), frozenset(ledger.open), ledger.period.start, TOLERANCE)
    state, _ = change(one, State(ledger_of(one, counted)), counted)
    assert state.remembered == ("job-0",), "without a key nobody else asks for it"
    one = replace(one, status=as_counted(one, shown(one, state.ledger, counted), counted, state.remembered))
    ended = replace(BILL, sent=sent, owner="first")
    ledger, *_ = settle(one, ledger_of(one, counted), "job-0", ended, counted, tolerance=TOLERANCE)
    ledger, _ = ask(one, ledger, request(0, usd("97.5"), uid="second", keyed=True), counted)
    ledger, outcome, _ = settle(one, ledger, "job-0", ended, counted, tolerance=TOLERANCE)
    assert (outcome, list(ledger.spent.values())) == (Outcome.RELEASED, [Decimal(90)])
