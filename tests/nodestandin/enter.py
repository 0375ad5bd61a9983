"""Makes a container's root file system in a mount namespace that is ours already, and becomes the container's program.

Run as a script, without the site packages: `unshare --mount … python -I -S enter.py SPEC`, where SPEC is a JSON file
(see `rootfs`). Imports nothing of this package. Each step is a program of util-linux, so that a refusal says what it
was.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn


def main(spec: dict[str, Any]) -> NoReturn:
    """Mount, change the root, give up all rights, run."""
    root = Path(spec["root"])
    mount("-t", "tmpfs", "-o", "mode=0755", "container", root)
    for link, target in spec["links"].items():
        (root / link.lstrip("/")).symlink_to(target)
    for folder in spec["folders"]:
        (root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for one in spec["mounts"]:
        bind(Path(one["source"]), root / one["target"].lstrip("/"), read_only=one["read_only"])
    if spec["read_only"]:
        mount("-o", "remount,ro", root)
    os.chroot(root)
    os.chdir(spec["working_directory"])
    os.umask(0o022)
    os.execve("/usr/bin/setpriv", ["setpriv", *spec["privileges"], "--", *spec["argv"]], spec["env"])  # noqa: S606 - no shell is wanted


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    """Show a file or folder at another place, which is made first."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount("--rbind", source, target)
    if read_only:
        mount("-o", "remount,bind,ro", target)


def mount(*arguments: str | Path) -> None:
    """Run mount; what it complains about goes to the container's log."""
    done = subprocess.run(["mount", *arguments], check=False)
    if done.returncode:
        sys.exit(f"mount {' '.join(map(str, arguments))}: exit code {done.returncode}")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
