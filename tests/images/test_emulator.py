"""The local workspace's image: what its Dockerfile says, and its build stage followed where no container engine is."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from devcluster.scratch import scratch_directory
from images.recipe import PROJECT, Kitchen, stages
from images.test_operator import texts

BUILD, FINAL = stages(PROJECT / "emulator" / "Dockerfile")
_INSTALLS: Final = re.compile(r"(?:pip install|npm ci)[^&]*")
_AZURITE: Final = "opt/azurite/node_modules/azurite/dist/src/blob/main.js"


class TestDockerfile:
    """What can be read off without building anything."""

    @pytest.mark.parametrize("command", [one for run in texts(BUILD, "RUN") for one in _INSTALLS.findall(run)])
    def test_nothing_is_installed_that_is_not_pinned_by_hash(self, command: str) -> None:
        """From a lock file, or the one wheel that was just built; npm runs no script of a package."""
        pinned = "--require-hashes" in command or ("--no-index" in command and "--no-deps" in command)
        assert pinned or ("npm ci" in command and "--ignore-scripts" in command)

    def test_final_stage_runs_nothing_and_takes_what_it_serves_only(self) -> None:
        """Neither sources nor build tools reach the image."""
        assert texts(FINAL, "RUN") == []
        assert texts(FINAL, "COPY") == [f"--from=build /opt/{one} /opt/{one}" for one in ("emulator", "azurite")]

    def test_user_is_a_number_that_is_not_root(self) -> None:
        """A kubelet that demands `runAsNonRoot` has to see it."""
        (user,) = texts(FINAL, "USER")
        assert all(int(part) > 0 for part in user.split(":"))

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
    """The build stage, followed."""
    with scratch_directory() as folder:
        done = Kitchen(folder / "image")
        done.follow(BUILD)
        yield done


@pytest.mark.slow  # downloads and installs all packages
@pytest.mark.parametrize(
    ("command", "told"),
    [
        pytest.param(["opt/emulator/bin/workspace-emulator", "--help"], "--storage-url", id="the workspace"),
        pytest.param(["opt/azurite/node", "--version"], "v2", id="the Node.js that the chart names"),
        pytest.param(["opt/azurite/node", _AZURITE, "--help"], "--disableProductStyleUrl", id="Azurite"),
    ],
)
def test_what_the_chart_starts_is_there(kitchen: Kitchen, command: list[str], told: str) -> None:
    """By the paths that its templates name, and it starts."""
    program, *arguments = (str(kitchen.root / one) if one.startswith("opt/") else one for one in command)
    done = subprocess.run(
        [program, *arguments], cwd="/", env={"HOME": "/nonexistent"}, capture_output=True, text=True, check=False
    )
    assert told in done.stdout, done.stderr
    if told.startswith("--"):
        template = (PROJECT / "charts/quantumjob-operator/templates/emulator/deployment.yaml").read_text()
        assert told in template
