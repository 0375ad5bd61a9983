"""Jobs that run until they are cancelled, what the ledger says of runs, and an operator that is away for a while.

Must not live here: what is right (the tests).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cluster import jobs
from cluster.jobnamespace import JobNamespace
from localstack.manifests import Manifest
from localstack.stack import Stack

ENDLESS: Final = {"quantinuum.sim.h2-1e": {"executing_seconds": 600}}
"""The emulator's setting `targets` by which only the jobs of `endless` don't end by themselves."""


def endless(name: str, **spec: Any) -> Manifest:
    """A job that executes until it is cancelled, while `ENDLESS` is set."""
    return jobs.quantinuum(name, **spec)


def run_status(place: JobNamespace, name: str) -> str:
    """What the ledger says of a job's only run."""
    (run,) = place.runs(name)
    return str(run["status"])


@contextmanager
def operator_stopped(stack: Stack) -> Iterator[None]:
    """Nobody serves the objects meanwhile; a new process does afterwards."""
    stack.operator.stop()
    try:
        yield
    finally:
        stack.operator.start()
