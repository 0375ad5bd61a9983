"""The rows of a list, added up as they arrive."""

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from quantumjob_operator.budgets import tally as tally_module
from quantumjob_operator.budgets.count import Row, count
from quantumjob_operator.budgets.ledger import Ended, Ledger, ledger_of
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.budgets.shown import shown
from quantumjob_operator.budgets.tally import Tally, TooManyError
from quantumjob_operator.model.budget_patch import budget_status_patch
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, request, usd, written

ENTRY = ask(budget(), ledger_of(budget(), NOW), request(0, usd("2")), NOW)[0].open["job-0"]
BILL = Ended({"USD": Decimal(1)})
EARLIER = NOW - timedelta(days=1)


def job_id(number: int) -> str:
    """The id of a job at the service."""
    return str(UUID(int=number))


def row(number: int, ended: Ended | None = BILL, *, sent: datetime = EARLIER, **entry: Any) -> Row:
    """A row of a list."""
    return Row(replace(ENTRY, job_id=job_id(number), **entry), sent, ended)


def tallied(one: QuantumBudget, rows: Iterable[Row]) -> Tally:
    """What rows come to."""
    tally = Tally(one, NOW - timedelta(minutes=5))
    for each in rows:
        tally.add(each)
    return tally


def counted(one: QuantumBudget, rows: Iterable[Row]) -> Ledger:
    """The ledger that follows."""
    tally = tallied(one, rows)
    return tally.added_to(count(one, ledger_of(one, NOW), tally.rows, NOW))


def held() -> QuantumBudget:
    """A budget that has a reservation for job 0."""
    one = budget()
    ledger = replace(ledger_of(one, NOW), open={job_id(0): replace(ENTRY, job_id=job_id(0))})
    return written(one, ledger)


@pytest.mark.parametrize(
    ("one", "rows", "kept"),
    [
        pytest.param(budget(), [row(0), row(1)], 0, id="what was billed is added up"),
        pytest.param(budget(), [row(0), row(1, None)], 1, id="what has not ended is kept"),
        pytest.param(budget(), [row(0), row(1, Ended(None))], 1, id="what has ended without a bill is kept"),
        pytest.param(budget(), [row(0, Ended(None, began=False))], 0, id="what never began counts for nothing"),
        pytest.param(budget(), [row(0, Ended(None), amounts=())], 0, id="nor does what is free"),
        pytest.param(budget(), [row(0, sent=NOW)], 1, id="what was sent a moment ago is kept"),
        pytest.param(held(), [row(0), row(1)], 1, id="what is reserved is kept"),
        pytest.param(budget(), [row(0), row(0), row(1, None), row(1)], 1, id="what is listed twice counts once"),
    ],
)
def test_it_comes_to_the_same(one: QuantumBudget, rows: list[Row], kept: int) -> None:
    """As if all rows were there at once: each job as it was listed first."""
    once: dict[str, Row] = {}
    for each in rows:
        once.setdefault(each.entry.job_id, each)
    assert counted(one, rows) == count(one, ledger_of(one, NOW), once.values(), NOW)
    assert len(tallied(one, rows).rows) == kept


def test_a_whole_month_is_added_up_in_little_memory_and_a_short_write() -> None:
    """Jobs with bills leave sums; those of which the bill is awaited fill half the ledger at most."""
    one = budget()
    tally = tallied(one, (row(number) for number in range(10_000)))
    assert not tally.rows
    assert [f"{amount:f}" for amount in tally.spent.values()] == ["10000"]
    for number in range(10_000, 12_000):
        tally.add(row(number, Ended(None)))
    assert 500 < len(tally.rows) <= 1250
    began = time.process_time()
    ledger = tally.added_to(count(one, ledger_of(one, NOW), tally.rows, NOW))
    patch = budget_status_patch(one.status, shown(one, ledger, NOW))
    print(f"{time.process_time() - began:.3f} s for {len(ledger.open)} reservations, {len(str(patch))} characters")  # noqa: T201
    reserved = sum(one.value for entry in ledger.open.values() for one in entry.amounts)
    assert sum(ledger.spent.values()) + reserved == 10_000 + 2_000 * 2


def test_a_reservation_that_somebody_wrote_by_hand_breaks_no_count() -> None:
    """Its id is none that the service has."""
    one = budget()
    assert tallied(one, [row(1)]).without_those_added_up(["job of mine", job_id(2)])
    assert not tallied(one, [row(1)]).without_those_added_up([job_id(1)])


def in_currency(number: int) -> Ended:
    """A bill in a currency of its own."""
    letters = (chr(ord("A") + number // 26**place % 26) for place in range(3))
    return Ended({"".join(letters): Decimal(1)})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param((row(n) for n in range(8_001)), "of this period", id="in all"),
        pytest.param((row(n, namespace=f"ns-{n}") for n in range(7_000)), "namespaces", id="of as many namespaces"),
        pytest.param((row(n, in_currency(n)) for n in range(7_000)), "currencies", id="in as many currencies"),
    ],
)
def test_too_many(rows: Iterable[Row], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody fills memory, or an object that can't be written any more, with a list of their own."""
    monkeypatch.setattr(tally_module, "MOST_ROWS", 8_000)
    with pytest.raises(TooManyError, match=message):
        tallied(budget(each="Namespace"), rows)


@pytest.mark.parametrize(
    ("rows", "kept", "beyond"),
    [
        pytest.param([row(n, None) for n in range(2_000)], 2_000, {}, id="four fifths of one that is alone"),
        pytest.param([row(n, None) for n in range(3_000)], 2_000, {"vqe": 1_000}, id="and no more"),
        pytest.param([row(n, None, name="x" * 253) for n in range(1_300)], 1_000, {"vqe": 300}, id="with long names"),
        pytest.param(
            [row(n, None, namespace="vqe" if n < 3_000 else "other") for n in range(3_500)],
            2_400,
            {"vqe": 1_000, "other": 100},
            id="another one has its share",
        ),
        pytest.param(
            [row(n, Ended(None)) for n in range(1_500)] + [row(n, None) for n in range(1_500, 2_500)],
            2_000,
            {"vqe": 250},
            id="together with those whose bill is awaited",
        ),
        pytest.param(
            [row(n, None, namespace=f"ns-{n}") for n in range(2_600)],
            2_500,
            {f"ns-{n}": 1 for n in range(2_500, 2_600)},
            id="as many as a ledger holds, of however many",
        ),
    ],
)
def test_a_namespace_has_its_share_of_what_is_kept(rows: list[Row], kept: int, beyond: dict[str, int]) -> None:
    """What it has beyond counts as reserved, and makes the budget countable for all others."""
    one = budget()
    tally = tallied(one, rows)
    assert (len(tally.rows), tally.beyond) == (kept, beyond)
    ledger = tally.added_to(count(one, ledger_of(one, NOW), tally.rows, NOW))
    reserved = sum(one.value for entry in ledger.open.values() for one in entry.amounts)
    assert sum(ledger.spent.values()) + reserved == 2 * len(rows)


def test_what_only_claims_tell_of_counts_for_nothing_beyond_the_share() -> None:
    """Users write claims; a job that is sent after all asks for its reservation first."""
    tally = tallied(budget(), (replace(row(n, None), accepted=False) for n in range(2_100)))
    assert (len(tally.rows), tally.beyond, tally.spent) == (2_000, {}, {})


def test_what_stands_in_the_ledger_is_kept_beside_the_share() -> None:
    """It is followed one by one until it is settled."""
    one = budget()
    entries = {job_id(n): replace(ENTRY, job_id=job_id(n)) for n in range(2_000)}
    one = written(one, replace(ledger_of(one, NOW), open=entries))
    tally = tallied(one, (row(n, None) for n in reversed(range(2_100))))
    assert (len(tally.rows), tally.beyond) == (2_000, {"vqe": 100})


def test_what_was_added_up_and_is_reserved_meanwhile_is_counted_again() -> None:
    """Its bill would stand beside its reservation."""
    tally = tallied(held(), [row(0), row(1), row(2, None)])
    assert tally.without_those_added_up([job_id(0), job_id(2), job_id(7)])
    assert not tally.without_those_added_up([job_id(1)])
