"""When a job is reconciled again, and what stays written while nothing moves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.attempts import retry_delay, with_attempt
from quantumjob_operator.lifecycle.decision import end
from quantumjob_operator.model.jobstatus import ErrorShown, JobStatus, State
from rooms.lifecycle.observations import NO_OUTPUT, NOW, OUTAGE, accepted, claimed, new, remote, seen, set_aside

ASKED_TO_WAIT = 17.0
BUSY = replace(OUTAGE, retry_after=ASKED_TO_WAIT)
NOT_YET = replace(NO_OUTPUT, retry_after=ASKED_TO_WAIT)


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(seen(accepted(), remote=BUSY), id="a reconciliation that failed"),
        pytest.param(
            seen(accepted(), remote=remote("Succeeded"), output=NOT_YET), id="an output that can't be read yet"
        ),
    ],
)
def test_what_the_other_side_asked_for_is_kept_to(known: Observation) -> None:
    """Its Retry-After is the least time, beside the back-off."""
    decision = decide(known)
    assert (decision.action, decision.again, decision.backoff) == (Action.NONE, ASKED_TO_WAIT, True)


@pytest.mark.parametrize(
    ("known", "watch"),
    [
        pytest.param(seen(new({"suspend": True})), False, id="pending: nothing to poll"),
        pytest.param(seen(accepted(), remote=remote("Executing")), True, id="at the service"),
        pytest.param(seen(accepted(), remote=BUSY), True, id="at the service, which can't be asked"),
    ],
)
def test_only_what_is_at_the_service_is_polled(known: Observation, *, watch: bool) -> None:
    """The poller follows a job as long as there is one."""
    assert decide(known).watch is watch


@pytest.mark.parametrize(("limit", "again"), [(61, 0.5), (70, 9.5)])
def test_a_deadline_is_met_to_the_fraction_of_a_second(limit: int, again: float) -> None:
    """The next reconciliation comes when it passes, not later."""
    known = seen(
        accepted({"activeDeadlineSeconds": limit}, age=60.0),
        remote=remote("Executing"),
        now=NOW + timedelta(seconds=0.5),
    )
    assert decide(known).again == again


@pytest.mark.parametrize(("age", "action"), [(59.0, Action.NONE), (60.0, Action.RECORD), (61.0, Action.RECORD)])
def test_a_deadline_has_passed_when_its_last_second_has(age: float, action: Action) -> None:
    """At the very moment, or the reconciliation that was planned for it would find nothing to do."""
    assert decide(seen(accepted({"activeDeadlineSeconds": 60}, age=age), remote=remote("Executing"))).action is action


@pytest.mark.parametrize(("failed", "seconds"), [(0, 10), (1, 10), (2, 20), (3, 40), (6, 320), (7, 360), (99, 360)])
def test_attempts_are_spaced_as_those_of_a_batch_job(failed: int, seconds: float) -> None:
    """Twice as long each time, up to six minutes."""
    assert retry_delay(failed) == seconds


def test_only_the_last_attempts_are_shown() -> None:
    """A status that grew with each attempt would be refused one day."""
    status = set_aside(attempt=1)
    for number in range(2, 40):
        status = with_attempt(replace(status, attempt=number, job_id=f"job-{number}"), State.FAILED, "JobFailed")
    numbers = [one.attempt for one in status.attempts]
    assert numbers == list(range(40 - len(numbers), 40))
    assert len(numbers) == 10


def test_an_attempt_without_a_number_is_the_first() -> None:
    """As everywhere else."""
    (shown,) = with_attempt(JobStatus(job_id="job-1"), State.FAILED, "JobFailed").attempts
    assert (shown.attempt, shown.job_id, shown.reason) == (1, "job-1", "JobFailed")


def test_a_new_attempt_begins_without_the_error_of_the_last() -> None:
    """Nor with its cost: both are shown with the attempt."""
    before = set_aside(error=ErrorShown("ProviderTimeout", "it took too long"))
    known = seen(claimed(attempt=2, status=before), submission=remote(attempt=2), remote=remote(attempt=2))
    decided = decide(known).status
    assert decided.job_id is not None
    assert (decided.error, decided.cost) == (None, None)


def test_what_ends_before_it_was_sent_says_why_it_was_not() -> None:
    """The condition Submitted has the message, not only the reason."""
    known = seen(new())
    ended = end(known, known.job.status, State.FAILED, "ProgramInvalid", "spec.program.source is empty")
    submitted, failed = (ended.status.condition(kind) for kind in ("Submitted", "Failed"))
    assert submitted is not None
    assert failed is not None
    assert submitted.message == failed.message != ""
