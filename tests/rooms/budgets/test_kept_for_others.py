"""What a budget keeps for jobs that have waited longer, and of whom it keeps it."""

from dataclasses import replace

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import ledger_of
from quantumjob_operator.budgets.needs import Needs
from quantumjob_operator.budgets.refusals import Refusal
from quantumjob_operator.budgets.requests import Granted, ask
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.model.money import Amount
from rooms.budgets.asking import filled, told
from rooms.budgets.values import NOW, budget, request, usd


def test_small_ones_do_not_starve_a_large_one() -> None:
    """What the one that waited longer needs is kept for it, unless it could not fit in any case."""
    one = budget()
    ledger = filled(one, "1000")
    assert told(one, ledger, usd("10"), ahead=(Ahead("chem", (Amount("USD", "1500"),)),)).reason == "BudgetExceeded"
    _, answer = ask(one, ledger, request(9, usd("10"), ahead=(Ahead("chem", (Amount("USD", "2001"),)),)), NOW)
    assert isinstance(answer, Granted)
    _, answer = ask(one, ledger, request(9, usd("10"), ahead=(Ahead("chem", (Amount("USD", "990"),)),)), NOW)
    assert isinstance(answer, Granted)


def test_what_is_said_follows_from_the_ledger_alone() -> None:
    """Each process has a line of its own, and two of them would contradict each other in status without end."""
    one = budget(limits=[{"unit": "hqc", "amount": "50"}, {"unit": "USD", "amount": "2000"}])
    ledger = filled(one, "1000")
    needs = Needs((Amount("hqc", "10"), Amount("USD", "1001")), "Estimate", "one run")
    plain = told(one, ledger, needs).message
    for ahead in ("45", "10"):
        kept = (Ahead("chem", (Amount("hqc", ahead), Amount("USD", ahead))),)
        assert told(one, ledger, needs, ahead=kept).message == plain
    needs = replace(needs, amounts=(Amount("hqc", "10"), Amount("USD", "1")))
    said = {told(one, ledger, needs, ahead=(Ahead("chem", (Amount("hqc", ahead),)),)).message for ahead in ("45", "50")}
    assert len(said) == 1
    assert "what is left is kept for jobs that have waited longer" in said.pop()


@pytest.mark.parametrize(
    ("needed", "ends"),
    [
        pytest.param("10", False, id="there is room, and it is kept"),
        pytest.param("1000.01", True, id="there would be none without the others, either"),
    ],
)
def test_what_is_kept_for_others_ends_no_job(needed: str, *, ends: bool) -> None:
    """Those for whom it is kept may be refused themselves, for good; who ends stands in nobody's way."""
    one = budget(onExceeded="Reject")
    found = told(one, filled(one, "1000"), usd(needed), ahead=(Ahead("chem", (Amount("USD", "1000"),)),))
    assert (found.final, found.waits) == (ends, not ends)
    assert ("Such jobs end here" in found.message) is ends


@pytest.mark.parametrize(
    ("each", "holder", "asker", "waits"),
    [
        pytest.param("All", "vqe", "chem", True, id="it waits for a job of others, and others wait for it"),
        pytest.param("All", "chem", "chem", True, id="also those of whom it waits for a job"),
        pytest.param(
            "All", "big", "chem", False, id="it waits for a job of its own namespace, and nobody waits for it"
        ),
        pytest.param(
            "Namespace", "big", "big", True, id="but its own namespace, which shares its limits with no other"
        ),
    ],
)
def test_nobody_waits_for_a_job_that_waits_for_its_own_namespace(
    each: str, holder: str, asker: str, *, waits: bool
) -> None:
    """Else a cent that is reserved as long as its owner likes holds up all others, and costs nothing."""
    one, all_of_it = budget(each=each), (Amount("USD", "2000"),)
    ledger, _ = ask(one, ledger_of(one, NOW), request(0, usd("0.01"), namespace=holder), NOW)
    _, answer = ask(one, ledger, request(9, usd("5"), namespace=asker, ahead=(Ahead("big", all_of_it),)), NOW)
    assert isinstance(answer, Refusal) is waits
    assert Simulated(one, ledger).could_fit(Ahead("big", all_of_it)) is waits


def test_what_goes_before_it_in_the_same_moment_is_its_own_too() -> None:
    """Those who are woken together are reserved one after another."""
    simulated = Simulated(budget(), ledger_of(budget(), NOW))
    assert simulated.could_fit(Ahead("big", (Amount("USD", "2000"),)))
    assert simulated.takes(Ahead("big", (Amount("USD", "1"),)))
    assert not simulated.could_fit(Ahead("big", (Amount("USD", "2000"),)))
    assert simulated.could_fit(Ahead("chem", (Amount("USD", "2000"),)))
