"""A limit that a researcher sets from the command line, on the real parts: what is above it is never sent."""

import csv
import io
from pathlib import Path
from typing import Final

import pytest

from client.conftest import Researcher
from client.programs import BELL_IONQ, SIMULATOR
from cluster import jobs
from cluster.jobnamespace import JobNamespace
from localstack import manifests

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_PRICES: Final = (manifests.PROJECT / "charts/quantumjob-workspace/files/prices.yaml").read_text()
_MACHINE: Final = "ionq.qpu.aria-1"


@pytest.fixture
def priced(researcher: Researcher, place: JobNamespace) -> Researcher:
    """Their QuantumWorkspace names the published price list."""
    place.apply(jobs.config_map("prices", {"prices.yaml": _PRICES}), place.workspace(pricesRef={"name": "prices"}))
    return researcher


def test_what_may_cost_more_is_never_sent(priced: Researcher, place: JobNamespace, tmp_path: Path) -> None:
    """`run` ends as a failure with both amounts, `list` shows them, `why` says what to do; a free target runs."""
    bell = tmp_path / "bell.json"
    bell.write_text(BELL_IONQ)
    ran = priced.run("run", bell, "-t", _MACHINE, "-s", "100", "--max-cost", "5USD", "--name=dear", "--wait")
    assert ran.returncode == 3, ran.stderr
    assert "AboveMaxCost" in ran.stderr
    assert "allows 5 USD, and this job is expected to cost 97.5 USD" in ran.stderr
    assert place.runs("dear") == []
    (row,) = csv.DictReader(io.StringIO(priced.run("list", "-o", "csv").stdout))
    assert (row["estimate"], row["max_cost"], row["cost"]) == ("97.5 USD", "5 USD", "")
    assert (
        "do: use fewer shots, or raise spec.maxCost, in a new job; nothing was sent" in priced.run("why", "dear").stdout
    )
    asked = priced.run("estimate", bell, "-t", _MACHINE, "-s", "100", "--max-cost", "5USD", "--max-cost", "3hqc")
    assert asked.stdout.splitlines()[-1].split(maxsplit=2) == ["max", "cost", "5 USD,3 hqc"]
    free = priced.run("run", bell, "-t", SIMULATOR, "-s", "100", "--max-cost=0USD", "--name=free", "--wait")
    assert free.returncode == 0, free.stderr
    assert len(place.runs("free")) == 1


def test_each_job_of_a_sweep_has_the_limit(priced: Researcher, place: JobNamespace) -> None:
    """The library takes the same words."""
    cluster = priced.cluster()
    points: list[dict[str, float]] = [{}, {}]
    swept = cluster.sweep(BELL_IONQ, points=points, target=_MACHINE, shots=100, max_cost=["5USD", "1hqc"], batch="two")
    assert [ending.error() is not None for ending in swept.wait(60)] == [True, True]
    assert [job.why().reason for job in swept] == ["AboveMaxCost", "AboveMaxCost"]
    assert [place.runs(job.name) for job in swept] == [[], []]


def test_a_word_that_is_no_limit_sends_nothing(priced: Researcher, place: JobNamespace, tmp_path: Path) -> None:
    """It is a matter of usage, and says how a limit is written."""
    bell = tmp_path / "bell.json"
    bell.write_text(BELL_IONQ)
    ran = priced.run("run", bell, "-t", SIMULATOR, "--max-cost", "cheap")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "for example 5USD" in ran.stderr
    assert place.kubectl("get", "quantumjobs", "-o", "name") == ""
