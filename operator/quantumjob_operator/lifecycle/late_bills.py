"""A bill that is told late: when the service is asked once more what an ended job cost.

Rules:
1. Only where somebody counts: the job has a limit, or its QuantumWorkspace named a price list when it was accepted. Not
   for targets that the list calls free, nor for Microsoft's own, of which no bill was ever recorded.
2. A job that never began to execute costs nothing.
3. At fixed times after its end, for a week. They follow from status, so that a restart repeats none of them, and one
   that was missed is left out.
4. Of the answer only the bill is taken: the end is the end.

Must not live here: reading the bill (`azure.costs`), or what follows from it (`cost_limits`).
"""

from datetime import datetime
from typing import Final

from quantumjob_operator.lifecycle.attempts import with_attempt
from quantumjob_operator.lifecycle.costs import cost_of
from quantumjob_operator.lifecycle.decision import Action, Decision, step
from quantumjob_operator.lifecycle.observation import Observation, WorkspaceFacts
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import CostShown, JobStatus, State
from quantumjob_operator.model.money import Basis
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_DAY: Final = 86_400.0
LOOKS: Final = (60.0, 600.0, 3600.0, 21_600.0, *(day * _DAY for day in range(1, 8)))
"""Seconds after the end of a job."""
_NEVER_BILLED: Final = "microsoft"


def next_look(job: QuantumJob, now: datetime) -> float | None:
    """Seconds until the service is asked again what a job cost; None if its bill is not waited for, or no longer."""
    ended = job.status.condition(Kind.FINISHED)
    if ended is None or not _is_missing(job):
        return None
    age = (now - datetime.fromisoformat(ended.last_transition_time)).total_seconds()
    return next((after - age for after in LOOKS if after > age), None)


def look(seen: Observation) -> Decision | None:
    """The question, if it is time for it and there is a way; None if there is nothing to ask, or it was asked."""
    asked = seen.remote is not None or seen.job_id != seen.job.status.job_id
    if not seen.bill_due or asked or not isinstance(seen.way, WorkspaceFacts) or not _is_missing(seen.job):
        return None
    return step(seen, Action.GET_REMOTE)


def with_late_bill(seen: Observation) -> JobStatus:
    """The status with the bill, if the service tells it now."""
    status, remote = seen.job.status, seen.remote
    if not seen.bill_due or not isinstance(remote, RemoteJob) or remote.id.lower() != (status.job_id or "").lower():
        return status
    cost = cost_of(remote)
    if not _tells(cost) or not _is_missing(seen.job):
        return status
    former = next((one for one in status.attempts if one.attempt == (status.attempt or 1)), None)
    return with_attempt(replace(status, cost=cost), status.state or State.SUCCEEDED, former.reason if former else None)


def _is_missing(job: QuantumJob) -> bool:
    status, told = job.status, job.status.estimate
    if status.job_id is None or _tells(status.cost) or job.spec.provider.lower().startswith(_NEVER_BILLED):
        return False
    began = status.start_time is not None or status.state is State.SUCCEEDED
    return began and (bool(job.spec.max_cost) or told is not None) and not (told and told.basis is Basis.FREE)


def _tells(cost: CostShown | None) -> bool:
    """Whether a cost is a bill: what the provider counted (`usage`) alone is none."""
    return cost is not None and (cost.estimated_total is not None or bool(cost.events))
