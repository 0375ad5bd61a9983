"""Objects that were brought back from an older state, whose jobs went on meanwhile: later attempts may run."""

from dataclasses import replace
from typing import Final

from core.observations import accepted, claim, identity, reason_of, remote, seen
from quantumjob_operator.conditions import Kind
from quantumjob_operator.jobstatus import State
from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.adoption import was_accepted


def test_a_cancellation_that_nobody_remembers_makes_ask_for_later_attempts() -> None:
    """Whoever suspended and resumed the job before the object was set back has paid for another attempt."""
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


def test_a_later_attempt_is_looked_at_again_after_a_crash() -> None:
    """The job that status still shows is not asked about: it has ended."""
    assert not was_accepted(AHEAD)
    assert decide(seen(AHEAD)).action is Action.LOOK
