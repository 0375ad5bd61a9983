"""What an object of the cluster says about a job, read without asking anybody: pure functions of the resource.

Must not live here: requests, or how it is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from quantumjobs.limits import shown

Resource = dict[str, Any]
PREFIX: Final = "client.quantumjobs.dev/"
"""Of this client's labels and annotations; `quantumjobs.dev/` is the operator's."""
BATCH: Final = f"{PREFIX}batch"
POINT: Final = f"{PREFIX}point"
PARAMETERS: Final = f"{PREFIX}parameters"
SUBMISSION: Final = f"{PREFIX}submission"
HEADER: Final = f"{PREFIX}header"
DIGEST: Final = f"{PREFIX}program-sha256"


class Outcome(StrEnum):
    """How a job ended, or that it has not."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a status."""

    status: str
    reason: str
    message: str
    since: str

    @property
    def holds(self) -> bool:
        """Whether it is True."""
        return self.status == "True"


_ABSENT: Final = Condition("Unknown", "", "", "")


def name_of(resource: Resource) -> str:
    """The object's name."""
    return str(resource["metadata"]["name"])


def status_of(resource: Resource) -> Resource:
    """The object's status; empty if it has none yet."""
    status: Resource = resource.get("status") or {}
    return status


def condition(resource: Resource, kind: str) -> Condition:
    """A condition; one that is Unknown if the object has none of that type."""
    for one in status_of(resource).get("conditions") or []:
        if one["type"] == kind:
            return Condition(one["status"], one["reason"], one.get("message", ""), one["lastTransitionTime"])
    return _ABSENT


def state(resource: Resource) -> str:
    """The operator's summary; Pending until it has seen the job."""
    return str(status_of(resource).get("state") or "Pending")


def outcome(resource: Resource) -> Outcome:
    """How it ended. A success counts only once its output is written."""
    if not condition(resource, "Finished").holds:
        return Outcome.RUNNING
    if condition(resource, "Complete").holds:
        return Outcome.SUCCEEDED
    return Outcome.CANCELLED if state(resource) == "Cancelled" else Outcome.FAILED


def is_submitted(resource: Resource) -> bool:
    """Whether the service has accepted it, or it ended without that."""
    return condition(resource, "Submitted").holds or outcome(resource) is not Outcome.RUNNING


def reason(resource: Resource) -> tuple[str, str]:
    """The reason and the message that say most about where a job is."""
    for kind, wanted in (("Failed", "True"), ("Submitted", "False"), ("Suspended", "True"), ("Complete", "True")):
        found = condition(resource, kind)
        if found.status == wanted:
            return found.reason, found.message
    found = condition(resource, "Complete")
    return (found.reason, found.message) if found.reason else ("", "")


def shots(resource: Resource) -> int | None:
    """How often the program runs; None if the target decides."""
    given = resource["spec"].get("parameters", {}).get("shots")
    return given if isinstance(given, int) else None


def cost(resource: Resource) -> tuple[str, str] | None:
    """Amount and currency of all attempts, as the service says; None while it says nothing.

    Attempts that status shows no longer count too, where it has their sum; amounts in another currency don't.
    """
    status = status_of(resource)
    told = [one["cost"] for one in status.get("attempts", []) if one.get("cost", {}).get("estimatedTotal")]
    told = told or ([status["cost"]] if status.get("cost", {}).get("estimatedTotal") else [])
    if not told:
        return None
    currency = str(told[-1].get("currencyCode", ""))
    summed = {one["unit"]: one["amount"] for one in status.get("totalCost", [])}
    if currency in summed:
        return summed[currency], currency
    total = sum(float(one["estimatedTotal"]) for one in told if one.get("currencyCode", "") == currency)
    return f"{total:.10g}", currency


def expected_cost(resource: Resource) -> str | None:
    """What the operator expected it to cost, with units; Free, or Unknown, which is not 0; None if it said nothing."""
    told = status_of(resource).get("estimate") or {}
    return shown(told.get("amounts") or []) or told.get("basis")


def max_cost(resource: Resource) -> str:
    """The most that it may cost, with units; empty if there is no limit."""
    return shown(resource["spec"].get("maxCost") or [])


def budgets(resource: Resource) -> str:
    """What QuantumBudgets count for the newest attempt, and whether its bill is settled; empty if none does."""
    rows = status_of(resource).get("budgets") or []
    return "; ".join(f"{one['state']} {shown(one.get('amounts') or []) or 'nothing'} in {_named(one)}" for one in rows)


def _named(one: Resource) -> str:
    return f"{one['namespace']}/{one['name']}"


def waited_seconds(resource: Resource, now: datetime) -> float | None:
    """How long it stood in the queue, or stands there by now; None if it was never submitted."""
    status = status_of(resource)
    begun = moment(status.get("submissionTime"))
    if begun is None:
        return None
    ended = moment(status.get("startTime")) or moment(status.get("completionTime")) or now
    return max(0.0, (ended - begun).total_seconds())


def moment(text: str | None) -> datetime | None:
    """A time of the API."""
    return None if not text else datetime.fromisoformat(text).astimezone(UTC)


def annotation(resource: Resource, key: str) -> str:
    """An annotation's value; empty if it has none."""
    found: Mapping[str, str] = resource["metadata"].get("annotations") or {}
    return found.get(key, "")


def label(resource: Resource, key: str) -> str:
    """A label's value; empty if it has none."""
    found: Mapping[str, str] = resource["metadata"].get("labels") or {}
    return found.get(key, "")


def output_name(resource: Resource) -> str:
    """Name of the ConfigMap with the result; empty while there is none."""
    return str(status_of(resource).get("outputConfigMap") or "")
