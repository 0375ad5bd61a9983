"""Run as a process of its own: tries what a hostile program would try, and prints what became of each attempt.

`sealed` as its argument: after the emulator's own confinement; `free`: without it.
"""

import ctypes
import errno
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from workspace_emulator.programs import Limits
from workspace_emulator.programs.confinement import limit, seal

_NOBODY: Final = 2**22 + 1  # above the highest process id there can be
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD: Final = -100
_BPF: Final = {"x86_64": 321, "aarch64": 280}
_IO_URING_SETUP: Final = 425
_OPENAT2: Final = 437
_PTRACE_ATTACH: Final = 16


def main() -> None:
    """Try everything, in a folder of one's own."""
    confined, secret = sys.argv[1] == "sealed", Path(sys.argv[2])
    attempts = _attempts(secret)
    if confined:
        limit(Limits(), os.getppid())
        seal(os.getppid())
    sys.stdout.write(json.dumps({name: _outcome(attempt) for name, attempt in attempts.items()}))


def _attempts(secret: Path) -> Mapping[str, Callable[[], object]]:
    parent = os.getppid()
    return {
        "read a file of the emulator": lambda: os.open(secret, os.O_RDONLY),
        "read the environment of the emulator": lambda: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
        "open a file to write": lambda: os.open("written", os.O_WRONLY | os.O_CREAT, 0o600),
        "open a file by the newer call": lambda: _call("syscall", _OPENAT2, _AT_FDCWD, b"/", None, 24),
        "make a folder": lambda: Path("made").mkdir(),
        "remove a file": lambda: Path("absent").unlink(),
        "look at a file": lambda: Path("/").stat(),
        "open a socket": lambda: socket.socket().close(),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "start a program": lambda: os.execv("/nonexistent", ["nonexistent"]),  # noqa: S606 - it must not start
        "start a process": _fork,
        "start a thread": lambda: threading.Thread(target=int).start(),
        "signal the emulator": lambda: os.kill(parent, 0),
        "trace a process": lambda: _call("ptrace", _PTRACE_ATTACH, _NOBODY, None, None),
        "read the memory of a process": lambda: _call("process_vm_readv", _NOBODY, None, 0, None, 0, 0),
        "enter a namespace": lambda: _call("unshare", 0),
        "make a ring of calls": lambda: _call("syscall", _IO_URING_SETUP, 0, None),
        "load a program into the kernel": lambda: _call("syscall", _BPF[os.uname().machine], 99, None, 0),
        "change a limit": lambda: _call("prlimit", 0, 7, None, None),
        "change an option of the process": lambda: _call("prctl", 0xBAD, 0, 0, 0, 0),
    }


def _call(name: str, *arguments: int | bytes | None) -> None:
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if getattr(_LIBC, name)(*words) < 0:
        raise OSError(ctypes.get_errno(), name)


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except RuntimeError:  # a thread that can't be started has no number
        return "EPERM"
    return "done"


if __name__ == "__main__":
    main()
