"""One port with /healthz, /readyz and /metrics.

Alive means that the loops turn, not that they succeed: an outage of Azure or of the API server must not restart the
pod, which would lose the credentials held for cancelling. Whoever reaches the port may ask, so `/healthz` names no
workspace: which one is slow stands in the log. Must not live here: what is counted (`metrics`).
"""

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.leadership import Leadership
from quantumjob_operator.cluster.watch import Watch
from quantumjob_operator.controller.workspaces import Workspaces
from quantumjob_operator.metrics import OTHERS, Metrics, bounded_workspaces

_STALE_SECONDS: Final = 60.0
_POLLER: Final = "poller "
_log = logging.getLogger(__name__)


class Probes:
    """The HTTP endpoints for the kubelet and Prometheus."""

    def __init__(
        self,
        *,
        watch: Watch,
        leadership: Leadership | None,
        workspaces: Workspaces,
        metrics: Metrics,
        clock: Clock,
        workqueue_depth: Callable[[], int],
        crd_outdated: Callable[[], bool],
        request_seconds: float,
    ) -> None:
        self._watch = watch
        self._leadership = leadership
        self._workspaces = workspaces
        self._metrics = metrics
        self._clock = clock
        self._queue_depth = workqueue_depth
        self._crd_outdated = crd_outdated
        # A loop turns between requests, and one of those may take its whole time.
        self._standstill = Standstill(_STALE_SECONDS + request_seconds)
        application = web.Application()
        application.add_routes(
            [web.get("/healthz", self._healthz), web.get("/readyz", self._readyz), web.get("/metrics", self._scrape)]
        )
        self._runner = web.AppRunner(application, access_log=None)

    async def open(self, host: str, port: int, ready_file: str | None) -> int:
        """Listen; returns the port.

        Args:
            host: Address to listen on.
            port: 0 for a free one.
            ready_file: Where to say so, as JSON with port and pid.
        """
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        chosen: int = self._runner.addresses[0][1]
        if ready_file:
            temporary = Path(f"{ready_file}.tmp")
            temporary.write_text(json.dumps({"port": chosen, "pid": os.getpid()}))  # noqa: ASYNC240 - once, at the start
            temporary.replace(ready_file)  # noqa: ASYNC240 - once, at the start
        return chosen

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    def _stands_by(self) -> bool:
        return self._leadership is not None and not self._leadership.leading.is_set()

    def _ages(self) -> dict[str, float]:
        """Seconds since each loop turned; those of the pollers have their workspaces' names."""
        now, beats = self._clock.monotonic(), {"watch": self._watch.beat_at}
        if self._stands_by():
            del beats["watch"]
        if self._leadership:
            beats["leadership"] = self._leadership.beat_at
        # What has not begun yet stands still for no time; the machine's clock may have run for weeks.
        ages = {name: now - beat for name, beat in beats.items() if beat is not None}
        return ages | {f"{_POLLER}{one.name}": now - one.beat_at for one in self._workspaces.pollers()}

    async def _healthz(self, _: web.Request) -> web.Response:
        ages = self._ages()
        turning = self._standstill.observe(ages)
        now = self._clock.monotonic()
        body = {
            "secondsSinceTurn": unnamed(ages),
            "secondsSinceWatchActivity": round(now - self._watch.heard_at, 1) if self._watch.heard_at else None,
            "secondsSinceOldestPollAnswer": max(
                (round(now - one.answered_at, 1) for one in self._workspaces.pollers()), default=None
            ),
        }
        return web.json_response(body, status=200 if turning else 503)

    async def _readyz(self, _: web.Request) -> web.Response:
        listed, outdated, bystander = self._watch.listed.is_set(), self._crd_outdated(), self._stands_by()
        # A standby does all that it can: unready, it would keep `helm upgrade --wait` waiting for ever.
        ready = bystander or (listed and not outdated)
        body = {"firstListing": listed, "crdOutdated": outdated, "standby": bystander}
        return web.json_response(body, status=200 if ready else 503)

    async def _scrape(self, _: web.Request) -> web.Response:
        now = self._clock.monotonic()
        self._metrics.workqueue_depth.set(self._queue_depth())
        self._metrics.poll_age.clear()
        answered = ((*one.name.partition("/")[::2], one.answered_at) for one in self._workspaces.pollers())
        shown, rest = bounded_workspaces(sorted(answered, key=lambda one: one[-1]))
        if rest:
            shown.append((OTHERS, OTHERS, min(at for *_, at in rest)))
        for namespace, name, at in shown:
            self._metrics.poll_age.labels(namespace, name).set(now - at)
        body = generate_latest(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


class Standstill:
    """Finds loops that turn no more, and names them in the log: once, until others do the same.

    Args:
        seconds: For how long a loop may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._named: frozenset[str] = frozenset()

    def observe(self, ages: Mapping[str, float]) -> bool:
        """Whether all loops turn; `ages` are seconds since each last did."""
        found = frozenset(name for name, age in ages.items() if age > self._seconds)
        if found - self._named:
            _log.error("not turned for more than %d seconds: %s", self._seconds, ", ".join(sorted(found)))
        self._named = found
        return not found


def unnamed(ages: Mapping[str, float]) -> dict[str, float]:
    """Ages of the loops as anybody may read them: of the pollers only the oldest, without its workspace's name."""
    told = {name: age for name, age in ages.items() if not name.startswith(_POLLER)}
    polled = [age for name, age in ages.items() if name.startswith(_POLLER)]
    if polled:
        told["slowestPoller"] = max(polled)
    return {name: round(age, 1) for name, age in told.items()}
