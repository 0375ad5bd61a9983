"""A node comes up and goes without a trace, also when whoever started it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
import pytest

from devcluster.node import running_node
from devcluster.nodekeeper import hierarchies

pytestmark = pytest.mark.node

_TESTS: Final = Path(__file__).parents[1]
_STARTS: Final = """
import signal
from devcluster.node import running_node
with running_node() as node:
    print(node.spaces.pid, node.place.folder, flush=True)
    signal.pause()
"""


class Traces:
    """What nodes leave on a machine, as it is now."""

    def __init__(self) -> None:
        self.processes = {
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if any("devcluster" in word for word in process.info["cmdline"] or ())
        }
        self.mounts = sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
        self.cgroups = {path for one in hierarchies() for path in one.glob("devcluster-*")}
        self.cables = set(Path("/sys/class/net").glob("dcn*"))
        self.named = set(Path("/run/netns").glob("*")) if Path("/run/netns").exists() else set()


def same(before: Traces) -> bool:
    """Whether there is as much as before."""
    return vars(Traces()) == vars(before)


def soon(condition: Callable[[], bool]) -> bool:
    """Whether a condition becomes true."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    return condition()


def test_two_nodes_at_a_time_leave_nothing_behind() -> None:
    """Each has its own network, and runs a Pod."""
    before = Traces()
    with running_node() as one, running_node() as other:
        assert one.spaces.address != other.spaces.address
        for node in (one, other):
            node.cluster.kubectl("run", "idle", "--image=localhost/pause:1", "--image-pull-policy=Never")
            node.cluster.kubectl("wait", "--for=condition=Ready", "pod/idle", "--timeout=90s")
        assert not same(before)
    assert soon(lambda: same(before)), vars(Traces())


def test_kill_of_its_parent_leaves_nothing_behind_either() -> None:
    """By SIGKILL, with no chance to clean up; the folder goes when the next one is made."""
    before = Traces()
    with subprocess.Popen([sys.executable, "-c", _STARTS], cwd=_TESTS, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        _, folder = parent.stdout.readline().split()
        os.kill(parent.pid, signal.SIGKILL)
    assert soon(lambda: same(before)), vars(Traces())
    assert Path(folder).exists()
    with running_node():
        assert not Path(folder).exists()
