"""What a workspace offers, read from its lists; pure. Must not live here: what is shown of it (`workspace_status`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantumjob_operator.azure.costs import parse_usage
from quantumjob_operator.azure.fields import Optional, as_object, label, number, whole
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.quotas import Quota


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """How one target of a provider is doing.

    Attributes:
        num_qubits: How many qubits it has, where the service says so.
        target_profile: What QIR programs it takes: Base, Adaptive_RI, …; None where the service does not say.
    """

    provider: str
    target: str
    availability: str
    average_queue_time_seconds: int | None
    num_qubits: int | None = None
    target_profile: str | None = None


@dataclass(frozen=True, slots=True)
class QuotaUsage:
    """What is used of a provider's offer, by the provider's own names; the limits are not told.

    Attributes:
        target: The target that it is counted for; empty if for more than one.
        usage: Decimal texts by name, for example `standardMinutesLifetime`.
    """

    provider: str
    scope: str
    target: str
    usage: Mapping[str, str]


def parse_targets(body: Any) -> list[TargetStatus]:
    """Read one row of `providerStatus`: a provider with its targets.

    Raises:
        Unreadable: The provider or a target can't be named.
    """
    provider = as_object(body, "providerStatus")
    name = label(provider, "id")
    targets = provider.get("targets") or []
    if not isinstance(targets, list):
        raise Unreadable("providerStatus: targets is no list")
    return [_target(name, as_object(row, "target")) for row in targets]


def parse_quota(body: Any) -> Quota:
    """Read one row of `quotas`."""
    quota = as_object(body, "quota")
    return Quota(
        dimension=label(quota, "dimension"),
        scope=label(quota, "scope", ""),
        provider=label(quota, "providerId", ""),
        period=label(quota, "period", ""),
        utilization=number(quota, "utilization"),
        holds=number(quota, "holds"),
        limit=number(quota, "limit"),
    )


def parse_quota_usage(body: Any) -> QuotaUsage:
    """Read one row of `quotaUsages`.

    Raises:
        Unreadable: The provider can't be named, or what is used is no list of numbers.
    """
    row = as_object(body, "quotaUsage")
    return QuotaUsage(
        provider=label(row, "providerId"),
        scope=label(row, "scope", ""),
        target=label(row, "targetId", ""),
        usage=parse_usage(row, "usage"),
    )


def _target(provider: str, row: Any) -> TargetStatus:
    optional = Optional(row)
    qubits, queue = optional(whole, "numQubits"), optional(whole, "averageQueueTime")
    return TargetStatus(
        provider=provider,
        target=label(row, "id"),
        availability=label(row, "currentAvailability", ""),
        average_queue_time_seconds=None if queue is None else max(queue, 0),
        num_qubits=qubits if qubits is None or qubits >= 0 else None,
        target_profile=optional(lambda one, key: label(one, key, ""), "targetProfile") or None,
    )
