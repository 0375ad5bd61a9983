"""Keeps the watch alive and checks what it tells.

kopf's watch neither says when its first listing is through nor notices that it lags, and it ends when a CRD goes. So it
runs in a thread with an event loop of its own, where its end costs nothing else, and its word is checked against a
metadata listing at the start, at intervals and after each gap.

A cluster that is restored from a snapshot gives out resource versions a second time, and a watch that goes on from a
later one hears nothing until they are reached again. So the cluster's revision is asked for now and then; when it went
back, every object's next version is news. Must not live here: what an object means.
"""

import asyncio
import itertools
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import kopf

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.cache import Cache
from quantumjob_operator.cluster.echoes import is_echo
from quantumjob_operator.cluster.handing_over import HandOver
from quantumjob_operator.cluster.handlers import Sink, quiet_settings, watching
from quantumjob_operator.cluster.objects import PLURALS, Objects, parse_known
from quantumjob_operator.lifecycle.policies import REASONS
from quantumjob_operator.model.naming import JOB_PLURAL, MANAGED_BY, POLICY_PLURAL
from quantumjob_operator.model.parsing import MalformedObject
from quantumjob_operator.model.quantumjob import QuantumJob, parse_job
from quantumjob_operator.model.quantumpolicy import parse_policy
from quantumjob_operator.scheduling.backoff import ProgressTimeout, backoff
from quantumjob_operator.scheduling.work_queue import WorkQueue
from quantumjob_operator.settings import Settings

_BEAT: Final = 1.0
_CATCH_UP: Final = 15.0
_RELIST_SECONDS: Final = 2.0
_PROBE: Final = 10.0
_LONGEST_PAUSE: Final = 15.0
# Else kopf asks for the name of the user, and the image's has none. Nobody reads it: there is no peering.
_IDENTITY: Final[Any] = MANAGED_BY
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """The watch of our kinds.

    Attributes:
        listed: Set once the first listing is through: before, nothing may be decided.
        beat_at: Monotonic time of the last turn of the supervising loop; None before the first.
        heard_at: Monotonic time of the last event or successful check.
    """

    cache: Cache
    objects: Objects
    queue: WorkQueue[str]
    settings: Settings
    clock: Clock
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    beat_at: float | None = None
    heard_at: float = 0.0
    _revision: int = 0
    _malformed: dict[str, str] = field(default_factory=dict)
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    async def run(self) -> None:
        """Watch for ever, through absent CRDs and API servers that go and come."""
        failures = 0
        while True:
            self.beat_at = self.clock.monotonic()
            try:
                if await self.objects.served():
                    await self._follow()
                    failures = 0
                else:
                    failures += 1
                    _log.warning("the CRDs are not served yet; install crds/")
            except ClusterError as error:
                failures += 1
                _log.warning("%s", error)
            finally:
                await self._end_thread()
            await self._sleep(_pause(max(failures, 1)), lambda: False)

    async def _follow(self) -> None:
        """One life of kopf's watch: returns when it has ended, or was found to lag.

        A check that fails says nothing of the watch, and an API server that is overloaded would have to list all
        objects anew for another one.
        """
        self._start_thread(asyncio.get_running_loop())
        await self._sleep(_BEAT / 10, self._ended)
        failures = 0
        while not self._ended():
            try:
                agrees = await self._check()
            except ClusterError as error:
                failures += 1
                _log.warning("%s", error)
                await self._sleep(_pause(failures), self._ended)
                continue
            failures = 0
            if not agrees:
                _log.warning("the watch is not what the API server says; starting it anew")
                return
            await self._rest()

    async def _rest(self) -> None:
        """Wait until the next check is due: after the interval, after a gap, or when the revision went back."""
        until, gap = self.clock.monotonic() + self.settings.resync_seconds, False
        while (left := until - self.clock.monotonic()) > 0 and not self._ended():
            await self._sleep(min(_PROBE, left), self._ended)
            known = self._newest()
            try:
                revision = await self._ask_revision()
            except ClusterError as error:
                gap = True
                _log.warning("%s", error)
                continue
            if gap or revision < known:
                return

    async def _ask_revision(self) -> int:
        scopes = self.settings.watch_namespaces
        return await self.objects.revision(JOB_PLURAL, scopes[0] if scopes else None)

    def _newest(self) -> int:
        """The highest revision that the cluster is known to have had."""
        return max(self._revision, self.cache.newest)

    async def _sleep(self, seconds: float, over: Callable[[], bool]) -> None:
        """Sleep, but go on beating, and wake when it is over."""
        until = self.clock.monotonic() + seconds
        while (now := self.clock.monotonic()) < until and not over():
            self.beat_at = now
            await asyncio.sleep(min(_BEAT, until - now))

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stop = threading.Event()
        sink = HandOver(loop, self._stop, self._hear)
        self._thread = threading.Thread(target=self._watch, args=(sink, self._stop), name="watch", daemon=True)
        self._thread.start()

    def _watch(self, sink: Sink, stop: threading.Event) -> None:
        namespaces = self.settings.watch_namespaces
        operator: Awaitable[None] = kopf.operator(
            registry=watching(sink),
            settings=quiet_settings(),
            standalone=True,
            identity=_IDENTITY,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )
        try:
            asyncio.run(_watched(operator, stop))
        except Exception:  # noqa: BLE001 - whatever ends kopf, the supervisor starts it anew
            _log.exception("the watch ended")

    def _ended(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    async def _end_thread(self) -> None:
        if self._thread is not None:
            self._stop.set()
            await asyncio.to_thread(self._thread.join, 10.0)
            self._thread = None

    async def close(self) -> None:
        """End kopf's thread."""
        await self._end_thread()

    def _hear(self, plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        """Take an event into the cache; news that asks for a reconciliation puts the object's key on the queue."""
        self.heard_at = self.clock.monotonic()
        uid = body["metadata"]["uid"]
        if event_type == "DELETED":
            self._malformed.pop(uid, None)
            self._remove(uid, _last(plural, body))
            return
        if event_type is None:
            self.cache.listed(uid)
        if not self.cache.is_news(body):
            return
        if plural == POLICY_PLURAL:
            self.cache.put_policy(parse_policy(body))
            self._wake_held(body["metadata"]["namespace"])
            return
        old, stale = self.cache.find(uid), self.cache.is_stale(uid)
        try:
            news = self.cache.put(parse_known(plural, body))
        except MalformedObject as error:
            self._malformed[uid] = body["metadata"]["resourceVersion"]
            _log.error("%s: %s: the installed CRDs are not this operator's", plural, error)
            return
        self._malformed.pop(uid, None)
        # Our own writing comes back while the reconciliation that wrote it goes on; else somebody else wrote.
        echo = old and (new := self.cache.find(uid)) and self.queue.is_working(uid) and is_echo(old, new)
        if news and (stale or not echo):
            self.queue.add(uid)

    def _remove(self, uid: str, last: QuantumJob | None = None) -> None:
        policy = self.cache.policies.get(uid)
        self.cache.remove(uid, last)
        if policy:
            self._wake_held(policy.namespace)
        else:
            self.queue.add(uid)

    def _wake_held(self, namespace: str) -> None:
        """Its policies have changed: who waits for that looks again, and who looks at the former ones just now."""
        for job in self.cache.jobs.values():
            held = job.status.condition("Submitted")
            if job.namespace == namespace and (self.queue.is_working(job.uid) or (held and held.reason in REASONS)):
                self.queue.add(job.uid)

    async def _check(self) -> bool:
        """Compare with a listing; False if the watch has not caught up with it in time, or never can."""
        newest, known = self._newest(), self.cache.versions()
        revision, there = await self._ask_revision(), await self._list()
        for uid in known.keys() - there.keys():
            self._remove(uid)  # deleted while nobody watched
        if revision < newest or any(int(there.get(uid, version)) < int(version) for uid, version in known.items()):
            _log.warning("the cluster went back from revision %d to %d: it was restored", newest, revision)
            self.cache.mark_stale()
            self._malformed.clear()
            self._revision = revision
            return False
        self._revision = revision
        if not await self._catch_up(there):
            return False
        self.heard_at = self.clock.monotonic()
        if not self.listed.is_set():
            self.cache.doubt_budgets()
        self.listed.set()
        return True

    async def _catch_up(self, there: Mapping[str, str]) -> bool:
        """Wait until the watch has told all that is there; False if it ends before, or stops telling.

        A first listing takes as long as there are objects: ten thousand of them are no reason to begin again.
        """
        timeout, mark_stale = ProgressTimeout(_CATCH_UP), ProgressTimeout(_RELIST_SECONDS)
        while left := self._behind(there):
            now = self.clock.monotonic()
            if self._ended() or timeout.is_over(left, now):
                return False
            if mark_stale.is_over(left, now):
                # What was deleted after our listing and before the watch's own is never told.
                still = await self._list()
                there = {uid: version for uid, version in there.items() if uid in still}
                mark_stale = ProgressTimeout(_RELIST_SECONDS)
            await self._sleep(_BEAT / 10, self._ended)
        return True

    async def _list(self) -> dict[str, str]:
        there: dict[str, str] = {}
        scopes: list[str | None] = list(self.settings.watch_namespaces) or [None]
        for scope, plural in itertools.product(scopes, PLURALS):
            there |= {uid: version async for uid, version in self.objects.versions(plural, scope)}
        return there

    def _behind(self, there: Mapping[str, str]) -> int:
        """How many objects the watch has not told in the version that is there, or in a later one."""
        return sum(self._told(uid) < int(version) for uid, version in there.items())

    def _told(self, uid: str) -> int:
        """The newest version of an object that came, whether it could be read or not; -1 if none did."""
        return max(int(self._malformed.get(uid, -1)), int(self.cache.resource_version(uid) or -1))


def _last(plural: str, body: Mapping[str, Any]) -> QuantumJob | None:
    """The last version of a job, which the event of its deletion carries: what was changed meanwhile is in it."""
    try:
        return parse_job(body) if plural == JOB_PLURAL else None
    except MalformedObject:
        return None


def _pause(failures: int) -> float:
    return min(backoff(failures, "watch"), _LONGEST_PAUSE)


async def _watched(operator: Awaitable[None], stop: threading.Event) -> None:
    """Run kopf to its end, whoever brings it about.

    kopf waits for the flag in a thread of the loop's executor, and the loop doesn't close before that thread has ended:
    a watch that failed would look alive for ever.
    """
    try:
        await operator
    finally:
        stop.set()
