"""The `.status` of a QuantumJob as a frozen value, and its JSON.

Field for field what `crds/` declares. Lives here: the shape and the two directions of JSON. Must not live here: which
value a field gets (`lifecycle`), the rules of conditions (`conditions`), or who writes it (`cluster`).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.money import Amount, Estimate
from quantumjob_operator.model.values import replace

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class State(StrEnum):
    """The summary of a job for people and printer columns."""

    PENDING = "Pending"
    SUSPENDED = "Suspended"
    WAITING = "Waiting"
    EXECUTING = "Executing"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


FINAL_STATES: Final = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True, config=_JSON)
class Condition:
    """One condition, as the Kubernetes API conventions define it."""

    type: str
    status: str
    reason: str
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int = 0


@dataclass(frozen=True, slots=True, config=_JSON)
class Cancellation:
    """Why and when the operator decided to cancel an attempt; written before the service is asked.

    Attributes:
        attempt: The attempt that is to be cancelled.
        reason: Deleted, Cancelled, Suspended, DeadlineExceeded or QueueDeadlineExceeded.
        time: When it was decided (RFC 3339).
        answered_time: When the first request to cancel was answered or had failed; the grace period counts from here.
    """

    attempt: int
    reason: str
    time: str
    answered_time: str | None = Field(
        default=None, validation_alias="requestedTime", serialization_alias="requestedTime"
    )


@dataclass(frozen=True, slots=True, config=_JSON)
class WorkspaceUsed:
    """Which workspace the attempt goes to; in another namespace it is written before anything is sent there.

    Users have no right to write it, so that it may be believed (`lifecycle.admission`).
    """

    id: str
    endpoint: str
    ref: Mapping[str, str]


@dataclass(frozen=True, slots=True, config=_JSON)
class ErrorShown:
    """The service's own words about a failure, cleaned."""

    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class CostEventShown:
    """One line of a bill; amounts are decimal texts, absent where the service gave none."""

    dimension: str
    unit: str | None = None
    consumed: str | None = None
    billed: str | None = None
    unit_price: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class CostShown:
    """What the service says that an attempt cost; the amounts are texts because they are money. Absent is not 0."""

    estimated_total: str | None = None
    currency_code: str | None = None
    events: tuple[CostEventShown, ...] | None = None
    usage: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class AttemptShown:
    """One attempt that reached the service: when it began to execute, if it did, and what was billed."""

    attempt: int
    job_id: str
    state: str
    reason: str | None = None
    cost: CostShown | None = None
    start_time: str | None = None


MOST_BUDGETS: Final = 16
"""Of these, as many are shown: a status with more is refused, and the job would never be seen to end."""


@dataclass(frozen=True, slots=True, config=_JSON)
class BudgetShown:
    """What a QuantumBudget counts for the newest attempt; `state` is Reserved, Settled, Unsettled or Released.

    Attributes:
        changed_at: Of the ledger that has it settled: an earlier one has been set back, and lacks it.
    """

    namespace: str
    name: str
    state: str
    amounts: tuple[Amount, ...] = ()
    changed_at: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class QueueShown:
    """A waiting job's place in its provider's queue, as of a time."""

    ahead: int
    observed_time: str
    usual_wait_seconds: int | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class Resolved:
    """What the fields that the user left out became."""

    name: str
    output_format: str
    entry_point: str | None = None
    program_digest: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class JobStatus:
    """All of `.status`."""

    observed_generation: int = -1
    state: State | None = None
    message: str | None = None
    remote_status: str | None = None
    job_id: str | None = None
    attempt: int | None = None
    attempts: tuple[AttemptShown, ...] = ()
    failed_attempts: int | None = None
    cancellation: Cancellation | None = None
    workspace: WorkspaceUsed | None = None
    submission_time: str | None = None
    start_time: str | None = None
    completion_time: str | None = None
    duration: str | None = None
    cancellation_time: str | None = None
    output_uri: str | None = None
    output_config_map: str | None = None
    portal_url: str | None = None
    error: ErrorShown | None = None
    estimate: Estimate | None = None
    cost: CostShown | None = None
    total_cost: tuple[Amount, ...] = ()
    budgets: tuple[BudgetShown, ...] = ()
    queue: QueueShown | None = None
    resolved: Resolved | None = None
    conditions: tuple[Condition, ...] = ()

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, or None."""
        return next((one for one in self.conditions if one.type == kind), None)

    def is_true(self, kind: str) -> bool:
        """Whether the condition of this type is there and True."""
        found = self.condition(kind)
        return found is not None and found.status == "True"

    def seconds_in_state(self, now: datetime) -> float:
        """For how long the job at the service has been as this status shows it; 0 if nothing tells."""
        told = (self.submission_time, self.start_time, self.cancellation and self.cancellation.time)
        since = max((datetime.fromisoformat(moment) for moment in told if moment), default=now)
        return max((now - since).total_seconds(), 0.0)

    @property
    def finished(self) -> bool:
        """Whether the job has reached an end that nothing can change."""
        return self.is_true("Finished")


def without_texts(status: JobStatus) -> JobStatus:
    """What a status says for programs, where an object has no room left for what it says for people."""
    error = replace(status.error, message=None) if status.error else None
    bare = tuple(replace(one, message="") for one in status.conditions)
    return replace(status, message=None, error=error, queue=None, conditions=bare)


_ADAPTER: Final = TypeAdapter(JobStatus)


def parse_status(body: Mapping[str, Any]) -> JobStatus:
    """The status in an object's JSON.

    Args:
        body: The value of `.status`; may be empty.

    Raises:
        pydantic.ValidationError: The JSON is not what the CRD's schema admits.
    """
    return _ADAPTER.validate_python(body)


def status_json(status: JobStatus) -> dict[str, Any]:
    """The JSON of `.status`; what is absent is left out."""
    dumped: dict[str, Any] = _ADAPTER.dump_python(status, mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in dumped.items() if value != []}


def status_patch(old: JobStatus, new: JobStatus) -> dict[str, Any]:
    """The merge patch (RFC 7386) that turns one `.status` into the other; empty when nothing differs."""
    return _difference(status_json(old), status_json(new))


def fields_of(value: Any, path: str = "") -> frozenset[str]:
    """The paths of the fields that a JSON value has; those of all elements of a list are one field's."""
    if isinstance(value, dict):
        inner = [fields_of(part, f"{path}.{key}".lstrip(".")) for key, part in value.items()]
    elif isinstance(value, list):
        inner = [fields_of(part, path) for part in value]
    else:
        inner = []
    return frozenset({path} - {""}).union(*inner)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A merge patch between two objects: keys that went away, at any depth, must be named as null."""
    changed = {key: _merge(before.get(key), value) for key, value in after.items() if before.get(key) != value}
    return changed | dict.fromkeys(before.keys() - after.keys())


def _merge(old: Any, new: Any) -> Any:
    return _difference(old, new) if isinstance(old, dict) and isinstance(new, dict) else new
