"""A control plane with a real node: containerd, kubelet, kube-scheduler, kube-proxy, CoreDNS, in their own namespaces.

The composition: what each part is told stands in `devcluster.nodefiles`, who removes all traces in `nodekeeper.py`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from devcluster.apiserver import DNS, KUBELET, PROXY, SCHEDULER
from devcluster.build import node_binaries
from devcluster.controlplane import ControlPlane
from devcluster.errors import StartError
from devcluster.nodefiles import (
    DNS_READY_PORT,
    NODE_NAME,
    PAUSE_IMAGE,
    Place,
    cni_plugins,
    dns_arguments,
    kubelet_arguments,
    proxy_arguments,
    scheduler_arguments,
    write_containerd,
)
from devcluster.nodepause import write_pause_archive
from devcluster.processes import Child
from devcluster.progress import Report, report_on_terminal
from devcluster.scratch import scratch_directory

_KEEPER: Final = Path(__file__).with_name("nodekeeper.py")
_NEEDED: Final = ("containerd", "ctr", "runc", "iptables", "conntrack", "ip", "nsenter", "unshare", "setpriv")
_NAMESPACES: Final = ("unshare", "--net", "--mount", "--pid", "--fork")
_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_START_SECONDS: Final = 180.0
_END_SECONDS: Final = 120.0
_IMPORT_SECONDS: Final = 300.0
_IMPORTS: Final = 3


def missing_for_a_node() -> list[str]:
    """What this machine lacks to run a node, for people; nothing if it can."""
    programs = [one for one in _NEEDED if shutil.which(one, path=_PATH) is None]
    lacking = [f"the programs {', '.join(programs)}"] if programs else []
    if cni_plugins() is None:
        lacking.append("the CNI plugins in /usr/lib/cni or /opt/cni/bin")
    if os.getuid():
        lacking.append("root")
    elif not programs and subprocess.run([*_NAMESPACES, "true"], env={"PATH": _PATH}, check=False).returncode:
        lacking.append("the right to make namespaces (CAP_SYS_ADMIN)")
    if not os.access("/sys/fs/cgroup", os.W_OK):
        lacking.append("cgroups that can be written, below /sys/fs/cgroup")
    return lacking


def require_a_node() -> None:
    """Return where a node can run.

    Raises:
        StartError: Elsewhere; the text says what is missing.
    """
    if missing := missing_for_a_node():
        raise StartError(
            f"no node can run here; missing: {'; '.join(missing)} (on Debian, as root: make system-packages)"
        )


@dataclass(frozen=True, slots=True)
class Namespaces:
    """What the keeper tells.

    Attributes:
        pid: Of the first process, to enter by.
        host: The machine's address on the cable to the node.
        address: The node's.
        cgroup: Below which everything of the node is put.
    """

    pid: int
    host: str
    address: str
    cgroup: str


@dataclass(frozen=True, slots=True)
class Node:
    """A cluster whose Pods really run.

    Attributes:
        cluster: The control plane; the API server listens at the machine's end of the cable.
        place: The node's files.
        spaces: What it runs in; `spaces.host` is an address of this machine that Pods reach.
        children: What runs on it, by name.
    """

    cluster: ControlPlane
    place: Place
    spaces: Namespaces
    children: dict[str, Child]

    def load(self, archive: Path, name: str) -> None:
        """Give the node an image, so that it need not be pulled.

        Args:
            archive: An OCI layout in one file.
            name: What Pods call it.

        Raises:
            StartError: The node's containerd refuses it.
        """
        _load(self.place, archive, name)

    def pull_plainly_from(self, registry: str) -> None:
        """Have the node pull images of a registry, by host and port, over plain http."""
        folder = self.place.registries / registry
        folder.mkdir(parents=True)
        # Without the second part containerd 1.6 takes the file for a broken one.
        told = f'server = "http://{registry}"\n[host."http://{registry}"]\n  capabilities = ["pull", "resolve"]\n'
        (folder / "hosts.toml").write_text(told)

    def logs(self, pod: str) -> str:
        """What the containers of all Pods wrote whose names begin so, one after the other."""
        files = sorted((self.place.folder / "pod-logs").glob(f"*_{pod}*/*/*.log"))
        return "\n".join(f"--- {file.parent}\n{file.read_text(errors='replace')}" for file in files)

    def command(self, *command: str | Path) -> list[str | Path]:
        """A command line that runs in the namespaces of the node."""
        namespaces = ["--net", "--mount", "--pid", "--ipc", "--uts"]
        return ["nsenter", f"--target={self.spaces.pid}", *namespaces, *command]

    def networked(self, *command: str | Path) -> list[str | Path]:
        """A command line that runs on this machine, but in the network of the node, where Pods have addresses."""
        return ["nsenter", f"--target={self.spaces.pid}", "--net", *command]


@contextmanager
def running_node(*, report: Report = report_on_terminal) -> Iterator[Node]:
    """A control plane and a node that is Ready, for the time of the block; nothing of it remains, nor if we are killed.

    Raises:
        StartError: Something is missing on this machine (the text says what), or a part does not start.
        BuildError: The programs can't be built.
    """
    require_a_node()
    node_binaries(report)
    with ExitStack() as resources:
        folder = resources.enter_context(scratch_directory())
        spaces = resources.enter_context(_namespaces(folder))
        cluster = resources.enter_context(ControlPlane.start(address=spaces.host, report=report))
        place = Place(folder, spaces.address, spaces.cgroup)
        children: dict[str, Child] = {}
        node = Node(cluster, place, spaces, children)
        for name, argv in _programs(node).items():
            children[name] = Child.start(argv, name=name, log=folder / f"{name}.log", env=os.environ | {"PATH": _PATH})
            resources.callback(children[name].kill)
            if name == "containerd":
                children[name].wait_until(lambda: _serves(place), _START_SECONDS)
                _load_pause(place)
        children["coredns"].wait_until(lambda: _resolves(place), _START_SECONDS)
        children["kubelet"].wait_until(lambda: _ready(cluster), _START_SECONDS)
        yield node


def _programs(node: Node) -> dict[str, list[str | Path]]:
    """The command lines, in the order in which they are started."""
    programs, place, config = node_binaries(), node.place, node.cluster.kubeconfig_of
    return {
        "containerd": node.command("containerd", f"--config={write_containerd(place)}"),
        "kube-scheduler": [programs / "kube-scheduler", *scheduler_arguments(config(SCHEDULER))],
        "kube-proxy": node.command(programs / "kube-proxy", *proxy_arguments(place, config(PROXY))),
        "coredns": node.command(programs / "coredns", *dns_arguments(place, config(DNS))),
        "kubelet": node.command(programs / "kubelet", *kubelet_arguments(place, config(KUBELET))),
    }


@contextmanager
def _namespaces(folder: Path) -> Iterator[Namespaces]:
    """The node's namespaces, cable and cgroup; gone when the block is left, or soon after we are killed."""
    log = folder / "namespaces.log"
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", _KEEPER, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env=os.environ | {"PATH": _PATH},
            start_new_session=True,
        )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        told = keeper.stdout.readline()
        if not told:
            raise StartError(f"the node's namespaces can't be made: {log.read_text()[-2000:]}")
        yield Namespaces(**json.loads(told))
    finally:
        keeper.stdin.close()
        keeper.wait(_END_SECONDS)
        keeper.stdout.close()


def _serves(place: Place) -> bool:
    return _ctr(place, "version").returncode == 0


def _resolves(place: Place) -> bool:
    try:
        return httpx.get(f"http://{place.address}:{DNS_READY_PORT}/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _load_pause(place: Place) -> None:
    archive = place.folder / "pause.tar"
    write_pause_archive(node_binaries() / "pause", archive)
    _load(place, archive, PAUSE_IMAGE)


def _load(place: Place, archive: Path, name: str) -> None:
    # On a busy machine containerd 1.6 was once seen to lose the index that it had just taken.
    for _ in range(_IMPORTS):
        done = _ctr(place, "images", "import", f"--index-name={name}", str(archive))
        if done.returncode == 0:
            return
    raise StartError(f"containerd does not take {archive}: {done.stderr}")


def _ctr(place: Place, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["ctr", f"--address={place.socket}", "--namespace=k8s.io", *arguments]
    return subprocess.run(
        command, env=os.environ | {"PATH": _PATH}, capture_output=True, text=True, timeout=_IMPORT_SECONDS, check=False
    )


def _ready(cluster: ControlPlane) -> bool:
    path = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    return cluster.kubectl("get", "node", NODE_NAME, path, check=False).stdout == "True"
