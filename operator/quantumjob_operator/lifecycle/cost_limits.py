"""A job that may cost more than its `spec.maxCost` is never submitted.

Rules:
1. What the attempts before were billed and what this one is expected to cost must together fit the limit of each unit
   that can be estimated.
2. Where nothing can be estimated, the limit says what the user expects, and stops nothing; but a limit of 0 admits only
   what is known to cost nothing.
3. A price list that can't be read holds the job back, if it has a limit; others are submitted without an estimate.

Must not live here: the estimate (`costs`).
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from quantumjob_operator.lifecycle.decision import Decision, end, hold_for
from quantumjob_operator.lifecycle.observation import Observation, ProgramFacts, Trouble
from quantumjob_operator.model.jobstatus import JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, Estimate, amount_of

ABOVE_MAX_COST: Final = "AboveMaxCost"
NO_PRICES: Final = "the QuantumWorkspace names no price list (spec.pricesRef)"


def estimated(seen: Observation) -> Estimate | None:
    """What the job is expected to cost, as status shows it; None if nobody asks."""
    program = seen.program
    if not isinstance(program, ProgramFacts):
        return None
    if isinstance(program.estimate, Trouble):
        return Estimate(Basis.UNKNOWN, program.estimate.message)
    if program.estimate is None and seen.job.spec.max_cost:
        return Estimate(Basis.UNKNOWN, NO_PRICES)
    return program.estimate


def above_max_cost(seen: Observation) -> Decision | None:
    """What keeps a job with a limit from being sent; the limit is fixed, so that only a new job can have another."""
    program, limits = seen.program, seen.job.spec.max_cost
    if not limits or not isinstance(program, ProgramFacts):
        return None
    if isinstance(program.estimate, Trouble):
        return hold_for(seen, program.estimate)
    told = estimated(seen)
    why = next((why for limit in limits if told and (why := _exceeds(seen.job.status, limit, told))), None)
    if why is None:
        return None
    status = replace(seen.job.status, estimate=told)
    return end(
        seen, status, State.FAILED, ABOVE_MAX_COST, f"{why}; use fewer shots, or raise spec.maxCost, in a new job"
    )


def _exceeds(status: JobStatus, limit: Amount, told: Estimate) -> str | None:
    expected = told.of(limit.unit)
    if expected is None:
        zero = limit.value == 0 and told.basis is not Basis.FREE
        return f"spec.maxCost allows 0 {limit.unit}, and the cost is not known to be 0: {told.detail}" if zero else None
    billed = _billed(status, limit.unit)
    if billed + expected.value <= limit.value:
        return None
    before = f", after {amount_of(billed, limit.unit)} for the attempts before" if billed else ""
    return (
        f"spec.maxCost allows {limit}, and this job is expected to cost {expected}{before} ({told.detail}; prices of "
        f"{told.as_of})"
    )


def _billed(status: JobStatus, unit: str) -> Decimal:
    """What the attempts before were billed in one unit; what the service did not tell is not known."""
    return next((one.value for one in status.total_cost if one.unit == unit), Decimal(0))
