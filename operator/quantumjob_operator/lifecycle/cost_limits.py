"""A job that may cost more than its `spec.maxCost` is never submitted.

Rules:
1. What the attempts before were billed and what this one is expected to cost must together fit the limit of each unit
   that can be estimated.
2. Where nothing can be estimated, the limit says what the user expects, and stops only what follows attempts that have
   spent it; but a limit of 0 admits only what is known to cost nothing. A limit in another unit than the price list's
   could never be compared, and is refused.
3. A price list that can't be read holds the job back, if it has a limit; others are submitted without an estimate.

Must not live here: the estimate (`costs`).
"""

from dataclasses import replace
from typing import Final

from quantumjob_operator.lifecycle.decision import Decision, end, hold_for
from quantumjob_operator.lifecycle.observation import Observation, ProgramFacts, Trouble
from quantumjob_operator.model.jobstatus import JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, Estimate

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
    # What the service did not tell of the attempts before is not known.
    billed = next((one for one in status.total_cost if one.unit == limit.unit and one.value), None)
    expected, spent = told.of(limit.unit), billed.value if billed else 0
    before = f", after {billed} for the attempts before" if billed else ""
    if expected is not None and spent + expected.value > limit.value:
        return (
            f"spec.maxCost allows {limit}, and this job is expected to cost {expected}{before} ({told.detail}; prices "
            f"of {told.as_of})"
        )
    if expected is None and billed and spent >= limit.value:
        return f"spec.maxCost allows {limit}, which is spent{before}"
    return _unseen(limit, told) if expected is None else None


def _unseen(limit: Amount, told: Estimate) -> str | None:
    """Why a limit forbids a cost that is not known in its unit."""
    if told.basis is Basis.PRICE_LIST:
        units = " and ".join(one.unit for one in told.amounts)
        return f"spec.maxCost limits {limit.unit}, and the price list tells the cost in {units}: limit that instead"
    if limit.value == 0 and told.basis is not Basis.FREE:
        return f"spec.maxCost allows 0 {limit.unit}, and the cost is not known to be 0: {told.detail}"
    return None
