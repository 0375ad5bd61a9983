"""The `.status` of a QuantumBudget: its ledger, field for field what `crds/` declares.

Must not live here: what a ledger says of jobs (`budgets`).
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.jobstatus import Condition
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.reservation import Lines, is_moment, is_sum, line_of

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
_DIGITS: Final = 32


@dataclass(frozen=True, slots=True, config=_JSON)
class PeriodShown:
    """The current period; one without an end never ends."""

    start: str
    end: str | None = None


_AHEAD: Final = timedelta(minutes=5)


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
        changed_at: In microseconds, and later at each change than at the one before, whatever clocks say.
        digest: As in `digest_of`; None before the first count.
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
    digest: str | None = None
    conditions: tuple[Condition, ...] = ()
    torn: bool = Field(default=False, exclude=True)


def is_readable(status: BudgetStatus) -> bool:
    """Whether sums are some, and times are: a sum that is less than nothing would be room that is not there."""
    period, counted = status.period, status.counted
    times = (status.changed_at, counted and counted.time, *((period.start, period.end) if period else ()))
    sums = (*(one.spent for one in status.totals), *(one.amount for past in status.history for one in past.spent))
    moments = (*(one for one in times if one is not None), *(past.start for past in status.history))
    return all(map(is_moment, moments)) and all(map(is_sum, sums))


def is_ahead(changed: datetime, now: datetime) -> bool:
    """Whether a ledger's last change lies so far ahead that some clock was wrong, or somebody wrote it by hand."""
    return changed - now > _AHEAD


def digest_of(status: BudgetStatus, lines: Iterable[str] | None = None) -> str:
    """What a ledger is recognised by, after the time of its last change.

    Args:
        status: Whose ledger it is.
        lines: Its reservations as they are stored, if that is known.
    """
    period = (status.period.start, status.period.end) if status.period else None
    told = [period, [(one.unit, one.namespace, one.spent) for one in status.totals]]
    digest = hashlib.sha256(json.dumps(told).encode())
    for line in map(line_of, status.reservations) if lines is None else lines:
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return f"{status.changed_at or ''}/{digest.hexdigest()[:_DIGITS]}"


def is_whole(status: BudgetStatus, lines: Iterable[str]) -> bool:
    """Whether a ledger is as it was written: nobody has taken a part away, or put one back; a counted one has a digest.

    Args:
        status: As it can be read.
        lines: Its reservations as they are stored.
    """
    if status.digest is None:
        return status.counted is None
    return status.digest == digest_of(status, lines)
