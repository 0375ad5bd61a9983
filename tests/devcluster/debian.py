"""Programs of Debian's packages, unpacked once into the user's cache: nothing is installed.

For packages that need no more than what every machine has. Must not live here: what the programs are for.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devcluster.build import cache_directory, locked
from devcluster.errors import BuildError
from devcluster.progress import Report

_SECONDS: Final = 300.0


def unpacked(package: str, report: Report) -> Path:
    """The root of a package's files.

    Args:
        package: As apt calls it.
        report: Takes a line of progress before a download.

    Raises:
        BuildError: It is not in the cache, and apt can't fetch it.
    """
    home = cache_directory() / package
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock", report):
        known = sorted(home.glob("*.deb.d"))
        return known[-1] if known else _unpack(package, home, report)


def _unpack(package: str, home: Path, report: Report) -> Path:
    missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if missing:
        raise BuildError(f"without {' and '.join(missing)} Debian's package {package} can't be unpacked")
    report(f"downloading Debian's package {package}: once, about ten seconds")
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=home) as scratch:
        found = _download(package, Path(scratch))
        _run(["dpkg-deb", "--extract", found.name, "contents"], Path(scratch))
        return Path(scratch, "contents").rename(home / f"{found.name}.d")


def _download(package: str, folder: Path) -> Path:
    """The package, by the machine's own lists, or by fresh ones in a folder that is thrown away."""
    fresh = [f"--option=Dir::State::lists={folder}/lists", f"--option=Dir::Cache={folder}/cache"]
    try:
        _run(["apt-get", "download", package], folder)
    except BuildError:
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        _run(["apt-get", "update", *fresh], folder)
        _run(["apt-get", "download", *fresh, package], folder)
    return next(folder.glob(f"{package}_*.deb"))


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BuildError(f"{' '.join(command)}: not done after {_SECONDS:.0f} s") from None
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed: {done.stderr}")
