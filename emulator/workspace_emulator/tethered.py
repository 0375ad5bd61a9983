"""Runs a program that ends when its parent ends, even if the parent was killed; nothing else lives here.

Started as `python tethered.py PARENT_PID PROGRAM [ARGUMENT…]`, so it imports only the standard library.
The program gets SIGTERM, because it has data to save (Azurite writes its index only every 5 seconds).
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main(parent: int, program: str, *arguments: str) -> None:
    """Ask the kernel for a signal at the parent's death, then become the program.

    Raises:
        OSError: The kernel refuses, or the program cannot be started.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the kernel was asked; then no signal would ever come.
    if os.getppid() != parent:
        sys.exit("the parent is gone")
    os.execv(program, [program, *arguments])  # noqa: S606 - becoming that program is the purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
