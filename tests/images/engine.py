"""The container engine of this machine, asked for the few things that building an image takes.

Knows no image: what is built stands in `images.build`, and of what in `images.base`.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devcluster.processes import Child
from devcluster.scratch import scratch_directory
from images.errors import ImageError

_SECONDS: Final = 3600.0
ENGINES: Final = ("podman", "buildah", "docker")
# Limits that a machine may not raise are not asked for, and no daemon of the machine is needed.
_CONFIGURATION: Final = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_TAG_AND_DIGEST: Final = re.compile(r"(:[^/:@]*)?(@.*)?$")
_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_OF_THE_MACHINE: Final = {
    "/etc/pip.conf": f"[global]\ncert = {_BUNDLE}\n",
    "/etc/uv/uv.toml": "native-tls = true\n",
    "/root/.npmrc": f"cafile={_BUNDLE}\n",
}
"""What makes pip, uv and npm trust an authority of the machine; mounted for the time of the build."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built.

    Attributes:
        dockerfile: Path of the Dockerfile.
        context: Folder that COPY refers to.
        name: Name and tag of the result.
        epoch: Seconds since 1970 that every file and the image itself get as their time.
        arguments: For its ARGs.
        labels: Beside those in the Dockerfile.
        annotations: Of the manifest, where the engine can write them.
        anew: Whether steps that were built before are built again.
    """

    dockerfile: Path
    context: Path
    name: str
    epoch: int
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    anew: bool = False


class Engine:
    """Podman, Buildah or Docker.

    Attributes:
        name: Which of them.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def has(self, image: str) -> bool:
        """Whether it has an image of this name."""
        command = {"podman": ("image", "exists"), "buildah": ("inspect", "--type=image")}
        return not self._start(*command.get(self.name, ("image", "inspect")), image).returncode

    def pull(self, image: str) -> str | None:
        """Fetch an image from its registry; returns its name with the digest, or None if it can't be had."""
        if self._start("pull", image).returncode:
            return None
        if self.name == "buildah":
            digest = self._run("inspect", "--type=image", "--format={{.FromImageDigest}}", image).strip()
            return named_by_digest(image, [f"{_repository(image)}@{digest}"])
        return named_by_digest(
            image, json.loads(self._run("image", "inspect", "--format={{json .RepoDigests}}", image))
        )

    def build(self, recipe: Recipe) -> None:
        """Build an image, and give it its name.

        Raises:
            ImageError: A step failed; the text has its last lines.
        """
        told = [f"--build-arg={name}={value}" for name, value in recipe.arguments.items()]
        told += [f"--label={name}={value}" for name, value in recipe.labels.items()]
        shared = [f"--file={recipe.dockerfile}", f"--tag={recipe.name}", "--network=host", *told]
        shared += ["--no-cache"] if recipe.anew else []
        if self.name == "docker":
            self._build(*shared, f"--build-arg=SOURCE_DATE_EPOCH={recipe.epoch}", str(recipe.context))
            return
        notes = [f"--annotation={name}={value}" for name, value in recipe.annotations.items()]
        fixed = ["--format=oci", f"--timestamp={recipe.epoch}", "--layers", "--pull=never"]
        with _trusting_this_machine() as mounts:
            # Steps run in a chroot: neither a runtime nor cgroups of the machine are asked for.
            self._build(*fixed, "--isolation=chroot", *mounts, *shared, *notes, str(recipe.context))

    def save(self, image: str, archive: Path) -> None:
        """Write an image with all its layers as an OCI layout in one file."""
        archive.unlink(missing_ok=True)
        match self.name:
            case "podman":
                self._run("save", "--quiet", "--format=oci-archive", "--uncompressed", f"--output={archive}", image)
            case "buildah":
                self._run("push", "--quiet", "--disable-compression", image, f"oci-archive:{archive}")
            case _:
                self._run("save", f"--output={archive}", image)

    def _build(self, *arguments: str) -> None:
        with _configured() as (folder, environment):
            code, told = run_with_us([self.name, "build", *arguments], environment, folder)
        if code:
            last = "\n".join(told.splitlines()[-30:])
            raise ImageError(f"{self.name} build {' '.join(arguments)} failed:\n{last}")

    def _run(self, *arguments: str) -> str:
        done = self._start(*arguments)
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
            raise ImageError(f"{self.name} {' '.join(arguments)} failed:\n{last}")
        return done.stdout

    def _start(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        with _configured() as (_, environment):
            return subprocess.run([self.name, *arguments], env=environment, capture_output=True, text=True, check=False)


def named_by_digest(image: str, known: Sequence[str]) -> str:
    """The name of an image in its registry, with the digest.

    Args:
        image: The name that was asked for, with a tag, a digest, both or neither.
        known: What the engine calls the image with a digest: also by other names that it was given here, and without
            the registry where that is the engine's own.
    """
    repository = _repository(image)
    if "@" in image:
        return f"{repository}@{image.partition('@')[2]}"
    return next((one for one in known if repository.endswith(one.partition("@")[0])), known[0])


def _repository(image: str) -> str:
    return _TAG_AND_DIGEST.sub("", image, count=1)


def run_with_us(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """Run what takes long and must not outlive us; returns its exit code and what it said.

    Args:
        command: The program and its arguments.
        environment: Its whole environment.
        folder: For its output, and its temporary files, which go with the folder.
    """
    log = folder / "log"
    child = Child.start(command, name=command[0], log=log, env={**environment, "TMPDIR": str(folder)})
    try:
        return child.wait(_SECONDS), log.read_text(errors="replace")
    finally:
        child.kill()


@contextmanager
def _configured() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder, and the environment in which an engine finds our configuration in it."""
    with scratch_directory() as folder:
        configuration = folder / "containers.conf"
        configuration.write_text(_CONFIGURATION)
        yield folder, os.environ | {"CONTAINERS_CONF": str(configuration)}


def find_engine(names: Sequence[str] = ENGINES) -> Engine:
    """The first engine that is installed and answers.

    Raises:
        ImageError: There is none.
    """
    for name in names:
        # The command alone may be there without the daemon that does the work.
        if shutil.which(name) and not subprocess.run([name, "info"], capture_output=True, check=False).returncode:
            return Engine(name)
    raise ImageError(
        f"none of {', '.join(names)} works here: install one (on Debian, as root: make system-packages), or start it"
    )


@contextmanager
def _trusting_this_machine() -> Iterator[Iterable[str]]:
    """Mounts for a build on a machine with an authority of its own, as its environment says; the image keeps none."""
    if "SSL_CERT_FILE" not in os.environ or not _BUNDLE.exists():
        yield ()
        return
    with scratch_directory() as folder:
        mounts = [f"--volume={_BUNDLE}:{_BUNDLE}:ro"]
        for number, (path, text) in enumerate(_OF_THE_MACHINE.items()):
            (folder / str(number)).write_text(text)
            mounts.append(f"--volume={folder / str(number)}:{path}:ro")
        yield mounts
