"""What a count has set aside for claims: it holds the limits for what may be on its way, and is no leave to send."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.budgets.count import Row, count
from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import Ledger, last_confirmed, ledger_of, release
from quantumjob_operator.budgets.needs import CLAIMED, Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask, give_back
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, request, usd

WIDE = budget(limits=[{"unit": "USD", "amount": "100000"}])


def ledger_with(under_way: str, *claims: str) -> Ledger:
    """So much is reserved for a job that runs, and so much for each of those that have a claim: the jobs from 20 on."""
    ledger, answer = ask(WIDE, ledger_of(WIDE, NOW), request(0, usd(under_way)), NOW)
    assert isinstance(answer, Granted)
    runs = Row(ledger.open["job-0"], NOW, None)
    for number, amount in enumerate(claims, start=20):
        ledger, _ = ask(WIDE, ledger, request(number, usd(amount)), NOW)
    return count(WIDE, ledger, [runs], NOW)


def reserved(ledger: Ledger, number: int) -> Decimal:
    """What stands for one job."""
    return ledger.open[f"job-{number}"].amounts[0].value


@pytest.mark.parametrize(
    ("under_way", "claims", "passes"),
    [
        pytest.param("1900", ("60",), True, id="there is room for it"),
        pytest.param("1960", ("60",), False, id="there is none beside what is under way"),
        pytest.param("1900", ("60", "60"), False, id="others have claims as well, which may be on their way"),
    ],
)
def test_a_claim_that_was_counted_is_no_leave_to_send(under_way: str, claims: tuple[str, ...], *, passes: bool) -> None:
    """Users write claims; and a job that was turned down keeps its own, while others take its room."""
    ledger = ledger_with(under_way, *claims)
    after, answer = ask(budget(), ledger, request(20, usd("60")), NOW)
    assert isinstance(answer, Granted) is passes
    kept = after.open["job-20"]
    assert (kept.basis == CLAIMED) is not passes, "what is asked for once is a reservation as any other"
    assert reserved(after, 20) == Decimal(60), "what may be on its way stays set aside"


def test_what_a_count_guessed_keeps_nobody_out_for_longer_than_a_question() -> None:
    """It sets aside as much as one job may cost; each that asks is let in as soon as it is known how little that is."""
    one = budget(perJob=[{"unit": "USD", "amount": "250"}], onExceeded="Reject")
    ledger, waiting, answers = ledger_with("1", *["250"] * 9), list(range(20, 29)), list[Refusal]()
    for _ in range(2):
        for number in list(waiting):
            ledger, answer = ask(one, ledger, request(number, usd("5")), NOW)
            if isinstance(answer, Granted):
                waiting.remove(number)
            else:
                answers.append(answer)
    assert not waiting
    assert [(one.final, one.waits) for one in answers] == [(False, True)], "the first one, and not for good"


@pytest.mark.parametrize(
    ("under_way", "ends"),
    [
        pytest.param("1900", False, id="without the claims there would be room"),
        pytest.param("1960", True, id="what is under way leaves none"),
    ],
)
def test_claims_end_no_job(under_way: str, *, ends: bool) -> None:
    """Most of them were never sent, and go."""
    one = budget(onExceeded="Reject")
    _, answer = ask(one, ledger_with(under_way, "60"), request(9, usd("60")), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.final, answer.waits) == (ends, not ends)


@pytest.mark.parametrize(("keyed", "stands"), [(True, "250"), (False, "5")])
def test_another_object_with_the_key_may_have_sent_under_its_claim(*, keyed: bool, stands: str) -> None:
    """It may need more than the one that asks, which knows only of its own."""
    after, answer = ask(budget(), ledger_with("1", "250"), request(20, usd("5"), keyed=keyed), NOW)
    assert isinstance(answer, Granted)
    assert reserved(after, 20) == Decimal(stands)
    full, answer = ask(budget(), ledger_with("2000", "250"), request(20, usd("5"), keyed=keyed), NOW)
    assert isinstance(answer, Refusal)
    assert reserved(full, 20) == Decimal(stands)


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        pytest.param([{"unit": "USD", "amount": "2000"}, {"unit": "jobs", "amount": "2"}], True, id="there is room"),
        pytest.param([{"unit": "USD", "amount": "2000"}, {"unit": "jobs", "amount": "1"}], False, id="there is none"),
    ],
)
def test_a_unit_that_is_limited_since_it_was_reserved_is_asked(limits: list[dict[str, Any]], *, passes: bool) -> None:
    """The count adds the unit to what stands, and a job of it runs."""
    one = budget(limits=limits)
    before, _ = ask(budget(), ledger_of(budget(), NOW), request(0, usd("5")), NOW)
    before, _ = ask(budget(), before, request(20, usd("5")), NOW)
    more = (Amount("USD", "5"), Amount("jobs", "1"))
    rows = [
        Row(replace(before.open["job-0"], amounts=more), NOW, None),
        Row(replace(before.open["job-20"], amounts=more), NOW, None, accepted=False),
    ]
    _, answer = ask(one, count(one, before, rows, NOW), request(20, Needs(more, "Estimate", "")), NOW)
    assert isinstance(answer, Granted) is passes


def raised(one: QuantumBudget) -> tuple[Ledger, Ahead]:
    """Its job holds 1,000 of what it needs, and others nearly all that is left."""
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("1000"), namespace="big"), NOW)
    ledger, _ = ask(one, ledger, request(1, usd("990"), namespace="chem"), NOW)
    return ledger, Ahead("big", (Amount("USD", "1010"),), "job-0")


@pytest.mark.parametrize("each", ["All", "Namespace"])
def test_a_jobs_own_reservation_is_not_in_its_way(each: str) -> None:
    """It is part of all sums, and of what the job needs, too."""
    one = budget(each=each)
    ledger, who = raised(one)
    assert Simulated(one, ledger).takes(who)
    assert Simulated(one, ledger).could_fit(replace_amount(who, "2000"))
    assert not Simulated(one, ledger).could_fit(replace_amount(who, "2001"))
    room = Simulated(one, ledger)
    assert room.takes(who)
    assert not room.takes(Ahead("big", (Amount("USD", "1000"),))), "it is in, once"
    assert room.takes(Ahead("vqe", (Amount("USD", "1"),))) is (each == "Namespace"), "ten are left, and it took them"


@pytest.mark.parametrize(("asked", "passes"), [("4", True), ("6", False)])
def test_no_more_is_kept_for_a_job_than_it_lacks(asked: str, *, passes: bool) -> None:
    """Ten are left; it needs 5 beside what stands for it."""
    one = budget()
    ledger, who = raised(one)
    needs = replace_amount(who, "1005")
    _, answer = ask(one, ledger, request(9, usd(asked), ahead=(needs,)), NOW)
    assert isinstance(answer, Granted) is passes


def replace_amount(who: Ahead, amount: str) -> Ahead:
    """The same job, needing so many dollars."""
    return who._replace(amounts=(Amount("USD", amount),))


@pytest.mark.parametrize(
    ("guessed", "needed", "stands"),
    [
        pytest.param("0", "999999", "0", id="a maxCost of any size"),
        pytest.param("250", "300", "250", id="more than it was"),
        pytest.param("250", "60", "60", id="less"),
    ],
)
def test_who_is_turned_down_has_no_more_set_aside_than_before(guessed: str, needed: str, stands: str) -> None:
    """What one job says that it needs is asked of the limits first."""
    after, answer = ask(budget(), ledger_with("1990", guessed), request(20, usd(needed)), NOW)
    assert isinstance(answer, Refusal)
    assert reserved(after, 20) == Decimal(stands)


@pytest.mark.parametrize(
    ("keyed", "refused", "left"),
    [
        pytest.param(False, False, [(CLAIMED, "3")], id="it was not sent, and is a claim again"),
        pytest.param(False, True, [], id="the service has refused it"),
        pytest.param(True, False, [("Estimate", "5")], id="another object with its key may have sent"),
        pytest.param(True, True, [("Estimate", "5")], id="also if the service refused this one"),
    ],
)
def test_what_is_granted_in_place_of_a_claim_is_given_back(
    *, keyed: bool, refused: bool, left: list[tuple[str, str]]
) -> None:
    """What stands surely ends others for good, and most claims were never sent; but a former one may have been."""
    before, asked = ledger_with("1", "3"), request(20, usd("5"), keyed=keyed)
    after, answer = ask(budget(), before, asked, NOW + timedelta(seconds=1))
    assert isinstance(answer, Granted)
    back = give_back(after, asked, answer, refused=refused)
    found = [one for one in back.open.values() if one.job_id == "job-20"]
    assert [(one.basis, one.amounts[0].amount) for one in found] == left
    assert all(one.renewed_at == before.open["job-20"].renewed_at for one in found if one.basis == CLAIMED)


@pytest.mark.parametrize("keyed", [True, False])
def test_what_another_process_may_send_under_stays(*, keyed: bool) -> None:
    """It is granted the same a moment later, and the first one does not send."""
    asked = request(20, usd("1000"), keyed=keyed)
    ledger, first = ask(budget(), ledger_with("1", "0"), asked, NOW + timedelta(seconds=1))
    assert isinstance(first, Granted)
    ledger, second = ask(budget(), ledger, asked, NOW + timedelta(seconds=1))
    assert isinstance(second, Granted)
    assert reserved(give_back(ledger, asked, first), 20) == Decimal(1000)


@pytest.mark.parametrize(
    ("under_way", "final"),
    [
        pytest.param("1800", False, id="its own need fits, and the guess does not"),
        pytest.param("1996", True, id="its own need does not fit either"),
    ],
)
def test_a_job_does_not_end_for_what_another_object_with_its_key_may_have_sent(under_way: str, *, final: bool) -> None:
    """Nothing may have been: it waits until that is known."""
    one = budget(onExceeded="Reject")
    _, answer = ask(one, ledger_with(under_way, "250"), request(20, usd("5"), keyed=True), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.final, answer.waits) == (final, not final)
    assert ("Such jobs end here" in answer.message) is final


def test_who_waits_is_asked_for_what_stands_for_it_as_long_as_that_stands() -> None:
    """What a claim adds under a key goes when nobody has sent, and then the job's own need counts."""
    one, who = budget(), Ahead("vqe", (Amount("USD", "5"),), "job-20")
    ledger = ledger_with("1900", "250")
    assert not Simulated(one, ledger).takes(who)
    assert Simulated(one, release(ledger, "job-20")).takes(who)


def test_what_a_ledger_that_was_set_back_says_of_times_is_not_believed() -> None:
    """Its job may have been sent a moment ago, and what is long unconfirmed is taken away at the next look."""
    old = NOW - timedelta(hours=3)
    before, _ = ask(budget(), ledger_of(budget(), old), request(20, usd("5")), old)
    (entry,) = count(budget(), before, [], NOW).open.values()
    assert last_confirmed(entry) == NOW
    assert entry.reserved_at == stamp(old), "and when it was reserved tells its period"


def test_what_has_ended_is_no_claim() -> None:
    """Its bill is awaited, and it counts like any other."""
    one = budget(onExceeded="Reject")
    ledger = ledger_with("1900", "60")
    ended = replace(ledger.open["job-20"], ended_at=stamp(NOW))
    _, answer = ask(one, replace(ledger, open={**ledger.open, "job-20": ended}), request(9, usd("60")), NOW)
    assert isinstance(answer, Refusal)
    assert answer.final


@pytest.mark.parametrize(
    ("limit", "final"),
    [
        pytest.param("1000", False, id="what it needs itself fits"),
        pytest.param("4", True, id="nor does what it needs itself"),
    ],
)
def test_a_lowered_limit_ends_no_job_for_what_stands_under_its_key(limit: str, *, final: bool) -> None:
    """It may have been asked for by another object, of which nothing was sent."""
    ledger, _ = ask(budget(), ledger_with("1", "1500"), request(20, usd("5"), keyed=True), NOW)
    lowered = budget(limits=[{"unit": "USD", "amount": limit}], onExceeded="Reject")
    _, answer = ask(lowered, ledger, request(20, usd("5"), keyed=True), NOW)
    assert isinstance(answer, Refusal)
    assert answer.final is final


def test_of_a_former_period_a_list_says_nothing() -> None:
    """It begins with this one: what was reserved before stays as it was, in its own."""
    old = NOW - timedelta(days=40)
    before, _ = ask(budget(), ledger_of(budget(), NOW), request(20, usd("5")), NOW)
    entry = replace(before.open["job-20"], reserved_at=stamp(old), period_start=None)
    before = replace(before, open={"job-20": entry})
    assert count(budget(), before, [], NOW).open == before.open


def test_what_was_granted_before_a_count_is_not_taken_for_what_is_granted_after_it() -> None:
    """All in one second: what the first process gives back is not what another one sends under."""
    asked = request(20, usd("5"))
    ledger, first = ask(budget(), ledger_of(budget(), NOW), asked, NOW)
    assert isinstance(first, Granted)
    ledger, second = ask(budget(), count(budget(), ledger, [], NOW), asked, NOW)
    assert isinstance(second, Granted)
    assert give_back(ledger, asked, first) == ledger


@pytest.mark.parametrize(("accepted", "units"), [(True, ["USD", "jobs"]), (False, ["USD"])])
def test_a_job_of_a_former_period_asks_for_what_is_limited_since(*, accepted: bool, units: list[str]) -> None:
    """Unless it was sent: then it keeps nobody from anything in this one."""
    one = budget(limits=[{"unit": "USD", "amount": "2000"}, {"unit": "jobs", "amount": "5"}])
    ledger, _ = ask(budget(), ledger_of(budget(), NOW), request(20, usd("5")), NOW)
    entry = replace(ledger.open["job-20"], reserved_at=stamp(NOW - timedelta(days=40)), period_start=None)
    row = Row(replace(entry, amounts=(*entry.amounts, Amount("jobs", "1"))), NOW, None, accepted=accepted)
    after = count(one, replace(ledger, open={"job-20": entry}), [row], NOW)
    assert [each.unit for each in after.open["job-20"].amounts] == units
