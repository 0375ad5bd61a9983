"""The operator's image: its build stage, followed where no container engine is."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.scratch import scratch_directory
from images.recipe import PROJECT, Kitchen, stages, texts

BUILD, FINAL = stages(PROJECT / "operator" / "Dockerfile")


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
