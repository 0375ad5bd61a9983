"""Takes away, for good, what the process of a job does not need; runs inside it, before it looks at the program.

In two steps: `limit` before anything is loaded, `seal` once the simulator is. After `seal` the process can compute and
answer through its pipe, and nothing else. Must not live here: which system calls that needs (`systemcalls`).
"""

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Final

from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.systemcalls import ABIS, Abi, filter_for

PROGRAM_USER: Final = 65533
"""User and group of programs where the emulator may change them: nobody's, and not `nobody`, whom others share."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x20080522
_CAP_KILL: Final = 1 << 5  # or the emulator could not end it any more
_CAP_SETGID: Final = 1 << 6
_CAP_SETUID: Final = 1 << 7
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
_OPEN_FILES: Final = 64

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    """The kernel's `sock_fprog`: how many steps, and where they are."""

    _fields_ = (("steps", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def limit(limits: Limits, parent: int) -> None:
    """Limit this process and bind its life to its parent's.

    Args:
        limits: Memory in bytes, CPU time in seconds.
        parent: Expected parent; if it is already gone, this process ends at once.
    """
    _die_with(parent)
    _set_process_option(_PR_SET_NO_NEW_PRIVS, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The answer leaves through a pipe, which is no file: nothing has to be written.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    # SIGXCPU at the first value tells the parent why; SIGKILL a second later, if it was caught.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))


def seal(parent: int, machine: str = os.uname().machine) -> None:
    """Become nobody, give up every privilege, and leave only harmless system calls; there is no way back.

    Args:
        parent: Expected parent; a change of user unties this process from it, so it is tied anew.
        machine: The kernel's name of the kind of machine, which decides how system calls are numbered.

    Raises:
        ProgramError: This machine can't be told to confine a program, so none may run.
    """
    abi = ABIS.get(machine)
    if abi is None:
        raise _unconfined(f"the system calls of {machine} are not known here")
    try:
        _become_nobody()
        _give_up_capabilities()
        _die_with(parent)
        _filter_system_calls(abi)
    except OSError as error:
        raise _unconfined(str(error)) from error


def _unconfined(reason: str) -> ProgramError:
    return ProgramError(ErrorCode.INTERNAL_ERROR, f"programs cannot be confined on this machine: {reason}")


def _become_nobody() -> None:
    """Change the user where that is allowed and leaves the parent the power to end this process."""
    needed = _CAP_SETUID | _CAP_SETGID | _CAP_KILL
    if _effective_capabilities() & needed == needed and _exists_here(PROGRAM_USER):
        os.setgroups([])
        os.setresgid(PROGRAM_USER, PROGRAM_USER, PROGRAM_USER)
        os.setresuid(PROGRAM_USER, PROGRAM_USER, PROGRAM_USER)


def _effective_capabilities() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(next(line for line in status.splitlines() if line.startswith("CapEff:")).split()[1], 16)


def _exists_here(user: int) -> bool:
    """Whether the user namespace has a user; that of a rootless container may hold few."""
    ranges = [map(int, line.split()) for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    return any(first <= user < first + count for first, _, count in ranges)


def _give_up_capabilities() -> None:
    _set_process_option(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, nothing), "capset")


def _filter_system_calls(abi: Abi) -> None:
    steps = filter_for(abi, os.getpid())
    program = _Filter(len(steps) // 8, steps)
    # For all threads at once: a simulator may have started some when it was loaded.
    flags = _SECCOMP_FILTER_FLAG_TSYNC
    done = _libc.syscall(abi.seccomp, _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(program))
    _check(done, "seccomp")


def _die_with(parent: int) -> None:
    _set_process_option(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)


def _set_process_option(option: int, value: int) -> None:
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _check(result: int, call: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")
