"""A node comes up and goes without a trace, also when whoever started it is killed."""

import json
import os
import re
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
_COMMAND_SECONDS: Final = 500


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
        folders = str(node.place.folder), str(node.cluster.folder)
        return cls(folders, node.spaces.cgroup.lstrip("/"), namespaces(node.spaces.pid))

    @classmethod
    def below(cls, pid: int, cluster: Path) -> Self:
        """Those of the node that runs below a process, by what that started."""
        started = psutil.Process(pid).children(recursive=True)
        (keeper,) = (one for one in started if any(word.endswith("nodekeeper.py") for word in one.cmdline()))
        (first,) = (child for one in keeper.children() for child in one.children())
        return cls((keeper.cmdline()[-1], str(cluster)), f"devcluster-node-{keeper.pid}", namespaces(first.pid))

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
            spaces = set(namespaces(pid))
            command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        except OSError:
            return ""
        ours = spaces & set(self.namespaces) or any(folder in command for folder in self.folders)
        return f"{pid} {command}" if ours else ""


def namespaces(pid: int) -> tuple[str, ...]:
    """Those that a process is in."""
    return tuple(str(Path(f"/proc/{pid}/ns/{one}").readlink()) for one in _NAMESPACES)


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


def test_command_leaves_a_node_running_until_down_and_nothing_afterwards(tmp_path: Path) -> None:
    """Twice in a row, in the same folder."""

    def command(name: str) -> str:
        call = [sys.executable, "-m", "devcluster", name, "--node", f"--dir={tmp_path}"]
        done = subprocess.run(call, cwd=_TESTS, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for _ in range(2):
        exports = command("up")
        try:
            asked = ["/bin/sh", "-c", f"{exports}\nkubectl get nodes --output=name"]
            assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "node/node\n"
            (kubeconfig,) = re.findall(r"KUBECONFIG=(\S+)", exports)
            traces = Traces.below(int((tmp_path / "alive.lock").read_text()), Path(kubeconfig).parent)
            assert traces.left()
        finally:
            command("down")
        assert traces.left() == []


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
