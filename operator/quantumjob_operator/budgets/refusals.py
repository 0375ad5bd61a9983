"""What people are told of a job that a budget keeps back.

That is what is used, the limit, what the job needs, when that ends, and who can change it.

Must not live here: when which of them applies (`requests`).
"""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.ledger import Used, plain
from quantumjob_operator.budgets.needs import CostUnknown, is_currency
from quantumjob_operator.budgets.period import Period
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.quantumbudget import EACH_NAMESPACE, REJECT, QuantumBudget

EXCEEDED: Final = "BudgetExceeded"
ABOVE_JOB_LIMIT: Final = "AboveJobLimit"
COST_UNKNOWN: Final = "CostUnknown"
SUSPENDED: Final = "BudgetSuspended"
COUNTING: Final = "BudgetCounting"
BUSY: Final = "BudgetBusy"
_CENT: Final = Decimal("0.01")


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
        kept: What is kept for jobs whose turn comes first.
        needed: By the job.
    """

    limit: Amount
    taken: Used
    kept: Decimal
    needed: Decimal


def exceeded(budget: QuantumBudget, period: Period, namespace: str, short: Shortage, detail: str) -> Refusal:
    """It does not fit into what is left of a unit."""
    unit, taken = short.limit.unit, short.taken
    left = short.limit.value - taken.spent - taken.reserved
    whose = f" for namespace {namespace}" if budget.spec.each == EACH_NAMESPACE else ""
    jobs = f"{taken.jobs} job{'' if taken.jobs == 1 else 's'}"
    turn = f", {_said(short.kept, unit)} kept for jobs that have waited longer" if short.kept else ""
    message = (
        f"{_named(budget)} has {_said(left, unit)} {unit} left{whose} of {_said(short.limit.value, unit)}"
        f"{_within(budget, period)} ({_said(taken.spent, unit)} spent, {_said(taken.reserved, unit)} reserved by {jobs}"
        f"{turn}); this job needs {_said(short.needed, unit)} {unit}: {detail}. {_when(period, short)} by the owner of "
        f"{budget.namespace}/{budget.name}"
    )
    return Refusal(EXCEEDED, message, final=budget.spec.on_exceeded == REJECT, waits=True)


def _when(period: Period, short: Shortage) -> str:
    """What has to happen for a job to start."""
    ways = []
    if short.taken.spent + short.needed <= short.limit.value:
        ways.append("when enough is released")
    if period.end and short.needed <= short.limit.value:
        ways.append(f"on {period.end:%Y-%m-%d}")
    return f"It starts {', '.join([*ways, ''])}{'or ' if ways else ''}when the limit is raised"


def above_job_limit(budget: QuantumBudget, limit: Amount, needed: Decimal, detail: str) -> Refusal:
    """One job is too large for this budget, however much is left."""
    message = (
        f"{_named(budget)} allows {_said(limit.value, limit.unit)} {limit.unit} a job, and this one needs "
        f"{_said(needed, limit.unit)} {limit.unit}: {detail}. Use fewer shots in a new job, or ask the owner of "
        f"{budget.namespace}/{budget.name} to raise spec.perJob"
    )
    return Refusal(ABOVE_JOB_LIMIT, message, final=budget.spec.on_exceeded == REJECT)


def unknown(budget: QuantumBudget, cost: CostUnknown) -> Refusal:
    """The cost can't be told, and the owner of the money does not let it pass."""
    example = f'[{{unit: {cost.unit}, amount: "5"}}]'
    may_declare = budget.spec.unknown_cost != "Hold"
    remedy = (
        f"set spec.maxCost in a new job, for example {example}"
        if may_declare
        else f"the owner of {budget.namespace}/{budget.name} holds such jobs (spec.unknownCost)"
    )
    message = f"the cost in {cost.unit}, which {_named(budget)} limits, is not known: {cost.detail}; {remedy}"
    return Refusal(COST_UNKNOWN, message)


def suspended(budget: QuantumBudget) -> Refusal:
    """The owner of the money has stopped everything."""
    message = (
        f"{_named(budget)} is suspended, and nothing that costs is submitted; it goes on when the owner of "
        f"{budget.namespace}/{budget.name} sets spec.suspend to false"
    )
    return Refusal(SUSPENDED, message)


def going(budget: QuantumBudget) -> Refusal:
    """The budget is being deleted and waits for what is under way."""
    message = f"{_named(budget)} is being deleted and waits for jobs under way; nothing more is submitted under it"
    return Refusal(SUSPENDED, message)


def counting(budget: QuantumBudget) -> Refusal:
    """What was spent is not known yet."""
    message = (
        f"what was spent of {_named(budget)} is being counted from the service's list; the job starts when that is "
        "done and enough is left"
    )
    return Refusal(COUNTING, message, waits=True)


def busy(budget: QuantumBudget, most: int) -> Refusal:
    """As much is under way as a ledger can hold."""
    message = (
        f"{_named(budget)} has {most:,} jobs under way, which is as many as it can keep account of; the job starts "
        "when one of them ends"
    )
    return Refusal(BUSY, message, waits=True)


def _named(budget: QuantumBudget) -> str:
    return f"QuantumBudget {budget.namespace}/{budget.name}"


def _within(budget: QuantumBudget, period: Period) -> str:
    start = period.start.astimezone(UTC)
    match budget.spec.period:
        case "Day":
            return f" on {start:%Y-%m-%d}"
        case "Month":
            return f" in {start:%B}"
        case "Quarter":
            return f" in quarter {(start.month - 1) // 3 + 1} of {start.year}"
        case "Year":
            return f" in {start.year}"
        case _:
            return " in all"


def _said(value: Decimal, unit: str) -> str:
    """An amount for people: of money with at least two digits after the point, and never rounded."""
    cents = is_currency(unit) and value == value.quantize(_CENT)
    return f"{value.quantize(_CENT):,f}" if cents else f"{Decimal(plain(value)):,f}"
