"""A bill that is told late: whether, when and how often the service is asked for it, and what follows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from quantumjob_operator.lifecycle import Action, Observation, decide
from quantumjob_operator.lifecycle.late_bills import LOOKS, next_look
from quantumjob_operator.lifecycle.observation import ABSENT, Trouble
from quantumjob_operator.model.jobstatus import AttemptShown, CostShown, JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import Cost, CostEvent
from rooms.lifecycle.observations import NOW, ago, claimed, finished, identity, remote, seen

LIMIT: Final[dict[str, Any]] = {"maxCost": [{"unit": "USD", "amount": "20"}]}
TOLD: Final = Estimate(Basis.PRICE_LIST, "2 gates", (Amount("USD", "20"),))
FREE: Final = Estimate(Basis.FREE, "ionq.simulator costs nothing")
BILL: Final = Cost("21.5", "USD", (CostEvent("gs1q", "1q gate shot", "100", "100", "0.2"),))


def ended(
    spec: dict[str, Any] | None = None, *, age: float = 30.0, reason: str = "Succeeded", **fields: Any
) -> QuantumJob:
    """A job that began to execute and has ended, without a bill."""
    attempts = (AttemptShown(1, identity(), "Succeeded", None, None, ago(90)),)
    usual: dict[str, Any] = {"start_time": ago(90), "attempts": attempts, "estimate": TOLD}
    return claimed(spec, finalizers=(), status=finished(reason, age=age, **usual | fields))


def asked(job: QuantumJob, **facts: Any) -> Observation:
    """The time to ask has come."""
    return replace(seen(job, **facts), bill_due=True)


@pytest.mark.parametrize(
    ("job", "waits"),
    [
        pytest.param(ended(), True, id="succeeded, and a price list is named"),
        pytest.param(ended(LIMIT, estimate=None), True, id="a limit, and no price list"),
        pytest.param(ended(reason="JobFailed", state=State.FAILED), True, id="failed after it had begun"),
        pytest.param(ended(cost=CostShown(usage={"standardMinutes": "7"})), True, id="usage is no bill"),
        pytest.param(ended(start_time=None), True, id="what succeeded has begun, whatever the service says of it"),
        pytest.param(ended(estimate=None), False, id="nobody counts"),
        pytest.param(ended(LIMIT, estimate=FREE), False, id="a target that the list calls free"),
        pytest.param(ended({**LIMIT, "provider": "microsoft-qc"}), False, id="a provider of whom no bill was recorded"),
        pytest.param(ended(reason="JobFailed", state=State.FAILED, start_time=None), False, id="it never began"),
        pytest.param(ended(cost=CostShown("0", "USD")), False, id="0 is a bill"),
        pytest.param(ended(job_id=None), False, id="nothing was sent"),
    ],
)
def test_whose_bill_is_waited_for(job: QuantumJob, *, waits: bool) -> None:
    """The queue has the job again a minute after its end."""
    assert (decide(seen(job)).again == pytest.approx(30.0)) if waits else (decide(seen(job)).again is None)
    assert (decide(asked(job)).action is Action.GET_REMOTE) is waits


def test_asked_at_fixed_times_for_a_week() -> None:
    """By the time of the end in status: whoever starts anew goes on where the last process was."""
    job, times, now = ended(age=0), list[float](), NOW
    while (left := next_look(job, now)) is not None:
        now += timedelta(seconds=left)
        times.append((now - NOW).total_seconds())
    assert times == [60, 600, 3600, 6 * 3600, *(day * 86_400 for day in range(1, 8))] == list(LOOKS)


def test_before_its_time_nobody_is_asked() -> None:
    """However often the object is looked at."""
    assert decide(seen(ended())).action is Action.NONE
    assert decide(asked(ended(), workspace=Trouble("WorkspaceNotFound", "gone"))).action is Action.NONE


def test_the_bill_is_filled_in_and_nothing_else() -> None:
    """State, conditions and times stay; the attempt has it, too, and the sum."""
    job = ended()
    decision = decide(asked(job, remote=remote("Succeeded", cost=BILL)))
    status, shown = decision.status, decision.status.cost
    assert (decision.action, decision.again) == (Action.NONE, None)
    assert shown is not None
    assert (shown.estimated_total, shown.currency_code) == ("21.5", "USD")
    assert status.attempts == (replace(job.status.attempts[0], cost=shown),)
    assert status.total_cost == (Amount("USD", "21.5"), Amount("gs1q", "100"))
    same: JobStatus = replace(status, cost=None, attempts=job.status.attempts, total_cost=())
    assert same == job.status


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(remote("Succeeded"), id="still nothing"),
        pytest.param(remote("Succeeded", usage={"shots": "5"}), id="usage alone"),
        pytest.param(remote("Succeeded", id="another", cost=BILL), id="another job's"),
        pytest.param(ABSENT, id="the service has forgotten the job"),
        pytest.param(Trouble("ServiceUnavailable", "HTTP 503"), id="an outage"),
    ],
)
def test_without_a_bill_it_is_asked_again_at_the_next_time(answer: Any) -> None:
    """And status stays as it is: nothing is written."""
    job = ended(age=61)
    decision = decide(asked(job, remote=answer))
    assert (decision.action, decision.status) == (Action.NONE, job.status)
    assert decision.again == pytest.approx(600 - 61)


def test_an_object_is_deleted_in_its_time_all_the_same() -> None:
    """`ttlSecondsAfterFinished` is the user's word; whatever comes first is waited for."""
    assert decide(seen(ended({"ttlSecondsAfterFinished": 40}))).again == pytest.approx(10.0)
    assert decide(seen(ended({"ttlSecondsAfterFinished": 400}))).again == pytest.approx(30.0)
    assert decide(seen(ended({"ttlSecondsAfterFinished": 20}))).action is Action.DELETE
