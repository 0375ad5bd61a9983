"""What the tests of restored, copied and replaced objects share: the system's times, endless jobs, the ledger's words.

Must not live here: what is right (the tests).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cluster import jobs
from cluster.jobnamespace import JobNamespace
from localstack.manifests import Manifest
from localstack.stack import Stack

# Every repeated PUT is paid. A 404 is fenced for 2 + 3 + 1 seconds, so that a test can wait for the end of doubt.
OPERATOR_ARGS: Final = (
    "--put-start-seconds=2",
    "--request-timeout-seconds=3",
    "--visibility-delay-seconds=1",
    "--cancellation-grace-period-seconds=6",
    "--poll-min-seconds=0.3",
    "--poll-max-seconds=1",
)
EMULATOR_ARGS: Final = ("--repeated-put=second-run", "--waiting-seconds=0.2", "--executing-seconds=0.2", "--seed=7")
ENDLESS: Final = {"quantinuum.sim.h2-1e": {"executing_seconds": 600}}
"""The emulator's setting `targets` by which only the jobs of `endless` don't end by themselves."""


def endless(name: str, source: str = jobs.GHZ_QASM, **spec: Any) -> Manifest:
    """A job that executes until it is cancelled, while `ENDLESS` is set."""
    return jobs.quantinuum(name, source, **spec)


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
