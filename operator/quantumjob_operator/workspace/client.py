"""A workspace as the operator sees it; the signatures, which the parts above are written against."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from quantumjob_operator.workspace.wire import JobDefinition, Quota, RemoteJob, TargetStatus


class CancelAnswer(StrEnum):
    """What the service answered to a request to cancel."""

    ACCEPTED = "Accepted"
    NOT_CANCELLABLE = "NotCancellable"
    ABSENT = "Absent"


@dataclass(frozen=True, slots=True)
class ProgramLocation:
    """Where an uploaded program lies; the container's URI carries a SAS and never shows in a repr."""

    container_uri_with_sas: str = field(repr=False)
    input_uri: str


@dataclass(frozen=True, slots=True)
class Output:
    """What a job wrote, or word that it is larger than asked for."""

    body: bytes | None = field(repr=False)
    too_large: bool


class WorkspaceClient:
    """The operations of one workspace; each is sent once and raises a `ServiceError` if it did not work."""

    async def get_job(self, job_id: str) -> RemoteJob | None:
        """The job, or None only when the service itself says that there is none."""
        raise NotImplementedError

    def list_jobs(self, *, filter: str | None = None) -> AsyncIterator[list[RemoteJob]]:  # noqa: A002 - the wire's name
        """Pages of jobs; a row is a hint, and a missing row means nothing."""
        raise NotImplementedError

    async def upload_program(self, job_id: str, content: bytes, input_format: str) -> ProgramLocation:
        """Put the program into the job's container; the caller knows that no such job exists."""
        raise NotImplementedError

    async def put_job(
        self,
        definition: JobDefinition,
        location: ProgramLocation,
        *,
        may_start: Callable[[], bool] | None = None,
    ) -> RemoteJob:
        """Create the job; `may_start` is asked right before each sending (putStart), False raises Retryable, not applied."""
        raise NotImplementedError

    async def cancel_job(self, job_id: str) -> CancelAnswer:
        """Ask the service to cancel."""
        raise NotImplementedError

    async def read_output(self, job_id: str, max_bytes: int) -> Output:
        """Read the job's output, at most `max_bytes` of it."""
        raise NotImplementedError

    async def provider_status(self) -> list[TargetStatus]:
        """All targets of all providers."""
        raise NotImplementedError

    async def quotas(self) -> list[Quota]:
        """All quotas of the workspace."""
        raise NotImplementedError
