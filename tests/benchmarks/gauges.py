"""What a moment costs: CPU and memory of processes, requests to the service, writes to the API server.

Reads from outside, so that each of those who are compared is measured alike. Must not live here: between which moments.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from devcluster.audit import Audit
from localstack.emulated import Emulator
from localstack.manifests import SERVICE_ACCOUNT, SYSTEM_NAMESPACE
from localstack.stack import Stack

_ACCOUNT: Final = f"{SYSTEM_NAMESPACE}/{SERVICE_ACCOUNT}"
_WRITING: Final = frozenset({"create", "update", "patch", "delete"})
# Not those to QuantumWorkspaces, which have nothing to do with the number of jobs.
_OF_JOBS: Final = frozenset({
    "quantumjobs", "quantumjobs/status", "quantumbudgets", "quantumbudgets/status", "configmaps", "events",
})  # fmt: skip
_EVENTS: Final = "create events"
_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """Sums since some beginning.

    Attributes:
        at: Seconds of a clock that never steps back.
        cpu: CPU seconds of the operator, or of the peer in its place.
        others_cpu: The same of everybody who takes part, by name.
        requests: To the service, without blobs.
        written: Writes to the API server for jobs, by verb and resource.
    """

    at: float
    cpu: float
    others_cpu: dict[str, float]
    requests: int
    written: Counter[str]

    def since(self, earlier: "Reading") -> "Reading":
        """What came between two readings; `at` is the time between them."""
        return Reading(
            at=self.at - earlier.at,
            cpu=self.cpu - earlier.cpu,
            others_cpu={name: value - earlier.others_cpu[name] for name, value in self.others_cpu.items()},
            requests=self.requests - earlier.requests,
            written=self.written - earlier.written,
        )

    @property
    def writes(self) -> int:
        """Of jobs, their ConfigMaps and the budgets that count them, without Events."""
        return self.written.total() - self.events

    @property
    def events(self) -> int:
        """Events that were written."""
        return self.written[_EVENTS]

    def shares(self) -> str:
        """Who used how much of a core, in words."""
        shares = {"itself": self.cpu, **self.others_cpu}
        return ", ".join(f"{name} {100 * spent / self.at:.0f} %" for name, spent in shares.items())


class Gauges:
    """The gauges of one system."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._audit = Audit(stack.cluster.audit_log)

    def read(self, pid: int) -> Reading:
        """Read all gauges; `pid` is the operator's, or the peer's."""
        written: Counter[str] = Counter()
        for call, count in self._audit.calls().items():
            if call.account == _ACCOUNT and call.verb in _WRITING and call.resource in _OF_JOBS:
                written[f"{call.verb} {call.resource}"] += count
        return Reading(
            at=time.monotonic(),
            cpu=cpu_seconds([pid]),
            others_cpu={
                "service and storage": cpu_seconds(family(self._stack.emulator.pid)),
                "control plane": cpu_seconds([child.pid for child in self._stack.cluster.processes]),
                "harness": cpu_seconds([os.getpid()]),
            },
            requests=requests(self._stack.emulator),
            written=written,
        )


def requests(emulator: Emulator) -> int:
    """How many requests the service has had since it began to count."""
    counted = emulator.admin("GET", "requests")["operations"]
    return sum(sum(by_status.values()) for by_status in counted.values())


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU seconds of the whole lives of processes."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))


def peak_mib(pid: int) -> float:
    """The most memory that a process ever had resident, as the kernel knows it."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / _MIB


def own_mib(pid: int) -> float:
    """Resident memory of a process, with what it shares divided among those who share it."""
    return float(psutil.Process(pid).memory_full_info().pss) / _MIB**2
