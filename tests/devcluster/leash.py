"""The small process between us and a program we started: when we die, however that happens, it kills the program.

Run as a script, without the site packages: `python -I -S leash.py PROGRAM ARGUMENT…`. Imports nothing of this package.

Its standard input is a pipe whose other end only our process holds. The kernel closes that end even after a SIGKILL,
the leash reads the end of file and kills. (A parent-death signal set by us directly would fire when the *thread* that
started the program ends, and would spare the program's own children.) The leash adopts orphans, so that nothing that
the program started outlives it either. Its exit code is the program's, or 128 plus the signal that ended it.
"""

import ctypes
import os
import select
import signal
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIFELINE = 0
_HANDSHAKE = 1
_LOG = 2
_CANNOT_EXECUTE = 127
_ORPHANS_SECONDS = 5.0
_POLL_SECONDS = 0.02


def main(command: list[str]) -> int:
    """Start the command, tell its pid on standard output, end when it ends or when standard input closes."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    leash = os.getpid()
    pid = os.fork()
    if pid == 0:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _become(command, leash)
    os.write(_HANDSHAKE, b"%d\n" % pid)
    os.close(_HANDSHAKE)
    select.select([_LIFELINE, os.pidfd_open(pid)], [], [])
    return _end_all(pid)


def _become(command: list[str], leash: int) -> None:
    if os.getppid() != leash:
        os._exit(_CANNOT_EXECUTE)  # the leash died before the death signal was set
    os.dup2(os.open(os.devnull, os.O_RDONLY), _LIFELINE)
    os.dup2(_LOG, _HANDSHAKE)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(_LOG, f"cannot execute {command[0]}: {error}\n".encode())
        os._exit(_CANNOT_EXECUTE)


def _end_all(program: int) -> int:
    """End and reap every descendant; return the program's exit code.

    The program itself is killed. What it leaves behind may have data to save and is asked first. The children of one
    that dies become ours before we can reap it, so the loop ends only when none is left.
    """
    code = 0
    asked: set[int] = set()
    deadline = time.monotonic() + _ORPHANS_SECONDS
    os.kill(program, signal.SIGKILL)
    while True:
        late = time.monotonic() > deadline
        _signal_orphans(asked, signal.SIGKILL if late else signal.SIGTERM)
        try:
            ended, status = os.waitpid(-1, 0 if late else os.WNOHANG)
        except ChildProcessError:
            return code
        if ended == program:
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code
        if ended == 0:
            time.sleep(_POLL_SECONDS)


def _signal_orphans(asked: set[int], number: signal.Signals) -> None:
    """Send SIGKILL to all children, or SIGTERM to those that haven't been asked yet."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for pid in map(int, children):
        if number is signal.SIGKILL or pid not in asked:
            os.kill(pid, number)
            asked.add(pid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
