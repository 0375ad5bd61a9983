"""Child processes that never outlive us, and the ports they listen on.

Knows nothing of what the programs do. Whoever starts a program in the tests, the demo or a benchmark does it here.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from devcluster.errors import StartError

_LEASH: Final = Path(__file__).with_name("leash.py")
_POLL_SECONDS: Final = 0.05
_LOG_TAIL: Final = 30
# Below the range from which Linux takes the source ports of outgoing connections, so that a port stays free while the
# server that uses it is being restarted.
_PORTS: Final = range(20_000, 32_000)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    for port in _shuffled_ports():
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartError("no free TCP port between 20000 and 32000 on 127.0.0.1: end some servers")


def _shuffled_ports() -> Iterator[int]:
    yield from random.sample(_PORTS, len(_PORTS))


class Child:
    """A running program that ends with us, even if we are killed.

    Attributes:
        name: What messages call it.
        pid: Process id of the program itself, not of the leash before it.
        log: File with its standard output and standard error.
    """

    def __init__(self, name: str, log: Path, leash: "subprocess.Popen[bytes]", pid: int) -> None:
        self.name = name
        self.log = log
        self.pid = pid
        self._leash = leash
        self._pidfd = _pidfd_of(pid)

    @classmethod
    def start(
        cls,
        argv: Sequence[str | Path],
        *,
        name: str,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Self:
        """Start a program; returns at once.

        Args:
            argv: The program and its arguments; no shell is involved.
            name: What messages call it.
            log: File that takes its output; appended to, made if absent.
            env: Its whole environment; ours if None.
            cwd: Its working directory; ours if None.
        """
        with log.open("ab") as output:
            leash = subprocess.Popen(
                [sys.executable, "-I", "-S", _LEASH, *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=env,
                cwd=cwd,
                # Ctrl-C in the terminal is for us; we then stop the programs in order.
                start_new_session=True,
            )
        assert leash.stdout is not None
        with leash.stdout as handshake:
            told = handshake.readline()
        if not told:
            raise StartError(f"{name} can't be started: {_tail(log)}")
        return cls(name, log, leash, int(told))

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return self._leash.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Its exit code, 128 plus the number of the signal that ended it, or None while it runs."""
        return self._leash.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program; nothing happens if it has ended."""
        if self._pidfd is None or not self.running:
            return
        try:
            signal.pidfd_send_signal(self._pidfd, number)
        except ProcessLookupError:
            return  # it ended since: what the caller wanted, or will see in `exit_code`

    def stop(self, timeout: float = 10) -> int:
        """Ask it to end (SIGTERM), kill it when it hasn't within `timeout` seconds; return its exit code."""
        self.send(signal.SIGTERM)
        try:
            return self._reap(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it with SIGKILL, wait until it and all that it started are gone; return its exit code."""
        self.send(signal.SIGKILL)
        return self._reap(None)

    def wait(self, timeout: float) -> int:
        """Wait until it ends by itself; return its exit code.

        Raises:
            TimeoutError: It still runs after `timeout` seconds.
        """
        try:
            return self._reap(timeout)
        except subprocess.TimeoutExpired as late:
            raise TimeoutError(f"{self.name} still runs after {timeout} s") from late

    def log_tail(self, lines: int = _LOG_TAIL) -> str:
        """The last lines of its log."""
        return _tail(self.log, lines)

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Poll until `ready()` is true.

        Raises:
            StartError: It ended, or `timeout` seconds went by; with the end of its log.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise StartError(f"{self.name} ended with exit code {self.exit_code}: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} isn't ready after {timeout} s: {self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def _reap(self, timeout: float | None) -> int:
        code = self._leash.wait(timeout)
        if self._leash.stdin is not None:
            self._leash.stdin.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        return code


def _pidfd_of(pid: int) -> int | None:
    """A handle that can't come to mean another process; None if it has ended already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _tail(log: Path, lines: int = _LOG_TAIL) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
