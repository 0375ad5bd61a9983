"""Everything between an API server and the connections of a workspace, with a clock that is set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.azure.credentials import Authenticator
from quantumjob_operator.azure.entra import Provider
from quantumjob_operator.azure.exchange import Observer
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import open_transport
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.identities import Identities
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.references import References
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings
from rooms.azure.secretstore import SecretStore, secret_store
from rooms.model.bodies import workspace

WORKSPACE: Final = workspace()
SECRET: Final = "azure-quantum"
ACCOUNT: Final = "quantumjob-workload"


def by_name(one: QuantumWorkspace) -> bool:
    """Whether it is the usual workspace."""
    return one.key == WORKSPACE.key


@dataclass(slots=True)
class Bench:
    """Everything between an API server and connections, with a clock that is set by hand.

    Attributes:
        gone: Uids of QuantumWorkspaces that are gone.
        store: The API server; has the Secret of `WORKSPACE`.
        connections: What is tested.
        namespaces: Reads the same API server.
        now: Monotonic seconds, in a list of one.
        api: A connection to the API server.
    """

    store: SecretStore
    connections: Connections
    namespaces: Namespaces
    identities: Identities
    now: list[float]
    api: Api
    gone: set[str]

    async def connection(self) -> Connection:
        """The connection of the workspace, which is open."""
        made = await self.connections.get(WORKSPACE)
        assert isinstance(made, Connection)
        return made

    def workspaces(self, cache: Cache, queue: WorkQueue[str] | None = None) -> Workspaces:
        """What finds the QuantumWorkspace of a job, and has its jobs followed."""
        return Workspaces(
            cache=cache,
            objects=Objects(self.api),
            namespaces=self.namespaces,
            connections=self.connections,
            queue=WorkQueue(lambda: self.now[0]) if queue is None else queue,
            settings=Settings(),
            clock=Clock(lambda: self.now[0]),
        )


@asynccontextmanager
async def open_bench() -> AsyncIterator[Bench]:
    """A bench, until its connections are closed."""
    now, settings, gone = [1000.0], Settings(), set[str]()

    def monotonic() -> float:
        return now[0]

    async with secret_store() as (store, api), open_transport() as transport:
        store.secrets[SECRET] = "first"
        identities = Identities(api, ACCOUNT, monotonic)
        authenticator = Authenticator(
            references=References(api),
            identities=identities,
            provider=Provider(transport.identity),
            settings=settings,
            monotonic=monotonic,
        )
        connections = Connections(
            authenticator=authenticator,
            transport=transport,
            allowed=AllowedOrigins(),
            settings=settings,
            observer=lambda _: Observer(lambda *_: None),
            monotonic=monotonic,
            is_there=lambda uid: uid not in gone,
        )
        yield Bench(store, connections, Namespaces(api, monotonic), identities, now, api, gone)
        await connections.close()
