"""How a ledger changes: never twice, never to the wrong period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import Ended, Key, Ledger, Outcome, is_current, ledger_of, settle
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask
from quantumjob_operator.budgets.shown import as_counted
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, request, usd, written

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
TOLERANCE = timedelta(seconds=65)
BILL = {"USD": Decimal(90), "gs1q": Decimal(1000)}


def reserved(one: QuantumBudget, amount: str = "97.5") -> Ledger:
    """A ledger with one job."""
    return ask(one, ledger_of(one, NOW), request(0, usd(amount)), NOW)[0]


def spent(ledger: Ledger) -> dict[str, str]:
    """What is spent by unit."""
    return {key.unit: f"{amount:f}" for key, amount in ledger.spent.items()}


@pytest.mark.parametrize(
    ("ended", "outcome", "sums"),
    [
        pytest.param(Ended(BILL), Outcome.SETTLED, {"USD": "90"}, id="as billed, whatever was expected"),
        pytest.param(
            Ended({"USD": Decimal(500)}), Outcome.SETTLED, {"USD": "500"}, id="in full, if the bill is higher"
        ),
        pytest.param(
            Ended({"EUR": Decimal(50)}),
            Outcome.SETTLED,
            {"EUR": "50", "USD": "97.5"},
            id="a bill in another currency is never converted",
        ),
        pytest.param(Ended({"USD": Decimal(0)}), Outcome.SETTLED, {}, id="0 is an answer"),
        pytest.param(Ended(None), Outcome.UNSETTLED, {}, id="no bill, though it began"),
        pytest.param(Ended(None, began=False), Outcome.RELEASED, {}, id="no bill, and it never began"),
        pytest.param(
            Ended(None, reserved=usd("0").amounts), Outcome.RELEASED, {}, id="no bill, and nothing was to pay"
        ),
        pytest.param(
            Ended(BILL, sent=NOW - TOLERANCE - SECOND), Outcome.RELEASED, {}, id="it was paid before it was reserved"
        ),
        pytest.param(Ended(BILL, sent=NOW - SECOND), Outcome.SETTLED, {"USD": "90"}, id="clocks differ by a little"),
    ],
)
def test_a_job_has_ended(ended: Ended, outcome: Outcome, sums: dict[str, str]) -> None:
    """Its bill takes the place of its reservation."""
    one = budget()
    ledger, found, _ = settle(one, reserved(one), "job-0", ended, NOW, tolerance=TOLERANCE)
    assert found is outcome
    assert spent(ledger) == sums
    assert bool(ledger.open) == (outcome is Outcome.UNSETTLED)


@pytest.mark.parametrize(
    ("bill", "sent_with", "counted"),
    [
        pytest.param(None, (("USD", "1"),), {"USD": "1", "jobs": "1"}, id="as much as stood when it was sent"),
        pytest.param(None, (("USD", "900"),), {"USD": "250", "jobs": "1"}, id="and never more than stands now"),
        pytest.param(None, (), {"USD": "250", "jobs": "1"}, id="the service tells nothing of it"),
        pytest.param({"USD": Decimal(7)}, (("USD", "1"),), {"USD": "7", "jobs": "1"}, id="a bill counts in full"),
    ],
)
def test_what_another_object_with_the_key_asked_for_does_not_count(
    bill: Any, sent_with: tuple[tuple[str, str], ...], counted: dict[str, str]
) -> None:
    """It is refused as another job, and its amounts are nobody's."""
    one = budget(limits=[{"unit": "USD", "amount": "2000"}, {"unit": "jobs", "amount": "10"}])
    first, more = (replace(usd("1"), amounts=(Amount("USD", amount), Amount("jobs", "1"))) for amount in ("1", "250"))
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, first, uid="A", keyed=True), NOW)
    ledger, _ = ask(one, ledger, request(0, more, uid="B", keyed=True), NOW)
    ended = Ended(bill, reserved=tuple(Amount(*each) for each in sent_with))
    for later in (timedelta(0), 8 * DAY):
        ledger, _, _ = settle(one, ledger, "job-0", ended, NOW + later, tolerance=TOLERANCE)
    assert (spent(ledger), ledger.open) == (counted, {})


def test_a_bill_is_awaited_whoever_asks_with_the_key_meanwhile() -> None:
    """Also for more: the job has begun, and may be billed."""
    one = budget()
    ledger, _, _ = settle(one, reserved(one), "job-0", Ended(None), NOW, tolerance=TOLERANCE)
    ledger, _ = ask(one, ledger, request(0, usd("250"), uid="B"), NOW + 30 * SECOND)
    assert ledger.open["job-0"].ended_at == "2026-11-22T13:00:00Z"


@pytest.mark.parametrize(
    ("askers", "sent_for", "sent", "outcome"),
    [
        pytest.param(["A"], "A", 1, Outcome.SETTLED, id="the job was sent for who asked"),
        pytest.param(["B"], "A", -20, Outcome.RELEASED, id="it was settled for its own object, which is gone"),
        pytest.param(["A", "B"], "A", 1, Outcome.SETTLED, id="the next object with the key took over what stood"),
        pytest.param(["A", "B"], "B", 1, Outcome.SETTLED, id="and sent the job itself"),
        pytest.param(["A", "B", "C"], "B", 1, Outcome.SETTLED, id="or the one between did"),
        pytest.param(["B", "C"], "A", -20, Outcome.RELEASED, id="the next but one waits for what was settled, too"),
        pytest.param(["B"], None, -20, Outcome.SETTLED, id="the service has lost for whom it was sent"),
        pytest.param(["B"], "A", None, Outcome.SETTLED, id="nobody knows when it was sent"),
        pytest.param(["B"], "A", -3600, Outcome.RELEASED, id="it was sent long before"),
        pytest.param([str(one) for one in range(9)], "A", -20, Outcome.SETTLED, id="more asked than are remembered"),
    ],
)
def test_a_job_with_a_key_is_paid_once(askers: list[str], sent_for: str | None, sent: int | None, outcome: Any) -> None:
    """By the reservation under which it was sent, whichever object with the key comes next."""
    one, ledger = counted_long_ago(), ledger_of(budget(), NOW)
    for uid in askers:
        ledger, _ = ask(one, ledger, request(0, usd("97.5"), uid=uid, keyed=True), NOW)
    ended = Ended(BILL, sent=None if sent is None else NOW + sent * SECOND, owner=sent_for)
    after, found, _ = settle(one, ledger, "job-0", ended, NOW + 30 * SECOND, tolerance=TOLERANCE)
    assert (found, after.open) == (outcome, {})
    assert spent(after) == ({"USD": "90"} if outcome is Outcome.SETTLED else {})


@pytest.mark.parametrize(
    ("sent", "listed", "outcome"),
    [
        pytest.param(-1, [], Outcome.SETTLED, id="the list may have hidden it, so that it counts"),
        pytest.param(-1, ["job-0"], Outcome.RELEASED, id="the list showed it, so that it is counted"),
        pytest.param(0, [], Outcome.RELEASED, id="what was sent afterwards had a reservation"),
    ],
)
def test_a_job_with_a_key_that_was_sent_a_moment_before_the_ledger_was_counted(
    sent: int, listed: list[str], outcome: Outcome
) -> None:
    """For another object than the one that asks now."""
    one = budget()
    one = replace(one, status=as_counted(one, one.status, NOW, tuple(listed)))
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("97.5"), uid="B", keyed=True), NOW)
    ended = Ended(BILL, sent=NOW + sent * SECOND, owner="A")
    assert settle(one, ledger, "job-0", ended, NOW, tolerance=TOLERANCE)[1] is outcome


def counted_long_ago() -> QuantumBudget:
    """The budget, whose ledger was counted an hour ago."""
    one = budget()
    return written(one, ledger_of(one, NOW), NOW - 3600 * SECOND)


@pytest.mark.parametrize(
    ("owner", "counted", "outcome"),
    [
        pytest.param("uid-0", True, Outcome.RELEASED, id="its own job, which was counted since"),
        pytest.param("uid-0", False, Outcome.SETTLED, id="its own job, and a clock that was set back meanwhile"),
        pytest.param("uid-1", False, Outcome.RELEASED, id="a former object's job, with the same key"),
        pytest.param(None, False, Outcome.RELEASED, id="nobody's, as far as is told"),
    ],
)
def test_a_job_that_looks_older_than_its_reservation(owner: str | None, outcome: Outcome, *, counted: bool) -> None:
    """It was paid before, unless nobody can have counted it: then its bill is not to be lost for a clock."""
    one = budget() if counted else counted_long_ago()
    ended = Ended(BILL, sent=NOW - TOLERANCE - 60 * SECOND, owner=owner)
    assert settle(one, reserved(one), "job-0", ended, NOW, tolerance=TOLERANCE)[1] is outcome


def test_twice_is_once() -> None:
    """However often, by whomever."""
    one = budget()
    once, _, _ = settle(one, reserved(one), "job-0", Ended(BILL), NOW, tolerance=TOLERANCE)
    again, outcome, _ = settle(one, once, "job-0", Ended(BILL), NOW, tolerance=TOLERANCE)
    assert (again, outcome) == (once, Outcome.NOTHING)


def test_a_bill_is_waited_for_and_then_counted_as_reserved() -> None:
    """Seven days; if it comes meanwhile, it counts."""
    one = budget()
    waiting, _, amounts = settle(one, reserved(one), "job-0", Ended(None), NOW, tolerance=TOLERANCE)
    assert [one.amount for one in amounts] == ["97.5"]
    later, outcome, _ = settle(one, waiting, "job-0", Ended(None), NOW + 6 * DAY, tolerance=TOLERANCE)
    assert (later, outcome) == (waiting, Outcome.UNSETTLED)
    told, _, _ = settle(one, waiting, "job-0", Ended(BILL), NOW + 6 * DAY, tolerance=TOLERANCE)
    assert spent(told) == {"USD": "90"}
    over, outcome, _ = settle(one, waiting, "job-0", Ended(None), NOW + 7 * DAY, tolerance=TOLERANCE)
    assert (spent(over), outcome) == ({"USD": "97.5"}, Outcome.SETTLED)


def test_a_job_belongs_to_the_period_of_its_reservation() -> None:
    """What it costs is added to a month that is over; this month is not burdened."""
    one = budget()
    december = NOW + timedelta(days=10)
    later = ledger_of(written(one, reserved(one)), december)
    assert later.period.start.month == december.month
    ledger, _, _ = settle(one, later, "job-0", Ended(BILL), december, tolerance=TOLERANCE)
    assert spent(ledger) == {}
    assert [(past.start, past.spent[0].amount) for past in ledger.history] == [("2026-11-01T00:00:00Z", "90")]


def test_what_is_raised_in_a_later_period_counts_in_it() -> None:
    """All of it was asked of that period's limits, so its bill counts there; when it was sent tells whose it is."""
    one, december = budget(), NOW + 10 * DAY
    one = written(one, reserved(one, "97.5"), december)
    ledger, answer = ask(one, ledger_of(one, december), request(0, usd("1500")), december)
    assert isinstance(answer, Granted)
    one = written(one, ledger, december)
    assert [(row.reserved, row.left) for row in one.status.totals] == [("1500", "500")]
    assert isinstance(ask(one, ledger, request(1, usd("501")), december)[1], Refusal)
    settled, outcome, _ = settle(one, ledger, "job-0", Ended(BILL, sent=NOW + SECOND), december, tolerance=TOLERANCE)
    assert (outcome, spent(settled)) == (Outcome.SETTLED, {"USD": "90"})
    assert settled.history == ledger.history


def test_what_stands_over_a_periods_end_is_confirmed_in_its_own() -> None:
    """It was asked of the limits of that one, and is not more than it was."""
    one, december = budget(), NOW + 10 * DAY
    one = written(one, reserved(one), december)
    ledger, _ = ask(one, ledger_of(one, december), request(0, usd("97.5")), december)
    assert not is_current(ledger, ledger.open["job-0"])


def test_a_period_never_comes_again() -> None:
    """A clock that is behind grants nothing in a month that another one has ended: its sums are in the history."""
    one, end = budget(), datetime(2026, 12, 1, tzinfo=UTC)
    ledger, _, _ = settle(one, reserved(one), "job-0", Ended({"USD": Decimal(1990)}), NOW, tolerance=TOLERANCE)
    one = written(one, ledger)
    one = written(one, ledger_of(one, end + SECOND), end + SECOND)
    behind = ledger_of(one, end - SECOND)
    assert (behind.period.start, len(behind.history)) == (end, 1)
    ledger, _ = ask(one, behind, request(1, usd("1500")), end - SECOND)
    assert ledger.open["job-1"].reserved_at == "2026-11-30T23:59:59Z"
    one = written(one, ledger, end - SECOND)
    assert isinstance(ask(one, ledger_of(one, end + SECOND), request(2, usd("501")), end + SECOND)[1], Refusal)
    settled, outcome, _ = settle(one, ledger, "job-1", Ended(BILL, sent=end), end + DAY, tolerance=TOLERANCE)
    assert (outcome, spent(settled)) == (Outcome.SETTLED, {"USD": "90"})


def test_another_kind_of_period_begins_when_it_says() -> None:
    """What was counted of a month says nothing of a lifetime: it is counted anew, from its own beginning."""
    one = budget()
    changed = replace(one, spec=replace(one.spec, period="Year"))
    assert not changed.is_counted
    assert ledger_of(changed, NOW).period.start == datetime(2026, 1, 1, tzinfo=UTC)


def test_twelve_periods_are_kept() -> None:
    """The latest first."""
    one, now = budget(period="Day"), NOW
    for _ in range(20):
        ledger = ask(one, ledger_of(one, now), request(0, usd("1")), now)[0]
        ledger, _, _ = settle(one, ledger, "job-0", Ended({"USD": Decimal(1)}), now, tolerance=TOLERANCE)
        one, now = written(one, ledger, now), now + DAY
    assert [past.start[:10] for past in one.status.history][:2] == ["2026-12-10", "2026-12-09"]
    assert len(one.status.history) == 12


@pytest.mark.parametrize(
    ("each", "rows"),
    [
        pytest.param("Together", [("", "100")], id="together"),
        pytest.param("Namespace", [("a", "60"), ("b", "40")], id="for each namespace"),
    ],
)
def test_sums_are_kept_by_group(each: str, rows: list[tuple[str, str]]) -> None:
    """And read back from status as they were written."""
    one = budget(each=each)
    ledger = ledger_of(one, NOW)
    for number, (namespace, amount) in enumerate((("a", "60"), ("b", "40"))):
        ledger = ask(one, ledger, request(number, usd(amount), namespace=namespace), NOW)[0]
        bill = Ended({"USD": Decimal(amount)})
        ledger, _, _ = settle(one, ledger, f"job-{number}", bill, NOW, tolerance=TOLERANCE)
    after = ledger_of(written(one, ledger), NOW)
    assert after == ledger
    assert sorted((key.group, f"{amount:f}") for key, amount in after.spent.items()) == rows


def test_columns() -> None:
    """What a table shows."""
    limits: Any = [{"unit": "USD", "amount": "2000"}, {"unit": "hqc", "amount": "500"}]
    one = budget(limits=limits)
    ledger, _, _ = settle(one, reserved(one), "job-0", Ended(BILL), NOW, tolerance=TOLERANCE)
    ledger = ask(one, ledger, request(1, usd("10")), NOW)[0]
    summary = written(one, ledger).status.summary
    assert summary is not None
    assert (summary.limit, summary.spent) == ("2000 USD, 500 hqc", "90 USD, 0 hqc")
    assert (summary.reserved, summary.left) == ("10 USD, 0 hqc", "1900 USD, 500 hqc")
    assert Key("", "USD") in ledger.spent
