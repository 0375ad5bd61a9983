"""What can be read off both Dockerfiles without building anything."""

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from images.recipe import PROJECT, Instruction, stages, texts

_INSTALLS: Final = re.compile(r"(?:pip install|npm ci)[^&]*")
_TAKEN: Final = {"operator": ["operator"], "emulator": ["emulator", "azurite"]}
"""The folders below `/opt` of the build stage that each image serves from."""

Stages = tuple[list[Instruction], list[Instruction]]


@pytest.fixture(params=sorted(_TAKEN))
def dockerfile(request: pytest.FixtureRequest) -> Path:
    """Each of the two."""
    return PROJECT / str(request.param) / "Dockerfile"


@pytest.fixture
def both(dockerfile: Path) -> Stages:
    """Its build stage and its final one."""
    build, final = stages(dockerfile)
    return build, final


def test_nothing_is_installed_that_is_not_pinned_by_hash(both: Stages) -> None:
    """From a lock file, or the one wheel that was just built, which fetches nothing; npm runs no package's script."""
    commands = [one for run in texts(both[0], "RUN") for one in _INSTALLS.findall(run)]
    assert commands
    for command in commands:
        pinned = "--require-hashes" in command or ("--no-index" in command and "--no-deps" in command)
        assert pinned or ("npm ci" in command and "--ignore-scripts" in command), command


def test_what_the_image_runs_comes_from_the_lock_that_was_resolved_for_it(both: Stages, dockerfile: Path) -> None:
    """Not from that of the development environment, whose tools may want something else."""
    installed = {lock for run in texts(both[0], "RUN") for lock in re.findall(r"-r requirements/([\w.]+)", run)}
    assert f"{dockerfile.parent.name}.txt" in installed
    optional = {"emulator": {"pulser.txt"}}.get(dockerfile.parent.name, set())
    assert installed <= {f"{dockerfile.parent.name}.txt", "uv.txt", "build.txt", "node.txt"} | optional


def test_final_stage_runs_nothing_and_takes_what_it_serves_only(both: Stages, dockerfile: Path) -> None:
    """Neither sources nor build tools reach the image."""
    assert texts(both[1], "RUN") == []
    assert texts(both[1], "COPY") == [f"--from=build /opt/{one} /opt/{one}" for one in _TAKEN[dockerfile.parent.name]]


def test_user_is_a_number_that_is_not_root(both: Stages) -> None:
    """A kubelet that demands `runAsNonRoot` has to see it."""
    (user,) = texts(both[1], "USER")
    assert all(int(part) > 0 for part in user.split(":"))


def test_both_stages_stand_on_the_same_slim_base(both: Stages, dockerfile: Path) -> None:
    """The environment's interpreter is the base's, and a digest can be given for both."""
    bases = {text.removesuffix(" AS build") for stage in both for text in texts(stage, "FROM")}
    assert bases == {"${PYTHON_IMAGE}"}
    assert "ARG PYTHON_IMAGE=python:3.11-slim\n" in dockerfile.read_text()


def test_label_has_the_version_of_the_project(both: Stages) -> None:
    """One of the two can't be forgotten."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in " ".join(texts(both[1], "LABEL"))


def test_whatever_is_copied_exists_and_is_not_ignored(both: Stages) -> None:
    """No pattern of .dockerignore meets a source of a COPY."""
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    for source in (one for text in texts(both[0], "COPY") for one in text.split()[:-1]):
        assert (PROJECT / source).exists()
        assert Path(source).parts[0] not in ignored
