"""A program of ours that tells in a file where it serves, and that tests stop, kill and start again.

Must not know which program it is.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devcluster.errors import StartError
from devcluster.processes import Child

_START_SECONDS: Final = 180.0


class Service:
    """One program, started any number of times with the same command line.

    Attributes:
        name: What messages call it.
        log: What it wrote in all its lives.
    """

    def __init__(
        self, name: str, argv: Sequence[str | Path], *, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._ready_file = folder / f"{name}.ready.json"
        self._argv = [*argv, "--ready-file", self._ready_file]
        self._env = os.environ | (env or {})
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Process id of its present life."""
        return self._living.pid

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._child is not None and self._child.running

    @property
    def announced(self) -> dict[str, Any]:
        """What it told when it was ready."""
        told: dict[str, Any] = json.loads(self._ready_file.read_text())
        return told

    def start(self) -> None:
        """Start it and wait until it has told where it serves.

        Raises:
            StartError: It is running already, it ended, or it took too long.
        """
        if self.running:
            raise StartError(f"{self.name} is running already: stop it first")
        self._ready_file.unlink(missing_ok=True)
        self._child = Child.start(self._argv, name=self.name, log=self.log, env=self._env)
        self._child.wait_until(self._has_announced, _START_SECONDS)

    def stop(self, timeout: float = 15) -> int:
        """Ask it to end in order, kill it after `timeout` seconds; returns its exit code."""
        return self._living.stop(timeout)

    def kill(self) -> int:
        """End it with SIGKILL; returns its exit code."""
        return self._living.kill()

    def end(self) -> None:
        """Kill it if it runs: for whoever cleans up."""
        if self._child is not None:
            self._child.kill()

    @property
    def _living(self) -> Child:
        if self._child is None:
            raise StartError(f"{self.name} was never started")
        return self._child

    def _has_announced(self) -> bool:
        try:
            return bool(self.announced)
        except (FileNotFoundError, json.JSONDecodeError):
            return False  # not there yet, or being written
