"""The QuantumBudget as the API server tells it: whose jobs may cost how much, and the ledger in its status.

Field for field what `crds/` declares. Must not live here: which jobs a budget counts, or how its ledger is kept
(`budgets`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.budgetstatus import BudgetStatus, is_readable, is_whole
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.naming import BUDGET_FINALIZER, RECOUNT_ANNOTATION
from quantumjob_operator.model.packed import packed_names
from quantumjob_operator.model.parsing import MalformedObject, parsed_part
from quantumjob_operator.model.quantumworkspace import Name, Selector
from quantumjob_operator.model.reservation import all_readable
from quantumjob_operator.model.values import replace

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
_LONGEST_RECOUNT: Final = 64
"""Characters: longer than any date or serial number that one writes there."""
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


@plain(frozen=True, slots=True)
class QuantumBudget:
    """One object, as of one resourceVersion.

    Attributes:
        recount: The value of the annotation that asks for a new count, or a digest of one that is long.
        doubted: The ledger may lack what was spent since: nobody watched, or the cluster was restored.
        unreadable: Why its spec could not be read, naming the field; empty if it was. It may limit any job.
        moved: Its ledger was set back, or its spec may have meant other jobs since it was counted, for a moment.
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
        set_back = _is_earlier(self.status, known.status)
        return replace(
            self, doubted=known.doubted or set_back, moved=set_back or (moved and counted in (None, known_counted))
        )


def _is_earlier(status: BudgetStatus, known: BudgetStatus) -> bool:
    """Whether a ledger was set back: somebody wrote an older one over it."""
    if known.changed_at is None:
        return False
    if status.changed_at is None:
        return True
    return datetime.fromisoformat(status.changed_at) < datetime.fromisoformat(known.changed_at)


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
    """What can't be read, or of which a line can't be, lacks what that reserved: it is counted from the list anew.

    So is what is not whole: somebody has taken a part away, or put one back.
    """
    try:
        status = parsed_part(body, "status", _STATUS.validate_python)
        lines = (body.get("status") or {}).get("reservations") or ()
    except MalformedObject:
        return BudgetStatus(torn=True)
    if not is_readable(status):
        return BudgetStatus(reservations=status.reservations, torn=True)
    whole = all_readable(lines) and is_whole(status, lines)
    return status if whole else replace(status, counted=None, torn=True)


def _short(text: str) -> str:
    """Nobody asks what it says, only whether it is another one, and the object stays in memory."""
    return text if len(text) <= _LONGEST_RECOUNT else hashlib.sha256(text.encode()).hexdigest()
