"""What is set aside for one attempt of a job, and the line of JSON as which it stands in a budget's status.

A line, because the API server's work for an object grows with the fields in it, about eight times while it takes a
patch: as an object of a dozen fields, each reservation took 0.5 ms of its CPU at every write of the ledger. Must not
live here: which reservations there are (`budgets`).
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from quantumjob_operator.model.money import Amount

_JSON: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")
_AMOUNT: Final = re.compile(r"[0-9]{1,64}(\.[0-9]{1,64})?")
_KEPT: Final = 4096
"""Lines whose value is remembered: nearly all of a ledger stay as they are from one write to the next."""


@dataclass(frozen=True, slots=True, config=_JSON)
class Reservation:
    """What is set aside for one attempt of a job.

    Attributes:
        job_id: Its id at the service.
        uid: Of the QuantumJob.
        workspace: Name of the QuantumWorkspace.
        place: The `place_digest` of where that led to: another one of its name may lead elsewhere.
        reserved_at: When it was first reserved, which decides to which period it belongs.
        renewed_at: When it was last confirmed, if that was later.
        period_start: The first moment of the period in which it counts, if that is later than that of `reserved_at`.
        basis: Estimate, MaxCost or Unknown; Claimed, until the job is asked of the limits.
        ended_at: Since when the job is known to have ended without a bill.
        asked_by: The uids of all objects that it was confirmed for, if it is an idempotency key's; None if they are not
            known.
    """

    job_id: str
    namespace: str
    name: str
    uid: str
    workspace: str
    reserved_at: str
    renewed_at: str | None = None
    amounts: tuple[Amount, ...] = ()
    basis: str | None = None
    ended_at: str | None = None
    place: str | None = None
    period_start: str | None = None
    asked_by: tuple[str, ...] | None = None

    @property
    def counts_at(self) -> str:
        """A moment of the period in which it counts."""
        return self.period_start or self.reserved_at


_ADAPTER: Final = TypeAdapter(Reservation)


@lru_cache(maxsize=_KEPT)
def line_of(entry: Reservation) -> str:
    """A reservation as one line of JSON, with the names that the fields of manifests have."""
    return _ADAPTER.dump_json(entry, by_alias=True, exclude_none=True).decode()


@lru_cache(maxsize=_KEPT)
def read_line(line: str) -> Reservation:
    """The reservation that a line tells of.

    Raises:
        ValueError: It is no such line, or a time or an amount in it is none.
    """
    entry = _ADAPTER.validate_json(line)
    if not all(map(is_moment, filter(None, (entry.reserved_at, entry.renewed_at, entry.period_start, entry.ended_at)))):
        raise ValueError("a time is none, or in no time zone")
    if not all(is_sum(one.amount) for one in entry.amounts):
        raise ValueError("an amount is no decimal number")
    return entry


def is_moment(text: str) -> bool:
    """Whether a text of a ledger is a time, in some time zone."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_sum(text: str) -> bool:
    """Whether a text of a ledger is an amount: no less than 0, and no word that a decimal number may be."""
    return _AMOUNT.fullmatch(text) is not None


def all_readable(lines: object) -> bool:
    """Whether these are lines, and every one tells of a reservation."""
    return isinstance(lines, list | tuple) and None not in map(_entry, lines)


def _read(lines: Any) -> Any:
    """Those that can be read; a ledger with others is not believed (`parse_budget`)."""
    return tuple(filter(None, map(_entry, lines if isinstance(lines, list | tuple) else ())))


def _entry(one: Any) -> Reservation | None:
    try:
        return one if isinstance(one, Reservation) else read_line(one)
    except (ValueError, TypeError):
        return None


def _written(entries: tuple[Reservation, ...]) -> list[str]:
    return [line_of(one) for one in entries]


Lines = Annotated[tuple[Reservation, ...], BeforeValidator(_read), PlainSerializer(_written, return_type=list[str])]
"""The reservations of a ledger; as JSON, a line for each."""
