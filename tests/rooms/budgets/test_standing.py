"""What is reserved for a job already: it stands once, is renewed, taken over, raised or given back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.ledger import Key, ledger_of
from quantumjob_operator.budgets.needs import Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask, give_back
from quantumjob_operator.model.money import Amount
from rooms.budgets.asking import filled
from rooms.budgets.values import NOW, budget, request, usd, written


def test_the_same_job_is_reserved_once() -> None:
    """Whoever asks again, however often: confirmed once, so that nobody gives it back, it is not written again."""
    one, soon = budget(), NOW + timedelta(seconds=30)
    confirmed, _ = ask(one, filled(one, "97.5"), request(0, usd("97.5")), NOW)
    again, answer = ask(one, confirmed, request(0, usd("97.5")), soon)
    assert (again, answer) == (confirmed, Granted((Amount("USD", "97.5"),), NOW))


@pytest.mark.parametrize(
    ("limit", "spent", "later", "passes"),
    [
        pytest.param("2000", "100", 0, True, id="it fits"),
        pytest.param("0", "0", 0, False, id="the limit is 0"),
        pytest.param("150", "100", 0, False, id="it would go beyond what the limit is now"),
        pytest.param("197.5", "100", 0, True, id="it just fits"),
        pytest.param("150", "100", 30, True, id="it belongs to a former period, of which nobody asks that"),
        pytest.param("0", "100", 30, False, id="but nothing passes a limit of 0"),
    ],
)
def test_what_stands_reserved_does_not_begin_once_its_limit_was_lowered(
    limit: str, spent: str, later: int, *, passes: bool
) -> None:
    """It waited for a fence, for its turn, or for an operator; it begins when the limit is raised."""
    one, now = budget(), NOW + timedelta(days=later)
    ledger = replace(filled(one, "97.5"), spent={Key("", "USD"): Decimal(spent)})
    lowered = budget(limits=[{"unit": "USD", "amount": limit}])
    if later:
        ledger = ledger_of(written(one, ledger), now)
        ledger = replace(ledger, spent={Key("", "USD"): Decimal(spent)})
    after, answer = ask(lowered, ledger, request(0, usd("97.5")), now)
    assert isinstance(answer, Granted) is passes
    assert passes or (after == ledger and answer.reason == "BudgetExceeded")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("after", "fields", "left"),
    [
        pytest.param(None, {}, 0, id="nobody else was granted it: it goes"),
        pytest.param(usd("97.5"), {}, 1, id="another process asked for the same job in the same second"),
        pytest.param(usd("97.5"), {"uid": "follower"}, 1, id="an object with the same key took it over"),
        pytest.param(usd("120"), {}, 1, id="another process raised it"),
    ],
)
def test_what_another_asker_was_granted_is_not_given_back(
    after: Needs | None, fields: dict[str, Any], left: int
) -> None:
    """It may have sent the job under it already."""
    one, mine = budget(), request(0, usd("97.5"))
    ledger, granted = ask(one, ledger_of(one, NOW), mine, NOW)
    assert isinstance(granted, Granted)
    if after:
        ledger, _ = ask(one, ledger, request(0, after, **fields), NOW)
    assert len(give_back(ledger, mine, granted).open) == left


def test_what_stood_before_is_not_given_back() -> None:
    """Nor what was made anew after it was gone."""
    one, mine = budget(), request(0, usd("97.5"))
    first, granted = ask(one, ledger_of(one, NOW), mine, NOW)
    again, stood = ask(one, first, mine, NOW)
    anew, _ = ask(one, ledger_of(one, NOW), mine, NOW + timedelta(seconds=5))
    assert isinstance(granted, Granted)
    assert isinstance(stood, Granted)
    assert [give_back(again, mine, stood), give_back(anew, mine, granted)] == [again, anew]
    assert give_back(ledger_of(one, NOW), mine, granted) == ledger_of(one, NOW)


def test_it_is_confirmed_when_it_is_old() -> None:
    """So that nobody takes it away for having been forgotten; its period stays."""
    one = budget()
    later = NOW + timedelta(hours=1)
    ledger, answer = ask(one, filled(one, "97.5"), request(0, usd("97.5")), later)
    entry = ledger.open["job-0"]
    assert isinstance(answer, Granted)
    assert (entry.reserved_at, entry.renewed_at) == ("2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z")
    assert answer.since == later


def test_another_object_takes_it_over() -> None:
    """One with the same idempotency key: no second reservation."""
    one = budget()
    ledger, _ = ask(one, filled(one, "97.5"), request(0, usd("120"), uid="new"), NOW)
    (entry,) = ledger.open.values()
    assert (entry.uid, entry.amounts) == ("new", (Amount("USD", "120"),))


@pytest.mark.parametrize(
    ("now_needed", "stands"),
    [
        pytest.param(usd("1"), "97.5", id="by another object with its key, which asks for less"),
        pytest.param(Needs((), "Unknown", "one run"), "97.5", id="by one of which nothing is known"),
        pytest.param(usd("97.5"), "97.5", id="by one that needs as much"),
        pytest.param(usd("120"), "120", id="but raised, where there is room"),
        pytest.param(usd("5000"), "97.5", id="nor touched by what does not fit"),
    ],
)
def test_what_stands_is_never_lowered(now_needed: Needs, stands: str) -> None:
    """The job may run by now, and whoever asks may not be who has it."""
    one = budget()
    before = ask(one, ledger_of(one, NOW), request(0, usd("97.5")), NOW)[0]
    after, answer = ask(one, before, request(0, now_needed, uid="another"), NOW + timedelta(hours=1))
    assert [each.amount for each in after.open["job-0"].amounts] == [stands]
    assert isinstance(answer, Refusal) == (now_needed == usd("5000"))
    if isinstance(answer, Granted):
        assert (answer.new, after.open["job-0"].reserved_at) == (False, before.open["job-0"].reserved_at)
