"""What both images stand on: Python's official slim image by its digest, or the same made of Debian's packages.

The second is for machines that reach no registry, as those of the tests; it has Debian's own Python 3.11.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster.build import cache_directory, locked
from devcluster.progress import Report
from devcluster.scratch import scratch_directory
from images.engine import Engine, Recipe, run_with_us
from images.errors import ImageError

OFFICIAL: Final = "docker.io/library/python:3.11-slim"
DEBIAN: Final = "debian"
"""What asks for the second."""
_NAME: Final = "localhost/quantumjob-python"
_SUITE: Final = "bookworm"
_PACKAGES: Final = "python3,python3-venv,python-is-python3,ca-certificates,tzdata,netbase,usr-is-merged"
# Merged from the beginning: the package that does it afterwards brings 55 MB of Perl.
_MERGED: Final = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
_LEFT_OUT: Final = ("man", "doc", "locale", "info", "bash-completion", "lintian", "bug")
_DOCKERFILE: Final = 'FROM scratch\nADD base.tar /\nCMD ["python3"]\n'
# Files without a time of their own get this one.
_EPOCH: Final = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Base:
    """An image to build on.

    Attributes:
        name: As FROM takes it.
        origin: What to call it in a label: the name, with the digest of a registry.
    """

    name: str
    origin: str


def find_base(engine: Engine, wanted: str, report: Report) -> Base:
    """Pull the wanted base, or make it of packages.

    Args:
        engine: Pulls or builds it.
        wanted: An image of a registry, `debian` for the one of packages, or empty for Python's official image if its
            registry can be reached, else the one of packages.
        report: Takes lines of progress.

    Raises:
        ImageError: It can't be had.
    """
    if wanted != DEBIAN:
        if pulled := engine.pull(wanted or OFFICIAL):
            return Base(pulled, pulled)
        if wanted:
            raise ImageError(f"{wanted} can't be pulled: name another by BASE=, or BASE={DEBIAN} to make one")
        report(f"{OFFICIAL} can't be pulled: making the base of Debian's packages")
    return _of_packages(engine, report)


def _of_packages(engine: Engine, report: Report) -> Base:
    exclusions = [f"--dpkgopt=path-exclude=/usr/share/{one}/*" for one in _LEFT_OUT]
    options = ["--variant=minbase", "--mode=root", _MERGED, f"--include={_PACKAGES}", *exclusions]
    key = hashlib.sha256(" ".join([_SUITE, *options]).encode()).hexdigest()[:12]
    base = Base(f"{_NAME}:3.11-{_SUITE}-{key}", f"Debian {_SUITE}")
    if engine.has(base.name):
        return base
    folder = cache_directory() / "base-image"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{key}.tar"
    with locked(folder / ".lock", report):
        if not archive.exists():
            report("making the base image of Debian's packages: once, about a minute")
            _bootstrap(options, archive)
    with tempfile.TemporaryDirectory(dir=folder) as context:
        Path(context, "base.tar").hardlink_to(archive)
        dockerfile = Path(context, "Dockerfile")
        dockerfile.write_text(_DOCKERFILE)
        engine.build(Recipe(dockerfile, Path(context), base.name, _EPOCH))
    return base


def _bootstrap(options: list[str], archive: Path) -> None:
    if os.getuid() or not shutil.which("mmdebstrap"):
        raise ImageError("making the base image needs root and mmdebstrap (as root: make system-packages)")
    part = archive.with_suffix(".part")
    # What it mounts for the packages' scripts is gone with it, however it ends.
    command = ["unshare", "--mount", "mmdebstrap", "--quiet", "--format=tar", *options, _SUITE, str(part)]
    with scratch_directory() as folder:
        code, told = run_with_us(command, os.environ | {"SOURCE_DATE_EPOCH": str(_EPOCH)}, folder)
    if code:
        part.unlink(missing_ok=True)
        raise ImageError(f"{' '.join(command)} failed:\n{told[-2000:]}")
    part.rename(archive)
