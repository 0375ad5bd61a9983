"""When a job reserves what it may cost, and when that is settled."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.lifecycle.spending import bill_of
from quantumjob_operator.model.jobstatus import BudgetShown, CostEventShown, CostShown
from quantumjob_operator.model.money import Amount
from rooms.lifecycle.observations import (
    KEYED,
    OURS,
    OUTAGE,
    OUTPUT,
    PROGRAM,
    RIVAL,
    accepted,
    claimed,
    new,
    reason_of,
    remote,
    seen,
)
from rooms.model.test_crd_fields import JOBS, declared

READY: dict[str, Any] = {"program": PROGRAM, "output": OUTPUT}
KEY_OWNED: dict[str, Any] = {"key_owner": OURS}
HELD = Trouble("BudgetExceeded", "nothing is left")
ENDS = replace(HELD, final=True)
RESERVED = BudgetShown("platform", "research", "Reserved", (Amount("USD", "97.5"),))
MANY = tuple(replace(RESERVED, name=f"team-{number}") for number in range(20))
SETTLED = BudgetShown("platform", "research", "Settled", (Amount("USD", "90"),))


@pytest.mark.parametrize(
    ("job", "facts", "action"),
    [
        pytest.param(new(), {"needs_reservation": True, **READY}, Action.RESERVE, id="before the claim"),
        pytest.param(
            new(), {"needs_reservation": True, "needs_slot": True, **READY}, Action.TAKE_SLOT, id="after its slot"
        ),
        pytest.param(
            claimed(), {"needs_reservation": True, "remote": ABSENT, **READY}, Action.RESERVE, id="before it is sent"
        ),
        pytest.param(new(), {"kept_back": HELD, **READY}, Action.NONE, id="held"),
        pytest.param(claimed(), {"kept_back": HELD, "remote": ABSENT, **READY}, Action.NONE, id="held with its claim"),
        pytest.param(new(), READY, Action.CLAIM, id="no budget counts it"),
        pytest.param(
            accepted(), {"remote": remote("Failed"), "reserved": (RESERVED,)}, Action.SETTLE, id="settled at its end"
        ),
        pytest.param(
            accepted(), {"remote": remote("Executing"), "reserved": (RESERVED,)}, Action.NONE, id="not before it"
        ),
        pytest.param(
            claimed(),
            {
                "remote": ABSENT,
                "submission": Trouble("Rejected", "no", final=True),
                "reserved": (RESERVED,),
                **READY,
            },
            Action.SETTLE,
            id="what was refused holds nothing back",
        ),
    ],
)
def test_the_next_step(job: Any, facts: dict[str, Any], action: Action) -> None:
    """Reserve, claim, send; settle before the end is told."""
    assert decide(seen(job, **facts)).action is action


@pytest.mark.parametrize(
    ("keyed", "facts", "action"),
    [
        pytest.param(True, {}, Action.GET_REMOTE, id="asked for"),
        pytest.param(True, {"remote": remote("Succeeded")}, Action.CLAIM, id="there: taken over, and nothing reserved"),
        pytest.param(True, {"remote": ABSENT}, Action.NONE, id="not there: held"),
        pytest.param(True, {"remote": Trouble("ServiceUnavailable", "no")}, Action.NONE, id="not known: held"),
        pytest.param(False, {}, Action.NONE, id="without a key there is nobody else"),
    ],
)
def test_a_job_with_a_key_that_is_kept_back_may_have_been_bought_before(
    *, keyed: bool, facts: dict[str, Any], action: Action
) -> None:
    """By an object that is gone."""
    job = new(KEYED) if keyed else new()
    assert decide(seen(job, kept_back=HELD, **READY, **KEY_OWNED, **facts)).action is action


def test_the_service_is_asked_once_for_what_is_kept_back() -> None:
    """And by whoever would end, in any case."""
    held = decide(seen(new(KEYED), kept_back=HELD, remote=ABSENT, **READY, **KEY_OWNED))
    job = replace(new(KEYED), status=held.status)
    assert decide(seen(job, kept_back=HELD, **READY, **KEY_OWNED)).action is Action.NONE
    assert decide(seen(job, kept_back=ENDS, **READY, **KEY_OWNED)).action is Action.GET_REMOTE


@pytest.mark.parametrize(
    ("facts", "action", "reason"),
    [
        pytest.param({}, Action.GET_REMOTE, "", id="asked for"),
        pytest.param({"remote": remote("Executing")}, Action.CLAIM, "", id="there: followed again"),
        pytest.param({"remote": OUTAGE}, Action.NONE, "False:ServiceUnavailable", id="not known: held"),
        pytest.param({"remote": ABSENT}, Action.RECORD, "False:BudgetExceeded", id="not there: it ends"),
        pytest.param(
            {"remote": ABSENT, "ownership": replace(seen(new()).ownership, fence_left=9.0)},
            Action.NONE,
            "False:SubmissionUnconfirmed",
            id="sent a moment ago, if at all: not yet",
        ),
    ],
)
def test_a_job_that_would_end_may_have_forgotten_what_it_sent(
    facts: dict[str, Any], action: Action, reason: str
) -> None:
    """Its cluster was restored to a time in which it waited."""
    decision = decide(seen(new(), kept_back=ENDS, **READY, **facts))
    assert decision.action is action
    assert not reason or reason_of(decision.status, "Submitted") == reason


def test_rejecting_budget_ends_the_job() -> None:
    """If its owner wants that."""
    decision = decide(seen(new(), kept_back=ENDS, remote=ABSENT, **READY))
    failed = decision.status.condition("Failed")
    assert failed is not None
    assert (failed.reason, failed.message) == ("BudgetExceeded", "nothing is left")


def test_the_end_says_what_is_counted() -> None:
    """In the same write."""
    decision = decide(seen(accepted(), remote=remote("Failed"), reserved=(RESERVED,), settled=(SETTLED,)))
    assert decision.action is Action.RECORD
    assert decision.status.budgets == (SETTLED,)


@pytest.mark.parametrize(
    ("job", "facts"),
    [
        pytest.param(claimed(), {"submission": remote("Waiting"), "reserved": MANY, **READY}, id="when it was sent"),
        pytest.param(
            accepted(), {"remote": remote("Failed"), "reserved": MANY, "settled": MANY}, id="when it has ended"
        ),
    ],
)
def test_more_budgets_than_status_takes_count_a_job(job: Any, facts: dict[str, Any]) -> None:
    """Each keeps its own account; a status that is refused would say nothing of the job any more."""
    decision = decide(seen(job, **facts))
    assert decision.action is Action.RECORD
    assert len(decision.status.budgets) == declared(JOBS, "status", "budgets")["maxItems"]


@pytest.mark.parametrize(
    ("cost", "bill"),
    [
        pytest.param(None, None, id="nothing is told"),
        pytest.param(CostShown(), None, id="an empty bill tells nothing"),
        pytest.param(CostShown("0.0", "USD"), {"USD": "0"}, id="0 is told"),
        pytest.param(
            CostShown("12.416600227", "USD", (CostEventShown("gs1q", billed="1000"),), {"standardMinutes": "7"}),
            {"USD": "12.416601", "gs1q": "1000", "standardMinutes": "7"},
            id="the noise of a float is rounded away from zero",
        ),
        pytest.param(CostShown("NaN", "USD"), None, id="no number"),
        pytest.param(CostShown(usage={"standardMinutes": "7"}), None, id="what was used is no bill"),
        pytest.param(
            CostShown("0", "USD", usage={"standardMinutes": "7"}), {"USD": "0"}, id="nor are its units a bill's lines"
        ),
    ],
)
def test_a_bill(cost: CostShown | None, bill: dict[str, str] | None) -> None:
    """By unit."""
    expected = None if bill is None else {unit: Decimal(amount) for unit, amount in bill.items()}
    assert bill_of(cost) == expected


SAID = decide(seen(claimed(), kept_back=HELD, **READY, remote=ABSENT)).status


@pytest.mark.parametrize(
    ("known", "action"),
    [
        pytest.param({"needs_reservation": True}, Action.RESERVE, id="its budget is asked first"),
        pytest.param({"kept_back": HELD}, Action.NONE, id="which keeps it back, as status says"),
        pytest.param({"kept_back": replace(HELD, message="less is left")}, Action.CLAIM, id="its status says less"),
        pytest.param({"kept_back": ENDS}, Action.CLAIM, id="it is to end, which only the holder says"),
        pytest.param({}, Action.CLAIM, id="it may go"),
        pytest.param({"needs_reservation": True, "rival_left": 9.0}, Action.NONE, id="its holder was seen lately"),
    ],
)
def test_a_claim_is_not_taken_over_while_a_budget_keeps_the_job_back(known: dict[str, Any], action: Action) -> None:
    """Two processes would take it from each other for ever, and stand behind a fence half of the time."""
    assert decide(seen(claimed(holder=RIVAL, status=SAID), remote=ABSENT, **READY, **known)).action is action
