"""One container: its process, its probes, its restarts, and its state as the Pod's status tells it.

Must not live here: other containers of the Pod, or any request to the API server.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from devcluster.processes import Child
from nodestandin.api import Manifest
from nodestandin.errors import Unstartable
from nodestandin.probes import Probe

_BACKOFF_SECONDS: Final = 10.0
_LONGEST_BACKOFF_SECONDS: Final = 300.0
_FORGIVEN_SECONDS: Final = 600.0
_RETRY_SECONDS: Final = 2.0
_MESSAGE_LINES: Final = 20
_MESSAGE_CHARACTERS: Final = 2048


def timestamp() -> str:
    """Now, as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Container:
    """A container of a Pod; `step` does whatever is due and never waits, but for the time-out of a probe.

    Attributes:
        spec: As in the Pod.
        restart_policy: The Pod's.
        address: The Pod's.
        grace: Seconds between SIGTERM and SIGKILL.
        command: Makes the command line for the next life; raises Unstartable.
        log: What it wrote in all its lives.
        ready: Whether it is ready.
        ended: Whether it has ended for good.
        exit_code: Of the last life that ended.
    """

    spec: Manifest
    restart_policy: str
    address: str
    grace: float
    command: Callable[[], Sequence[str]]
    log: Path
    ready: bool = False
    ended: bool = False
    exit_code: int | None = None
    _started: bool = False
    _child: Child | None = None
    _born: float = 0.0
    _born_at: str = ""
    _next_start: float = 0.0
    _backoff: float = 0.0
    _restarts: int = 0
    _state: Manifest = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    _last_state: Manifest = field(default_factory=dict)
    _probes: dict[str, Probe] = field(default_factory=dict)

    def step(self) -> None:
        """Start, probe, or notice the end, whatever is due."""
        now = time.monotonic()
        if self.ended:
            return
        if self._child is None:
            if now >= self._next_start:
                self._start(now)
        elif not self._child.running:
            self._bury(now)
        else:
            self._probe(now)

    def ask_to_end(self, deadline: float) -> None:
        """Give it until a monotonic time to end in order, then kill it; it never starts again."""
        if self._child is not None:
            self._child.stop(max(deadline - time.monotonic(), 0.0))
            self._bury(time.monotonic())
        self.ready, self.ended = False, True

    def tell_to_end(self, signal: Callable[[Child], None]) -> None:
        """Send a signal to its process, if it runs."""
        if self._child is not None:
            signal(self._child)

    def status(self) -> Manifest:
        """As `containerStatuses` has it."""
        return {
            "name": self.spec["name"],
            "image": self.spec["image"],
            "imageID": "",
            "ready": self.ready,
            "started": self._started,
            "restartCount": self._restarts,
            "state": self._state,
            "lastState": self._last_state,
        }

    def _start(self, now: float) -> None:
        try:
            command = self.command()
            probes = {
                kind: Probe.of(self.spec, kind, self.address, now)
                for kind in ("startupProbe", "livenessProbe", "readinessProbe")
            }
        except Unstartable as error:
            self._state = {"waiting": {"reason": error.reason, "message": str(error)}}
            self._next_start = now + _RETRY_SECONDS
            return
        self._child = Child.start(command, name=self.spec["name"], log=self.log)
        self._probes = {kind: probe for kind, probe in probes.items() if probe is not None}
        self._born, self._born_at = now, timestamp()
        self._state = {"running": {"startedAt": self._born_at}}

    def _probe(self, now: float) -> None:
        startup = self._probes.get("startupProbe")
        if not self._started and startup is not None:
            startup.ask_if_due(now)
            if startup.passed is False:
                self._kill(now)
            if not startup.passed:
                return
        if not self._started:
            self._begin_probing(now)
        liveness, readiness = self._probes.get("livenessProbe"), self._probes.get("readinessProbe")
        if liveness is not None:
            liveness.ask_if_due(now)
            if liveness.passed is False:
                self._kill(now)
                return
        if readiness is not None:
            readiness.ask_if_due(now)
        self.ready = readiness is None or readiness.passed is True

    def _begin_probing(self, now: float) -> None:
        """The other probes count from the end of the startup probe."""
        self._started = True
        for kind in ("livenessProbe", "readinessProbe"):
            probe = Probe.of(self.spec, kind, self.address, now)
            if probe is not None:
                self._probes[kind] = probe

    def _kill(self, now: float) -> None:
        if self._child is not None:
            self._child.stop(self.grace)
            self._bury(now)

    def _bury(self, now: float) -> None:
        if self._child is None:
            return
        self.exit_code = self._child.wait(self.grace)
        text = self._child.log_tail(_MESSAGE_LINES)[-_MESSAGE_CHARACTERS:] if self.exit_code else ""
        self._child, self.ready, self._started = None, False, False
        ended = {
            "terminated": {
                "exitCode": self.exit_code,
                "reason": "Error" if self.exit_code else "Completed",
                "message": text,
                "startedAt": self._born_at,
                "finishedAt": timestamp(),
            }
        }
        if self.restart_policy == "Never" or (self.restart_policy == "OnFailure" and not self.exit_code):
            self._state, self.ended = ended, True
            return
        if now - self._born > _FORGIVEN_SECONDS:
            self._backoff = 0.0
        self._next_start = now + self._backoff
        self._backoff = min(max(self._backoff * 2, _BACKOFF_SECONDS), _LONGEST_BACKOFF_SECONDS)
        self._restarts += 1
        self._state, self._last_state = {"waiting": {"reason": "CrashLoopBackOff"}}, ended
