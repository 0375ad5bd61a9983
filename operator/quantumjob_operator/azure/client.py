"""The operations of one Azure Quantum workspace, as the operator needs them.

Each is tried once and raises a `ServiceError` if it did not work; whoever calls decides when to try again. Never sends
DELETE: it meant cancelling in older versions of the API and deletes the record in newer ones.
"""

import copy
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

from quantumjob_operator.azure import offers, wire
from quantumjob_operator.azure.auth import Credential
from quantumjob_operator.azure.blobs import BlobStore, MakeRoom, Output, container_and_blob, needs_fresh_sas
from quantumjob_operator.azure.channel import ServiceChannel
from quantumjob_operator.azure.exchange import Answer, Observer, Timing
from quantumjob_operator.azure.failures import says_absent, unreadable
from quantumjob_operator.azure.http.allowlist import AllowedOrigins, OriginError, origin_of
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.azure.lists import short_list
from quantumjob_operator.azure.parsing import understood
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.azure.whole_lists import Weigh, whole_jobs, whole_list
from quantumjob_operator.azure.wire import JobDefinition
from quantumjob_operator.model.errors import OutputMissing, Refused
from quantumjob_operator.model.quotas import Quota
from quantumjob_operator.model.remotejob import CancelAnswer, JobRow, RemoteJob
from quantumjob_operator.scheduling.rate_limiter import RateLimiter

__all__ = ["Output", "ProgramLocation", "Timing", "WorkspaceClient"]

_log: Final = logging.getLogger(__name__)
_ROWS: Final = "rows of a list"
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESOURCE_ID: Final = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Quantum/workspaces/[^/]+", re.IGNORECASE
)
_MERGE_PATCH: Final = "application/merge-patch+json"
_REFUSALS_OF_CANCEL: Final = frozenset({400, 405, 409, 412, 422})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProgramLocation:
    """Where an uploaded program lies; the container's URI carries a SAS and never shows in a repr."""

    container_uri_with_sas: str = field(repr=False)
    input_uri: str


class WorkspaceClient:
    """One workspace.

    Args:
        endpoint: The origin of the data plane, for example `https://eastus.quantum.azure.com`.
        resource_id: `/subscriptions/…/resourceGroups/…/providers/Microsoft.Quantum/workspaces/…`.
        credential: Lets the requests in; closed by `close`.
        transport: The shared connections; stays open.
        allowed: Which hosts may get requests; checked before each.
        observer: Counts what becomes of the requests.
        timing: Time-outs and clocks.
        rate_limiter: Bounds the requests to the service (not to its storage); no bound if None.
        owner: The tenant whose workspace it is.

    Raises:
        ValueError: `resource_id` is none.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        resource_id: str,
        credential: Credential,
        transport: HttpTransport,
        allowed: AllowedOrigins,
        observer: Observer | None = None,
        timing: Timing | None = None,
        rate_limiter: RateLimiter | None = None,
        owner: str = "",
    ) -> None:
        if not _RESOURCE_ID.fullmatch(resource_id) or {".", ".."} & set(resource_id.split("/")):
            raise ValueError("resource_id is not the id of a Microsoft.Quantum workspace")
        self._timing = timing or Timing()
        common: Any = {"allowed": allowed, "observer": observer, "timing": self._timing, "owner": owner}
        self._channel = ServiceChannel(
            endpoint=endpoint, credential=credential, transport=transport, rate_limiter=rate_limiter, **common
        )
        self._blobs = BlobStore(transport=transport, **common)
        self._left_out: set[str] = set()
        self._workspace_url = self._channel.endpoint + quote(resource_id, safe="/()")

    def on_behalf(self, tenant: str, *, cancelling: bool = False) -> "WorkspaceClient":
        """The same client, whose requests count against the rate limit in a tenant's name; not to be closed."""
        view = copy.copy(self)
        view._channel = self._channel.on_behalf(tenant, cancelling=cancelling)  # noqa: SLF001 - a copy of our own
        return view

    async def get_job(self, job_id: str) -> RemoteJob | None:
        """The job, or None only when the service itself says, in its own error shape, that there is none."""
        with self._channel.reading("get_job"):
            answer = await self._channel.send("get_job", "GET", self._job_url(job_id))
            if says_absent(answer.status, answer.body):
                return None
            if not answer.succeeded:
                raise self._channel.failure("get_job", answer)
            return await self._read_job("get_job", job_id, answer)

    async def queue_position(self, job_id: str) -> int | None:
        """How many jobs stand in the provider's queue before this one; None if the service does not say."""
        url = f"{self._job_url(job_id)}/queuePosition?api-version={wire.QUEUE_API_VERSION}"
        with self._channel.reading(what := "queue_position"):
            answer = await self._channel.call(what, "GET", url)
            return await understood(what, answer.status, answer.body, wire.queue_position)

    async def list_jobs(self, *, filter: str | None = None, weigh: Weigh | None = None) -> AsyncGenerator[list[JobRow]]:  # noqa: A002 - the wire's own name
        """Pages of jobs, newest first.

        A row is a hint: an unreadable one is left out and logged once, so that a missing row means nothing.

        Args:
            filter: In the service's filter grammar; None for all jobs.
            weigh: If anybody wants to know how dear the list is.

        Raises:
            ServiceError: A page could not be had; the pages before it were complete.
        """
        async with aclosing(
            whole_list(self._channel, self._jobs_url, filter or "", wire.parse_rows, weigh=weigh)
        ) as found:
            async for rows, left_out in found:
                if left_out and _ROWS not in self._left_out:
                    self._left_out.add(_ROWS)
                    _log.warning("left out %d rows of the job list, which can't be read (told once)", left_out)
                yield rows
                del rows

    def list_whole_jobs(self, *, only: str, first: int = 0) -> AsyncGenerator[list[RemoteJob]]:
        """As `list_jobs`, from some row on, with all that it tells of its job, which costs more to read."""
        return whole_list(self._channel, self._jobs_url, only, whole_jobs, first=first)

    @property
    def _jobs_url(self) -> str:
        return f"{self._workspace_url}/jobs"

    async def upload_program(self, job_id: str, content: bytes, input_format: str) -> ProgramLocation:
        """Put a program into the job's container; a different one there is overwritten.

        The caller knows that no such job exists.
        """
        container = await self._sas_uri("sas_uri", {"containerName": f"job-{_guid(job_id)}"})
        kind = wire.content_type(input_format)
        await self._storage(
            "upload_program", lambda: self._blobs.put("upload_program", container, wire.INPUT_BLOB, content, kind)
        )
        plain = container.partition("?")[0].rstrip("/")
        return ProgramLocation(container, f"{plain}/{wire.INPUT_BLOB}")

    async def wait_for_turn(self, *, cancelling: bool = False) -> None:
        """Wait until the rate limit lets a PUT, or a cancellation, begin; what has to be fresh is checked after it.

        Raises:
            Throttled: The service asked for a pause, which is not over.
        """
        await self._channel.acquire("cancel_job" if cancelling else "put_job", cancelling=cancelling)

    async def put_job(
        self, definition: JobDefinition, location: ProgramLocation, *, may_start: Callable[[], bool] | None = None
    ) -> RemoteJob:
        """Create the job: one PUT, never repeated unless a 401 showed that it was not let in.

        `wait_for_turn` waits for the rate limit.

        Args:
            definition: What the job shall be.
            location: Where its program lies.
            may_start: Asked right before each sending, so that a slow token cannot carry the PUT past its claim;
                False raises `Retryable` with `Applied.NO`.
        """
        body = wire.create_body(definition, location.container_uri_with_sas, location.input_uri)
        url = self._job_url(definition.job_id)
        with self._channel.reading("put_job"):
            answer = await self._channel.call("put_job", "PUT", url, body=body, may_start=may_start, rate_limited=True)
            return await self._read_job("put_job", definition.job_id, answer)

    async def cancel_job(self, job_id: str, *, may_start: Callable[[], bool] | None = None) -> CancelAnswer:
        """Ask the service to cancel, with `may_start` as for `put_job`; a refusal and an unknown job are no errors."""
        url = f"{self._job_url(job_id)}:cancel"
        with self._channel.reading("cancel_job"):
            answer = await self._channel.send("cancel_job", "POST", url, rate_limited=True, may_start=may_start)
        if answer.succeeded:
            return CancelAnswer.ACCEPTED
        if says_absent(answer.status, answer.body):
            return CancelAnswer.ABSENT
        failure = self._channel.failure("cancel_job", answer)
        if answer.status in _REFUSALS_OF_CANCEL and isinstance(failure, Refused):
            return CancelAnswer.NOT_CANCELLABLE
        raise failure.apart()

    async def set_tags(self, job_id: str, tags: Sequence[str]) -> bool:
        """Replace a job's tags (PATCH); the only thing of a job that is ever changed.

        Returns:
            Whether the answer shows them.

        Raises:
            ServiceError: It did not work.
        """
        with self._channel.reading("set_tags"):
            answer = await self._channel.send(
                "set_tags", "PATCH", self._job_url(job_id), body={"tags": list(tags)}, content_type=_MERGE_PATCH
            )
            if not answer.succeeded:
                raise self._channel.failure("set_tags", answer)
            return set(tags) <= set((await self._read_job("set_tags", job_id, answer)).tags)

    async def read_output(self, job: RemoteJob, max_bytes: int, before_large: MakeRoom | None = None) -> Output:
        """Read a job's output where the service said that it is, with a SAS that is fresh.

        Args:
            job: As it was read just now.
            max_bytes: Of a larger output nothing is kept.
            before_large: Makes room for more than `FIRST_READ` bytes, before they are read.

        Raises:
            Retryable: It could not be read now; `OutputMissing` if it is not there (yet).
            Refused: The storage account refuses.
        """
        uri = job.output_location
        if not uri:
            raise OutputMissing("read_output", detail="the service names no place of it")
        return await self._storage("read_output", lambda: self._read_blob(uri, max_bytes, before_large))

    async def provider_status(self) -> list[offers.TargetStatus]:
        """All targets of all providers of the workspace."""
        return await self._list("provider_status", "providerStatus", offers.parse_targets)

    async def quotas(self) -> list[Quota]:
        """All quotas of the workspace."""
        return await self._list("quotas", "quotas", lambda row: [offers.parse_quota(row)])

    async def quota_usages(self, provider: str) -> list[offers.QuotaUsage]:
        """What is used at a provider, where workspaces tell that instead of quotas (kind V2)."""
        asked = {"providerId": provider}
        return await self._list("quota_usages", "quotaUsages", lambda row: [offers.parse_quota_usage(row)], asked)

    async def close(self) -> None:
        """Close the credential; the shared connections stay open."""
        await self._channel.close()

    def _job_url(self, job_id: str) -> str:
        return f"{self._workspace_url}/jobs/{_guid(job_id)}"

    async def _read_job(self, operation: str, job_id: str, answer: Answer) -> RemoteJob:
        job = await understood(operation, answer.status, answer.body, wire.parse_job)
        if job.id.lower() != job_id.lower():
            raise unreadable(operation, answer.status, "it is about another job")
        if news := set(job.left_out) - self._left_out:
            self._left_out |= news
            _log.warning("fields of jobs that can't be read and are left out (told once): %s", sorted(news))
        return job

    async def _list(
        self, operation: str, name: str, parse: Callable[[Any], list[T]], params: Mapping[str, str] | None = None
    ) -> list[T]:
        return await short_list(self._channel, operation, f"{self._workspace_url}/{name}", parse, params or {})

    async def _sas_uri(self, operation: str, names: dict[str, str]) -> str:
        url = f"{self._workspace_url}/storage/sasUri"
        with self._channel.reading(operation):
            answer = await self._channel.call(operation, "POST", url, body=names)
            return await understood(operation, answer.status, answer.body, wire.sas_uri)

    async def _read_blob(self, uri: str, max_bytes: int, before_large: MakeRoom | None) -> Output:
        try:
            origin_of(uri)
        except OriginError as error:
            raise Unreadable(f"outputDataUri: {error}") from None
        self._blobs.require_allowed("read_output", uri)
        if needs_fresh_sas(uri, self._timing):
            container, blob = container_and_blob(uri)
            uri = await self._sas_uri("sas_uri", {"containerName": container, "blobName": blob})
        return await self._blobs.read("read_output", uri, max_bytes, before_large)

    async def _storage(self, operation: str, step: Callable[[], Awaitable[T]]) -> T:
        try:
            return await step()
        except Unreadable as error:
            raise unreadable(operation, None, str(error)) from None


def _guid(job_id: str) -> str:
    if not _GUID.fullmatch(job_id):
        raise ValueError("a job's id must be a GUID")
    return job_id
