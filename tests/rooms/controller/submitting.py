"""A submitter at work: real connections to an API server with one object, and to a service with as many jobs as come.

Both servers are played, byte by byte, by the one that the tests of the workspace use.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport, open_transport
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.quota_guards import QuotaGuards
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.lifecycle.fence import FenceState
from quantumjob_operator.lifecycle.observation import ABSENT
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from quantumjob_operator.model.quantumjob import Claim, QuantumJob, parse_job
from quantumjob_operator.scheduling.rate_limiter import RateLimiter
from quantumjob_operator.scheduling.token_bucket import TokenBucket
from quantumjob_operator.settings import Settings
from rooms.azure.misbehaving import Behaviour, MisbehavingServer, Received, answers, fails, misbehaving_server, says
from rooms.azure.samples import KEY, SAS
from rooms.cluster.connecting import connected
from rooms.lifecycle.observations import HOLDER, NOW, PROGRAM, seen
from rooms.model.bodies import RESOURCE_ID, Body, job_body, workspace
from rooms.model.mergepatch import merged

START: Final = 1000.0
SETTINGS: Final = Settings()
FENCE: Final = SETTINGS.fence_seconds
Change = Callable[[Body], object]
Parts = tuple[Api, MisbehavingServer, MisbehavingServer, HttpTransport]


@asynccontextmanager
async def connections(folder: Path) -> AsyncIterator[Parts]:
    """Those to an API server and to a service."""
    async with misbehaving_server() as cluster, misbehaving_server() as service, open_transport() as transport:
        with pytest.MonkeyPatch.context() as patch:
            api = await connected(cluster.url, folder, patch)
        yield api, cluster, service, transport
        await api.close()


def claimed_body(claim: Claim, spec: dict[str, Any] | None = None) -> Body:
    """The usual object with finalizer and claim."""
    annotations = {CLAIM_ANNOTATION: claim.annotation()}
    # Each attempt's claim is a later version of the object.
    return job_body(spec, finalizers=[FINALIZER], annotations=annotations, resourceVersion=str(1041 + claim.attempt))


@dataclass(slots=True)
class Cluster:
    """An API server that keeps objects by name.

    Attributes:
        objects: As they are now; whoever changes one gives it a new resourceVersion.
        asked: The method of each request.
        stores: What it makes of an object that was patched, before it keeps it.
    """

    objects: dict[str, Body] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stores: Change = lambda _: None

    def change(self, name: str, change: Change) -> None:
        """Somebody writes to an object."""
        change(self.objects[name])
        metadata = self.objects[name]["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer a read, a list or a merge patch."""
        self.asked.append(request.method)
        name = request.path.rpartition("/quantumjobs")[2].strip("/").removesuffix("/status")
        await self._answer(request, name)(request, writer)

    def _answer(self, request: Received, name: str) -> Behaviour:
        if not name:
            return says({"items": list(self.objects.values())})
        if name not in self.objects:
            return says({"kind": "Status", "reason": "NotFound", "code": 404}, 404)
        if request.method == "PATCH":
            patch = json.loads(request.body)
            if patch["metadata"]["resourceVersion"] != self.objects[name]["metadata"]["resourceVersion"]:
                return says({"kind": "Status", "reason": "Conflict", "code": 409}, 409)
            self.objects[name] = merged(self.objects[name], patch)
            self.change(name, self.stores)
        return says(self.objects[name])


@dataclass(slots=True)
class Service:
    """A service and its storage.

    Attributes:
        url: Where it listens.
        jobs: The ids that it knows.
        put: What it makes of a job's PUT instead of taking the job.
        meanwhile: Happens while the program is uploaded.
    """

    url: str
    jobs: set[str] = field(default_factory=set)
    put: Behaviour | None = None
    meanwhile: Callable[[], object] = lambda: None

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer."""
        await self._answer(request)(request, writer)

    def _answer(self, request: Received) -> Behaviour:
        job_id = request.path.rpartition("/")[2]
        if "/jobs/" not in request.path:
            if "sasUri" in request.path:
                return says({"sasUri": f"{self.url}/container?{SAS}"})
            self.meanwhile()
            return answers(201)
        if request.method == "PUT":
            if self.put:
                return self.put
            self.jobs.add(job_id)
        shown = {"id": job_id, "name": "bell", "status": "Waiting", "providerId": "ionq", "target": "ionq.simulator"}
        return says(shown) if job_id in self.jobs else fails(404, "ResourceNotFound", "there is no such job")


@dataclass(slots=True)
class Scene:
    """The submitter, what it knows, and both servers; `now` is its monotonic clock."""

    cluster: Cluster
    service: Service
    cache: Cache
    metrics: Metrics
    received: list[Received]
    client: WorkspaceClient
    rate_limiter: RateLimiter
    objects: Objects
    now: float = START
    submitter: Submitter = field(init=False)

    def __post_init__(self) -> None:
        self.submitter = Submitter(
            objects=self.objects,
            cache=self.cache,
            quotas=QuotaGuards(lambda: self.now, {}),
            settings=SETTINGS,
            clock=Clock(lambda: self.now, lambda: NOW),
            holder=HOLDER,
            metrics=self.metrics,
        )

    @classmethod
    def of(cls, api: Api, cluster: MisbehavingServer, service: MisbehavingServer, transport: HttpTransport) -> "Scene":
        """One in which nothing is there yet."""
        playing, at_work = Cluster(), Service(service.url)
        cluster.plays(playing)
        service.plays(at_work)
        service.received.clear()
        rate_limiter = RateLimiter(TokenBucket.full(1000.0, 1000, 0.0), lambda: 0.0)
        client = WorkspaceClient(
            endpoint=service.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([service.url]),
            rate_limiter=rate_limiter,
        )
        return cls(playing, at_work, Cache(), Metrics(), service.received, client, rate_limiter, Objects(api))

    def reconcile(
        self, body: Body, *, fence_state: FenceState | None = None, cancel_only: bool = False, **facts: Any
    ) -> ReconcileContext:
        """A reconciliation at an object that the cluster has, the watch has told of and the service does not know."""
        job = self.knows(body)
        self.cluster.objects[job.name] = body
        sure = fence_state or FenceState(claimed_at=self.now, never_sent=True)
        usual = {"remote": ABSENT, "program": PROGRAM, **facts}
        connection = replace(Connection(workspace(), self.client), cancel_only=cancel_only)
        memory = Memory(job, fence_state=sure, program=b"{}")
        return ReconcileContext(seen(job, **usual), memory, connection, job.status, self.objects)

    def knows(self, body: Body) -> QuantumJob:
        """The watch tells of an object."""
        job = parse_job(body)
        self.cache.put_job(job)
        return job

    @property
    def puts(self) -> list[dict[str, Any]]:
        """The jobs that were sent."""
        return [json.loads(one.body) for one in self.received if one.method == "PUT" and "/jobs/" in one.path]

    def counted(self) -> float | None:
        """Submissions, as Prometheus sees them."""
        return self.metrics.registry.get_sample_value("quantumjob_submissions_total")
