"""Requests of the explored operator on their way.

The shell's coroutines run as they are; wherever they would wait for a socket they wait for an `Ask`, which comes out of
the coroutine as a value. Whoever drives it decides what becomes of the request. Must not live here: what a request
does (`outside`) or what may become of it (`moves`).
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.model.errors import Applied, Retryable, ServiceError

READS: Final = frozenset({"read", "list", "get", "rows", "read_budget"})
"""They change nothing: lost before or after is the same."""
SERVICE: Final = frozenset({"get", "put", "cancel", "rows"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its name in `outside.Outside`, and the values that it carries."""

    name: str
    args: tuple[Any, ...]

    def __await__(self) -> Generator["Ask", Any, Any]:
        """Hand the request out and wait for the answer."""
        return (yield self)

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.name in READS


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a value, or an error to be raised."""

    value: Any = None
    error: "Failure | None" = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as a value, because an exception carries frames and can be raised only once."""

    kind: type[ClusterError | ServiceError]
    what: str
    status: int | None = None

    def make(self) -> Exception:
        """The exception."""
        if issubclass(self.kind, ServiceError):
            return self.kind(self.what, detail="no answer", applied=Applied.UNKNOWN)
        return self.kind(self.what, self.status, self.kind.__name__, "as the model of the API server says")


def no_answer(ask: Ask) -> Answer:
    """The request may have taken effect: that is all that its sender learns."""
    if ask.name in SERVICE:
        return Answer(error=Failure(Retryable, f"{ask.name}_job"))
    return Answer(error=Failure(ClusterError, ask.name))
