"""Keeps the namespaces and cgroups of one node, and removes every trace of it when its standard input closes.

Run as a script, without the site packages: `python -I -S nodekeeper.py FOLDER`. Imports nothing of this package.

The kernel closes our standard input even after a SIGKILL of whoever started us. Ending the first process of the node's
PID namespace ends all others of it, also those that detach themselves; mounts and interfaces go with the namespaces.
What the kernel doesn't remove are cgroups: that is left to us, and of a keeper that was killed to the next one.

Tells one line on standard output once the network is there: JSON as `devcluster.node.Namespaces` takes it.
"""

import itertools
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_PREFIX = "devcluster-node-"
_INIT = Path(__file__).with_name("nodeinit.py")
# The range that RFC 2544 sets aside for tests of networks: no route of a machine leads there.
_FIRST_NETWORK = (198 << 24) + (18 << 16)
_NETWORKS = 1 << 15
_SECONDS = 60.0
_POLL_SECONDS = 0.05


def main(folder: str) -> None:
    """Make the node's surroundings, tell of them, wait for the end, and remove them."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    remove_abandoned()
    group = f"{_PREFIX}{os.getpid()}"
    host, own = free_addresses()
    process = None
    try:
        make_cgroups(group)
        process = subprocess.Popen(init_command(folder, host, own), stdin=subprocess.DEVNULL, stdout=sys.stderr)
        pid = first_process(process)
        connect(pid, host)
        told = {"pid": pid, "host": host, "address": own, "cgroup": f"/{group}"}
        print(json.dumps(told), flush=True)  # noqa: T201 - the handshake
        select.select([0, os.pidfd_open(process.pid)], [], [])
    finally:
        if process:
            process.kill()
            process.wait()
        remove_cgroups(group)


def init_command(folder: str, host: str, own: str) -> list[str]:
    """The first process of new namespaces, which dies with its parent, which dies with us."""
    namespaces = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--mount-proc", "--kill-child=SIGKILL"]
    ended = ["setpriv", "--pdeathsig", "KILL"]
    return [*ended, "unshare", *namespaces, sys.executable, "-I", "-S", str(_INIT), folder, host, own]


def first_process(parent: "subprocess.Popen[bytes]") -> int:
    """The pid of the first process, as seen from outside."""
    for _ in waiting():
        if children := Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split():
            return int(children[0])
    raise TimeoutError("the first process does not start")


def connect(pid: int, host: str) -> None:
    """Lay a cable from the machine into the namespace; its end there is set up by the first process."""
    name = f"dcn{os.getpid()}"
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    run("ip", "address", "add", f"{host}/30", "dev", name)
    run("ip", "link", "set", name, "up")
    for _ in waiting():
        state = run("nsenter", f"--target={pid}", "--net", "ip", "-oneline", "route", "show", "default")
        if state.strip():
            return
    raise TimeoutError("the node's end of the cable does not come up")


def free_addresses() -> tuple[str, str]:
    """Two addresses of a network of four that the machine does not use: the machine's and the node's."""
    taken = set(re.findall(r"inet ([\d.]+)/", run("ip", "-oneline", "-4", "address")))
    for number in itertools.count(os.getpid()):
        first = _FIRST_NETWORK + number % (_NETWORKS // 4) * 4
        host, own = (".".join(str(part) for part in (first + offset).to_bytes(4, "big")) for offset in (1, 2))
        if host not in taken:
            return host, own
    raise AssertionError("unreachable: counting does not end")


def hierarchies() -> list[Path]:
    """Where cgroups are made: the one of version 2, or each of version 1 (with that of version 2 among them)."""
    if (_CGROUPS / "cgroup.controllers").exists():
        return [_CGROUPS]
    return [path for path in _CGROUPS.iterdir() if (path / "cgroup.procs").exists() and not path.is_symlink()]


def make_cgroups(group: str) -> None:
    """Make a cgroup in each hierarchy, under which the kubelet makes its own."""
    for hierarchy in hierarchies():
        path = hierarchy / group
        path.mkdir()
        if hierarchy == _CGROUPS:
            wanted = " ".join(f"+{one}" for one in (hierarchy / "cgroup.controllers").read_text().split())
            (hierarchy / "cgroup.subtree_control").write_text(wanted)
            (path / "cgroup.subtree_control").write_text(wanted)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (path / name).exists() and not (path / name).read_text().strip():
                (path / name).write_text((hierarchy / name).read_text())


def remove_cgroups(group: str) -> None:
    """Remove a cgroup with all below it, as soon as the kernel has let go of those who were in it."""
    for _ in waiting():
        left = [path for path in (hierarchy / group for hierarchy in hierarchies()) if path.exists()]
        if not left:
            return
        for path in left:
            remove_tree(path)


def remove_tree(path: Path) -> None:
    """Remove a cgroup and those below it, as far as they are empty."""
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            continue


def remove_abandoned() -> None:
    """Remove the cgroups of keepers that were killed."""
    for path in itertools.chain.from_iterable(one.glob(f"{_PREFIX}*") for one in hierarchies()):
        if not Path("/proc", path.name.removeprefix(_PREFIX)).exists():
            remove_tree(path)


def waiting() -> Iterator[None]:
    """Turns of a loop that waits, until it has lasted too long."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(_POLL_SECONDS)


def run(*command: str) -> str:
    """What a command prints; its complaints go to our log."""
    program = shutil.which(command[0], path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    return subprocess.run([program or command[0], *command[1:]], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main(sys.argv[1])
