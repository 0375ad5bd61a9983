"""The first process of a node's namespaces: sets up its mounts and its network, then only reaps.

Run as a script by `nodekeeper.py`: `python -I -S nodeinit.py FOLDER HOST OWN`. Imports nothing of this package.

What programs write to fixed places goes to file systems in memory that nobody else sees.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

_IN_MEMORY = ("/run", "/var/lib", "/var/log")
_POLL_SECONDS = 0.05


def main(_folder: str, host: str, own: str) -> None:
    """Set up and reap until killed."""
    for place in _IN_MEMORY:
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
    Path("/run/netns").mkdir()
    run("hostname", "node")
    while not Path("/proc/self/net/dev").read_text().count("eth0:"):
        time.sleep(_POLL_SECONDS)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{own}/30", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    run("ip", "route", "add", "default", "via", host)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(1)


def run(*command: str) -> None:
    """Run a command; its complaints go to the log."""
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}
    subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
