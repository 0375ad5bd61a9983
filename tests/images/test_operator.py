"""The operator's image: what its Dockerfile says, and its build stage followed where no container engine is."""

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devcluster.scratch import scratch_directory
from images.recipe import PROJECT, Instruction, Kitchen, stages

BUILD, FINAL = stages(PROJECT / "operator" / "Dockerfile")
_INSTALLS: Final = re.compile(r"pip install[^&]*")


def texts(stage: list[Instruction], name: str) -> list[str]:
    """What follows each instruction of a name."""
    return [one.text for one in stage if one.name == name]


class TestDockerfile:
    """What can be read off without building anything."""

    @pytest.mark.parametrize("command", [one for run in texts(BUILD, "RUN") for one in _INSTALLS.findall(run)])
    def test_nothing_is_installed_that_is_not_pinned_by_hash(self, command: str) -> None:
        """From a lock file, or the one wheel that was just built, which may fetch nothing."""
        assert "--require-hashes" in command or ("--no-index" in command and "--no-deps" in command)

    def test_final_stage_runs_nothing_and_takes_the_environment_only(self) -> None:
        """Neither sources nor build tools reach the image."""
        assert texts(FINAL, "RUN") == []
        assert texts(FINAL, "COPY") == ["--from=build /opt/operator /opt/operator"]

    def test_user_is_a_number_that_is_not_root(self) -> None:
        """A kubelet that demands `runAsNonRoot` has to see it."""
        (user,) = texts(FINAL, "USER")
        assert all(int(part) > 0 for part in user.split(":"))

    def test_both_stages_stand_on_the_same_slim_base(self) -> None:
        """The environment's interpreter is the base's, and a digest can be given for both."""
        assert {text.removesuffix(" AS build") for stage in (BUILD, FINAL) for text in texts(stage, "FROM")} == {
            "${PYTHON_IMAGE}"
        }
        assert "ARG PYTHON_IMAGE=python:3.11-slim\n" in (PROJECT / "operator" / "Dockerfile").read_text()

    def test_label_has_the_version_of_the_project(self) -> None:
        """One of the two can't be forgotten."""
        version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
        assert f'org.opencontainers.image.version="{version}"' in " ".join(texts(FINAL, "LABEL"))

    def test_whatever_is_copied_exists_and_is_not_ignored(self) -> None:
        """No pattern of .dockerignore meets a source of a COPY."""
        ignored = (PROJECT / ".dockerignore").read_text().splitlines()
        for source in (one for text in texts(BUILD, "COPY") for one in text.split()[:-1]):
            assert (PROJECT / source).exists()
            assert Path(source).parts[0] not in ignored


@pytest.fixture(scope="module")
def kitchen() -> Iterator[Kitchen]:
    """The build stage, followed; what it made can't be written any more, as in a read-only container."""
    with scratch_directory() as folder:
        done = Kitchen(folder / "image")
        done.follow(BUILD)
        for path in done.root.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        yield done
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def start(kitchen: Kitchen, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The image's entry point with the image's environment, where there is neither a cluster nor a home."""
    (entry_point,) = texts(FINAL, "ENTRYPOINT")
    environment = dict(one.split("=") for one in " ".join(texts(FINAL, "ENV")).split())
    return subprocess.run(
        [kitchen.root / entry_point.strip('[]"').lstrip("/"), *arguments],
        cwd="/",
        env=environment | {"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contents(folder: Path) -> dict[str, tuple[int, float]]:
    """Size and time of each file."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime) for path in folder.rglob("*")}


@pytest.mark.slow  # downloads and installs all packages
class TestBuilt:
    """The environment that the image would have."""

    def test_has_the_locked_packages_and_the_operator(self, kitchen: Kitchen) -> None:
        """At the locked versions, and nothing else: no pip, no build tool."""
        lock = (PROJECT / "requirements" / "operator.txt").read_text()
        locked = {f"{name}-{version}" for name, version in re.findall(r"^([\w.-]+)==([^ ;]+)", lock, re.MULTILINE)}
        found = {
            re.sub(r"[_.]", "-", path.name.partition("-")[0]).lower() + "-" + path.stem.partition("-")[2]
            for path in kitchen.root.glob("opt/operator/lib/python*/site-packages/*.dist-info")
        }
        assert {one for one in found if one.startswith("quantumjob-operator-")} != set()
        assert {one for one in found if not one.startswith("quantumjob-operator-")} <= locked
        assert len(found) > 20

    def test_is_compiled(self, kitchen: Kitchen) -> None:
        """Nothing can be written beside the sources later."""
        package = next(kitchen.root.glob("opt/operator/lib/python*/site-packages/quantumjob_operator"))
        assert len(list(package.rglob("*.pyc"))) == len(list(package.rglob("*.py")))

    def test_entry_point_starts_and_writes_nothing(self, kitchen: Kitchen) -> None:
        """It tells its settings; without a cluster it says what is missing, in a log line, and ends."""
        before = contents(kitchen.root)
        told, lost = start(kitchen, "--help"), start(kitchen)
        assert (told.returncode, told.stderr) == (0, "")
        assert "--watch-namespaces" in told.stdout
        assert lost.returncode == 1
        assert '"level": "CRITICAL"' in lost.stderr
        assert "Traceback" not in lost.stderr
        assert "NoConfiguration" in lost.stderr
        assert contents(kitchen.root) == before

    def test_wheel_is_the_same_from_the_same_sources(self, kitchen: Kitchen) -> None:
        """Built again, byte for byte."""
        (first,) = kitchen.root.glob("opt/wheel/*.whl")
        with scratch_directory() as folder:
            hatchling = kitchen.root / "opt" / "build" / "bin" / "hatchling"
            build = [str(hatchling), "build", "-t", "wheel", "-d", str(folder)]
            subprocess.run(build, cwd=kitchen.source, check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
            assert (folder / first.name).read_bytes() == first.read_bytes()
