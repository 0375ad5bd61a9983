"""With how much a count takes a job into a budget that it was not asked of."""

from dataclasses import replace
from typing import Final

import pytest

from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.money import Amount, Basis, Estimate
from quantumjob_operator.model.naming import CLAIM_ANNOTATION
from quantumjob_operator.model.quantumjob import parse_job
from rooms.controller.counting import Lab, forgetful, row
from rooms.model.bodies import CLAIM, Body, job_body

TWENTY: Final = Estimate(Basis.PRICE_LIST, "counted", (Amount("USD", "20"),))
UNKNOWN: Final = Estimate(Basis.UNKNOWN, "a loop")
MAX_COST: Final = {"maxCost": [{"unit": "USD", "amount": "20"}]}


@pytest.mark.parametrize(
    ("limit", "per_job", "estimate", "spec", "reserved"),
    [
        pytest.param("60", "10", TWENTY, {}, "20", id="an estimate above what one job may cost"),
        pytest.param("5", None, TWENTY, {}, "20", id="an estimate above the limit"),
        pytest.param("0", None, TWENTY, {}, "20", id="an estimate where nothing may be spent"),
        pytest.param("60", "10", UNKNOWN, MAX_COST, "10", id="its user's word, above what one job may cost"),
        pytest.param("60", "30", UNKNOWN, MAX_COST, "20", id="its user's word"),
    ],
)
async def test_what_runs_counts_as_what_it_is_expected_to_cost(
    limit: str, per_job: str | None, estimate: Estimate, spec: Body, reserved: str
) -> None:
    """Else others are let in for money that is being spent; but a user's word fills no budget."""
    limits: Body = {"limits": [{"unit": "USD", "amount": limit}]}
    limits |= {"perJob": [{"unit": "USD", "amount": per_job}]} if per_job else {}
    lab = Lab(lambda _: [row(1)], budget_spec=limits)
    lab.cache.put_job(replace(forgetful(1, spec), status=JobStatus(estimate=estimate)))
    await lab.look()
    assert lab.state is not None
    assert [one.amounts for one in lab.state.ledger.open.values()] == [(Amount("USD", reserved),)]


async def test_a_claim_counts_for_no_more_than_one_job_may_cost() -> None:
    """Users write it, and whatever the program is expected to cost."""
    limits = {"limits": [{"unit": "USD", "amount": "60"}], "perJob": [{"unit": "USD", "amount": "10"}]}
    lab = Lab(lambda _: [], budget_spec=limits)
    body = job_body({"workspaceRef": {"name": "mine"}}, namespace="mallory", annotations={CLAIM_ANNOTATION: CLAIM})
    lab.cache.put_job(replace(parse_job(body), status=JobStatus(estimate=TWENTY)))
    await lab.look()
    assert lab.state is not None
    assert [one.amounts for one in lab.state.ledger.open.values()] == [(Amount("USD", "10"),)]
