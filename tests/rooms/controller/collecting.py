"""A garbage collector at work: real connections to an API server and to a service whose list says what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quantumjob_operator.azure.connections import Connections
from quantumjob_operator.azure.credentials import Authenticator
from quantumjob_operator.azure.entra import Provider
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.clock import Clock, monotonic_seconds
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.identities import Identities
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.references import References
from quantumjob_operator.controller.garbage_collector import GarbageCollector
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.naming import (
    METADATA_CLUSTER,
    METADATA_DELETION_POLICY,
    METADATA_NAME,
    METADATA_NAMESPACE,
    METADATA_UID,
    job_id,
)
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumworkspace import parse_workspace
from quantumjob_operator.settings import Settings
from rooms.azure.misbehaving import Received, misbehaving_server, says
from rooms.azure.secretstore import secret_store
from rooms.lifecycle.observations import HOLDER
from rooms.model.bodies import RESOURCE_ID, Body, workspace_body

CLUSTER: Final = "0a6f9d35-62f5-4f0e-a1b7-6a3f0a3f4a10"
Row = dict[str, Any]


def row(namespace: str, uid: str, *, key: str | None = None, tags: tuple[str, ...] = (), policy: str = "") -> Row:
    """A row of a list: a job that says whose it is, under the id of its uid or of a key."""
    metadata = {METADATA_CLUSTER: CLUSTER, METADATA_NAMESPACE: namespace, METADATA_UID: uid, METADATA_NAME: "bell"}
    return {
        "id": job_id(RESOURCE_ID, namespace, uid=uid, key=key, attempt=1),
        "name": "bell",
        "status": "Executing",
        "providerId": "ionq",
        "target": "ionq.simulator",
        "metadata": metadata | ({METADATA_DELETION_POLICY: policy} if policy else {}),
        "tags": list(tags),
    }


@dataclass(slots=True)
class Lists:
    """A service whose lists differ by the name of the Azure workspace.

    Attributes:
        url: Where it listens.
        rows: What each list says, newest first.
        largest: How many rows go into a page before it is too large for the operator.
        seconds: How long a page takes.
        slow: The Azure workspaces that never answer.
        asked: The Azure workspace of each list that was asked for, and of each job its id.
    """

    url: str
    rows: list[Row] = field(default_factory=list)
    largest: int = 100
    seconds: float = 0.0
    slow: set[str] = field(default_factory=set)
    broken: bool = False
    lists: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer a list or the question for a job."""
        head, _, job_id_ = request.path.partition("/jobs")
        name = head.rpartition("/")[2].lower()
        if job_id_:
            asked = job_id_.strip("/").partition(":")[0]
            self.asked.add(asked)
            found = next(one for one in self.rows if one["id"] == asked)
            await says(found)(request, writer)
            return
        self.lists.append(name)
        if name in self.slow:
            await request.gone()
            return
        await asyncio.sleep(self.seconds)
        size, first = (int(request.query.get(one, [usual])[0]) for one, usual in (("top", "100"), ("skip", "0")))
        shown = self.rows[first : first + size]
        padding = "x" * (5 * 1024 * 1024 if len(shown) > self.largest else 0)
        link = f"{self.url}{request.path}?skip={first + size}&top={size}" if first + size < len(self.rows) else None
        code = 500 if self.broken else 200
        await says({"value": shown, "padding": padding, "nextLink": link}, code)(request, writer)


@dataclass(slots=True)
class Scene:
    """The collector, what it knows, and both servers.

    Attributes:
        events: The body of each Event that was published.
        cluster: Method and path of what the API server was asked.
    """

    collector: GarbageCollector
    cache: Cache
    lists: Lists
    metrics: Metrics
    cluster: list[str]
    events: list[Body]

    def knows(self, *bodies: Body) -> None:
        """The watch tells of objects."""
        for body in bodies:
            if body["kind"] == "QuantumJob":
                self.cache.put_job(parse_job(body))
            else:
                self.cache.put_workspace(parse_workspace(body))

    def leads(self, spec: Row | None = None, azure: str = "research-ws", **metadata: Any) -> None:
        """There is a QuantumWorkspace that leads to the service."""
        resource_id = RESOURCE_ID.rpartition("/")[0] + f"/{azure}"
        self.knows(workspace_body({"resourceId": resource_id, "endpoint": self.lists.url, **(spec or {})}, **metadata))

    def told_of(self, one: Row) -> bool:
        """Whether an Event names a job."""
        return any(one["id"] in event["message"] for event in self.events)

    async def until(self, settled: Callable[[], bool], seconds: float = 20) -> None:
        """Let it work until something holds."""
        async with asyncio.timeout(seconds):
            while not settled():  # noqa: ASYNC110 - the servers have no event for it
                await asyncio.sleep(0.02)


@asynccontextmanager
async def collecting(*, ahead: timedelta = timedelta(), **settings: Any) -> AsyncIterator[Scene]:
    """A collector that runs, with a fence of a fifth of a second.

    Args:
        ahead: By how much the API server's clock, which is learnt before it runs, is ahead of this machine's.
        settings: Beside the usual.
    """
    learnt: list[timedelta] = []
    usual = {"put_start_seconds": 0.1, "visibility_delay_seconds": 0.1, "request_timeout_seconds": 0.0}
    chosen = Settings(cluster_name=CLUSTER, garbage_collection_seconds=1, **usual | settings)
    clock = Clock(monotonic_seconds, lambda: datetime.now(UTC) + sum(learnt, timedelta()))
    metrics, cache = Metrics(), Cache()
    async with secret_store() as (store, api), misbehaving_server() as service, open_transport() as transport:
        store.secrets["azure-quantum"] = "key"
        authenticator = Authenticator(
            references=References(api),
            identities=Identities(api, "quantumjob-workload", clock.monotonic),
            provider=Provider(transport.identity),
            settings=chosen,
            monotonic=clock.monotonic,
        )
        connections = Connections(
            authenticator=authenticator,
            transport=transport,
            allowed=AllowedOrigins.parse([service.url]),
            settings=chosen.model_copy(update={"request_timeout_seconds": 30.0}),
            observer=lambda _: Observer(lambda *_: None),
            monotonic=clock.monotonic,
        )
        collector = GarbageCollector(
            cache=cache,
            objects=Objects(api),
            events=Events(api, HOLDER),
            connections=connections,
            settings=chosen,
            clock=clock,
            metrics=metrics,
            holder=HOLDER,
            in_hand=lambda _: False,
        )
        lists = Lists(service.url)
        service.plays(lists)
        scene = Scene(collector, cache, lists, metrics, store.asked, store.events)
        learnt.append(ahead)
        running = asyncio.create_task(collector.run())
        try:
            yield scene
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await connections.close()
