"""What people are told of a job that a budget keeps back.

That is what is used, the limit, what the job needs, when that ends, and who can change it.

Must not live here: when which of them applies (`requests`).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.ledger import Used
from quantumjob_operator.budgets.needs import MAX_COST, SHOTS, CostUnknown, Needs
from quantumjob_operator.budgets.period import Period, within
from quantumjob_operator.budgets.room import MAX_OPEN, Room
from quantumjob_operator.model.money import Amount, spoken, within_shots
from quantumjob_operator.model.quantumbudget import EACH_NAMESPACE, REJECT, QuantumBudget, Unknown

EXCEEDED: Final = "BudgetExceeded"
ABOVE_JOB_LIMIT: Final = "AboveJobLimit"
COST_UNKNOWN: Final = "CostUnknown"
SUSPENDED: Final = "BudgetSuspended"
COUNTING: Final = "BudgetCounting"
UNREADABLE: Final = "BudgetUnreadable"
BUSY: Final = "BudgetBusy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The job may not be submitted now.

    Attributes:
        reason: Of the condition.
        message: For people.
        final: The owner of the money wants such jobs to end.
        waits: It may fit as soon as something is released.
    """

    reason: str
    message: str
    final: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Shortage:
    """What does not fit into one unit's limit.

    Attributes:
        limit: Of the unit.
        taken: What is spent and reserved of it.
        needed: By the job.
        surely: All of that is needed; else a part of it is for what another object may have sent.
    """

    limit: Amount
    taken: Used
    needed: Decimal
    surely: bool = True


def closed(budget: QuantumBudget) -> Refusal | None:
    """What keeps every job that costs something from being submitted; None if nothing does."""
    if budget.unreadable or budget.deletion_requested:
        return unreadable(budget) if budget.unreadable else going(budget)
    if budget.doubted or not budget.is_counted:
        return counting(budget)
    return suspended(budget) if budget.spec.suspend else None


def exceeded(budget: QuantumBudget, period: Period, namespace: str, short: Shortage, detail: str) -> Refusal:
    """It does not fit into what is left of a unit."""
    unit, taken = short.limit.unit, short.taken
    # What is kept for others is no reason to end a job: they may be ended, or go, without it. Nor is what a count has
    # set aside for claims, which asked no limit: most of them were never sent.
    least = taken.spent + taken.reserved - taken.claimed + short.needed
    ends = _ends(budget) and short.surely and least > short.limit.value
    left = short.limit.value - taken.spent - taken.reserved
    whose = f" for namespace {namespace}" if budget.spec.each == EACH_NAMESPACE else ""
    jobs = f"{taken.jobs} job{'' if taken.jobs == 1 else 's'}"
    # How much is kept for whom is known to one process alone: two of them would say different things in turn.
    turn = ", and what is left is kept for jobs that have waited longer" if short.needed <= left else ""
    used = f"{spoken(taken.spent, unit)} spent, {spoken(taken.reserved, unit)} reserved by {jobs}{turn}"
    message = (
        f"{_named(budget)} has {spoken(left, unit)} {unit} left{whose} of {spoken(short.limit.value, unit)}"
        f"{within(budget.spec.period, period)} ({used}); this job needs {spoken(short.needed, unit)} {unit}: {detail}. "
        f"{_when(period, short, ends=ends)} by {_owner(budget)}"
    )
    return Refusal(EXCEEDED, message, final=ends, waits=not ends)


def _when(period: Period, short: Shortage, *, ends: bool) -> str:
    """What has to happen for a job to start, or for another one in its place."""
    ways = []
    if short.taken.spent + short.needed <= short.limit.value:
        ways.append("when enough is released")
    if period.end and short.needed <= short.limit.value:
        ways.append(f"on {period.end:%Y-%m-%d}")
    who = "Such jobs end here (spec.onExceeded); a new one can start" if ends else "It starts"
    return f"{who} {', '.join([*ways, ''])}{'or ' if ways else ''}when the limit is raised"


def above_job_limit(budget: QuantumBudget, limit: Amount, needed: Decimal, needs: Needs) -> Refusal:
    """One job is too large for this budget, however much is left."""
    way = "set a lower spec.maxCost" if needs.basis == MAX_COST else within_shots(needs.by_shots, limit)
    message = (
        f"{_named(budget)} allows {spoken(limit.value, limit.unit)} {limit.unit} a job, and this one needs "
        f"{spoken(needed, limit.unit)} {limit.unit}: {needs.detail}. {way[0].upper()}{way[1:]} in a new "
        f"job, or ask {_owner(budget)} to raise spec.perJob"
    )
    return Refusal(ABOVE_JOB_LIMIT, message, final=_ends(budget))


def unknown(budget: QuantumBudget, cost: CostUnknown) -> Refusal:
    """The cost can't be told, and the owner of the money does not let it pass."""
    owner = _owner(budget)
    told = f'set spec.maxCost in a new job, for example [{{unit: {cost.unit}, amount: "5"}}]'
    if cost.unit == SHOTS:
        told = "set spec.parameters.shots in a new job, without spec.parameters.items"
    remedy = (
        f"{owner} holds such jobs, and can let them pass (spec.unknownCost)"
        if budget.spec.unknown_cost is Unknown.HOLD and cost.unit != SHOTS
        else f"{told}, or ask {owner} to let it pass (spec.unknownCost)"
    )
    message = f"the cost in {cost.unit}, which {_named(budget)} limits, is not known: {cost.detail}; {remedy}"
    return Refusal(COST_UNKNOWN, message)


def suspended(budget: QuantumBudget) -> Refusal:
    """The owner of the money has stopped everything."""
    message = (
        f"{_named(budget)} is suspended, and nothing that costs is submitted; it goes on when {_owner(budget)} sets "
        "spec.suspend to false"
    )
    return Refusal(SUSPENDED, message)


def going(budget: QuantumBudget) -> Refusal:
    """The budget is being deleted and waits for what is under way."""
    under_way = len(budget.status.reservations)
    message = (
        f"{_named(budget)} is being deleted, and nothing that costs is submitted until it is gone; it waits for "
        f"{under_way} job{'' if under_way == 1 else 's'} under way"
    )
    return Refusal(SUSPENDED, message)


def counting(budget: QuantumBudget) -> Refusal:
    """What was spent is not known yet."""
    message = (
        f"what was spent of {_named(budget)} is being counted from the service's list; the job starts when that is "
        "done and enough is left. The budget's condition Ready says if anything is in the way, for "
        f"{_owner(budget)} to mend"
    )
    return Refusal(COUNTING, message)


def unreadable(budget: QuantumBudget) -> Refusal:
    """Nobody knows what it limits."""
    message = (
        f"{_named(budget)} can't be read ({budget.unreadable}), and nothing that costs is submitted through the "
        f"QuantumWorkspaces of its namespace; {_owner(budget)} can mend it, or the operator is older than its CRDs: "
        "upgrade it"
    )
    return Refusal(UNREADABLE, message)


def busy(budget: QuantumBudget, namespace: str, room: Room) -> Refusal:
    """As much is under way as a ledger can hold, or as one namespace may have of that."""
    whose = f"{room.of(namespace):,} of them of namespace {namespace}"
    if room.taken < MAX_OPEN:
        whose += ", and what is left is for other namespaces"
    message = (
        f"{_named(budget)} keeps account of at most {MAX_OPEN:,} jobs under way; it has {room.taken:,}, {whose}. This "
        "job starts when some of these end"
    )
    return Refusal(BUSY, message, waits=True)


def _ends(budget: QuantumBudget) -> bool:
    return budget.spec.on_exceeded == REJECT


def _owner(budget: QuantumBudget) -> str:
    """Whoever may change it."""
    return f"the owner of {budget.namespace}/{budget.name}"


def _named(budget: QuantumBudget) -> str:
    return f"QuantumBudget {budget.namespace}/{budget.name}"
