"""Runs a program that ends when its parent ends, even if the parent was killed; nothing else lives here.

Started as `python tethered.py PARENT_PID LOCK_FILE PROGRAM [ARGUMENT…]`, so it imports only the standard library.
The program gets SIGTERM, because it has data to save (Azurite writes its index only every 5 seconds); until it is gone
it holds the lock, and a successor on the same data waits for it.
"""

import ctypes
import fcntl
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(parent: int, lock: str, program: str, *arguments: str) -> None:
    """Ask the kernel for a signal at the parent's death, wait for the lock, then become the program.

    Raises:
        OSError: The kernel refuses, or the program cannot be started.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the kernel was asked; then no signal would ever come.
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(held, True)  # noqa: FBT003 - the lock lives as long as the program
    fcntl.flock(held, fcntl.LOCK_EX)
    os.execv(program, [program, *arguments])  # noqa: S606 - becoming that program is the purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
