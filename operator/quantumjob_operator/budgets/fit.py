"""Whether a job fits into what is left of each limit, and whether it could if others released what they have.

Must not live here: what else a budget asks of a job (`requests`), or who waits (`controller.budget_line`).
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from quantumjob_operator.budgets import refusals
from quantumjob_operator.budgets.ledger import UNUSED, Key, Ledger, Used, group_of, is_current, used
from quantumjob_operator.budgets.needs import Needs
from quantumjob_operator.budgets.refusals import Refusal, Shortage
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount, larger
from quantumjob_operator.model.quantumbudget import EACH_NAMESPACE, QuantumBudget
from quantumjob_operator.model.reservation import Reservation


class Ahead(NamedTuple):
    """Who waits longer than the one that asks: a job's namespace, what it needs, and its id at the service.

    A part of what it needs may be reserved for it already. What is offered was promised to it, and counts as if it were
    under way.
    """

    namespace: str
    amounts: tuple[Amount, ...]
    job_id: str = ""
    offered: bool = False


def shortage(
    budget: QuantumBudget,
    sums: Mapping[Key, Used],
    group: str,
    amounts: tuple[Amount, ...],
) -> Shortage | None:
    """The first limit that has too little left; None if there is none.

    Args:
        budget: Whose limits they are.
        sums: What is used of each unit.
        group: Whose sums the job goes into.
        amounts: What it needs.
    """
    for limit in budget.spec.limits:
        taken, amount = sums.get(Key(group, limit.unit), UNUSED), of_unit(amounts, limit.unit)
        # What needs nothing of a unit is no worse for a limit that was lowered below what is spent.
        if amount and taken.spent + taken.reserved + amount > limit.value:
            return Shortage(limit, taken, amount)
    return None


def no_longer_fits(budget: QuantumBudget, ledger: Ledger, standing: Reservation, needs: Needs) -> Refusal | None:
    """Why what is reserved must not be sent any more: a limit is below what is spent, with this job; None if none is.

    Args:
        budget: Whose ledger it is.
        ledger: As it is.
        standing: What is reserved for the job.
        needs: Of the job itself: under a key, more may stand for what another object asked for.
    """
    group, current = group_of(budget, standing.namespace), is_current(ledger, standing)
    for limit in budget.spec.limits:
        key, amount = Key(group, limit.unit), of_unit(standing.amounts, limit.unit)
        spent = ledger.spent.get(key, Decimal(0)) if current else Decimal(0)
        if amount and spent + amount > limit.value:
            surely = spent + of_unit(needs.amounts, limit.unit) > limit.value
            short = Shortage(limit, used(budget, ledger).get(key, UNUSED), amount, surely=surely)
            return refusals.exceeded(budget, ledger.period, standing.namespace, short, needs.detail)
    return None


def added(sums: Mapping[Key, Used], group: str, amounts: tuple[Amount, ...]) -> dict[Key, Used]:
    """The sums that change when a job's amounts are reserved."""
    changed = {}
    for one in amounts:
        known = sums.get(Key(group, one.unit), UNUSED)
        changed[Key(group, one.unit)] = known._replace(reserved=known.reserved + one.value, jobs=known.jobs + 1)
    return changed


def own_of(budget: QuantumBudget, ledger: Ledger, namespaces: Collection[str]) -> dict[str, dict[str, Decimal]]:
    """What the jobs of each of these namespaces under way keep of each unit; nothing where it shares no limits.

    In one look at all that is reserved: a hundred may wait, and each job that asks would look for each of them.
    """
    own: dict[str, dict[str, Decimal]] = {name: {} for name in namespaces}
    start = stamp(ledger.period.start)
    for one in ledger.open.values() if own and budget.spec.each != EACH_NAMESPACE else ():
        if one.namespace in own and one.counts_at >= start and not one.ended_at:
            sums = own[one.namespace]
            for each in one.amounts:
                sums[each.unit] = sums.get(each.unit, Decimal(0)) + each.value
    return own


def could_fit(
    budget: QuantumBudget, sums: Mapping[Key, Used], own: Mapping[str, Decimal], group: str, amounts: tuple[Amount, ...]
) -> bool:
    """Whether a job would fit if all that others have under way were released; else it has no turn now.

    What has ended without a bill may count for a week: nothing is kept for a job that waits for that. Nor for one that
    waits for jobs of its own namespace: whoever has them decides how long they take, and others would wait as long.

    Args:
        budget: Whose ledger it is.
        sums: What is used of each unit.
        own: What `own_of` says of the job's namespace.
        group: Whose sums the job goes into.
        amounts: What it needs.
    """
    return all(
        _stays(sums.get(Key(group, limit.unit), UNUSED))
        + own.get(limit.unit, Decimal(0))
        + of_unit(amounts, limit.unit)
        <= limit.value
        for limit in budget.spec.limits
        if of_unit(amounts, limit.unit)
    )


def _stays(one: Used) -> Decimal:
    return one.spent + one.awaited


def standing_for(ledger: Ledger, job_id: str) -> tuple[Amount, ...]:
    """What the sums of the current period have of a job's own reservation, which is there if it is to be raised."""
    entry = ledger.open.get(job_id)
    return entry.amounts if entry and not entry.ended_at and is_current(ledger, entry) else ()


def asked_for(ledger: Ledger, who: Ahead) -> tuple[Amount, ...]:
    """What a job asks of the limits in all: no less than stands reserved for it, as long as that stands."""
    entry = ledger.open.get(who.job_id)
    return larger(entry.amounts, who.amounts) if entry and not entry.ended_at else who.amounts


def without(own: Mapping[str, Decimal], standing: tuple[Amount, ...]) -> Mapping[str, Decimal]:
    """What a namespace keeps of each unit, without what is reserved for one of its jobs."""
    less = {one.unit: own[one.unit] - one.value for one in standing if one.unit in own}
    return {**own, **less} if less else own


def of_unit(amounts: tuple[Amount, ...], unit: str) -> Decimal:
    """The amount of one unit; 0 if there is none."""
    return next((one.value for one in amounts if one.unit == unit), Decimal(0))
