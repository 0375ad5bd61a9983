"""From a QuantumWorkspace object to a client that can authenticate.

One connection for each QuantumWorkspace object, never for each Azure workspace: a job is never polled with another
tenant's credential. Must not live here: how a credential is made (`credentials`), requests about jobs (`reconciler`,
`poller`).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final
from weakref import WeakValueDictionary

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.credentials import Authenticated, Authenticator
from quantumjob_operator.azure.exchange import Observer, Timing
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.lifecycle.observation import Trouble
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.scheduling.rate_limiter import RateLimiter
from quantumjob_operator.scheduling.token_bucket import TokenBucket
from quantumjob_operator.settings import Settings

HELD_SECONDS: Final = 86_400.0
"""For how long a credential outlives its Secret, ServiceAccount or workspace object, in memory and for cancelling."""
MOST_HELD: Final = 100
"""Of one namespace, whose objects may come and go without end; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client for one QuantumWorkspace, as of one generation and one reading of its credential.

    Attributes:
        workspace: The object, as of when the client was made and without its status.
        client: Authenticates to it.
        cancel_only: Its credential or the object itself is gone: only to poll and cancel what runs, never to submit.
        refused: It authenticates with the same as was refused last.
    """

    workspace: QuantumWorkspace
    client: WorkspaceClient
    cancel_only: bool = False
    refused: bool = False

    def on_behalf(self, namespace: str, *, cancelling: bool = False) -> "Connection":
        """The same connection, whose requests are made for a namespace's job.

        Args:
            namespace: In whose name each request is sent.
            cancelling: Whether they serve to end a job, and go first.
        """
        return replace(self, client=self.client.on_behalf(namespace, cancelling=cancelling))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection, and the digest of what it authenticated with.

    Attributes:
        until: Monotonic time at which a connection that is only held is given up.
    """

    connection: Connection
    digest: str
    until: float = float("inf")


class Connections:
    """Makes and keeps connections."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        transport: HttpTransport,
        allowed: AllowedOrigins,
        settings: Settings,
        observer: Callable[[Name], Observer],
        monotonic: Callable[[], float],
        is_there: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Without connections.

        Args:
            authenticator: Makes credentials.
            transport: Carries all requests.
            allowed: Hosts that requests may go to.
            settings: The operator's.
            observer: Told of each request to a QuantumWorkspace of this name.
            monotonic: Seconds of a clock that never steps back.
            is_there: Whether the QuantumWorkspace of a uid is not gone.
        """
        self._is_there = is_there
        self._authenticator = authenticator
        self._transport = transport
        self._allowed = allowed
        self._observer = observer
        self._monotonic = monotonic
        timeout = settings.request_timeout_seconds
        self._timing = Timing(request_seconds=timeout, blob_seconds=2 * timeout, monotonic=monotonic)
        self._rate, self._burst = settings.requests_per_second, settings.requests_burst
        self._rate_limiters: dict[str, RateLimiter] = {}
        self._open: dict[str, _Kept] = {}
        self._held: dict[str, _Kept] = {}
        self._held_of: dict[str, dict[str, None]] = {}
        self._named: dict[Name, dict[str, None]] = {}
        self._used: set[str] = set()
        self._refused: dict[str, str] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, workspace: QuantumWorkspace) -> Connection | Trouble:
        """The connection of a workspace, made if there is none for its generation.

        Raises:
            ClusterError: The API server could not be asked for the credential.
        """
        async with self._lock(workspace.uid):
            kept = self._open.get(workspace.uid)
            if kept and kept.connection.workspace.generation == workspace.generation:
                return kept.connection
            return await self._renew(workspace)

    async def refresh(self, workspace: QuantumWorkspace) -> Connection | Trouble:
        """As `get`, but the Secret is read again, or the ServiceAccount asked again: what changed is taken up.

        Raises:
            ClusterError: The API server could not be asked for the credential; the connection stays as it is.
        """
        async with self._lock(workspace.uid):
            return await self._renew(workspace)

    def use(self, uid: str) -> None:
        """A job may be sent through a workspace: if it goes while one is under way, its connection is held."""
        self._used.add(uid)

    def idle(self, uid: str) -> None:
        """All jobs that were sent through a workspace are over."""
        self._used.discard(uid)

    def for_cancelling(
        self, uid: str | None, names: Iterable[Name], may_serve: Callable[[QuantumWorkspace], bool]
    ) -> Connection | None:
        """A connection to poll and cancel running jobs with, also if the credential or the workspace object is gone.

        Args:
            uid: Of the object that the job was claimed through.
            names: Of the objects that may serve it: any number of others was held, which nobody walks through.
            may_serve: Whether the job may be served through an object, as it was when the client was made.

        Returns:
            The open connection, or else the last good one (`cancel_only`), or None. Never to be submitted with.
        """
        self._forget_what_is_over()
        uids = dict.fromkeys([uid, *(one for name in names for one in self._named.get(name, ()))])
        known = (kind.get(one or "") for kind in (self._open, self._held) for one in uids)
        return next((kept.connection for kept in known if kept and may_serve(kept.connection.workspace)), None)

    async def refuse(self, uid: str) -> None:
        """The service refused what a workspace authenticates with: it is read again at the next need."""
        if kept := self._open.get(uid):
            self._refused[uid] = kept.digest
        await self.drop(uid)

    async def drop(self, uid: str) -> None:
        """Forget a workspace's connection."""
        for kept in (self._open.pop(uid, None), self._let_go(uid)):
            if kept:
                self._unname(uid, kept.connection.workspace.key)
                await kept.connection.client.close()

    async def gone(self, uid: str) -> None:
        """The workspace object is gone: what it authenticated with serves only what was sent through it."""
        if uid in self._used:
            await self.hold(uid)
        else:
            await self.drop(uid)
        self._used.discard(uid)
        self._refused.pop(uid, None)
        self._rate_limiters.pop(uid, None)

    async def hold(self, uid: str) -> None:
        """The workspace object, or what it authenticates with, is gone: keep the connection for cancelling only."""
        self._forget_what_is_over()
        kept = self._open.pop(uid, None)
        if kept:
            self._let_go(uid)
            workspace = kept.connection.workspace
            connection = replace(kept.connection, cancel_only=True)
            self._held[uid] = replace(kept, connection=connection, until=self._monotonic() + HELD_SECONDS)
            of_namespace = self._held_of.setdefault(workspace.namespace, {})
            of_namespace[uid] = None
            if len(of_namespace) > MOST_HELD:
                await self.drop(next(iter(of_namespace)))
        self._rate_limiters.pop(uid, None)

    async def close(self) -> None:
        """Close all of them."""
        for uid in {*self._open, *self._held}:
            await self.drop(uid)

    def _forget_what_is_over(self) -> None:
        """The first were held first."""
        while self._held and next(iter(self._held.values())).until <= self._monotonic():
            uid, kept = next(iter(self._held.items()))
            self._let_go(uid)
            self._unname(uid, kept.connection.workspace.key)

    def _let_go(self, uid: str) -> _Kept | None:
        kept = self._held.pop(uid, None)
        if kept:
            namespace = kept.connection.workspace.namespace
            del self._held_of[namespace][uid]
            if not self._held_of[namespace]:
                del self._held_of[namespace]
        return kept

    def _unname(self, uid: str, name: Name) -> None:
        """An object keeps its name for good; what is open of it goes on."""
        if uid in self._open or uid in self._held:
            return
        named = self._named.get(name, {})
        named.pop(uid, None)
        if not named:
            self._named.pop(name, None)

    def _lock(self, uid: str) -> asyncio.Lock:
        return self._locks.setdefault(uid, asyncio.Lock())

    async def _renew(self, workspace: QuantumWorkspace) -> Connection | Trouble:
        authenticated = await self._authenticator.credential(workspace)
        if isinstance(authenticated, Trouble):
            await self.hold(workspace.uid)
            return authenticated
        kept = self._open.get(workspace.uid)
        if (
            kept
            and kept.digest == authenticated.digest
            and kept.connection.workspace.generation == workspace.generation
        ):
            await authenticated.credential.close()
            return kept.connection
        if not self._is_there(workspace.uid):
            # Nobody would ever close what is opened now, and what is held for cancelling is all there will be.
            await authenticated.credential.close()
            return Trouble("WorkspaceNotFound", "the QuantumWorkspace is gone")
        await self.drop(workspace.uid)
        refused = self._refused.get(workspace.uid) == authenticated.digest
        # What the workspace offers may be long, and is asked of the cache by whoever needs it.
        lasting = replace(workspace, status={})
        made = Connection(lasting, self._client(workspace, authenticated), refused=refused)
        self._open[workspace.uid] = _Kept(made, authenticated.digest)
        self._named.setdefault(workspace.key, {})[workspace.uid] = None
        return made

    def _client(self, workspace: QuantumWorkspace, authenticated: Authenticated) -> WorkspaceClient:
        return WorkspaceClient(
            endpoint=workspace.endpoint,
            resource_id=workspace.spec.resource_id,
            credential=authenticated.credential,
            transport=self._transport,
            allowed=self._allowed,
            observer=self._observer(workspace.key),
            timing=self._timing,
            rate_limiter=self._rate_limiter(workspace.uid),
            owner=workspace.namespace,
        )

    def _rate_limiter(self, uid: str) -> RateLimiter:
        """One for each object, whatever becomes of its credential meanwhile."""
        if uid not in self._rate_limiters:
            now = self._monotonic()
            self._rate_limiters[uid] = RateLimiter(TokenBucket.full(self._rate, self._burst, now), self._monotonic)
        return self._rate_limiters[uid]
