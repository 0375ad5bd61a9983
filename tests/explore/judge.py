"""What would be wrong: the promises, and what may never be said or done.

Must not live here: how a state came about (`moves`), or whether one can still come to a good end (`search`).
"""

from collections.abc import Iterator

from explore.money import LIMIT, account_of
from explore.state import State, Wishes
from explore.wiring import GRACE
from quantumjob_operator.model.quantumjob import QuantumJob


def wrongs(state: State, *, idle: bool) -> Iterator[str]:
    """Every promise that is broken in a state.

    Args:
        state: As it is.
        idle: Nothing happens before time passes, or a job ends.
    """
    yield from state.violations
    outside = state.outside
    for runs in outside.runs.values():
        if len(runs) > 1:
            yield f"billed twice: one attempt was submitted {len(runs)} times"
    yield from _overspent(state)
    for run in outside.cancelled:
        yield from _cancelled(state.wishes[run.uid])
    for uid, wishes in state.wishes.items():
        own = [run for runs in outside.runs.values() for run in runs if run.uid == uid]
        if len(own) > 1 + wishes.resumed:
            yield f"billed twice: {len(own)} runs of one object"
        live = outside.objects.get(uid)
        if live is not None:
            yield from _said(state, live)
        elif idle and any(not run.ended for run in own) and not _may_run_on(state, uid, wishes):
            yield "left running: the object is gone, and nobody will cancel its job"


def _overspent(state: State) -> Iterator[str]:
    """What a ledger must never say, nor let happen."""
    for job_id in () if state.wiped else state.outside.unreserved:
        yield f"sent without a reservation: {job_id}"
    if state.outside.budget is None:
        return
    account = account_of(state.outside.budget)
    for start, used in account.periods.items():
        if used > LIMIT and not state.wiped:
            yield f"overspent: {used} spent and reserved of {LIMIT} since {start}"
    if account.spent > state.outside.billed():
        yield f"counted twice: {account.spent} spent, and {state.outside.billed()} billed"


def _cancelled(wishes: Wishes) -> Iterator[str]:
    if wishes.cancelled or wishes.suspended or wishes.forced or wishes.untold:
        return
    if wishes.orphaned:
        yield "an orphan was cancelled"
    elif wishes.deleted_at is None:
        yield "a job was cancelled that nobody wanted to end"


def _said(state: State, live: QuantumJob) -> Iterator[str]:
    status = live.status
    own = [run for runs in state.outside.runs.values() for run in runs if run.uid == live.uid]
    if not status.finished or not own:
        return
    reason = next(one.reason for one in status.conditions if one.type == "Finished")
    if any(not run.ended for run in own):
        yield f"lost: the status ended as {reason}, and the job runs on"
    elif reason in {"JobNotFound", "IdempotencyKeyReused"}:
        yield f"lost: the status ended as {reason}, and there is a job"
    if reason == "Succeeded" and live.uid not in state.outside.outputs:
        yield "lost: the status says Succeeded, and there is no output"


def _may_run_on(state: State, uid: str, wishes: Wishes) -> bool:
    """Whether the job may go on without its object: on purpose, with a trace, or because somebody is still at it."""
    # A finalizer that is taken off by force, and anything beside: the operator promises one attempt, and says so.
    if wishes.let_go or wishes.told or wishes.forgotten or (wishes.forced and state.disturbances > 1):
        return True
    if any(shared.spec.idempotency_key for shared in state.outside.objects.values()):
        return True  # another object has the key, and the job
    return any(
        process is None
        or process.paused_at is not None
        or process.held
        or process.inbox
        or uid in process.core.due
        or uid in process.asks
        for process in state.processes
    ) or bool(state.wire)


def wrong_steps(state: State, before: State) -> Iterator[str]:
    """What must not become of a state."""
    yield from _early_trace(state, before)
    then, now = before.outside.budget, state.outside.budget
    periods = [one.status.period for one in (then, now) if one]
    if len(periods) > 1 and periods[0] and periods[1] and periods[1].start < periods[0].start:
        yield f"a period comes again: {periods[1].start} after {periods[0].start}"


def _early_trace(state: State, before: State) -> Iterator[str]:
    """A release that was called unconfirmed before the grace period had passed."""
    for uid, wishes in state.wishes.items():
        told = wishes.told and not before.wishes[uid].told and not wishes.forced and not wishes.overlapped
        if told and (wishes.deleted_at is None or state.outside.now < wishes.deleted_at + GRACE - 1.0):
            yield "a deletion was called unconfirmed before the grace period was over"


def at_rest(state: State) -> bool:
    """Whether everything is where it may stay for ever."""
    if any(one is None or one.paused_at is not None or one.held for one in state.processes):
        return False
    excused = {uid for uid, one in state.wishes.items() if one.let_go or one.told or one.forced or one.forgotten}
    if any(run.uid not in excused for run in state.outside.open_runs()):
        return False
    return _is_settled(state) and all(_is_at_rest(live) for live in state.outside.objects.values())


def _is_settled(state: State) -> bool:
    """Whether every bill is counted, and nothing but what runs is reserved."""
    if state.outside.budget is None:
        return True
    account = account_of(state.outside.budget)
    # Who counts a day anew counts what was sent on it, and its history is gone.
    counted = account.spent == state.outside.billed() or (state.wiped and state.scenario.turns)
    return counted and account.jobs <= {run.job.id for run in state.outside.open_runs()}


def _is_at_rest(live: QuantumJob) -> bool:
    if live.deletion_requested:
        return False
    if live.status.finished:
        return not live.has_finalizer and live.status.observed_generation == live.generation
    return live.spec.suspend and live.status.state == "Suspended"
