"""The Events between two statuses: on transitions only, named after the conditions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.lifecycle.decision import Notice
from quantumjob_operator.lifecycle.event_rules import notices_between
from quantumjob_operator.model.jobstatus import BudgetShown, Cancellation, Condition, JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, Estimate
from rooms.model.test_jobstatus import STATUSES

ID = "8286b8a0-1778-5a18-ac2e-617411225159"
ASKED = "cancellation requested: spec.cancel is true"


def status(state: State | None, *conditions: Condition, attempt: int | None = None) -> JobStatus:
    """A status; with `attempt`, one whose attempt is being cancelled."""
    cancellation = Cancellation(attempt, "Cancelled", "2026-11-22T12:00:00Z") if attempt else None
    return JobStatus(
        state=state, job_id=ID, output_config_map="bell-output", cancellation=cancellation, conditions=conditions
    )


def held(reason: str, message: str = "fix it") -> Condition:
    """What keeps a job from being submitted."""
    return Condition("Submitted", "False", reason, message)


ACCEPTED = Condition("Submitted", "True", "Accepted", "the service accepted the job")
COMPLETE = Condition("Complete", "True", "Succeeded", "the output is there")
TAKEN = Condition("Complete", "False", "OutputConfigMapConflict", "the name is taken")
CANCELLING = Condition("Reconciling", "True", "Cancelled", ASKED)


def failed(reason: str) -> Condition:
    """An end that is no success."""
    return Condition("Failed", "True", reason, "for this reason")


def counted(state: str, amount: str, unit: str = "USD", *, expected: str | None = None) -> JobStatus:
    """A status with what a budget counts for the job, and its estimate in dollars."""
    estimate = Estimate(Basis.PRICE_LIST, "", (Amount("USD", expected),)) if expected else None
    shown = BudgetShown("quantum-platform", "research", state, (Amount(unit, amount),))
    return JobStatus(state=State.WAITING, estimate=estimate, budgets=(shown,))


NEW = JobStatus()
WEEK = "seven days"
WHERE = "in QuantumBudget quantum-platform/research"
SUBMITTED = Notice("Submitted", f"the service accepted the job as {ID}")
EXECUTING = Notice("Executing", f"job {ID} executes")
WRITTEN = Notice("OutputWritten", "the output was written to ConfigMap bell-output")
SUCCEEDED = Notice("Succeeded", f"job {ID} succeeded")
REQUESTED = Notice("CancellationRequested", ASKED)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            NEW, status(State.PENDING, held("ProgramNotFound")), [Notice("ProgramNotFound", "fix it", warning=True)],
            id="a job that is pending",
        ),
        pytest.param(
            NEW, status(State.SUSPENDED, held("Suspended")), [Notice("Suspended", "fix it")],
            id="a job that is suspended, which is no warning",
        ),
        pytest.param(
            status(State.PENDING, held("ProgramNotFound")), status(State.PENDING, held("Throttled")),
            [Notice("Throttled", "fix it", warning=True)],
            id="a job that is pending for another reason",
        ),
        pytest.param(
            status(State.PENDING, held("Throttled")), status(State.PENDING, held("Throttled", "other words")), [],
            id="the same reason in other words",
        ),
        pytest.param(
            status(State.PENDING, held("Throttled")), status(State.WAITING, ACCEPTED), [SUBMITTED],
            id="a job that is accepted after all",
        ),
        pytest.param(NEW, status(State.WAITING, ACCEPTED), [SUBMITTED], id="a job that is accepted at once"),
        pytest.param(
            NEW, status(State.EXECUTING, ACCEPTED), [SUBMITTED, EXECUTING], id="a job that executes when first seen"
        ),
        pytest.param(
            status(State.WAITING, ACCEPTED), status(State.EXECUTING, ACCEPTED), [EXECUTING], id="a job that executes"
        ),
        pytest.param(
            status(State.CANCELLING, ACCEPTED), status(State.EXECUTING, ACCEPTED), [EXECUTING],
            id="a job that executes again, because the provider did not cancel",
        ),
        pytest.param(
            status(State.EXECUTING, ACCEPTED), status(State.CANCELLING, ACCEPTED, CANCELLING, attempt=1), [REQUESTED],
            id="a cancellation",
        ),
        pytest.param(
            status(State.CANCELLING, ACCEPTED, CANCELLING, attempt=1),
            status(State.CANCELLING, ACCEPTED, CANCELLING, attempt=2),
            [REQUESTED],
            id="a cancellation of a later attempt",
        ),
        pytest.param(
            status(State.EXECUTING, ACCEPTED), status(State.SUCCEEDED, ACCEPTED, COMPLETE), [WRITTEN, SUCCEEDED],
            id="a success",
        ),
        pytest.param(
            status(State.WAITING, ACCEPTED), status(State.SUCCEEDED, ACCEPTED, COMPLETE), [WRITTEN, SUCCEEDED],
            id="a success that skipped all stages",
        ),
        pytest.param(
            status(State.WAITING, ACCEPTED), status(State.EXECUTING, ACCEPTED, TAKEN),
            [Notice("OutputConfigMapConflict", "the name is taken", warning=True)],
            id="an output that cannot be written, of a job that executes no longer",
        ),
        pytest.param(
            status(State.EXECUTING, ACCEPTED, TAKEN), status(State.SUCCEEDED, ACCEPTED, COMPLETE),
            [WRITTEN, SUCCEEDED],
            id="an output that can be written after all",
        ),
        pytest.param(
            status(State.EXECUTING, ACCEPTED), status(State.FAILED, ACCEPTED, failed("JobFailed")),
            [Notice("JobFailed", "for this reason", warning=True)],
            id="a failure",
        ),
        pytest.param(
            status(State.CANCELLING, ACCEPTED, CANCELLING, attempt=1),
            status(State.CANCELLED, ACCEPTED, failed("Cancelled"), attempt=1),
            [Notice("Cancelled", "for this reason")],
            id="a cancellation that was wished for, which is no warning",
        ),
        pytest.param(
            status(State.EXECUTING, ACCEPTED), status(State.CANCELLED, ACCEPTED, failed("CancelledExternally")),
            [Notice("CancelledExternally", "for this reason", warning=True)],
            id="a cancellation that nobody here wished for",
        ),
        pytest.param(
            NEW, status(State.FAILED, held("ObjectTooLarge"), failed("ObjectTooLarge")),
            [Notice("ObjectTooLarge", "for this reason", warning=True)],
            id="a job that is refused for good, told once",
        ),
        pytest.param(
            NEW, counted("Reserved", "97.5"), [Notice("Reserved", f"Reserved 97.50 USD {WHERE}")],
            id="what a budget sets aside",
        ),
        pytest.param(
            counted("Reserved", "97.5"), counted("Settled", "99.72", expected="97.5"),
            [Notice("Settled", f"Settled 99.72 USD (estimate 97.50 USD) {WHERE}")],
            id="a bill beside its estimate",
        ),
        pytest.param(
            counted("Reserved", "5"), counted("Settled", "2.48"),
            [Notice("Settled", f"Settled 2.48 USD (reserved 5.00 USD) {WHERE}")],
            id="a bill beside what was declared",
        ),
        pytest.param(
            counted("Reserved", "6.275", "ehqc"), counted("Settled", "0", "ehqc"),
            [Notice("Settled", f"Settled nothing (reserved 6.275 ehqc) {WHERE}")],
            id="a bill of nothing",
        ),
        pytest.param(
            counted("Reserved", "5"), counted("Unsettled", "5"),
            [Notice("Unsettled", f"no bill is told, so that 5.00 USD counts {WHERE}; it is asked for during {WEEK}")],
            id="an end without a bill",
        ),
        pytest.param(
            counted("Reserved", "5"), counted("Released", "0"),
            [Notice("Released", f"Released what was reserved {WHERE}: nothing was billed")],
            id="an end before it began",
        ),
        pytest.param(NEW, counted("Reserved", "0"), [], id="nothing is set aside"),
    ],
)  # fmt: skip
def test_the_events_of_a_change(before: JobStatus, after: JobStatus, expected: list[Notice]) -> None:
    """In the order in which things happened, each with its condition's reason."""
    assert list(notices_between(before, after)) == expected


@given(STATUSES)
def test_nothing_is_told_when_nothing_changed(same: JobStatus) -> None:
    """A restart looks at everything, and must not repeat every Event."""
    assert notices_between(same, same) == ()


@given(STATUSES, st.integers(0, 9))
def test_nothing_is_told_when_only_the_generation_moved(before: JobStatus, generation: int) -> None:
    """That is what happens to a finished job whose spec somebody touches."""
    conditions = tuple(replace(one, observed_generation=generation) for one in before.conditions)
    assert notices_between(before, replace(before, observed_generation=generation, conditions=conditions)) == ()


def test_an_answer_to_a_cancellation_is_no_second_request() -> None:
    """The time of the first request is written later into the same cancellation."""
    before = status(State.CANCELLING, ACCEPTED, CANCELLING, attempt=1)
    assert before.cancellation
    answered = replace(before.cancellation, answered_time="2026-11-22T12:00:01Z")
    assert notices_between(before, replace(before, cancellation=answered)) == ()
