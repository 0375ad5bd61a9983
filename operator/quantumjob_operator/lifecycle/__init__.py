"""What happens to a QuantumJob, decided by pure functions of what is known.

`decide` is the only entrance. Laws that hold for every decision:

1. It is a function of the `Observation` alone: no clock, no I/O, no memory.
2. It names one step. An action brings facts and leads to another decision, or it changes the world.
3. It is idempotent: deciding again on the same facts gives the same step and the same status, so that a status that
   says what it said before is not written.
4. A finished job is never computed again; only a bill that is told late is filled in (`late_bills`).
"""

from datetime import datetime

from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.decision import Action, Decision, Notice, step
from quantumjob_operator.lifecycle.deletion import delete
from quantumjob_operator.lifecycle.late_bills import look, next_look, with_late_bill
from quantumjob_operator.lifecycle.observation import Observation
from quantumjob_operator.lifecycle.progress import follow
from quantumjob_operator.lifecycle.spending import settle_first
from quantumjob_operator.lifecycle.submission import submit
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.values import replace

__all__ = ["Action", "Decision", "Notice", "Observation", "decide"]


def decide(seen: Observation) -> Decision:
    """The next step for a job, and what its status is to say."""
    return settle_first(seen, _decide(seen))


def _decide(seen: Observation) -> Decision:
    job = seen.job
    if job.deletion_requested:
        return delete(seen)
    if job.status.finished:
        return _finished(seen)
    if was_accepted(job) and not (job.claim and job.claim.uid != job.uid):
        return follow(seen)
    return submit(seen)


def _finished(seen: Observation) -> Decision:
    job = seen.job
    if job.has_finalizer:
        return step(seen, Action.RELEASE)
    if question := look(seen):
        return question
    status = _for_generation(with_late_bill(seen), job.generation)
    ttl, ended = job.spec.ttl_seconds_after_finished, job.status.condition(Kind.FINISHED)
    bill = next_look(replace(job, status=status), seen.now)
    if ttl is None or ended is None or status != job.status:
        again = 0.0 if ttl is not None and status != job.status else bill
        return Decision(action=Action.NONE, status=status, again=again)
    left = ttl - (seen.now - datetime.fromisoformat(ended.last_transition_time)).total_seconds()
    again = left if bill is None else min(left, bill)
    return Decision(action=Action.NONE, status=status, again=again) if left > 0 else step(seen, Action.DELETE)


def _for_generation(status: JobStatus, generation: int) -> JobStatus:
    """A finished status says the same for a later generation: only the numbers move."""
    if status.observed_generation == generation:
        return status
    conditions = tuple(replace(one, observed_generation=generation) for one in status.conditions)
    return replace(status, observed_generation=generation, conditions=conditions)
