"""A job as the Azure Quantum service tells it: values only.

Lives here: what the core needs to know about a remote job. Must not live here: how it is read from JSON
(`azure.wire`) or what follows from it (`lifecycle`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from sys import getsizeof
from typing import NamedTuple

from quantumjob_operator.model.naming import METADATA_SENT


@dataclass(frozen=True, slots=True)
class RemoteError:
    """`errorData` of a job; the service may leave both parts null."""

    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class CostEvent:
    """One line of a bill; amounts are decimal texts, None where the service gave none.

    Attributes:
        dimension: What is counted, for example gs1q, hqc or qpu_time_centiseconds.
        unit: How it is measured, in the service's words.
    """

    dimension: str
    unit: str = ""
    consumed: str | None = None
    billed: str | None = None
    unit_price: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """`costEstimate` of a job: what was billed, in spite of its name; the total is text because it is money."""

    estimated_total: str | None = None
    currency_code: str = ""
    events: tuple[CostEvent, ...] = ()


class Sight(NamedTuple):
    """As what a job was seen, so that one sighting can be told from another.

    Attributes:
        word: The service's own word for its state.
        is_cancelling: What stands beside the word in workspaces of kind V1, where it stays while a job is cancelled.
    """

    word: str
    is_cancelling: bool = False


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """What a GET of a job answers; what is secret in it shows in no repr.

    Attributes:
        status: The service's own word, whatever it is.
        output_uri: Where the output will be or is, without its query (the query carries a SAS).
        output_location: The same as the service gave it: a secret, for reading the output at once.
        metadata: Text to text; the operator's own keys tell whose job it is.
        usage: What the provider counted, by its own names, as decimal texts.
        is_cancelling: A cancellation is under way, whatever the word says (workspaces of kind V1).
        left_out: Fields that decide nothing and could not be read.
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
    usage: Mapping[str, str] = field(default_factory=dict)
    output_uri: str | None = None
    output_location: str | None = field(default=None, repr=False, compare=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None
    is_cancelling: bool = False
    tags: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=(), compare=False)

    @property
    def sight(self) -> Sight:
        """As what it was seen."""
        return Sight(self.status, self.is_cancelling)

    @property
    def sent_at(self) -> datetime | None:
        """When the job was sent, by the API server's clock; the service's may be another one. None if nobody tells."""
        try:
            sent = datetime.fromisoformat(self.metadata.get(METADATA_SENT, ""))
            return sent.astimezone(UTC) if sent.tzinfo else self.creation_time
        except (ValueError, OverflowError):
            return self.creation_time

    @property
    def size(self) -> int:
        """Bytes of memory of all that the service told, with the objects that have it."""
        values = [getattr(self, name) for name in self.__slots__]
        size = getsizeof(self)
        while values:
            one = values.pop()
            if one is None or isinstance(one, bool):
                continue
            size += getsizeof(one)
            if isinstance(one, Mapping):
                values += (*one, *one.values())
            elif isinstance(one, tuple):
                values += one
            elif isinstance(one, RemoteError | Cost | CostEvent):
                values += (getattr(one, name) for name in one.__slots__)
        return size


@dataclass(frozen=True, slots=True)
class JobRow:
    """What a row of a list hints at: lists may lag, so nothing but a question follows from it.

    Attributes:
        status: The service's own word, as in `RemoteJob`.
    """

    id: str
    status: str
    is_cancelling: bool = False

    @property
    def sight(self) -> Sight:
        """As what it was seen."""
        return Sight(self.status, self.is_cancelling)


class CancelAnswer(StrEnum):
    """What the service answered to a request to cancel."""

    ACCEPTED = "Accepted"
    NOT_CANCELLABLE = "NotCancellable"
    ABSENT = "Absent"
