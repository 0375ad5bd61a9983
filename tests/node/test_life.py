"""A node comes up and goes without a trace, also when whoever started it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import psutil
import pytest

from devcluster.node import Node, running_node
from devcluster.nodekeeper import hierarchies
from devcluster.scratch import scratch_directory

pytestmark = pytest.mark.node

_TESTS: Final = Path(__file__).parents[1]
_STARTS: Final = """
import json, signal
from devcluster.node import running_node
from node.test_life import Traces
with running_node() as node:
    print(json.dumps(Traces.of(node).told()), flush=True)
    signal.pause()
"""
_NAMESPACES: Final = ("pid", "net", "mnt")


@dataclass(frozen=True, slots=True)
class Traces:
    """By what a node can be found on a machine where others come and go.

    Attributes:
        folders: Its files, which its programs and mounts name.
        cgroup: Below which everything of it is.
        namespaces: As `/proc/PID/ns` calls them.
    """

    folders: tuple[str, ...]
    cgroup: str
    namespaces: tuple[str, ...]

    @classmethod
    def of(cls, node: Node) -> Self:
        """Those of a node that runs."""
        spaces = tuple(str(Path(f"/proc/{node.spaces.pid}/ns/{one}").readlink()) for one in _NAMESPACES)
        return cls((str(node.place.folder), str(node.cluster.folder)), node.spaces.cgroup.lstrip("/"), spaces)

    def told(self) -> list[Any]:
        """For another process."""
        return [self.folders, self.cgroup, self.namespaces]

    def left(self) -> list[str]:
        """What there is of it now."""
        number = self.cgroup.rpartition("-")[2]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return [
            *(f"mounted: {line}" for line in mounts if any(folder in line for folder in self.folders)),
            *(f"cgroup: {one / self.cgroup}" for one in hierarchies() if (one / self.cgroup).exists()),
            *(f"cable: {cable}" for cable in Path("/sys/class/net").glob(f"dcn{number}")),
            *(f"runs: {process}" for process in map(self._process, psutil.pids()) if process),
        ]

    def _process(self, pid: int) -> str:
        try:
            spaces = {str(Path(f"/proc/{pid}/ns/{one}").readlink()) for one in _NAMESPACES}
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""
        ours = spaces & set(self.namespaces) or any(folder in command for folder in self.folders)
        return f"{pid} {command}" if ours else ""


def soon(condition: Callable[[], bool]) -> bool:
    """Whether a condition becomes true."""
    deadline = time.monotonic() + 150
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def test_two_nodes_at_a_time_leave_nothing_behind() -> None:
    """Each has its own network, and runs a Pod."""
    with running_node() as one, running_node() as other:
        assert one.spaces.address != other.spaces.address
        for node in (one, other):
            node.cluster.kubectl("run", "idle", "--image=localhost/pause:1", "--image-pull-policy=Never")
            node.cluster.kubectl("wait", "--for=condition=Ready", "pod/idle", "--timeout=150s")
        traces = [Traces.of(node) for node in (one, other)]
        assert all(one.left() for one in traces)
    assert [one.left() for one in traces] == [[], []]


def test_kill_of_its_parent_leaves_nothing_behind_either() -> None:
    """By SIGKILL, with no chance to clean up; its folder goes when the next one is made."""
    with subprocess.Popen([sys.executable, "-c", _STARTS], cwd=_TESTS, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        traces = Traces(*json.loads(parent.stdout.readline()))
        assert traces.left()
        os.kill(parent.pid, signal.SIGKILL)
    assert soon(lambda: not traces.left()), traces.left()
    with scratch_directory():
        assert not any(Path(folder).exists() for folder in traces.folders)
