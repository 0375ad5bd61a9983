"""A job that may cost more than its `spec.maxCost` is never submitted; one that did is told of.

Rules:
1. What the attempts before were billed and what this one is expected to cost must together fit the limit of each unit
   that can be estimated.
2. An attempt that began to execute, and of which no bill is known in the limit's unit, counts as what is expected of
   this one: the same program ran. A bill in another currency is no bill in the limit's: nothing is converted.
3. Where nothing can be estimated, the limit says what the user expects, and stops only what costs more at the least, or
   follows attempts that have spent it, or may have; but a limit of 0 admits only what is known to cost nothing. A limit
   in another unit than the price list's could never be compared, and is refused.
4. A price list that can't be read holds the job back, if it has a limit; others are submitted without an estimate.

Must not live here: the estimate (`costs`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from quantumjob_operator.lifecycle.attempts import attempt_to_claim
from quantumjob_operator.lifecycle.costs import amounts_in
from quantumjob_operator.lifecycle.decision import Decision, Notice, end, hold_for
from quantumjob_operator.lifecycle.observation import Observation, ProgramFacts, Trouble
from quantumjob_operator.model.jobstatus import JobStatus, State
from quantumjob_operator.model.money import Amount, Basis, Estimate, within_shots
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.values import replace

ABOVE_MAX_COST: Final = "AboveMaxCost"
NO_PRICES: Final = "the QuantumWorkspace names no price list (spec.pricesRef)"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


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
    if (told := estimated(seen)) is None:
        return None
    for limit in limits:
        if why := _exceeds(seen.job, limit, told):
            remedy = f"{within_shots(told.by_shots, limit)}, or raise spec.maxCost, in a new job"
            status = replace(seen.job.status, estimate=told)
            return end(seen, status, State.FAILED, ABOVE_MAX_COST, f"{why}; {remedy}")
    return None


def cost_notices(limits: Sequence[Amount], before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    """The Events about a bill that passed the job's limit, or that can't be compared with it; each once.

    Args:
        limits: `spec.maxCost`.
        before: The status before what was billed was written.
        after: The status with it.
    """
    if before.total_cost == after.total_cost:
        return
    known = {one.unit: one for one in before.total_cost}
    for limit in limits:
        billed = _amount(after.total_cost, limit.unit)
        told = known.get(limit.unit)
        if billed and billed.value > limit.value and not (told and told.value > limit.value):
            yield Notice(
                "CostAboveMaximum", f"the job was billed {billed}, and spec.maxCost allows {limit}", warning=True
            )
    currencies = [one.unit for one in limits if _CURRENCY.fullmatch(one.unit)]
    for billed in after.total_cost:
        new = billed.value > 0 and not (billed.unit in known and known[billed.unit].value > 0)
        if new and currencies and billed.unit not in currencies and _CURRENCY.fullmatch(billed.unit):
            message = f"the job was billed {billed}, and spec.maxCost limits {' and '.join(currencies)}"
            yield Notice("CostNotComparable", f"{message}; nothing is converted", warning=True)


def _amount(amounts: Sequence[Amount], unit: str) -> Amount | None:
    return next((one for one in amounts if one.unit == unit), None)


def _exceeds(job: QuantumJob, limit: Amount, told: Estimate) -> str | None:
    billed, expected = _amount(job.status.total_cost, limit.unit), told.of(limit.unit)
    spent = billed.value if billed else 0
    untold = 0 if told.basis is Basis.FREE else _untold(job, limit.unit)
    before = _before(billed if spent else None, untold)
    if expected is not None and spent + expected.value * (1 + untold) > limit.value:
        return (
            f"spec.maxCost allows {limit}, and this job is expected to cost {expected}{before} ({told.detail}; prices "
            f"of {told.as_of})"
        )
    if expected is None and (untold or (billed and spent and spent >= limit.value)):
        return f"spec.maxCost allows {limit}, which {'may be' if untold else 'is'} spent{before}"
    least = _amount(told.at_least or (), limit.unit)
    if least and spent + least.value * (1 + untold) > limit.value:
        return f"spec.maxCost allows {limit}, and this job costs at least {least}{before} ({told.detail})"
    return _unseen(limit, told) if expected is None else None


def _untold(job: QuantumJob, unit: str) -> int:
    """How many attempts before the next one may have been billed in a unit, of which the service has told nothing.

    Those that status shows no longer may all have been.
    """
    earlier = attempt_to_claim(job) - 1
    shown = [one for one in job.status.attempts if one.attempt <= earlier]
    untold = [one for one in shown if one.start_time and unit not in dict(amounts_in(one.cost))]
    return len(untold) + max(0, earlier - len(shown))


def _before(billed: Amount | None, untold: int) -> str:
    told = f"{billed} for the attempts before" if billed else ""
    missing = f"{untold} attempt{'s' if untold > 1 else ''} whose bill is not known" if untold else ""
    return f", after {' and '.join(filter(None, (told, missing)))}" if told or missing else ""


def _unseen(limit: Amount, told: Estimate) -> str | None:
    """Why a limit forbids a cost that is not known in its unit."""
    known = told.amounts or told.at_least or ()
    if known and all(one.unit != limit.unit for one in known):
        units = " and ".join(one.unit for one in known)
        return f"spec.maxCost limits {limit.unit}, and the price list tells the cost in {units}: limit that instead"
    if limit.value == 0 and told.basis is not Basis.FREE:
        return f"spec.maxCost allows 0 {limit.unit}, and the cost is not known to be 0: {told.detail}"
    return None
