"""Which Events a change of status deserves: a function of the status before and after.

Derived from what was written, so that an Event can't speak of something that status doesn't say. Must not live here:
publishing (`cluster.events`).
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from quantumjob_operator.lifecycle.decision import Notice
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import BudgetShown, JobStatus, State
from quantumjob_operator.model.money import Amount, Estimate, spoken

EXECUTING: Final = "Executing"


def notices_between(before: JobStatus, after: JobStatus) -> tuple[Notice, ...]:
    """The Events of one written change, in the order in which things happened."""
    return tuple(_notices(before, after))


def _notices(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    yield from _spending(before, after)
    yield from _submission(before, after)
    if (
        after.state is State.EXECUTING
        and before.state is not State.EXECUTING
        and after.condition(Kind.COMPLETE) is None
    ):
        yield Notice(EXECUTING, f"job {after.job_id} executes")
    asked_before = before.cancellation.attempt if before.cancellation else None
    if after.cancellation and after.cancellation.attempt != asked_before:
        why = after.condition(Kind.RECONCILING)
        yield Notice("CancellationRequested", why.message if why else "")
    yield from _completion(before, after)
    failed = after.condition(Kind.FAILED)
    if failed and failed.status == "True" and not before.is_true(Kind.FAILED):
        yield Notice(failed.reason, failed.message, warning=failed.reason != "Cancelled")


def _spending(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    """What budgets count for a job, each time that this changes."""
    old = {(one.namespace, one.name): one for one in before.budgets}
    for one in after.budgets:
        former = old.get((one.namespace, one.name))
        if one == former:
            continue
        amounts, where = _spoken(one.amounts), f"in QuantumBudget {one.namespace}/{one.name}"
        match one.state:
            case "Reserved" if amounts:
                yield Notice("Reserved", f"Reserved {amounts} {where}")
            case "Settled":
                yield Notice("Settled", f"Settled {amounts or 'nothing'} ({_expected(former, after.estimate)}) {where}")
            case "Unsettled":
                told = (
                    f"no bill is told, so that {amounts or 'nothing'} counts {where}; it is asked for during seven days"
                )
                yield Notice("Unsettled", told)
            case "Released":
                yield Notice("Released", f"Released what was reserved {where}: nothing was billed")


def _expected(former: BudgetShown | None, estimate: Estimate | None) -> str:
    """Beside a bill: what was expected in the same units, or what was reserved without an estimate."""
    reserved = former.amounts if former else ()
    estimated = [one for one in reserved if estimate and estimate.of(one.unit)]
    return f"{'estimate' if estimated else 'reserved'} {_spoken(reserved) or 'nothing'}"


def _spoken(amounts: tuple[Amount, ...]) -> str:
    return ", ".join(f"{spoken(Decimal(one.amount), one.unit)} {one.unit}" for one in amounts if Decimal(one.amount))


def _submission(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    old, new = before.condition(Kind.SUBMITTED), after.condition(Kind.SUBMITTED)
    if new is None or after.is_true(Kind.FAILED):
        return
    if new.status == "True" and not (old and old.status == "True"):
        yield Notice("Submitted", f"{new.message} as {after.job_id}")
    if new.status == "False" and (old is None or old.reason != new.reason):
        yield Notice(new.reason, new.message, warning=new.reason != "Suspended")


def _completion(before: JobStatus, after: JobStatus) -> Iterator[Notice]:
    old, new = before.condition(Kind.COMPLETE), after.condition(Kind.COMPLETE)
    if new is None:
        return
    if new.status == "True" and not (old and old.status == "True"):
        yield Notice("OutputWritten", f"the output was written to ConfigMap {after.output_config_map}")
        yield Notice("Succeeded", f"job {after.job_id} succeeded")
    if new.status == "False" and (old is None or old.reason != new.reason):
        yield Notice(new.reason, new.message, warning=True)
