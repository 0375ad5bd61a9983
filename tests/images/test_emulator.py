"""The local workspace's image: its build stage, followed where no container engine is."""

import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from devcluster.scratch import scratch_directory
from images.recipe import PROJECT, Kitchen, stages

BUILD, _FINAL = stages(PROJECT / "emulator" / "Dockerfile")
_AZURITE: Final = "opt/azurite/node_modules/azurite/dist/src/blob/main.js"


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
