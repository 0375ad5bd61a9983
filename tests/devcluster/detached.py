"""A program that keeps running after the command that started it, and is found again through a folder.

The folder holds a lock that the program keeps while it lives, what it announces once it is ready, and its log. The
lock, not a process id, says whether it lives: ids are reused, and the kernel drops the lock whatever kills the program.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from devcluster.errors import StartError
from devcluster.progress import Report

_ANNOUNCEMENT: Final = "state.json"
_LOCK: Final = "alive.lock"
_LOG: Final = "log"
_POLL_SECONDS: Final = 0.1

State = dict[str, Any]


class Detached:
    """The outer side: starts, finds and ends the program of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def state(self) -> State | None:
        """What the program announced; None if none is running or it isn't ready."""
        announcement = self._folder / _ANNOUNCEMENT
        if not self._alive() or not announcement.exists():
            return None
        state: State = json.loads(announcement.read_text())
        return state

    def start(self, argv: Sequence[str | Path], timeout: float, report: Report | None = None) -> State:
        """Start the program in a session of its own and wait for its announcement.

        Args:
            argv: The program.
            timeout: Seconds that it may take.
            report: Takes each line that the program prints meanwhile.

        Raises:
            StartError: It ended before, or took longer than `timeout` seconds; with its output.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / _LOG
        with log.open("wb") as output:
            program = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + timeout
        with log.open() as lines:
            while (state := self.state()) is None:
                _pass_on(lines, report)
                if program.poll() is not None:
                    raise StartError(f"ended with exit code {program.returncode}: {log.read_text()}")
                if time.monotonic() > deadline:
                    program.terminate()
                    raise StartError(f"not ready after {timeout} s: {log.read_text()}")
                time.sleep(_POLL_SECONDS)
            _pass_on(lines, report)
        # It outlives us on purpose; Popen would warn that we didn't wait for it.
        program.returncode = 0
        return state

    def stop(self, timeout: float) -> bool:
        """Ask the program to end and wait for it; returns whether there was one.

        Raises:
            TimeoutError: It still runs after `timeout` seconds.
        """
        if not self._alive():
            return False
        pid = int((self._folder / _LOCK).read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while self._alive():
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {pid} still runs after {timeout} s: see {self._folder / _LOG}")
            time.sleep(_POLL_SECONDS)
        return True

    def _alive(self) -> bool:
        try:
            with (self._folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


@contextmanager
def presence(folder: Path) -> Iterator[Callable[[State], None]]:
    """The inner side: be the program of a folder for the time of the block; SIGTERM ends the block by SystemExit.

    Yields:
        What announces that the program is ready, with whatever those outside need to know.

    Raises:
        StartError: Another one is running in this folder.
    """
    signal.signal(signal.SIGTERM, _end)
    folder.mkdir(parents=True, exist_ok=True)
    announcement = folder / _ANNOUNCEMENT
    with (folder / _LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise StartError(f"one is running already in {folder}: end it first") from taken
        announcement.unlink(missing_ok=True)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield lambda state: _replace(announcement, json.dumps(state, indent=2))
        finally:
            announcement.unlink(missing_ok=True)


def wait_for_end() -> NoReturn:
    """Sleep until a signal ends us."""
    while True:
        signal.pause()


def _pass_on(lines: Iterable[str], report: Report | None) -> None:
    for line in lines:
        if report:
            report(line.rstrip())


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=0o600)  # what is announced may hold a credential
    new.write_text(text)
    new.replace(path)
