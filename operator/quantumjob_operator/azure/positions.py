"""The places of a workspace's waiting jobs in their providers' queues.

Nothing follows from a place: it is shown. So it costs little: a small share of the workspace's requests, one at a time
and forty a minute at most, each job every few minutes, and none for a day where the service does not know the call.
Must not live here: what a place looks like in status (`lifecycle`).
"""

import asyncio
import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Protocol

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.model.errors import Refused, ServiceError
from quantumjob_operator.scheduling.backoff import poll_interval, spread
from quantumjob_operator.scheduling.fair_queue import FairQueue
from quantumjob_operator.settings import Settings

_SHARE: Final = 0.1
"""Of the workspace's requests, at most."""
_LEAST_PAUSE: Final = 1.5
_SCAN_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 10.0
_LONGEST_TIMES: Final = 5
_TROUBLE_SECONDS: Final = 300.0
_OFF_SECONDS: Final = 86_400.0
_NEAR: Final = 10
_log = logging.getLogger(__name__)


class TellPlace(Protocol):
    """Told of a place that differs enough from the one that is shown."""

    def __call__(self, uid: str, ahead: int | None) -> None:
        """`ahead` is None when the service no longer says."""


@dataclass(slots=True)
class _Waiting:
    """A job that waits.

    Attributes:
        since: Monotonic time from which on it is known to wait.
        due: When it is asked about next; infinite while it stands in the queue.
        shown: Its place as its status shows it.
    """

    uid: str
    job_id: str
    namespace: str
    since: float
    due: float
    shown: int | None


def worth_telling(shown: int | None, ahead: int | None) -> bool:
    """Whether a place is written: each write costs the cluster, and 812 is no news after 815.

    It is when it is near the front, has halved, or has doubled because others were let in before.
    """
    if shown is None or ahead is None or shown == ahead:
        return shown != ahead
    return min(shown, ahead) < _NEAR or 2 * ahead <= shown or ahead >= 2 * shown


@dataclass(slots=True)
class QueuePositions:
    """Asks for the places of the jobs of one workspace that wait.

    Attributes:
        name: `namespace/name` of the QuantumWorkspace.
        client: Replaced by `use`.
        tell: Called with news.
        monotonic: Seconds of a clock that never steps back.
    """

    name: str
    client: WorkspaceClient
    settings: Settings
    tell: TellPlace
    monotonic: Callable[[], float]
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _queue: FairQueue[str] = field(default_factory=FairQueue)
    _scanned: float = -math.inf
    _off_until: float = 0.0

    def use(self, client: WorkspaceClient) -> None:
        """Go on with a client with new credentials, to which the service may tell more."""
        if client is not self.client:
            self.client, self._off_until = client, 0.0

    def watch(self, uid: str, job_id: str, namespace: str, shown: int | None) -> None:
        """Ask for a job's place now and then; `shown` is what its status says of it."""
        known = self._waiting.get(uid)
        if known and known.job_id == job_id:
            known.shown = shown
            return
        self.unwatch(uid)
        now = self.monotonic()
        self._waiting[uid] = _Waiting(uid, job_id, namespace, now, now + self._interval(0.0, uid), shown)

    def unwatch(self, uid: str) -> None:
        """It waits no longer, or nobody follows it."""
        known = self._waiting.pop(uid, None)
        if known:
            self._queue.discard(known.namespace, uid)

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            try:
                pause = await self.turn()
            except Exception:  # noqa: BLE001 - nothing follows from a place; logged, and tried again later
                _log.exception("asking for places in the queues of workspace %s failed", self.name)
                pause = _TROUBLE_SECONDS
            await asyncio.sleep(pause)

    async def turn(self) -> float:
        """Ask for one place, if one is due.

        Returns:
            Seconds until the next turn.
        """
        now, idle = self.monotonic(), min(_IDLE_SECONDS, self.settings.queue_position_seconds)
        if now < self._off_until:
            return min(self._off_until - now, _IDLE_SECONDS)
        if now - self._scanned >= _SCAN_SECONDS:
            self._scanned = now
            for each in self._waiting.values():
                if each.due <= now:
                    each.due = math.inf
                    self._queue.push(each.namespace, each.uid)
        taken = self._queue.pop()
        if taken is None:
            return max(idle, _SCAN_SECONDS)
        await self._ask(self._waiting[taken[1]])
        return max(_LEAST_PAUSE, 1 / (_SHARE * self.settings.requests_per_second))

    async def _ask(self, one: _Waiting) -> None:
        try:
            ahead = await self.client.on_behalf(one.namespace).queue_position(one.job_id)
        except ServiceError as error:
            ahead = one.shown
            if not _is_about_this_job(error):
                unknown = _says_unknown(error)
                pause = _OFF_SECONDS if unknown else max(_TROUBLE_SECONDS, error.retry_after or 0.0)
                self._off_until = self.monotonic() + pause * (1 + spread(self.name))
                _log.info(
                    "places in the queues of workspace %s are not asked for for %.0f s: %s", self.name, pause, error
                )
        if self._waiting.get(one.uid) is not one:
            return
        now = self.monotonic()
        one.due = now + self._interval(now - one.since, one.uid)
        if worth_telling(one.shown, ahead):
            one.shown = ahead
            self.tell(one.uid, ahead)

    def _interval(self, age: float, uid: str) -> float:
        shortest = self.settings.queue_position_seconds
        return poll_interval(age, uid, shortest=shortest, longest=_LONGEST_TIMES * shortest)


def _is_about_this_job(error: ServiceError) -> bool:
    """Whether the service knows the call, and not the job."""
    said = f"{error.code or ''} {error.detail}"
    return error.status == HTTPStatus.NOT_FOUND and re.search(r"\bjob", said, re.IGNORECASE) is not None


def _says_unknown(error: ServiceError) -> bool:
    """Whether the service has no such call, or not in this form."""
    status = error.status or 0
    return (
        isinstance(error, Refused)
        or status in {HTTPStatus.NOT_FOUND, HTTPStatus.NOT_IMPLEMENTED}
        or HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    )
