"""Builds the project's images: names, labels and times, and beside each in build/images its archive and its bill.

Must not live here: how an engine is called, or what the images contain (their Dockerfiles).
"""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster.progress import Report
from images.archive import Image, read_image
from images.base import find_base
from images.engine import Engine, Recipe
from images.recipe import PROJECT
from images.sbom import bill_of_materials, tells_of_packages

_LABEL: Final = re.compile(r'(org\.opencontainers\.image\.\w+)="([^"]*)"')
_OCI: Final = "org.opencontainers.image"
NAMES: Final = {"operator": "quantumjob-operator", "emulator": "workspace-emulator"}
"""What each is called, by the folder of its Dockerfile."""


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built.

    Attributes:
        name: Name and tag, as the engine knows it.
        archive: An OCI layout in one file.
        bill: Its bill of materials.
        image: What is in the archive.
    """

    name: str
    archive: Path
    bill: Path
    image: Image


def build_image(which: str, engine: Engine, *, base: str, target: Path, report: Report, anew: bool = False) -> Built:
    """Build one of the images from the work tree.

    Args:
        which: `operator` or `emulator`.
        engine: Builds it.
        base: As `images.base.find_base` takes it.
        target: Folder for its archive and bill.
        report: Takes lines of progress.
        anew: Whether steps that were built before are built again.

    Raises:
        ImageError: It can't be built.
    """
    dockerfile = PROJECT / which / "Dockerfile"
    ground = find_base(engine, base, report)
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    name = f"localhost/{NAMES[which]}:{version}"
    labels = {f"{_OCI}.revision": _revision(), f"{_OCI}.base.name": ground.origin}
    epoch = commit_time()
    report(f"building {name}")
    engine.build(
        Recipe(
            dockerfile=dockerfile,
            context=PROJECT,
            name=name,
            epoch=epoch,
            arguments={"PYTHON_IMAGE": ground.name},
            labels=labels,
            annotations=dict(_LABEL.findall(dockerfile.read_text())) | labels,
            anew=anew,
        )
    )
    target.mkdir(parents=True, exist_ok=True)
    archive, bill = target / f"{NAMES[which]}.tar", target / f"{NAMES[which]}.cdx.json"
    engine.save(name, archive)
    image = read_image(archive, tells_of_packages)
    bill.write_text(bill_of_materials(NAMES[which], version, epoch, image))
    report(f"{name}: {image.bytes_unpacked / 1e6:.0f} MB unpacked, {image.digest}")
    return Built(name, archive, bill, image)


def commit_time() -> int:
    """When the commit was made that the work tree stands on, in seconds since 1970; 0 without a repository."""
    return int(_git("log", "-1", "--format=%ct") or 0)


def _revision() -> str:
    """The commit; with a mark if the work tree differs from it."""
    changed = _git("status", "--porcelain", "--", "pyproject.toml", "requirements", "operator", "emulator")
    return (_git("rev-parse", "HEAD") or "unknown") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    return "" if done.returncode else done.stdout.strip()
