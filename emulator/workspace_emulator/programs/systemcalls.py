"""The system calls that the process of a job may still make, as a filter for the kernel; nothing here is in force yet.

The list is one of what is allowed: memory, clocks, the pipes that are open already, its own end. There is no way to
open a file or a socket, to start a program or a thread, or to reach another process. A call that is not listed fails
with EPERM, so that a library that tries it for convenience lives on.
"""

import errno
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# Operations of the kernel's packet filter (linux/bpf_common.h): load a word, compare it, end.
_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_RETURN: Final = 0x06

# Verdicts (linux/seccomp.h).
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
_KILL: Final = 0x80000000

# Where a call's number, architecture and first argument lie in what the kernel shows to the filter.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST_ARGUMENT: Final = 16


@dataclass(frozen=True, slots=True)
class Abi:
    """How one kind of machine numbers system calls.

    Attributes:
        architecture: The kernel's own word for it; calls by another convention are no calls of this list.
        seccomp: Number of the call that puts a filter in force.
        tgkill: Number of the call that sends a signal; allowed to the process itself, as `abort` needs it.
        numbers: Of the calls that are allowed whatever their arguments are.
    """

    architecture: int
    seccomp: int
    tgkill: int
    numbers: Mapping[str, int]


ABIS: Final[Mapping[str, Abi]] = MappingProxyType(
    {
        "x86_64": Abi(
            architecture=0xC000003E,
            seccomp=317,
            tgkill=234,
            numbers=MappingProxyType(
                {
                    "read": 0,
                    "write": 1,
                    "close": 3,
                    "lseek": 8,
                    "writev": 20,
                    "mmap": 9,
                    "mprotect": 10,
                    "munmap": 11,
                    "brk": 12,
                    "mremap": 25,
                    "madvise": 28,
                    "rt_sigaction": 13,
                    "rt_sigprocmask": 14,
                    "rt_sigreturn": 15,
                    "sigaltstack": 131,
                    "futex": 202,
                    "sched_yield": 24,
                    "getpid": 39,
                    "gettid": 186,
                    "clock_gettime": 228,
                    "clock_nanosleep": 230,
                    "nanosleep": 35,
                    "gettimeofday": 96,
                    "getrandom": 318,
                    "exit": 60,
                    "exit_group": 231,
                }
            ),
        ),
        "aarch64": Abi(
            architecture=0xC00000B7,
            seccomp=277,
            tgkill=131,
            numbers=MappingProxyType(
                {
                    "read": 63,
                    "write": 64,
                    "close": 57,
                    "lseek": 62,
                    "writev": 66,
                    "mmap": 222,
                    "mprotect": 226,
                    "munmap": 215,
                    "brk": 214,
                    "mremap": 216,
                    "madvise": 233,
                    "rt_sigaction": 134,
                    "rt_sigprocmask": 135,
                    "rt_sigreturn": 139,
                    "sigaltstack": 132,
                    "futex": 98,
                    "sched_yield": 124,
                    "getpid": 172,
                    "gettid": 178,
                    "clock_gettime": 113,
                    "clock_nanosleep": 115,
                    "nanosleep": 101,
                    "gettimeofday": 169,
                    "getrandom": 278,
                    "exit": 93,
                    "exit_group": 94,
                }
            ),
        ),
    }
)
"""By the kernel's name of the machine."""


def filter_for(abi: Abi, process: int) -> bytes:
    """Return the filter: an array of the kernel's `sock_filter`.

    Args:
        abi: How this machine numbers system calls.
        process: Id of the process that it is for: it may signal itself and nobody else.
    """
    steps = [
        *(_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, abi.architecture, then=1), _step(_RETURN, _KILL)),
        _step(_LOAD, _NUMBER),
        *(_step(_EQUAL, abi.tgkill, otherwise=3), _step(_LOAD, _FIRST_ARGUMENT)),
        *(_step(_EQUAL, process, otherwise=len(abi.numbers) + 1), _step(_RETURN, _ALLOW)),
    ]
    # Each match jumps over what is left of the list and over the verdict for what no list names.
    steps += [_step(_EQUAL, number, then=left) for left, number in _counted_down(abi.numbers.values())]
    return b"".join([*steps, _step(_RETURN, _FAIL | errno.EPERM), _step(_RETURN, _ALLOW)])


def _counted_down(numbers: Collection[int]) -> Iterator[tuple[int, int]]:
    return zip(range(len(numbers), 0, -1), numbers, strict=True)


def _step(operation: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, then, otherwise, value)
