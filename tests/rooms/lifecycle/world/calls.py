"""Requests on their way: sent, applied and answered at different times, or never.

A reconciliation of the operator's model is a generator that yields a `Call` wherever the real one awaits an answer.
Whoever drives it decides what happens between sending and answering. Only this: what a request does is in `service` and
`apiserver`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

TIMEOUT = 30.0
"""Seconds after which every request has failed, if it was not answered."""


class Conflict(Exception):  # noqa: N818 - named as the API server names it
    """The object was changed since it was read."""


class Gone(Exception):  # noqa: N818 - says what happened
    """There is no such object."""


class NoAnswer(Exception):  # noqa: N818 - says what happened
    """It may have taken effect."""


class NotSent(Exception):  # noqa: N818 - says what happened
    """It did not take effect."""


@dataclass(slots=True)
class Clock:
    """Virtual seconds, the same for everybody."""

    now: float = 0.0


class Fate(StrEnum):
    """What becomes of a request."""

    ANSWERED = "Answered"
    REFUSED = "Refused"
    LOST_BEFORE = "LostBefore"
    LOST_AFTER = "LostAfter"


@dataclass(slots=True)
class Call:
    """A request.

    Attributes:
        what: For people who read a failing example.
        effect: Does it and returns the answer; raises `Conflict` or `Gone` as an answer.
        sent_at: Virtual seconds.
        applied: Whether the effect has been had.
    """

    what: str
    effect: Callable[[], Any]
    sent_at: float
    applied: bool = False
    answer: Any = None
    error: Exception | None = None

    @property
    def deadline(self) -> float:
        """When it has failed."""
        return self.sent_at + TIMEOUT

    def apply(self) -> None:
        """Have the effect, once; the answer is kept until somebody takes it."""
        if self.applied:
            return
        self.applied = True
        try:
            self.answer = self.effect()
        except (Conflict, Gone) as error:
            self.error = error


ReconcileContext = Generator[Call, Any, Any]


@dataclass(slots=True)
class Pending:
    """A reconciliation that waits for the answer to a call."""

    reconciliation: ReconcileContext
    call: Call
    steps: int = field(default=0)

    def resume(self, fate: Fate) -> bool:
        """Let the call end like this and the reconciliation go on to its next call; False if there is none."""
        try:
            self.call = self._answer(fate)
        except StopIteration:
            return False
        self.steps += 1
        return True

    def _answer(self, fate: Fate) -> Call:
        if fate is Fate.REFUSED and not self.call.applied:
            return self.reconciliation.throw(NotSent(self.call.what))
        if fate is Fate.ANSWERED or (fate is Fate.LOST_AFTER and not self.call.applied):
            self.call.apply()
        if fate is not Fate.ANSWERED:
            return self.reconciliation.throw(NoAnswer(self.call.what))
        if self.call.error:
            return self.reconciliation.throw(self.call.error)
        return self.reconciliation.send(self.call.answer)
