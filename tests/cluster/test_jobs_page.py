"""The manifests of docs/jobs.md are jobs: each runs in the local workspace and has the counts that it must have."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from cluster.jobnamespace import JobNamespace
from localstack.manifests import PROJECT

PAGE: Final = (PROJECT / "docs" / "jobs.md").read_text()
JOBS: Final[list[dict[str, Any]]] = [
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
]
BLOCKADED: Final = math.sin(math.sqrt(2) * math.pi / 2) ** 2
"""Chance that one of two atoms is excited by a half turn for one alone: together they turn √2 times as fast."""
CHANCES: Final[Mapping[str, Mapping[str, float]]] = {
    "rotated": {"00": 0.75, "11": 0.25},
    "teleported": {"11": 1},
    "quil": {"001": 0.5, "111": 0.5},
    "rydberg": {"001": 1 - BLOCKADED, "011": BLOCKADED / 2, "101": BLOCKADED / 2},
}


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the page's lines of Python write."""
    (lines,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    folder = tmp_path_factory.mktemp("page")
    subprocess.run(
        [sys.executable, "-c", lines], cwd=folder, env={**os.environ, "MPLCONFIGDIR": str(folder)}, check=True
    )
    return Path(folder, "sequence.json").read_text()


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job["metadata"]["name"])
def test_manifests_are_jobs(place: JobNamespace, job: dict[str, Any], sequence: str) -> None:
    """Succeeded, with bit 0 rightmost whatever the provider's order is."""
    name, shots = job["metadata"]["name"], job["spec"]["parameters"]["shots"]
    place.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rydberg"}, "data": {"sequence.json": sequence}}
    )
    place.apply(job)
    place.wait(name, "Complete")
    status = place.status(name)
    assert (status["state"], status.get("jobId") is not None) == ("Succeeded", True)
    counts = json.loads(place.output(name)["counts.json"])
    assert (sum(counts.values()), set(counts)) == (shots, set(CHANCES[name]))
    for outcome, chance in CHANCES[name].items():
        assert counts[outcome] == pytest.approx(shots * chance, abs=5 * math.sqrt(shots * chance * (1 - chance)))


def test_page_has_a_job_for_each_language_that_is_written_by_hand() -> None:
    """QIR is written by compilers, and its examples are run by tests of their own."""
    assert {job["spec"]["program"]["format"] for job in JOBS} == {
        "ionq.circuit.v1",
        "honeywell.openqasm.v1",
        "rigetti.quil.v1",
        "pasqal.pulser.v1",
    }
