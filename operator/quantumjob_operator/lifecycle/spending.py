"""When a job reserves what it may cost, and when that is settled.

Rules:
1. Nothing is claimed or sent before every budget that counts the job has set aside what it may cost.
2. What is set aside is settled as soon as the attempt is known to be over, before status says so: a job that has ended
   holds nothing back.
3. Who is kept back, and has a key, may have been paid for already by another object: the service is asked once. It is
   asked before a job ends for what a budget says, too: the object may have forgotten what it had sent.

Must not live here: how much it is and whether it fits (`budgets`).
"""

from collections.abc import Iterator
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import Final

from quantumjob_operator.lifecycle.attempts import current_attempt, has_ended
from quantumjob_operator.lifecycle.decision import Action, Decision, end, hold, hold_for, step
from quantumjob_operator.lifecycle.forgotten import unless_at_service
from quantumjob_operator.lifecycle.observation import Observation, Trouble
from quantumjob_operator.lifecycle.transitions import FINAL_SIGHTINGS, seen_as
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import MOST_BUDGETS, CostShown, State
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_MOST_DIGITS: Final = 18
_SIXTH_DIGIT: Final = Decimal("0.000001")


def reserve_first(seen: Observation) -> Decision | None:
    """What comes before a job may be claimed or sent; None if nothing does."""
    if seen.needs_reservation:
        return step(seen, Action.RESERVE)
    kept = seen.kept_back
    if kept is None:
        return None
    if bought := _bought_before(seen, kept):
        return bought
    if kept.final:
        ended = end(seen, seen.job.status, State.FAILED, kept.reason, kept.message)
        return unless_at_service(seen, ended)
    # Whoever keeps it back wakes it; only what could not be found out is asked again.
    return hold_for(seen, kept) if kept.retry_after is not None else hold(seen, kept.reason, kept.message)


def _bought_before(seen: Observation, kept: Trouble) -> Decision | None:
    """What finds out whether the key's job is at the service, where taking it over costs nothing; None if it is not."""
    job, told = seen.job, seen.job.status.condition(Kind.SUBMITTED)
    asked = told is not None and told.reason == kept.reason and not kept.final
    if job.spec.idempotency_key is None or job.claim is not None or asked:
        return None
    if seen.remote is None:
        return step(seen, Action.GET_REMOTE)
    return step(seen, Action.CLAIM) if isinstance(seen.remote, RemoteJob) else None


def settle_first(seen: Observation, decision: Decision) -> Decision:
    """The decision, after what is reserved for an attempt that is over has been settled."""
    if seen.settled is not None and decision.action is Action.RECORD:
        shown = seen.settled[:MOST_BUDGETS] or decision.status.budgets
        return replace(decision, status=replace(decision.status, budgets=shown))
    if seen.settled is None and seen.reserved and is_over(seen) and _ends(seen, decision):
        return step(seen, Action.SETTLE)
    return decision


def is_over(seen: Observation) -> bool:
    """Whether it is certain that the attempt costs nothing further: it has ended, or was refused."""
    if isinstance(seen.remote, RemoteJob):
        return seen_as(seen.remote) in FINAL_SIGHTINGS
    return isinstance(seen.submission, Trouble) and seen.submission.final and not seen.submission.unconfirmed


def _ends(seen: Observation, decision: Decision) -> bool:
    if decision.action is Action.RELEASE:
        return True
    number = current_attempt(seen.job)
    set_aside = any(one.attempt == number for one in decision.status.attempts) and not has_ended(seen.job)
    return decision.action is Action.RECORD and (decision.status.finished or set_aside)


def bill_of(cost: CostShown | None) -> dict[str, Decimal] | None:
    """What was billed by unit; None if the service tells no bill, which is not 0: nor is what was used."""
    if cost is None or (cost.estimated_total is None and not cost.events):
        return None
    bill: dict[str, Decimal] = {}
    for unit, amount in _told(cost):
        bill[unit] = bill.get(unit, Decimal(0)) + amount
    # The service's numbers are floats of 32 bits: what their noise adds is rounded away from zero.
    return {unit: amount.quantize(_SIXTH_DIGIT, rounding=ROUND_UP) for unit, amount in bill.items()} or None


def _told(cost: CostShown) -> Iterator[tuple[str, Decimal]]:
    events = [(one.dimension, one.billed) for one in cost.events or ()]
    named = {dimension for dimension, _ in events}
    # Beside lines of a bill it names what they leave out; alone it is no bill of the provider's units.
    usage = [(name, value) for name, value in (cost.usage or {}).items() if named and name not in named]
    for unit, text in ((cost.currency_code, cost.estimated_total), *events, *usage):
        try:
            amount = Decimal(text or "")
        except InvalidOperation:
            continue
        if unit and amount.is_finite() and amount >= 0 and amount.adjusted() < _MOST_DIGITS:
            yield unit, amount
