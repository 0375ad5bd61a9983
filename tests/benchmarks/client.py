"""`make bench-client`: how fast the client is, beside kubectl, and what the counts of 10,000 jobs cost.

The commands take turns, so that a busy machine is busy for all of them, and what counts is their CPU. Ends 1 if a limit
is missed. The floor is a plugin that imports the libraries of a request and does nothing: the client's own part is what
stands above it. docs/performance.md has figures.
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
_ABOVE_FLOOR: Final = 1.3
_FLOOR: Final = f"#!{sys.executable}\nimport click, json, ssl, urllib3, yaml\n"
_COMMANDS: Final = {
    "kubectl quantum list": ["kubectl", "quantum", "list", "-l", "no=such"],
    "kubectl get quantumjobs": ["kubectl", "get", "quantumjobs", "-l", "no=such"],
    "the interpreter": [sys.executable, "-c", "pass"],
    "the floor": ["kubectl", "floor"],
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
        if not jobs:
            return 0 if fast_enough else 1
        many.make(plane.kubeconfig, jobs)
        found = many.read(plane.kubeconfig)
    _say(
        f"counts of {jobs} jobs: {found.seconds:.1f} s, {found.cpu_seconds:.1f} s of CPU, "
        f"at most {found.mebibytes:.0f} MiB, {len(found.rows)} rows"
    )
    whole = len(found.rows) == 2 * jobs
    return 0 if fast_enough and whole and found.seconds <= _SECONDS and found.mebibytes <= _MEBIBYTES else 1


def _starts(plane: ControlPlane) -> bool:
    environment = _environment(plane)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
    for turn in range(_ROUNDS + 1):
        for name, argv in _COMMANDS.items():
            measured = _timed(argv, environment)
            if turn:  # the first one fills the caches of bytecode and of kubectl
                turns[name].append(measured)
    cpu = {}
    for name, times in turns.items():
        wall, cpu[name] = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        _say(f"{name}: {wall:.0f} ms, {cpu[name]:.0f} ms of CPU")
    ours, theirs, interpreter, floor = (cpu[name] for name in _COMMANDS)
    mark = 2 * theirs + interpreter
    _say(f"{ours / mark:.2f} of 2 x kubectl + the interpreter ({mark:.0f} ms), {ours / floor:.2f} of the floor")
    return bool(ours <= max(mark, _ABOVE_FLOOR * floor))


def _environment(plane: ControlPlane) -> dict[str, str]:
    """Our commands on the PATH, and bytecode kept as every installation keeps it."""
    programs = plane.folder / "programs"
    programs.mkdir()
    floor = programs / "kubectl-floor"
    floor.write_text(_FLOOR)
    floor.chmod(0o755)
    environment = plane.kubectl_environment()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), environment["PATH"]])
    return environment | {"PATH": path, "PYTHONPYCACHEPREFIX": str(plane.folder / "bytecode")}


def _timed(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(argv, env=environment, capture_output=True, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begun
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
