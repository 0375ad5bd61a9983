"""Objects that were brought back from an older state, whose jobs went on meanwhile: later attempts may run."""

from dataclasses import replace
from typing import Final

import pytest

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import QuantumJob
from rooms.lifecycle.observations import accepted, claim, claimed, identity, reason_of, remote, seen, set_aside


def test_a_cancellation_that_nobody_remembers_makes_ask_for_later_attempts() -> None:
    """Whoever suspended and resumed the job before the object was restored has billed another attempt."""
    assert decide(seen(accepted(), remote=remote("Cancelled"))).action is Action.FIND_LAST_ATTEMPT


def test_without_a_later_attempt_it_was_cancelled_externally() -> None:
    """Then it is the end."""
    decision = decide(seen(accepted(), remote=remote("Cancelled"), later_attempts_checked=True))
    assert reason_of(decision.status, Kind.FAILED) == "True:CancelledExternally"


AHEAD: Final = replace(accepted(), claim=claim(2))
"""The claim names the attempt that was found; the operator was killed before status did."""


def test_a_later_attempt_is_taken_over() -> None:
    """Status then shows it, and everything that it shows is this attempt's."""
    decision = decide(seen(AHEAD, remote=remote("Executing", attempt=2), later_attempts_checked=True))
    assert decision.action is Action.RECORD
    assert (decision.status.attempt, decision.status.job_id) == (2, identity(2))
    assert decision.status.state is State.EXECUTING


@pytest.mark.parametrize(
    ("job", "counted"),
    [
        pytest.param(claimed(), None, id="the first attempt has none before it"),
        pytest.param(claimed(attempt=3), 2, id="attempts that status has lost count as failed"),
        pytest.param(AHEAD, 1, id="so does one that status still takes for the last"),
        pytest.param(
            claimed(attempt=2, status=set_aside("Suspended")), None, id="one that status shows as suspended does not"
        ),
        pytest.param(
            claimed(attempt=2, status=set_aside("Retrying", failed_attempts=1)), 1, id="one that failed does once"
        ),
        pytest.param(
            claimed(attempt=3, status=set_aside("Retrying", failed_attempts=1)), 2, id="one lost after it does too"
        ),
    ],
)
def test_lost_attempts_are_not_granted_twice(job: QuantumJob, counted: int | None) -> None:
    """`backoffLimit` holds although nobody remembers how the earlier attempts ended."""
    assert job.claim
    found = remote("Executing", attempt=job.claim.attempt)
    decision = decide(seen(job, remote=found, later_attempts_checked=True))
    assert decision.status.failed_attempts == counted


def test_a_later_attempt_is_looked_at_again_after_a_crash() -> None:
    """The job that status still shows is not asked about: it has ended."""
    assert not was_accepted(AHEAD)
    assert decide(seen(AHEAD)).action is Action.GET_REMOTE
