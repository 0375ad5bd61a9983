"""A job as the Azure Quantum service tells it: values only.

Lives here: what the core needs to know about a remote job. Must not live here: how it is read from JSON
(`azure.wire`) or what follows from it (`lifecycle`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RemoteError:
    """`errorData` of a job; the service may leave both parts null."""

    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """`costEstimate` of a job; the total is text because it is an amount of money."""

    estimated_total: str
    currency_code: str


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What a GET of a job answers; what is secret in it shows in no repr.

    Attributes:
        status: The service's own word, whatever it is.
        output_uri: Where the output will be or is, without its query (the query carries a SAS).
        output_location: The same as the service gave it: a secret, for reading the output at once.
        metadata: Text to text; the operator's own keys tell whose job it is.
    """

    id: str
    name: str
    status: str
    provider: str
    target: str
    creation_time: datetime | None = None
    begin_execution_time: datetime | None = None
    end_execution_time: datetime | None = None
    cancellation_time: datetime | None = None
    error: RemoteError | None = None
    cost: Cost | None = None
    output_uri: str | None = None
    output_location: str | None = field(default=None, repr=False, compare=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None
    is_cancelling: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobRow:
    """What a row of a list hints at: lists may lag, so nothing but a question follows from it.

    Attributes:
        status: The service's own word, as in `RemoteJob`.
    """

    id: str
    status: str


class CancelAnswer(StrEnum):
    """What the service answered to a request to cancel."""

    ACCEPTED = "Accepted"
    NOT_CANCELLABLE = "NotCancellable"
    ABSENT = "Absent"
