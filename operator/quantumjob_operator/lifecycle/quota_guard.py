"""Whether a provider's own quota serves a job; asked only where a QuantumWorkspace says `quotaGuard: Enforce`.

Rules:
1. Left is the limit without utilization and holds, as the service told them last, and without what was submitted here
   since it was asked.
2. A quota counts for a job whose estimate names its dimension: `ehqc` is not `hqc`. One of the period None limits how
   much runs at a time, and any job of the provider takes one of it if the estimate says nothing else.
3. What can't be compared stops nothing, and is told.

Must not live here: when the service is asked (`controller.quota_guards`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from quantumjob_operator.lifecycle.error_mapping import QUOTA_EXHAUSTED, QUOTA_SECONDS
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.money import Basis, Estimate
from quantumjob_operator.model.quotas import Quota
from quantumjob_operator.model.redaction import clean_text

SETTLING_SECONDS: Final = 30.0
"""Until a job that only others of ours stand before is looked at again."""
_AT_A_TIME: Final = "none"
_RENEWED: Final[Mapping[str, str]] = {_AT_A_TIME: "at a time", "monthly": "renewed every month"}
_NEVER: Final = "never renewed"
"""Other words, `Infinite` for one, promise nothing."""
_MAX_SHOWN: Final = 5
_MOST_QUOTAS: Final = 16
"""Of one job; each is compared with all that was sent since. No provider has nearly as many for a target."""
_SIMULATOR: Final = ".sim"
_CHECKER: Final = "sc"


@dataclass(frozen=True, slots=True)
class Need:
    """What a job takes of its provider's quotas.

    Attributes:
        estimate: What it is expected to cost; None if nobody knows.
    """

    provider: str
    target: str
    estimate: Estimate | None = None

    def of(self, quota: Quota) -> Decimal | None:
        """How much of a quota; None if nothing, or if that can't be told."""
        if quota.provider.lower() != self.provider.lower():
            return None
        named = self.estimate.of(quota.dimension) or self.estimate.least_of(quota.dimension) if self.estimate else None
        if named:
            return named.value
        return Decimal(1) if _at_a_time(quota) else None


def shortage(
    need: Need, quotas: Sequence[Quota], since: Sequence[Need], offers: Sequence[Mapping[str, Any]] = ()
) -> Trouble | None:
    """Why a job is not sent now, or None.

    Args:
        need: What it takes.
        quotas: As the service told them last.
        since: What was sent after the service was asked for them.
        offers: `status.targets` of the QuantumWorkspace, for what to use instead.
    """
    for quota, wanted, left in _compared(need, quotas, since):
        if wanted > max(left, Decimal(0)):
            message = f"{_lack(quota, wanted, left)}. {_remedy(need, quota, offers)}"
            # What ours take may stand in the service's answer already, and may be billed with less.
            again = SETTLING_SECONDS if since and not shortage(need, quotas, ()) else QUOTA_SECONDS
            return Trouble(QUOTA_EXHAUSTED, clean_text(message, 1024), again)
    return None


def takes_much(need: Need, quotas: Sequence[Quota], since: Sequence[Need]) -> bool:
    """Whether a job takes more than half of what is left of a quota, so that others' use since then matters."""
    return any(wanted * 2 > left for _, wanted, left in _compared(need, quotas, since))


def untold(need: Need, quotas: Sequence[Quota]) -> str:
    """Why nothing could be compared with a job's cost; empty if something was, or if there is nothing to compare."""
    of_provider = [one for one in quotas if one.provider.lower() == need.provider.lower() and one.limit is not None]
    if any(need.of(one) is not None for one in of_provider) or (need.estimate and need.estimate.basis is Basis.FREE):
        return ""
    expected = " and ".join(map(str, need.estimate.amounts)) if need.estimate else ""
    known = ", ".join(sorted({one.dimension for one in of_provider})[:_MAX_SHOWN])
    told = (
        f"the service tells quotas of {need.provider} in {known}" if known else f"no quota of {need.provider} is told"
    )
    why = f"expects {expected}" if expected else "says nothing of the cost"
    return clean_text(f"quotaGuard had nothing to compare: {told}, and the estimate {why}", 512)


def _compared(need: Need, quotas: Sequence[Quota], since: Sequence[Need]) -> Iterable[tuple[Quota, Decimal, Decimal]]:
    """The quotas that a job draws on: how much it takes, and how much is left."""
    drawn = ((quota, need.of(quota)) for quota in quotas if quota.limit is not None)
    concerned = ((quota, wanted) for quota, wanted in drawn if wanted is not None)
    for quota, wanted in islice(concerned, _MOST_QUOTAS):
        sent = sum((other.of(quota) or Decimal(0) for other in since), Decimal(0))
        left = _exact(quota.limit) - _exact(quota.utilization) - _exact(quota.holds) - sent
        yield quota, wanted, left


def _at_a_time(quota: Quota) -> bool:
    return quota.period.lower() == _AT_A_TIME


def _exact(value: float | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(repr(value))


def _lack(quota: Quota, wanted: Decimal, left: Decimal) -> str:
    renewed = _RENEWED.get(quota.period.lower(), _NEVER)
    of = f"{_told(_exact(quota.limit))} ({', '.join(filter(None, (quota.scope, renewed)))})"
    about = "" if _at_a_time(quota) else "about "
    return (
        f"{quota.provider} has {_told(max(left, Decimal(0)))} {quota.dimension} left of {of}; this job needs "
        f"{about}{_told(wanted)}"
    )


def _remedy(need: Need, quota: Quota, offers: Sequence[Mapping[str, Any]]) -> str:
    if _at_a_time(quota):
        return "It starts when others have ended, or when the quota is raised at Azure"
    renewed = " or wait until it is renewed" if quota.period.lower() in _RENEWED else ""
    other = _simulator_for(need.target, offers)
    return f"Ask for a higher quota at Azure{renewed}" + (f", or use {other} in a new job" if other else "")


def _simulator_for(target: str, offers: Sequence[Mapping[str, Any]]) -> str:
    """The simulator of a machine, by the providers' own way of naming it: quantinuum.sim.h2-1e for ….qpu.h2-1."""
    machine = target.rpartition(".")[2]
    names = sorted(str(one.get("target", "")) for one in offers)
    fitting = (one for one in names if _SIMULATOR in one and one.rpartition(".")[2].startswith(machine))
    return next((one for one in fitting if one != target and not one.endswith(_CHECKER)), "")


def _told(number: Decimal) -> str:
    """A number for people: at most six digits after the point."""
    text = f"{number.quantize(Decimal('0.000001')):,f}" if abs(number) < Decimal(10) ** 15 else f"{number:.6g}"
    return text.rstrip("0").rstrip(".") if "." in text else text
