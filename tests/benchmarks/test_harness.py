"""The harness runs to its end with a handful of jobs; what it measured is not judged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import measures
from benchmarks.plan import TINY

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

OF_THE_CLUSTER = frozenset({"lag_p99", "writes_a_job", "requests_a_job", "settled_a_second", "submitted_p99_steady"})


@pytest.mark.release
def test_single_steps_are_measured(tmp_path: Path) -> None:
    """Each has a cost, and the operator's connections are no more than its requests at a time."""
    command = [sys.executable, "-m", "benchmarks.parts", f"--folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    costs = json.loads((tmp_path / "bench-parts.json").read_text())
    assert all(cost["milliseconds"] > 0 for cost in costs)
    ours = [cost["connections"] for cost in costs if cost["by"] == "the operator" and cost["connections"]]
    assert len(ours) == 3
    assert all(connections <= most for connections, most in zip(ours, (1, 24, 100), strict=True))
    assert "aiohttp alone" in done.stdout


@pytest.mark.release
def test_a_burst_alone_is_compared_with_the_peer() -> None:
    """All measures are there for both, with the ratio."""
    command = [sys.executable, "-m", "benchmarks.burst", "--jobs=5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert "cpu_a_job_burst" in done.stdout, done.stderr
    assert "1.00 x" in done.stdout


@pytest.mark.release
def test_a_tiny_run_with_a_budget_counts_every_job() -> None:
    """What it measured is not judged, but the budget has to have counted all jobs of its half."""
    command = [sys.executable, "-m", "benchmarks.budget", "--plan=tiny"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    whole = TINY.arrivals + TINY.burst
    assert f"counted: {whole} of {whole} jobs" in done.stdout, done.stderr


def test_a_tiny_run_measures_everybody(tmp_path: Path) -> None:
    """Every measure has our figure, the peers have theirs, and table, JSON and drawing are there."""
    command = [sys.executable, "-m", "benchmarks", "--plan=tiny", f"--folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=420, check=False)
    assert done.returncode == 0, done.stderr
    lines = json.loads((tmp_path / "bench.json").read_text())
    assert lines.keys() == measures(TINY).keys()
    # Growth has no figure where the cost at the first size is too small to be seen.
    assert {key for key, line in lines.items() if line["ours"] is None} <= {"growth_cpu"}
    assert all(lines[key]["kopf_timer"] is not None for key in OF_THE_CLUSTER)
    assert lines["lag_p99"]["sdk_process"] is not None
    # Ours submits, executes, writes an output and lets go: fewer writes than these would be no whole life.
    assert lines["writes_a_job"]["ours"] >= 4
    assert lines["settled_a_second"]["title"] in done.stdout
    assert (tmp_path / "bench.png").stat().st_size > 0
    assert json.loads((tmp_path / "bench-machine.json").read_text())["cores"] >= 1
