"""The clients of the API server and of the service: each call is a request on its way.

Must not live here: what a request does (`outside`) or what may become of it (`moves`).
"""

from collections.abc import AsyncIterator, Callable, Sequence

from explore.asks import Ask
from quantumjob_operator.azure.client import ProgramLocation
from quantumjob_operator.azure.wire import JobDefinition
from quantumjob_operator.lifecycle.attempts import Rival, rival_of
from quantumjob_operator.model.errors import Applied, Retryable
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.naming import METADATA_SENT
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob


class Objects:
    """`cluster.objects.Objects` as requests."""

    async def read_job(self, namespace: str, name: str) -> QuantumJob | None:
        """A live read."""
        return await Ask("read", (namespace, name))  # type: ignore[no-any-return]

    async def claim(self, job: QuantumJob, claim: Claim) -> QuantumJob:
        """Finalizer and claim."""
        return await Ask("claim", (job, claim))  # type: ignore[no-any-return]

    async def release(self, job: QuantumJob) -> QuantumJob | None:
        """The finalizer off."""
        return await Ask("release", (job,))  # type: ignore[no-any-return]

    async def renounce(self, job: QuantumJob) -> QuantumJob:
        """Finalizer and claim off."""
        return await Ask("renounce", (job,))  # type: ignore[no-any-return]

    async def delete(self, job: QuantumJob) -> None:
        """A deletion with preconditions."""
        await Ask("delete", (job,))

    async def rivals(self, namespace: str, key: str) -> list[Rival]:
        """A live listing."""
        return [rival_of(job) for job in await Ask("list", (namespace, key))]

    async def each_with_key(self, namespace: str, key: str, hear: Callable[[QuantumJob], object]) -> None:
        """A live listing."""
        for job in await Ask("list", (namespace, key)):
            hear(job)

    async def write_status(self, job: QuantumJob, status: JobStatus) -> QuantumJob:
        """A patch, if anything differs."""
        return job if job.status == status else await Ask("status", (job, status))


class Client:
    """`workspace.client.WorkspaceClient` as requests; what costs nothing and changes nothing is done at once."""

    def on_behalf(self, _tenant: str, *, cancelling: bool = False) -> "Client":
        """Turns of tenants are not explored."""
        del cancelling
        return self

    async def get_job(self, job_id: str) -> RemoteJob | None:
        """GET."""
        return await Ask("get", (job_id,))  # type: ignore[no-any-return]

    async def cancel_job(self, job_id: str, *, may_start: Callable[[], bool] | None = None) -> CancelAnswer:
        """POST :cancel, unless the last look is too old by now."""
        if may_start and not may_start():
            raise Retryable("cancel_job", detail="too late for the last look", applied=Applied.NO)
        return await Ask("cancel", (job_id,))  # type: ignore[no-any-return]

    async def set_tags(self, job_id: str, tags: Sequence[str]) -> bool:
        """PATCH of a job's tags."""
        return await Ask("tag", (job_id, tuple(tags)))  # type: ignore[no-any-return]

    async def list_whole_jobs(self, *, only: str, first: int = 0) -> AsyncIterator[list[RemoteJob]]:
        """GET of the list, which comes in one page."""
        del only, first
        yield await Ask("rows", ())

    async def upload_program(self, _job_id: str, _content: bytes, _format: str) -> ProgramLocation:
        """Uploaded."""
        return ProgramLocation("", "")

    async def wait_for_turn(self, *, cancelling: bool = False) -> None:
        """At once."""

    async def put_job(
        self, definition: JobDefinition, _location: ProgramLocation, *, may_start: Callable[[], bool] | None = None
    ) -> RemoteJob:
        """PUT, unless its claim is too old by now."""
        if may_start and not may_start():
            raise Retryable("put_job", detail="too late for this claim", applied=Applied.NO)
        # Only the search of the list, which is not explored, reads when it was sent.
        told = {key: value for key, value in definition.metadata.items() if key != METADATA_SENT}
        return await Ask("put", (definition.job_id, told))  # type: ignore[no-any-return]
