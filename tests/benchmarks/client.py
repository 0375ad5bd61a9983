"""`make bench-client`: how fast the client is, beside kubectl, and what the counts of 10,000 jobs cost.

The commands take turns, so that a busy machine is busy for all of them. Ends 1 if a limit is missed.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from client import many
from devcluster.controlplane import ControlPlane
from localstack.manifests import CRDS

_ROUNDS: Final = 15
_SECONDS: Final = 60.0
_MEBIBYTES: Final = 200.0
_COMMANDS: Final = {
    "kubectl quantum list": ["kubectl", "quantum", "list", "-l", "no=such"],
    "kubectl get quantumjobs": ["kubectl", "get", "quantumjobs", "-l", "no=such"],
    "the interpreter": [sys.executable, "-c", "pass"],
}


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.client")
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs' counts are read")
    jobs = parser.parse_args().jobs
    with ControlPlane.start() as plane:
        plane.kubectl("apply", "--server-side", "-f", CRDS)
        plane.wait_until_established("-f", CRDS)
        fast_enough = _starts(plane)
        many.make(plane.kubeconfig, jobs)
        found = many.read(plane.kubeconfig)
    _say(f"counts of {jobs} jobs: {found.seconds:.1f} s, at most {found.mebibytes:.0f} MiB, {len(found.rows)} rows")
    whole = len(found.rows) == 2 * jobs
    return 0 if fast_enough and whole and found.seconds <= _SECONDS and found.mebibytes <= _MEBIBYTES else 1


def _starts(plane: ControlPlane) -> bool:
    environment = plane.kubectl_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
    for _ in range(_ROUNDS):
        for name, argv in _COMMANDS.items():
            turns[name].append(_timed(argv, environment))
    walls = {name: statistics.median(wall for wall, _ in times) for name, times in turns.items()}
    for name, times in turns.items():
        cpu = statistics.median(one for _, one in times)
        _say(f"{name}: {walls[name] * 1000:.0f} ms, {cpu * 1000:.0f} ms of CPU")
    ours, theirs, interpreter = (walls[name] for name in _COMMANDS)
    limit = 2 * theirs + interpreter
    _say(f"{ours * 1000:.0f} ms, and 2 x kubectl + the interpreter are {limit * 1000:.0f} ms: {ours / limit:.2f} of it")
    return ours <= limit


def _timed(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
