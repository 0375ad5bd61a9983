"""The QuantumBudget as the API server tells it: whose jobs may cost how much, and the ledger in its status.

Field for field what `crds/` declares. Must not live here: which jobs a budget counts, or how its ledger is kept
(`budgets`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import BUDGET_FINALIZER, RECOUNT_ANNOTATION
from quantumjob_operator.model.packed import packed_names
from quantumjob_operator.model.parsing import MalformedObject, parsed_part
from quantumjob_operator.model.quantumworkspace import Name, Selector
from quantumjob_operator.model.reservation import Lines, all_readable, is_moment, is_sum
from quantumjob_operator.model.values import replace

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
_LONGEST_RECOUNT: Final = 64
"""Characters: longer than any date or serial number that one writes there."""
_CLOCKS: Final = timedelta(seconds=5)
"""By so much the clocks of two operators may differ."""
EACH_NAMESPACE: Final = "Namespace"
REJECT: Final = "Reject"


class Unknown(StrEnum):
    """What becomes of a job whose cost can't be estimated."""

    HOLD = "Hold"
    DECLARED = "Declared"
    ALLOW = "Allow"


@dataclass(frozen=True, slots=True, config=_JSON)
class SelectedNamespaces:
    """The namespaces whose jobs are counted."""

    selector: Selector


@dataclass(frozen=True, slots=True, config=_JSON)
class BudgetSpec:
    """`.spec` as the owner of the money wrote it."""

    workspaces: tuple[str, ...]
    period: str
    limits: tuple[Amount, ...]
    namespaces: SelectedNamespaces | None = None
    jobs: Selector | None = None
    each: str = "Together"
    per_job: tuple[Amount, ...] = ()
    unknown_cost: Unknown = Unknown.DECLARED
    on_exceeded: str = "Hold"
    suspend: bool = False


@dataclass(frozen=True, slots=True, config=_JSON)
class PeriodShown:
    """The current period; one without an end never ends."""

    start: str
    end: str | None = None


def _ids(found: Any) -> Any:
    return tuple(found.split()) if isinstance(found, str) else found


# One text: the API server handles each item of a list about eight times for each write of the ledger.
Ids = Annotated[tuple[str, ...], BeforeValidator(_ids), PlainSerializer(" ".join, return_type=str)]


@dataclass(frozen=True, slots=True, config=_JSON)
class Counted:
    """When the ledger was counted from the service's list, for which object and which part of its spec.

    Attributes:
        jobs: The ids of those that were sent a moment before, and are in the ledger all the same.
    """

    time: str
    uid: str
    scope: str
    jobs: Ids | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class Total:
    """The sums of one unit; of one namespace, if the budget is for each."""

    unit: str
    spent: str
    reserved: str
    namespace: str | None = None
    limit: str | None = None
    left: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class PastPeriod:
    """What was spent in a period that is over."""

    start: str
    spent: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True, config=_JSON)
class Warned:
    """So many per cent of a limit were used at least once in this period, and its owner was told."""

    unit: str
    limit: str
    percent: int
    namespace: str | None = None


@dataclass(frozen=True, slots=True, config=_JSON)
class Summary:
    """The totals for the columns of a table."""

    limit: str = ""
    spent: str = ""
    reserved: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True, config=_JSON)
class BudgetStatus:
    """All of `.status`.

    Attributes:
        torn: What is stored says more, or something else, than can be read: the next write replaces all of the ledger.
    """

    observed_generation: int | None = None
    period: PeriodShown | None = None
    counted: Counted | None = None
    totals: tuple[Total, ...] = ()
    reservations: Lines = ()
    history: tuple[PastPeriod, ...] = ()
    unsettled: int | None = None
    warned: tuple[Warned, ...] = ()
    summary: Summary | None = None
    changed_at: str | None = None
    conditions: tuple[Condition, ...] = ()
    torn: bool = Field(default=False, exclude=True)


@plain(frozen=True, slots=True)
class QuantumBudget:
    """One object, as of one resourceVersion.

    Attributes:
        recount: The value of the annotation that asks for a new count, or a digest of one that is long.
        doubted: The ledger may lack what was spent since: nobody watched, or the cluster was restored.
        unreadable: Why its spec could not be read, naming the field; empty if it was. It may limit any job.
        moved: Its spec may have meant other jobs since it was counted, for a moment: these were sent without it.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    created: datetime
    spec: BudgetSpec
    status: BudgetStatus
    recount: str = ""
    deletion_requested: bool = False
    finalizers: Sequence[str] = ()
    doubted: bool = False
    moved: bool = False
    unreadable: str = ""

    @property
    def key(self) -> Name:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def has_finalizer(self) -> bool:
        """Whether our finalizer is on."""
        return BUDGET_FINALIZER in self.finalizers

    @property
    def scope(self) -> str:
        """A digest of what decides which jobs are counted, since when and in which units, and of the wish for it.

        Amounts are not in it: a limit that is raised or lowered changes nothing about what was spent.
        """
        spec = self.spec
        belonging = _SPEC.dump_python(spec, mode="json", include={"workspaces", "namespaces", "jobs", "each", "period"})
        units = sorted({one.unit for one in (*spec.limits, *spec.per_job)})
        text = json.dumps([belonging, units, self.recount], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def is_counted(self) -> bool:
        """Whether the ledger is this object's and was counted for what spec says now; a wiped one is not."""
        counted = self.status.counted
        if self.moved or self.status.period is None or counted is None:
            return False
        return (counted.uid, counted.scope) == (self.uid, self.scope)

    def after(self, known: "QuantumBudget | None") -> "QuantumBudget":
        """The same, with what follows from the version of it that was known before."""
        counted, known_counted = self.status.counted, known.status.counted if known else None
        if known is None:
            # One that comes with a count may have been kept, deleted and restored.
            return replace(self, doubted=counted is not None)
        moved = known.moved or known.scope != self.scope or self.generation > known.generation + 1
        return replace(
            self,
            doubted=known.doubted or _is_earlier(self.status, known.status),
            moved=moved and counted in (None, known_counted),
        )


def _is_earlier(status: BudgetStatus, known: BudgetStatus) -> bool:
    """Whether a ledger was set back: somebody wrote an older one over it."""
    if known.changed_at is None:
        return False
    if status.changed_at is None:
        return True
    return datetime.fromisoformat(status.changed_at) < datetime.fromisoformat(known.changed_at) - _CLOCKS


_SPEC: Final = TypeAdapter(BudgetSpec)
_STATUS: Final = TypeAdapter(BudgetStatus)


def parse_budget(body: Mapping[str, Any]) -> QuantumBudget:
    """An object's JSON as a value; one whose spec can't be read, as with newer CRDs, is kept: it may limit anything."""
    meta, unreadable = body["metadata"], ""
    try:
        spec = parsed_part(body, "spec", _SPEC.validate_python)
    except MalformedObject as error:
        spec, unreadable = BudgetSpec((), "", ()), str(error)
    return QuantumBudget(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        resource_version=meta["resourceVersion"],
        generation=meta.get("generation", 1),
        created=datetime.fromisoformat(meta["creationTimestamp"]),
        spec=spec,
        status=_parsed_status(body),
        recount=_short((meta.get("annotations") or {}).get(RECOUNT_ANNOTATION, "")),
        deletion_requested="deletionTimestamp" in meta,
        finalizers=packed_names(meta.get("finalizers") or ()),
        unreadable=unreadable,
    )


def _parsed_status(body: Mapping[str, Any]) -> BudgetStatus:
    """What can't be read, or of which a line can't be, lacks what that reserved: it is counted from the list anew."""
    try:
        status = parsed_part(body, "status", _STATUS.validate_python)
        lines = (body.get("status") or {}).get("reservations") or ()
        if not _is_readable(status):
            return BudgetStatus(reservations=status.reservations, torn=True)
        return status if all_readable(lines) else replace(status, counted=None, torn=True)
    except MalformedObject:
        return BudgetStatus(torn=True)


def _is_readable(status: BudgetStatus) -> bool:
    """Whether sums are some, and times are: a sum that is less than nothing would be room that is not there."""
    period, counted = status.period, status.counted
    times = (status.changed_at, counted and counted.time, *((period.start, period.end) if period else ()))
    sums = (*(one.spent for one in status.totals), *(one.amount for past in status.history for one in past.spent))
    moments = (*(one for one in times if one is not None), *(past.start for past in status.history))
    return all(map(is_moment, moments)) and all(map(is_sum, sums))


def _short(text: str) -> str:
    """Nobody asks what it says, only whether it is another one, and the object stays in memory."""
    return text if len(text) <= _LONGEST_RECOUNT else hashlib.sha256(text.encode()).hexdigest()
