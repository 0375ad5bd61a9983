"""Reads a Dockerfile, and follows the steps of its build stage in a folder where no container engine is at hand.

Only what our Dockerfiles use: ARG, COPY of files and folders, RUN, WORKDIR.
Must not live here: what an image has to be.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of a Dockerfile, on one line.

    Attributes:
        name: As `RUN`.
        text: What follows it.
    """

    name: str
    text: str


def stages(dockerfile: Path) -> list[list[Instruction]]:
    """The instructions of each stage, each list beginning with its FROM."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, joined.splitlines()):
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, text.strip()))
    return found


def texts(stage: list[Instruction], name: str) -> list[str]:
    """What follows each instruction of a name."""
    return [one.text for one in stage if one.name == name]


class Kitchen:
    """A folder that stands for the root of the build stage's file system.

    Attributes:
        root: Below it lies what a container would have in `/opt` and in its WORKDIR.
        source: The WORKDIR.

    Args:
        root: As above.
        arguments: What `--build-arg` gives.
    """

    def __init__(self, root: Path, **arguments: str) -> None:
        self.root = root
        self.source = root
        self._arguments = arguments
        self._python = root / "usr"
        subprocess.run([sys.executable, "-m", "venv", self._python], check=True)

    def follow(self, stage: list[Instruction]) -> None:
        """Do the instructions of a stage in their order.

        Raises:
            CalledProcessError: A command failed.
        """
        for instruction in stage:
            match instruction.name:
                case "ARG":
                    name, _, default = instruction.text.partition("=")
                    self._arguments.setdefault(name, default)
                case "WORKDIR":
                    self.source = self.root / instruction.text.lstrip("/")
                    self.source.mkdir(parents=True)
                case "COPY":
                    *sources, target = instruction.text.split()
                    for source in sources:
                        self._copy(PROJECT / source, self.source / target, into=len(sources) > 1)
                case "RUN":
                    self._run(instruction.text)
                case "FROM":
                    continue
                case other:
                    raise ValueError(f"nobody taught this kitchen what {other} means")

    def _copy(self, source: Path, target: Path, *, into: bool) -> None:
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place = target / source.name if into else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)

    def _run(self, command: str) -> None:
        environment = os.environ | self._arguments | {"PATH": f"{self._python / 'bin'}{os.pathsep}{os.defpath}"}
        here = re.sub(r"(?<![\w.])/opt/", f"{self.root}/opt/", command)
        subprocess.run(["bash", "-euc", here], cwd=self.source, env=environment, check=True, timeout=_SECONDS)
