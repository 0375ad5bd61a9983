"""A remote job that the poller follows, and how young it counts as.

Must not live here: when it is asked about (`poller`).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from quantumjob_operator.lifecycle.transitions import is_cancelling_word
from quantumjob_operator.model.remotejob import RemoteJob, Sight

_MOST_CHANGES: Final = 8
"""Seen to wait, to execute, to be cancelled, hidden and shown again, and ended."""


class Wake(Protocol):
    """Told what a GET answered for a job that is not as it was."""

    def __call__(self, uid: str, remote: RemoteJob | None) -> None:
        """`remote` is None when the service says that there is no such job."""


@dataclass(slots=True)
class Watched:
    """A remote job that is followed.

    Attributes:
        namespace: Whose job it is.
        sight: What is known of it.
        since: Monotonic time from which on it is known.
        due: When it is asked about next; infinite while it stands in the queue.
        failures: How many GETs in a row failed for reasons of its own.
        changes: How often it was seen to be something else than before.
    """

    uid: str
    job_id: str
    namespace: str
    sight: Sight | None
    since: float
    due: float
    failures: int = 0
    changes: int = 0

    def becomes(self, sight: Sight | None, now: float) -> None:
        """It is something else by now; who is that again and again is no young job, and not asked about as one."""
        self.changes += sight != self.sight
        self.sight = sight
        if self.is_steady:
            self.since = now

    def is_as(self, told: Sight) -> bool:
        """Whether status says what was seen; a word that says that it is being cancelled says all of that."""
        if self.sight is None or self.sight.word != told.word:
            return False
        return self.sight.is_cancelling == told.is_cancelling or is_cancelling_word(told.word)

    @property
    def is_steady(self) -> bool:
        """Whether it has changed no more often than a job can in its life."""
        return self.changes <= _MOST_CHANGES
