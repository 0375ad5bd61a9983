"""Searches the service's lists, at the start and now and then, for jobs whose object is gone.

Everything else that cancels starts from an object, or from the memory of one; this starts from the bill. A job is acted
on only if two sightings, a fence apart, and a live read of its object agree. Must not live here: which rows count
(`lifecycle.garbage_collection`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus
from math import inf
from typing import Final

from quantumjob_operator.azure.connections import Connection, Connections
from quantumjob_operator.azure.listing import OLDER_WORDS, UNFINISHED
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.events import Events
from quantumjob_operator.cluster.objects import Objects, workspace_reference
from quantumjob_operator.controller.sightings import MOST, Lists, Sightings
from quantumjob_operator.lifecycle import Notice
from quantumjob_operator.lifecycle.garbage_collection import (
    Origin,
    Recognition,
    has_id_of_its_uid,
    has_owner,
    may_be_cancelled,
    may_tell,
    origin_of,
    owned_by,
    released_on_purpose,
    sent_as_orphan,
)
from quantumjob_operator.metrics import Metrics
from quantumjob_operator.model.errors import Refused, ServiceError
from quantumjob_operator.model.naming import is_guid
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteJob
from quantumjob_operator.scheduling.backoff import spread
from quantumjob_operator.settings import Settings

LEFT_BEHIND: Final = "JobWithoutObject"
_SEARCH_SECONDS: Final = 120.0
_AT_A_TIME: Final = 8
_TICK: Final = 0.25
_AT_ONCE: Final = 50
"""Objects that are handled before others run on the event loop."""
_ROWS_AT_ONCE: Final = 10
"""Rows: for each up to a hundred ids are made."""

_log = logging.getLogger(__name__)


class GarbageCollector:
    """Finds jobs without an object, reports them, and cancels those that nobody released on purpose.

    Args:
        in_hand: Whether this process is bringing the job of an object that is gone (by its uid) to its end already.

    Attributes:
        may_cancel: Whether the cluster's name is surely no other cluster's: else jobs are only reported.
    """

    def __init__(
        self,
        *,
        cache: Cache,
        objects: Objects,
        events: Events,
        connections: Connections,
        settings: Settings,
        clock: Clock,
        metrics: Metrics,
        holder: str,
        in_hand: Callable[[str], bool],
    ) -> None:
        self._cache = cache
        self._objects = objects
        self._events = events
        self._connections = connections
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        namespace, _, name = (settings.default_workspace or "").partition("/")
        self._default = (namespace, name)
        self._holder = holder
        self._started = clock.now()
        self._in_hand = in_hand
        self._lists = Lists()
        self._searched: set[str] = set()
        self._turns: dict[str, float] = {}
        self.may_cancel = False

    async def run(self) -> None:
        """Search for ever, each workspace by its own clock.

        Begun only once the API server's time is known: what was sent before this moment is a predecessor's.
        """
        self._started = self._clock.now()
        async with asyncio.TaskGroup() as group:
            while True:
                for workspace in self._next():
                    self._searched.add(workspace.namespace)
                    group.create_task(self._turn(workspace, self._lists[workspace.uid]))
                await asyncio.sleep(_TICK)

    def _next(self) -> Iterator[QuantumWorkspace]:
        """Whose turn it is: one of a namespace at a time, which then comes after all others.

        Of one namespace who waits longest comes first: thousands of slow lists keep waiting no list of another.
        """
        now, workspaces = self._clock.monotonic(), dict(self._cache.workspaces)
        self._lists.known(workspaces, now)
        there = {one.namespace for one in workspaces.values()}
        self._turns = {name: at for name, at in self._turns.items() if name in there}
        due = [workspaces[uid] for uid in self._lists.due(now)]
        for one in sorted(due, key=lambda one: self._turns.get(one.namespace, -inf)):
            if len(self._searched) >= _AT_A_TIME:
                return
            if one.namespace not in self._searched:
                self._turns[one.namespace] = now
                yield one

    async def _turn(self, workspace: QuantumWorkspace, sightings: Sightings) -> None:
        before, interval = set(sightings.first_seen), self._settings.garbage_collection_seconds
        try:
            await self._search(workspace, sightings)
        finally:
            self._searched.discard(workspace.namespace)
        fresh = sightings.first_seen.keys() - before
        # Workspaces that were first searched together, at the start, don't stay together.
        usual = interval * (1 - spread(workspace.uid))
        soon = fresh or sightings.was_cut
        sightings.due = self._clock.monotonic() + (min(self._settings.fence_seconds, usual) if soon else usual)

    async def _search(self, workspace: QuantumWorkspace, sightings: Sightings) -> None:
        """One workspace's list; what can't be had now, or not in time, is had the next time."""
        seen: set[str] = set()
        complete, begun = False, sightings.row
        sightings.begin()
        if untold := sightings.hour.begin(self._clock.monotonic()):
            what = "the list was filled in by somebody else, or an operator has lost its objects"
            more = f"in lists of this namespace, jobs whose QuantumJob is gone were seen {untold:,} times more"
            await self._tell(workspace, f"{more}; {what}")
        try:
            async with asyncio.timeout(_SEARCH_SECONDS):
                connection = await self._connections.get(workspace)
                if isinstance(connection, Connection):
                    await self._list(connection, sightings, seen)
                    complete, sightings.row = not begun, 0
        except TimeoutError:
            row = sightings.stop(begun)
            _log.info("workspace %s/%s: the search for jobs without an object goes on at row %d", *workspace.key, row)
        except (ServiceError, ClusterError) as error:
            sightings.row = 0
            _log.info("workspace %s/%s: jobs without an object could not be searched for: %s", *workspace.key, error)
        except Exception:  # noqa: BLE001 - one workspace's trouble must not end the search in the others
            _log.exception("the search for jobs without an object failed")
        sightings.forget_all_but(seen, self._clock.monotonic(), complete=complete)

    async def _list(self, connection: Connection, sightings: Sightings, seen: set[str]) -> None:
        """The list in words that the service knows."""
        try:
            await self._collect(connection, sightings, seen, UNFINISHED)
        except Refused as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            await self._collect(connection, sightings, seen, OLDER_WORDS)

    async def _collect(self, connection: Connection, sightings: Sightings, seen: set[str], words: str) -> None:
        owned: dict[str, frozenset[str]] = {}
        recognition = Recognition(connection.workspace.id)
        left: Counter[bool] = Counter()
        async for page in connection.client.list_whole_jobs(only=words, first=sightings.row):
            sightings.row += len(page)
            for number, row in enumerate(page):
                if not number % _ROWS_AT_ONCE:
                    await asyncio.sleep(0)
                origin = self._origin(row)
                # Orphans don't count among the others: any number of them may be newer than what is looked for.
                kind = sent_as_orphan(row)
                if origin is None or released_on_purpose(row) or left[kind] >= MOST:
                    continue
                if row.id not in seen and await self._is_left(row, origin, connection, owned, recognition):
                    seen.add(row.id)
                    left[kind] += 1
                    await self._found(row, origin, connection, sightings)
            del page  # nobody counts what it takes while the next one does not come
            await asyncio.sleep(0)

    async def _is_left(
        self,
        row: RemoteJob,
        origin: Origin,
        connection: Connection,
        owned: dict[str, frozenset[str]],
        recognition: Recognition,
    ) -> bool:
        """Whether a row counts here, and none of the known objects has the job."""
        workspace, namespace = connection.workspace, origin.namespace
        known = self._cache.jobs.get(origin.uid)
        if known is not None and known.namespace == namespace:
            return False
        # Ids are made only where they decide: they take time, and whoever owns the list chooses the rows.
        if not may_tell(workspace, namespace, self._default, keyed=False):
            return False
        if not may_tell(workspace, namespace, self._default, keyed=True):
            return recognition.has_id_of_its_uid(row, origin)
        if namespace not in owned:
            owned[namespace] = await self._owned(namespace, workspace.id)
        return not has_owner(row, owned[namespace])

    def _origin(self, remote: RemoteJob) -> Origin | None:
        if not is_guid(remote.id):
            return None  # none of ours; and ids are remembered, which may be as long as a page
        origin = origin_of(remote, self._settings.cluster_name, self._settings.watch_namespaces)
        return None if origin is None or self._in_hand(origin.uid) else origin

    async def _owned(self, namespace: str, workspace: str) -> frozenset[str]:
        """What the known objects of a namespace own in an Azure workspace."""
        owned: set[str] = set()
        for number, job in enumerate([job for job in self._cache.jobs.values() if job.namespace == namespace]):
            owned.update(owned_by(job, workspace))
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
        return frozenset(owned)

    async def _lives(self, remote: RemoteJob, origin: Origin, workspace: str, sightings: Sightings) -> bool:
        """Whether an object has the job at this moment, whatever the watch has told."""
        if has_id_of_its_uid(remote, origin, workspace):
            live = await self._objects.read_job(origin.namespace, origin.name)
            return live is not None and live.uid == origin.uid
        found = False
        sightings.looked += 1

        def look(job: QuantumJob) -> None:
            nonlocal found
            sightings.looked += 1
            found = found or has_owner(remote, set(owned_by(job, workspace)))

        await self._objects.each_of(origin.namespace, look)  # which are as many, and as long, as their tenants like
        return found

    async def _found(self, row: RemoteJob, origin: Origin, connection: Connection, sightings: Sightings) -> None:
        """A row of the list; what goes wrong with one keeps nobody from the others."""
        now = self._clock.monotonic()
        if now - sightings.first_seen.setdefault(row.id, now) < self._settings.fence_seconds:
            return  # its object may be younger than what the watch has told
        if not sightings.may_look(row.id):
            return
        try:
            await self._end(row.id, origin, connection, sightings)
        except (ServiceError, ClusterError) as error:
            _log.warning("job %s, whose QuantumJob is gone, could not be ended: %s", row.id, error)

    async def _end(self, job_id: str, origin: Origin, connection: Connection, sightings: Sightings) -> None:
        client = connection.on_behalf(origin.namespace, cancelling=True).client
        # Nothing but one round trip lies between the last look and the request; and before the look for an owner comes
        # the one at the job, which an owner tags before it goes.
        await client.wait_for_turn(cancelling=True)
        remote = await client.get_job(job_id)
        if remote is None or self._origin(remote) != origin:
            return
        looked = self._clock.monotonic()
        if await self._lives(remote, origin, connection.workspace.id, sightings):
            return
        if released_on_purpose(remote):
            _log.debug("job %s runs on without its object, as deletionPolicy Orphan asked", remote.id)
            return
        if not (self.may_cancel and may_be_cancelled(remote, self._holder, self._started)):
            then = "cancel it at the service if nobody needs it"
            if sent_as_orphan(remote):
                then = f"it was sent with deletionPolicy Orphan, but nothing shows that it was released: {then}"
            await self._report(remote, origin, connection, then, sightings)
            return
        accepted = await client.cancel_job(remote.id, may_start=lambda: self._is_fresh(looked)) is CancelAnswer.ACCEPTED
        then = "it was asked to cancel" if accepted else "the service can't cancel it now; it is asked again"
        await self._report(remote, origin, connection, then, sightings)

    def _is_fresh(self, looked: float) -> bool:
        return self._clock.monotonic() - looked < self._settings.put_start_seconds

    async def _report(
        self, remote: RemoteJob, origin: Origin, connection: Connection, then: str, sightings: Sightings
    ) -> None:
        if not sightings.may_tell(remote.id, self._clock.monotonic(), orphan=sent_as_orphan(remote)):
            return
        self._metrics.left_behind.inc()
        message = f"job {remote.id} still runs, and QuantumJob {origin.namespace}/{origin.uid} is gone; {then}"
        await self._tell(connection.workspace, message, jobId=remote.id, uid=origin.uid)

    async def _tell(self, workspace: QuantumWorkspace, message: str, **fields: str) -> None:
        notice = Notice(LEFT_BEHIND, message, warning=True)
        _log.error("%s in %s/%s: %s", LEFT_BEHIND, *workspace.key, message, extra=fields)
        await self._events.publish(workspace_reference(workspace), notice, self._clock.now(), once=True)
