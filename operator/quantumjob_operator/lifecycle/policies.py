"""What the QuantumPolicies of a namespace forbid its jobs, in the words of config/admission.

Rules:
1. A job must conform to every policy of its namespace; the first that it does not conform to is told.
2. A job that does not conform is held and not ended: its spec is fixed, but a policy is not, and a mistake in one must
   not end a queue of jobs for good. Nothing is submitted meanwhile.
3. What may be at the service is never touched: this counts only where it is certain that an attempt was not sent, and
   for each attempt anew. A claim is no way around it, because users can write one.
4. A policy that can't be read may forbid anything, and holds every job.

Must not live here: when this is asked (`submission`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.patterns import fits
from quantumjob_operator.model.quantumjob import JobSpec
from quantumjob_operator.model.quantumpolicy import PolicySpec, QuantumPolicy

FREE_TARGETS: Final = ("ionq.simulator", "quantinuum.sim.*sc", "rigetti.sim.qvm", "pasqal.sim.emu-free")
"""What costs nothing if a policy does not say: what the published price list calls free."""
POLICY_UNREADABLE: Final = "PolicyUnreadable"
_SHOTS: Final = ("shots", "count")
_NEXT: Final = "; make a new job that conforms, or have the QuantumPolicy changed: this one then goes on by itself"


def forbidden(spec: JobSpec, policies: Sequence[QuantumPolicy]) -> Trouble | None:
    """Why a job may not be submitted, as a policy of its namespace has it; None if it may."""
    for policy in policies:
        if policy.unreadable:
            message = (
                f"QuantumPolicy {policy.name} can't be read, and nobody knows what it forbids: {policy.unreadable}; "
                "have it repaired, or the CRDs upgraded"
            )
            return Trouble(POLICY_UNREADABLE, message)
        for rule in RULES:
            if why := rule.broken(policy.name, policy.spec, spec):
                return Trouble(rule.reason, why + _NEXT)
    return None


def _provider(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    allowed = policy.allowed_providers
    if allowed is None or job.provider.lower() in [one.lower() for one in allowed]:
        return None
    return f"spec.provider {job.provider} {_not_allowed(name, allowed)}"


def _target(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    allowed = policy.allowed_targets
    if allowed is None or _fits_any(allowed, job.target):
        return None
    return f"spec.target {job.target} {_not_allowed(name, allowed)}"


def _shots_given(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    if _shots(job) or not (policy.require_shots or policy.max_shots is not None):
        return None
    return (
        f"spec.parameters.shots is missing, and QuantumPolicy {name} requires it: set it, because targets choose shots "
        "themselves when it is absent"
    )


def _shots_few(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    runs, most = max(len(_items(job)), 1), policy.max_shots
    too_many = [shots for shots in _shots(job) if most is not None and shots * runs > most]
    if not too_many:
        return None
    each = f" for each of {runs} items" if runs > 1 else ""
    return (
        f"spec.parameters asks for {too_many[0]} shots{each}, and QuantumPolicy {name} allows at most {most} for a "
        "job: use fewer"
    )


def _shots_once(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    own = [item for item in _items(job) if isinstance(item, dict) and any(item.get(key) is not None for key in _SHOTS)]
    if policy.max_shots is None or not own:
        return None
    return (
        f"spec.parameters.items names shots of its own, and QuantumPolicy {name} limits those of the whole job: name "
        "them once, in spec.parameters.shots"
    )


def _priority(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    allowed, standard = policy.allowed_priorities, "Standard"
    if allowed is None or (job.priority or standard) in allowed:
        return None
    return f"spec.priority {job.priority or 'Standard (which it is if absent)'} {_not_allowed(name, allowed)}"


def _max_cost(name: str, policy: PolicySpec, job: JobSpec) -> str | None:
    required = policy.require_max_cost
    if job.max_cost or required is None or (required == "OnPaidTargets" and not _is_paid(policy, job.target)):
        return None
    where = "" if required == "Always" else f" on {job.target}, which is not free"
    return (
        f"spec.maxCost is missing, and QuantumPolicy {name} requires it{where}: set it, for example to "
        '[{unit: USD, amount: "10"}]'
    )


def _not_allowed(name: str, allowed: Sequence[str]) -> str:
    return f"is not allowed in this namespace by QuantumPolicy {name}: allowed are {', '.join(allowed)}"


def _is_paid(policy: PolicySpec, target: str) -> bool:
    return not _fits_any(FREE_TARGETS if policy.free_targets is None else policy.free_targets, target)


def _shots(job: JobSpec) -> list[int]:
    """What parameters name as shots, under today's name and the former one."""
    parameters = job.parameters or {}
    return [int(parameters[key]) for key in _SHOTS if parameters.get(key) is not None]


def _items(job: JobSpec) -> list[Any]:
    items = (job.parameters or {}).get("items")
    return items if isinstance(items, list) else []


def _fits_any(patterns: Sequence[str], target: str) -> bool:
    return any(fits(pattern, target) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a policy can ask for.

    Attributes:
        reason: Of the condition.
        broken: The sentence that says how a job does not conform, or None; given the policy's name.
    """

    reason: str
    broken: Callable[[str, PolicySpec, JobSpec], str | None]


RULES: Final = (
    Rule("ProviderNotAllowed", _provider),
    Rule("TargetNotAllowed", _target),
    Rule("ShotsMissing", _shots_given),
    Rule("TooManyShots", _shots_few),
    Rule("TooManyShots", _shots_once),
    Rule("PriorityNotAllowed", _priority),
    Rule("MaxCostMissing", _max_cost),
)
"""In the order of the validations at admission."""
REASONS: Final = frozenset({POLICY_UNREADABLE, *(rule.reason for rule in RULES)})
"""Of jobs that wait for a policy to change."""
