"""The counts of many finished jobs: in pages, with flat memory, by the label that their sender kept.

The jobs are made directly on an API server without an operator, as they look after their end.
"""

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from devcluster.controlplane import ControlPlane
from localstack.manifests import CRDS
from quantumjobs import Access, facts
from quantumjobs.kubeapi import CONFIG_MAPS, JOBS, KubeApi

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_JOBS: Final = 600
_BATCH: Final = {facts.BATCH: "many"}
_SECONDS: Final = 60
# The kernel's getrusage would answer with the peak of the test's own process, which the new one is forked from.
_MEASURED: Final = """
import atexit, pathlib, re, sys
from quantumjobs.cli import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print("KiB", re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1], file=sys.stderr))
main()
"""
_MEBIBYTES: Final = 200
_NOW: Final = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane with our kinds, and nobody who works on them."""
    with ControlPlane.start() as started:
        started.kubectl("apply", "--server-side", "-f", CRDS)
        started.wait_until_established("-f", CRDS)
        yield started


def finished(number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A job of a sweep, its status, and its output."""
    name = f"many-{number}"
    metadata = {"name": name, "labels": _BATCH, "annotations": {facts.PARAMETERS: json.dumps({"theta": number / 7})}}
    program = {"format": "ionq.circuit.v1", "source": '{"qubits": 2, "circuit": []}' + " " * 2000}
    spec = {"provider": "ionq", "target": "ionq.simulator", "program": program, "output": {"labels": _BATCH}}
    conditions = [
        {"type": kind, "status": "True", "reason": "OutputWritten", "message": "", "lastTransitionTime": _NOW}
        for kind in ("Submitted", "Complete", "Finished")
    ]
    status = {"state": "Succeeded", "outputConfigMap": f"{name}-output", "conditions": conditions}
    labels = {**_BATCH, "app.kubernetes.io/managed-by": "quantumjob-operator"}
    data = {"counts.json": json.dumps({"00": number, "11": 1000 - number % 1000}), "result": "x" * 2000}
    output = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-output", "labels": labels},
        "data": data,
    }
    job = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": "QuantumJob", "metadata": metadata, "spec": spec}
    return job, status, output


def test_their_counts_come_in_pages(plane: ControlPlane) -> None:
    """Every job once, with its parameter; in time, and in as much memory as a few pages take."""
    api = KubeApi(Access(kubeconfig=str(plane.kubeconfig)))
    status_of = (JOBS[0], "quantumjobs")

    def make(number: int) -> None:
        job, status, output = finished(number)
        api.create(JOBS, "default", job)
        api.create(CONFIG_MAPS, "default", output)
        api.patch(status_of, "default", f"{job['metadata']['name']}/status", {"status": status})

    with ThreadPoolExecutor(8) as makers:
        list(makers.map(make, range(_JOBS)))
    selector = f"{facts.BATCH}=many"
    argv = [sys.executable, "-c", _MEASURED, "counts", "-l", selector, "-o", "csv"]
    begun = time.monotonic()
    done = subprocess.run(
        [*argv, f"--kubeconfig={plane.kubeconfig}"], capture_output=True, text=True, check=True, timeout=300
    )
    seconds = time.monotonic() - begun
    peak = int(done.stderr.rsplit("KiB ", 1)[1]) / 1024
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 2 * _JOBS
    for row in rows:
        number = int(row["job"].removeprefix("many-"))
        assert float(row["theta"]) == number / 7
        assert int(row["count"]) == (number if row["outcome"] == "00" else 1000 - number % 1000)
    assert len({row["job"] for row in rows}) == _JOBS
    print(f"{_JOBS} jobs: {seconds:.1f} s, peak {peak:.0f} MiB")  # noqa: T201 - the figure
    assert seconds < _SECONDS
    assert peak < _MEBIBYTES
