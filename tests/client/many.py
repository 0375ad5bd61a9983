"""Many finished jobs of one sweep, made directly on an API server, and what it costs to read all their counts.

Must not live here: limits (the tests).
"""

import csv
import io
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quantumjobs import Access, facts
from quantumjobs.kubeapi import CONFIG_MAPS, JOBS, KubeApi

_BATCH: Final = {facts.BATCH: "many"}
# The kernel's getrusage would answer with the peak of the test's own process, which the new one is forked from.
_MEASURED: Final = """
import atexit, pathlib, re, sys, time
from quantumjobs.cli import main
def say():
    peak = re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]
    print("KiB", peak, time.process_time(), file=sys.stderr)
atexit.register(say)
main()
"""
_NOW: Final = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Reading:
    """What `kubectl quantum counts -o csv` gave.

    Attributes:
        rows: Its rows.
        seconds: How long it took.
        cpu_seconds: Its CPU.
        mebibytes: Its memory at most.
    """

    rows: list[dict[str, str]]
    seconds: float
    cpu_seconds: float
    mebibytes: float


def make(kubeconfig: Path, number: int) -> None:
    """Make so many jobs in the namespace `default`, with their outputs."""
    api = KubeApi(Access(kubeconfig=str(kubeconfig)))

    def make_one(point: int) -> None:
        job, status, output = _finished(point)
        api.create(JOBS, "default", job)
        api.create(CONFIG_MAPS, "default", output)
        api.patch(JOBS, "default", f"{job['metadata']['name']}/status", {"status": status})

    with ThreadPoolExecutor(8) as makers:
        list(makers.map(make_one, range(number)))


def read(kubeconfig: Path) -> Reading:
    """Read the counts of all of them, as the command does."""
    selector = f"{facts.BATCH}=many"
    argv = [sys.executable, "-c", _MEASURED, "counts", "-l", selector, "-o", "csv", f"--kubeconfig={kubeconfig}"]
    begun = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600)
    seconds = time.monotonic() - begun
    peak, cpu = done.stderr.rsplit("KiB ", 1)[1].split()
    return Reading(list(csv.DictReader(io.StringIO(done.stdout))), seconds, float(cpu), int(peak) / 1024)


def _finished(number: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
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
