"""Whether a ledger has a job settled, by what the job's status says."""

from dataclasses import replace
from typing import Final

import pytest

from quantumjob_operator.budgets.ledger import Outcome
from quantumjob_operator.controller.settlement import RESERVED, settled_at, settled_by
from quantumjob_operator.model.jobstatus import AttemptShown, BudgetShown, JobStatus
from quantumjob_operator.model.quantumbudget import QuantumBudget
from rooms.budgets.values import budget
from rooms.lifecycle.observations import new

EARLIER: Final = "2026-11-22T13:00:00.000001Z"
LATER: Final = "2026-11-22T13:00:00.000002Z"
NEWEST: Final = JobStatus(job_id="job-2", attempts=(AttemptShown(1, "job-1", "Failed", "Retrying"),))
SET_ASIDE: Final = replace(NEWEST, job_id=None)


def of(changed_at: str | None, digest: str | None = "of it") -> QuantumBudget:
    """A budget whose ledger changed last at this time."""
    one = budget()
    return replace(one, status=replace(one.status, changed_at=changed_at, digest=digest))


@pytest.mark.parametrize(
    ("status", "state", "told", "job_id", "settled"),
    [
        pytest.param(NEWEST, "Settled", EARLIER, "job-2", True, id="by an earlier version of it"),
        pytest.param(NEWEST, "Settled", LATER, "job-2", True, id="by this one"),
        pytest.param(NEWEST, "Settled", "2026-11-22T13:00:00.000003Z", "job-2", False, id="by a later one"),
        pytest.param(NEWEST, "Settled", None, "job-2", False, id="nobody knows by which one"),
        pytest.param(NEWEST, RESERVED, LATER, "job-2", False, id="it is reserved"),
        pytest.param(NEWEST, "Settled", EARLIER, "job-3", False, id="another job"),
        pytest.param(SET_ASIDE, "Released", EARLIER, "job-1", True, id="an attempt that is over"),
        pytest.param(NEWEST, RESERVED, None, "job-1", False, id="nobody knows by which one an attempt was"),
    ],
)
def test_a_ledger_has_what_it_or_an_earlier_one_has_settled(
    status: JobStatus, state: str, told: str | None, job_id: str, *, settled: bool
) -> None:
    """One that was set back may lack it, though the job says that it is settled."""
    one = of(LATER)
    shown = BudgetShown(one.namespace, one.name, state, (), told)
    job = replace(new(), status=replace(status, budgets=(shown,)))
    assert settled_by(job, one, job_id) is settled
    assert not settled_by(job, replace(one, name="another"), job_id)
    assert not settled_by(job, of(None), job_id), "a ledger that was never changed"


@pytest.mark.parametrize(
    ("newest", "outcome", "at"),
    [
        pytest.param(of(LATER), Outcome.SETTLED, LATER, id="settled now"),
        pytest.param(of(LATER), Outcome.NOTHING, LATER, id="before"),
        pytest.param(replace(of(LATER), doubted=True), Outcome.SETTLED, None, id="in a ledger that is doubted"),
        pytest.param(replace(of(LATER), doubted=True), Outcome.NOTHING, None, id="not found in one that is doubted"),
        pytest.param(replace(of(LATER), moved=True), Outcome.NOTHING, None, id="nor in one that is not counted"),
        pytest.param(of(LATER), RESERVED, None, id="not yet"),
        pytest.param(None, Outcome.SETTLED, None, id="the budget is gone"),
    ],
)
def test_which_ledger_has_it(newest: QuantumBudget | None, outcome: Outcome | str, at: str | None) -> None:
    """As the job's status is to say."""
    assert settled_at(newest, outcome) == at
