"""Wait for what a process does: something holds after a while, or it is gone."""

import time
from collections.abc import Callable

import psutil


def until(condition: Callable[[], bool], timeout: float = 30) -> None:
    """Poll until a condition is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.1)


def gone(pid: int) -> bool:
    """Whether a process has ended, be it reaped or not."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
