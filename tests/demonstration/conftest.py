"""The demo's command as a user starts it, and a reconciliation at what it leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import pytest

PROJECT: Final = Path(__file__).parents[2]
_MARK: Final = "DEMO_TEST_MARK"
_SECONDS: Final = 120
_ENV: Final = shutil.which("env") or "env"
"""Found here: a test may start the demo with an empty PATH."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A demo that has ended."""

    code: int
    output: str
    errors: str


@dataclass(slots=True)
class Demo:
    """Starts `python -m demo`; all processes that come of it carry a mark in their environment."""

    environment: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self, *arguments: str, stdout: int = subprocess.PIPE) -> "subprocess.Popen[str]":
        """Start it and return at once; it has no terminal unless `stdout` is one."""
        # A shell starts what runs in the background with Ctrl-C ignored, and children inherit that.
        return subprocess.Popen(
            [_ENV, "--default-signal=INT", sys.executable, "-m", "demo", *arguments],
            cwd=PROJECT,
            env=os.environ | dict(self.environment) | {_MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Ended:
        """Run it to its end."""
        with self.start(*arguments) as running:
            output, errors = running.communicate(timeout=_SECONDS)
        return Ended(running.returncode, output, errors)

    def interrupt_when(self, sign: str, *arguments: str) -> Ended:
        """Press Ctrl-C when a line with the sign is seen."""
        with self.start(*arguments) as running:
            lines = []
            for line in running.stdout or ():
                lines.append(line)
                if sign in line:
                    break
            os.killpg(running.pid, signal.SIGINT)
            rest, errors = running.communicate(timeout=_SECONDS)
        return Ended(running.returncode, "".join(lines) + rest, errors)

    def left_running(self) -> Sequence[str]:
        """The command lines of its processes that still run."""
        return [" ".join(process.cmdline()) for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(_MARK) == self.mark
        except psutil.Error:  # it has just ended, or is somebody else's
            return False


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A demo that is not allowed to leave anything running."""
    one = Demo()
    yield one
    assert one.left_running() == []
