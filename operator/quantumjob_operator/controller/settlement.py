"""The change that settles a job, and how the job ended by the service's word.

Must not live here: when a job is settled (`spending`, `budget_sweep`), or what that does to a ledger (`budgets`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from quantumjob_operator.budgets.ledger import Ended, Outcome, settle
from quantumjob_operator.budgets.told import reserved_in
from quantumjob_operator.controller.budget_ledger import State
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.lifecycle.costs import cost_of
from quantumjob_operator.lifecycle.spending import bill_of
from quantumjob_operator.lifecycle.transitions import Sighting, seen_as
from quantumjob_operator.model.jobstatus import BudgetShown
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import METADATA_UID, owner_told
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.reservation import Reservation

RESERVED: Final = "Reserved"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The change that settles one job.

    Attributes:
        tolerance: By so much a job may look older than its reservation and be its own.
    """

    job_id: str
    ended: Ended
    tolerance: timedelta

    def __call__(
        self, budget: QuantumBudget, state: State, now: datetime
    ) -> tuple[State, tuple[Outcome, tuple[Amount, ...]]]:
        """Settle."""
        settled = settle(budget, state.ledger, self.job_id, self.ended, now, tolerance=self.tolerance)
        return replace(state, ledger=settled[0]), settled[1:]


def speaks_for(context: ReconcileContext, budget: QuantumBudget, entry: Reservation) -> bool:
    """Whether the job was reserved through the QuantumWorkspace that tells of it; where none does, the sweep asks."""
    told_by = context.connection.workspace.key if context.connection else None
    return told_by == (budget.namespace, entry.workspace)


def ended_as_known(
    remote: RemoteJob, entry: Reservation | None, job: QuantumJob | None, budget: Name | None = None
) -> Ended:
    """How a job has ended, by the service's word and by what was written down while it ran.

    The service no longer shows the begin of a job that was cancelled; who saw it execute wrote it down, in its object
    or in the ledger: another object with its key has not seen it.

    Args:
        remote: As the service has it.
        entry: What is reserved for it, if anything.
        job: Its object, if that is there.
        budget: In which it is to be settled, by namespace and name; None if it is not.
    """
    ended, told = ended_of(remote), reserved_in(remote.metadata, budget) if budget else None
    seen = job is not None and job.status.job_id == remote.id and job.status.start_time is not None
    began = ended.began or seen or (entry is not None and entry.ended_at is not None)
    return replace(ended, began=began, reserved=told or ())


def ended_in(context: ReconcileContext, budget: QuantumBudget, entry: Reservation) -> Ended:
    """How the attempt has ended: as the service tells it, or refused before it could begin."""
    if isinstance(remote := context.seen.remote, RemoteJob):
        return ended_as_known(remote, entry, context.job, budget.key)
    return Ended(None, began=entry.ended_at is not None)


def ended_of(remote: RemoteJob) -> Ended:
    """How a job has ended, by what the service says of it."""
    began = remote.begin_execution_time is not None or seen_as(remote) is Sighting.SUCCEEDED
    owner = owner_told(remote.metadata).get(METADATA_UID)
    return Ended(bill_of(cost_of(remote)), began, remote.sent_at, owner=owner)


def as_shown(
    budget: QuantumBudget, amounts: tuple[Amount, ...], state: str, changed_at: str | None = None
) -> BudgetShown:
    """What a job's status says of a budget."""
    return BudgetShown(budget.namespace, budget.name, state, amounts, changed_at)


def settled_at(newest: QuantumBudget | None, outcome: Outcome | str) -> str | None:
    """Which ledger has a job settled; nobody knows as long as it may have been set back.

    Args:
        newest: The budget after that.
        outcome: What came of settling it.
    """
    if newest is None or outcome == RESERVED or newest.doubted or not newest.is_counted:
        return None
    return newest.status.changed_at


def settled_by(job: QuantumJob, budget: QuantumBudget, job_id: str) -> bool:
    """Whether a job says that the ledger at hand has it settled; one that was set back may lack what is said.

    An attempt is settled before status says that it is over, and what was settled last is the latest.
    """
    status, changed = job.status, budget.status.changed_at
    over = any(one.job_id == job_id for one in status.attempts)
    if not over and status.job_id != job_id:
        return False
    shown = [one for one in status.budgets if (one.namespace, one.name) == budget.key and one.state != RESERVED]
    told = [datetime.fromisoformat(one.changed_at) for one in shown if one.changed_at]
    return changed is not None and any(at <= datetime.fromisoformat(changed) for at in told)
