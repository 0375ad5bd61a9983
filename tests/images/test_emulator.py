"""The local workspace's image: its build stage, followed where no container engine is."""

import json
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from devcluster.scratch import scratch_directory
from emulator.programs.pulses import sequence
from images.recipe import PROJECT, Kitchen, stages

BUILD, _FINAL = stages(PROJECT / "emulator" / "Dockerfile")
_AZURITE: Final = "opt/azurite/node_modules/azurite/dist/src/blob/main.js"
# Runs the program that it reads, by the installed package alone.
_RUN: Final = """
import asyncio, sys
from workspace_emulator.programs import ProgramError, ProgramRequest, run_program
formats = "pasqal.pulser.v1", "pasqal.pulser-results.v1"
request = ProgramRequest(*formats, sys.stdin.buffer.read(), {"shots": 5}, "pasqal", "pasqal.sim.emu-free", 1)
try:
    print(asyncio.run(run_program(request)).body.decode())
except ProgramError as error:
    print(error)
"""


# An engine builds the first as well, where its tests run: in `make test-release`.
@pytest.fixture(
    scope="module",
    params=[pytest.param("", marks=pytest.mark.release, id="as it is"), pytest.param("1", id="with PULSER")],
)
def kitchen(request: pytest.FixtureRequest) -> Iterator[Kitchen]:
    """The build stage, followed."""
    with scratch_directory() as folder:
        done = Kitchen(folder / "image", PULSER=request.param)
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


@pytest.mark.slow  # the same
def test_image_runs_sequences_of_pulser_only_if_it_was_built_for_them(
    kitchen: Kitchen, request: pytest.FixtureRequest
) -> None:
    """Otherwise the job's error names the extra that is missing."""
    program = json.dumps({"sequence_builder": sequence(1, 16)})
    python = kitchen.root / "opt/emulator/bin/python"
    done = subprocess.run(
        [python, "-I", "-c", _RUN], cwd="/", input=program, capture_output=True, text=True, check=True
    )
    if request.node.callspec.params["kitchen"]:
        assert sum(json.loads(done.stdout).values()) == 5
    else:
        assert "without its extra 'pulser'" in done.stdout
