"""How much a job reserves in a budget.

Rules:
1. What is known to be free reserves nothing.
2. A unit that the estimate has is reserved so; else what `spec.maxCost` says of it.
3. A currency that neither of them has is unknown: nothing is converted. A provider's own unit that another provider
   bills is 0, and so is one that an estimate in this provider's units does not have (hqc for an emulator's ehqc).
4. `jobs` and `shots` are counted from the job itself. No bill corrects them: `spec.maxCost` says nothing of them.

Must not live here: whether it fits (`ledger`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from quantumjob_operator.model.money import Amount, Basis, ByShots, Estimate, amount_of, is_currency
from quantumjob_operator.model.quantumbudget import BudgetSpec, Unknown
from quantumjob_operator.model.quantumjob import JobSpec

JOBS: Final = "jobs"
SHOTS: Final = "shots"
MAX_COST: Final = "MaxCost"
"""The basis of what the user's `spec.maxCost` says."""
CLAIMED: Final = "Claimed"
"""The basis of what a count set aside because the job has a claim: it may be on its way, and no limit was asked yet."""
NO_PRICES: Final = "the QuantumWorkspace names no price list (spec.pricesRef)"
_BILLED_BY: Final[Mapping[str, str]] = {
    "hqc": "quantinuum",
    "ehqc": "quantinuum",
    "gs1q": "ionq",
    "gs2q": "ionq",
    "qpu_time_centiseconds": "rigetti",
    "compute-time-emu": "pasqal",
    "compute-time-qpu": "pasqal",
    "jobseconds": "qci",
}
_FROM_THE_JOB: Final = frozenset({JOBS, SHOTS})
_COUNTED: Final = ByShots(SHOTS, Decimal(0), Decimal(1))
_ANYBODYS: Final = frozenset({JOBS, SHOTS, "standardMinutes", "highMinutes"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What a job reserves.

    Attributes:
        amounts: In each unit that the budget limits; empty for what is free.
        basis: Estimate, MaxCost or Unknown; Free.
        detail: What the amounts rest on, for people.
        by_shots: How the estimate's amounts follow from the shots.
    """

    amounts: tuple[Amount, ...]
    basis: str
    detail: str
    by_shots: tuple[ByShots, ...] = ()


@dataclass(frozen=True, slots=True)
class CostUnknown:
    """The cost in a limited unit can't be told; why, and in which unit."""

    unit: str
    detail: str


def is_known(unit: str) -> bool:
    """Whether somebody is known to bill this unit; providers invent new ones."""
    return is_currency(unit) or unit in _BILLED_BY or unit in _ANYBODYS


def limited_units(spec: BudgetSpec) -> tuple[str, ...]:
    """The units of a budget in their order."""
    return tuple(dict.fromkeys(one.unit for one in (*spec.limits, *spec.per_job)))


def at_most_allowed(spec: BudgetSpec, amounts: Iterable[Amount]) -> tuple[Amount, ...]:
    """Amounts as a budget can have reserved them for one job: none above what a job may, or a whole limit."""
    most = {one.unit: one for one in spec.limits}
    for cap in spec.per_job:
        most[cap.unit] = min(cap, most.get(cap.unit, cap), key=lambda one: one.value)
    return tuple(min(one, most.get(one.unit, one), key=lambda each: each.value) for one in amounts)


def needs_of(spec: BudgetSpec, job: JobSpec, estimate: Estimate | None) -> Needs | CostUnknown:
    """What a job reserves in a budget, or why nothing can be told.

    Args:
        spec: The budget's.
        job: The job's.
        estimate: What it is expected to cost; None if nobody knows prices.
    """
    told = estimate or Estimate(Basis.UNKNOWN, NO_PRICES)
    if told.basis is Basis.FREE:
        return Needs((), "Free", told.detail)
    amounts, declared = [], False
    for unit in limited_units(spec):
        amount = _known(unit, job, told)
        if amount is None and unit not in _FROM_THE_JOB and spec.unknown_cost is not Unknown.HOLD:
            amount = next((one for one in job.max_cost if one.unit == unit), None)
            declared = declared or amount is not None
        if amount is None and spec.unknown_cost is Unknown.ALLOW:
            continue
        if amount is None:
            return CostUnknown(unit, _why_unknown(unit, told))
        amounts.append(amount)
    basis = MAX_COST if declared else "Estimate" if told.basis is Basis.PRICE_LIST else "Unknown"
    return Needs(tuple(amounts), basis, _detail(job, told, declared=declared), (*told.by_shots, _COUNTED))


def surely_needed(spec: BudgetSpec, job: JobSpec, estimate: Estimate | None) -> tuple[Amount, ...]:
    """What is known of a job without its user's word, in the limited units, where another one is not known."""
    told = estimate or Estimate(Basis.UNKNOWN, NO_PRICES)
    return tuple(one for unit in limited_units(spec) if (one := _known(unit, job, told)))


def _known(unit: str, job: JobSpec, told: Estimate) -> Amount | None:
    """What is known of one unit without the user's word."""
    if unit == JOBS:
        return Amount(JOBS, "1")
    if unit == SHOTS:
        return _shots(job.parameters or {})
    if amount := told.of(unit):
        return amount
    owner = _BILLED_BY.get(unit)
    elsewhere = owner is not None and owner != job.provider.lower()
    named = {_BILLED_BY.get(one.unit) for one in told.amounts} - {None}
    return Amount(unit, "0") if elsewhere or (owner is not None and owner in named) else None


def _shots(parameters: Mapping[str, Any]) -> Amount | None:
    given = [parameters[key] for key in ("shots", "count") if key in parameters]
    plain = [shots for shots in given if isinstance(shots, int) and not isinstance(shots, bool) and shots > 0]
    if "items" in parameters or not plain or len(plain) < len(given):
        return None
    return amount_of(Decimal(max(plain)), SHOTS)


def _why_unknown(unit: str, told: Estimate) -> str:
    if unit == SHOTS:
        return "parameters.shots is absent, or parameters.items asks for several runs"
    if told.basis is Basis.PRICE_LIST:
        return f"the price list tells the cost in {_units(told.amounts)}, which is not converted"
    return told.detail


def _units(amounts: Iterable[Amount]) -> str:
    return " and ".join(one.unit for one in amounts)


def _detail(job: JobSpec, told: Estimate, *, declared: bool) -> str:
    if declared:
        return f"spec.maxCost, on {job.target}"
    prices = f" at the prices of {told.as_of}" if told.as_of and told.basis is Basis.PRICE_LIST else ""
    shots = _shots(job.parameters or {})
    counted = f"{int(shots.amount):,} shots" if shots else "one run"
    return f"{counted} on {job.target}{prices}"
