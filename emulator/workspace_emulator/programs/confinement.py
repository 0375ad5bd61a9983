"""Takes away, for good, what the process of a job does not need; runs inside it, before it looks at the program."""

import ctypes
import os
import resource
import signal
from typing import Final

from workspace_emulator.programs.request import Limits

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_OPEN_FILES: Final = 64


def confine(limits: Limits, parent: int) -> None:
    """Limit this process and bind its life to its parent's.

    Args:
        limits: Memory in bytes, CPU time in seconds.
        parent: Expected parent; if it is already gone, this process ends at once.
    """
    _set_process_option(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _set_process_option(_PR_SET_NO_NEW_PRIVS, 1)
    if os.getppid() != parent:
        raise SystemExit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The answer leaves through a pipe, which is no file: nothing has to be written.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    # SIGXCPU at the first value tells the parent why; SIGKILL a second later, if it was caught.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def _set_process_option(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} failed")
