"""A session as the workspace knows it, and how one ends; what keeps it is `session_store`."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from workspace_emulator.contract.definitions import SessionDefinition


class SessionStatus(StrEnum):
    """States of a session."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    FAILURES = "Failure(s)"
    TIMED_OUT = "TimedOut"


OPEN: Final = frozenset({SessionStatus.WAITING, SessionStatus.EXECUTING})


@dataclass(frozen=True, slots=True)
class Session:
    """One session; times are seconds since the epoch.

    Attributes:
        id: The caller's id.
        definition: What the caller asked for.
        status: Where it is.
        created: When it was opened.
        last_active: When a job of it was last accepted or ended; the idle time-out counts from here.
        begun: When its first job was accepted.
        ended: When it was closed, by whomever.
        has_failures: Whether a job of it failed.
    """

    id: str
    definition: SessionDefinition
    status: SessionStatus
    created: float
    last_active: float
    begun: float | None = None
    ended: float | None = None
    has_failures: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it accepts jobs."""
        return self.status in OPEN


def with_job_accepted(session: Session, now: float) -> Session:
    """Return the session after a job joined it."""
    begun = now if session.begun is None else session.begun
    return replace(session, status=SessionStatus.EXECUTING, begun=begun, last_active=now)


def with_job_ended(session: Session, now: float, *, failed: bool) -> Session:
    """Return the session after a job of it ended; a failure ends it too, unless its policy is to continue."""
    later = replace(session, last_active=now, has_failures=session.has_failures or failed)
    if failed and session.is_open and session.definition.job_failure_policy != "Continue":
        return replace(later, status=SessionStatus.FAILED, ended=now)
    return later


def closed(session: Session, now: float) -> Session:
    """Return the session after its owner closed it; one that is closed stays as it is."""
    if not session.is_open:
        return session
    status = SessionStatus.FAILURES if session.has_failures else SessionStatus.SUCCEEDED
    return replace(session, status=status, ended=now)


def timed_out(session: Session, now: float) -> Session:
    """Return the session after it was idle for too long."""
    return replace(session, status=SessionStatus.TIMED_OUT, ended=now)
