"""What a workspace's status says: its conditions, and what it offers; pure.

Rules:
1. What is optional stays optional: without an answer about quotas or what is used, those known stay; a refusal of them
   leaves none.
2. What only drifts is not written: an average queue time counts once it has doubled or halved.

Must not live here: requests, or when to make them (`workspace_reconciler`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantumjob_operator.azure.offers import QuotaUsage, TargetStatus
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.conditions import Words, words
from quantumjob_operator.model.errors import (
    AnswerTooLarge,
    CredentialsRefused,
    EndpointNotAllowed,
    Refused,
    ServiceError,
)
from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.quotas import Quota
from quantumjob_operator.model.redaction import clean_text

READY: Final = "Ready"
LISTING_REFUSED: Final = "ListingRefused"
IN_USE: Final = "InUse"
_LEAST_SECONDS: Final = 10
"""Shorter queues than this are all the same."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the workspace offers.

    Attributes:
        quotas: None if the service gave no answer about them now.
        usages: What is used of the providers' offers; None as above.
    """

    targets: Sequence[TargetStatus] = ()
    quotas: Sequence[Quota] | None = None
    usages: Sequence[QuotaUsage] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a status says that depends on who asked, and on what that one knows.

    Attributes:
        words: Of the conditions.
        fields: All else.
    """

    words: Words
    fields: Mapping[str, Any]

    def is_alike(self, conditions: Iterable[Condition], offer: Offer | None) -> bool:
        """Whether what was found now is this, but for texts and what drifts; without an offer, conditions tell all."""
        now = words(conditions, _KINDS)
        if [one[:-1] for one in now] != [one[:-1] for one in self.words]:
            return False
        return offer is None or not offer_shown(offer, self.fields)


def shown_in(conditions: Iterable[Condition], status: Mapping[str, Any]) -> Shown:
    """What stands in a status."""
    return Shown(words(conditions, _KINDS), {name: status.get(name) for name in _FIELDS})


_KINDS: Final = (READY, IN_USE, LISTING_REFUSED)
_FIELDS: Final = ("targets", "quotas", "quotaUsages", "clusterName")


def ready(trouble: Trouble | None, generation: int) -> Condition:
    """Whether the workspace answers with its credentials."""
    return Condition(
        type=READY,
        status="False" if trouble else "True",
        reason=trouble.reason if trouble else "Connected",
        message=trouble.message if trouble else "the service answers and accepts the credentials",
        observed_generation=generation,
    )


def listing_refused(error: ServiceError, generation: int) -> Condition:
    """That the list of jobs can't be had, which makes nothing impossible."""
    message = (
        f"the service gives no list of the workspace's jobs ({error}); they are asked about one by one, which takes "
        "longer where there are many; the list is tried again every ten minutes"
    )
    return Condition(LISTING_REFUSED, "True", "AskedOneByOne", message, "", generation)


def offer_shown(offer: Offer, before: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of status that say what the workspace offers, as far as they change.

    Args:
        offer: As the service told it now.
        before: The status that is stored; null takes a field out of it.
    """
    changed: dict[str, Any] = {}
    targets = _targets_json(offer.targets)
    if _moved(before.get("targets") or [], targets):
        changed["targets"] = targets
    if offer.quotas is not None and (quotas := _quotas_json(offer.quotas)) != (before.get("quotas") or []):
        changed["quotas"] = quotas or None
    if offer.usages is not None and (usages := _usages_json(offer.usages)) != (before.get("quotaUsages") or []):
        changed["quotaUsages"] = usages or None
    return changed


def trouble_with(error: ServiceError, remedy: str) -> Trouble:
    """Why the workspace is not ready.

    Args:
        error: What the service answered.
        remedy: For refused credentials, by their kind.
    """
    match error:
        case CredentialsRefused(status=None):
            # No token was to be had, and whoever refused it said why.
            return Trouble("CredentialsInvalid", error.detail)
        case CredentialsRefused():
            return Trouble("CredentialsInvalid", f"the service refuses the credential; {remedy} ({error})")
        case EndpointNotAllowed():
            remedy = "correct spec.endpoint, or ask the operator's administrator to allow it (allowed_endpoints)"
            return Trouble("NotAllowed", f"{error.detail}; {remedy}")
        case Refused():
            remedy = "check spec.resourceId and the role Quantum Workspace Data Contributor"
            return Trouble("Refused", f"the service refuses ({error}); {remedy}")
        case AnswerTooLarge():
            remedy = "the operator reads no more of it (docs/security.md says how much); is spec.endpoint right?"
            return Trouble("AnswerTooLarge", f"{error}; {remedy}")
        case _:
            return Trouble("Unreachable", f"the service can't be reached or gives no usable answer ({error})")


def unreadable(error: ClusterError) -> Trouble:
    """The API server refuses the credential, or the mark that keeps the workspace: it serves nobody until it yields."""
    message = f"the API server refuses the operator what it needs of it: {clean_text(error.message)}"
    return Trouble("CredentialsUnreadable", message)


def usual_wait(status: Mapping[str, Any], provider: str, target: str) -> int | None:
    """For how long jobs waited lately for a target, in seconds, as a workspace's status says."""
    rows = status.get("targets") or []
    names = (provider.lower(), target)
    found = (row for row in rows if (str(row.get("provider")).lower(), row.get("target")) == names)
    return next((row.get("averageQueueTimeSeconds") for row in found), None)


def _moved(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> bool:
    if [_without_time(row) for row in before] != [_without_time(row) for row in now]:
        return True
    times = ((old.get(_TIME), new.get(_TIME)) for old, new in zip(before, now, strict=True))
    return any(_drifted_far(old, new) for old, new in times)


_TIME: Final = "averageQueueTimeSeconds"


def _without_time(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != _TIME}


def _drifted_far(old: int | None, new: int | None) -> bool:
    if old is None or new is None:
        return old is not new
    less, more = sorted((max(old, _LEAST_SECONDS), max(new, _LEAST_SECONDS)))
    return more >= 2 * less


def _targets_json(targets: Sequence[TargetStatus]) -> list[dict[str, Any]]:
    rows = [
        {
            "provider": clean_text(one.provider),
            "target": clean_text(one.target),
            "availability": clean_text(one.availability),
            _TIME: one.average_queue_time_seconds,
            "numQubits": one.num_qubits,
            "targetProfile": one.target_profile and clean_text(one.target_profile),
        }
        for one in sorted(targets, key=lambda one: (one.provider, one.target))
    ]
    # What cleaning made equal would be refused with the whole status: they are keys of a list.
    rows = list({(row["provider"], row["target"]): row for row in reversed(rows)}.values())[::-1]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _quotas_json(quotas: Sequence[Quota]) -> list[dict[str, Any]]:
    rows = [
        {
            "provider": clean_text(one.provider),
            "dimension": clean_text(one.dimension),
            "scope": clean_text(one.scope),
            "period": clean_text(one.period),
            "limit": one.limit,
            "utilization": one.utilization,
            "holds": one.holds,
        }
        for one in sorted(quotas, key=lambda one: (one.provider, one.dimension, one.scope, one.period))
    ]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _usages_json(usages: Sequence[QuotaUsage]) -> list[dict[str, Any]]:
    rows = [
        {
            "provider": clean_text(one.provider),
            "scope": clean_text(one.scope),
            "target": clean_text(one.target),
            "usage": {clean_text(name): value for name, value in one.usage.items()},
        }
        for one in sorted(usages, key=lambda one: (one.provider, one.target, one.scope))
    ]
    # A name of nothing that one sees is none when it is cleaned.
    whole = (row for row in rows if row["usage"] and row["provider"])
    return [{key: value for key, value in row.items() if value} for row in whole]
