"""Who says that nobody answers for a job, and who takes that back."""

from dataclasses import replace

import pytest

from quantumjob_operator.budgets.ledger import Ledger, ledger_of
from quantumjob_operator.budgets.requests import ask
from quantumjob_operator.budgets.shown import shown
from quantumjob_operator.controller.unconfirmed import Found, Unconfirmed
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import NOW, budget, request, usd, written


def reserved(*numbers: int) -> QuantumBudget:
    """A budget with something reserved for these jobs."""
    one = budget()
    ledger = ledger_of(one, NOW)
    for number in numbers:
        ledger, _ = ask(one, ledger, request(number, usd("1")), NOW)
    return written(one, ledger)


def after(one: QuantumBudget, found: Found) -> QuantumBudget:
    """The budget with what was found in its status."""
    return replace(one, status=shown(one, ledger_of(one, NOW), NOW, unconfirmed=found.of(one)))


def told(one: QuantumBudget) -> str:
    """The message of the condition; empty without one."""
    return next((each.message for each in one.status.conditions if each.type == "Unconfirmed"), "")


def without(one: QuantumBudget, number: int) -> QuantumBudget:
    """The reservation of a job was settled."""
    ledger = ledger_of(one, NOW)
    left = {job_id: entry for job_id, entry in ledger.open.items() if job_id != f"job-{number}"}
    return replace(one, status=shown(one, Ledger(ledger.period, ledger.spent, left), NOW))


def in_doubt(*numbers: int) -> tuple[QuantumBudget, Unconfirmed]:
    """A budget that says that nobody answers for jobs, and the process that said it."""
    one, process = reserved(*numbers), Unconfirmed()
    for number in numbers:
        process.unanswered(f"job-{number}", 0.0, "the service is down")
    found = process.found(one, dict.fromkeys(("job-0", "job-1"), 0.0).get)
    process.say(one.uid, found)
    return after(one, found), process


@pytest.mark.parametrize(
    ("asked", "answered", "stays"),
    [
        pytest.param("", False, True, id="who knows of no trouble, and has not asked"),
        pytest.param("before", True, True, id="nor since it saw the condition"),
        pytest.param("after", True, False, id="who has asked since, and was answered"),
        pytest.param("after", False, True, id="who has asked since, and was not answered, either"),
    ],
)
def test_who_takes_off_what_another_process_found_out(asked: str, *, answered: bool, stays: bool) -> None:
    """Only the one that knows better."""
    one, _ = in_doubt(0)
    other = Unconfirmed()
    if asked == "before":
        other.answered("job-0")
    assert other.see(one) == "job-0", "it is to be asked"
    if asked == "after" and answered:
        other.answered("job-0")
    elif asked == "after":
        other.unanswered("job-0", 0.0, "the service is down")
    assert bool(told(after(one, other.found(one, {"job-0": 1.0}.get)))) == stays


def test_what_was_said_is_said_again_only_by_who_asks_again() -> None:
    """However often another process takes it off."""
    one, process = in_doubt(0)
    off = replace(one, status=replace(one.status, conditions=()))
    process.see(off)
    assert told(after(off, process.found(off, {"job-0": 0.0}.get))) == ""
    process.unanswered("job-0", 60.0, "the service is down")
    assert told(after(off, process.found(off, {"job-0": 60.0}.get))) == told(one) != ""


def test_a_condition_ends_with_the_reservation_that_it_names() -> None:
    """Whoever settled it; those that are left are named then, if this process asked for them."""
    one, process = in_doubt(0, 1)
    left, other = without(one, 0), Unconfirmed()
    assert other.see(left) is None
    assert told(after(left, other.found(left, lambda _: None))) == ""
    assert "and of 1 more" in told(one)
    process.see(left)
    assert told(after(left, process.found(left, {"job-1": 0.0}.get))).startswith(
        "what job job-1 of QuantumJob vqe/ghz-1"
    )


def test_a_condition_that_another_process_wrote_meanwhile_stays() -> None:
    """What was found is over is the condition that was seen, and no other."""
    one, process = in_doubt(0)
    process.see(one)
    process.answered("job-0")
    found = process.found(one, {"job-0": 1.0}.get)
    changed = tuple(replace(each, last_transition_time="2026-11-22T14:00:00Z") for each in one.status.conditions)
    newer = replace(one, status=replace(one.status, conditions=changed))
    assert told(after(one, found)) == ""
    assert told(after(newer, found)) == told(one)


def test_what_is_not_reserved_any_more_is_forgotten() -> None:
    """Nor is a budget that is gone."""
    one, process = in_doubt(0)
    process.keep({one.uid: without(one, 0)})
    assert process.unanswered("job-0", 9.0, "the service is down") is None, "it is told of as something new"
    process.keep({})
    assert process.found(one, lambda _: None) == Found()
