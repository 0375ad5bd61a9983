"""What can go wrong, as exceptions that say what to do and which exit code a command ends with.

Must not live here: how an answer of the API server becomes one of them (`kubeapi`).
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How `kubectl quantum` ends."""

    SUCCEEDED = 0
    ERROR = 1
    USAGE = 2
    JOB_FAILED = 3
    JOB_CANCELLED = 4
    TIMED_OUT = 5
    NOT_FOUND = 6
    FORBIDDEN = 7
    INTERRUPTED = 130


class QuantumJobsError(Exception):
    """Everything that this package raises on purpose; its text is one line for people."""

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR


class UsageError(QuantumJobsError, ValueError):
    """An argument that cannot be meant."""

    exit_code = ExitCode.USAGE


class ProgramError(QuantumJobsError, ValueError):
    """A program that was refused before anything was sent or paid."""


class ExtraMissingError(QuantumJobsError, ImportError):
    """A library that only some uses need is not installed."""


class ClusterError(QuantumJobsError):
    """The API server cannot be reached, or refused for a reason that has no class of its own."""


class NotFoundError(QuantumJobsError, LookupError):
    """There is no such object."""

    exit_code = ExitCode.NOT_FOUND


class ForbiddenError(QuantumJobsError, PermissionError):
    """The user is not signed in, or lacks a right."""

    exit_code = ExitCode.FORBIDDEN


class NameTakenError(QuantumJobsError):
    """Another object has the name already; nothing was submitted."""


class OutcomeUnknownError(QuantumJobsError):
    """The answer to a submission was lost, and the job was not seen afterwards.

    Attributes:
        name: The name that the job has if the request arrived.
    """

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class JobFailedError(QuantumJobsError):
    """A job failed or was refused for good."""

    exit_code = ExitCode.JOB_FAILED


class JobCancelledError(QuantumJobsError):
    """A job was cancelled."""

    exit_code = ExitCode.JOB_CANCELLED


class WaitTimeoutError(QuantumJobsError, TimeoutError):
    """A job did not end in time; it goes on."""

    exit_code = ExitCode.TIMED_OUT


class NoCountsError(QuantumJobsError):
    """A job has no counts, or not yet."""
