"""`make bench-burst`: the burst alone, of the operator and of the peer with timers, and where the operator's CPU goes.

For whoever looks for what a job costs: two minutes in place of the twenty of the whole benchmark, all on one system,
and the operator of another checkout beside it if one is named. The profile is py-spy's, which has to be on the PATH: it
looks from outside at whoever holds the interpreter's lock. Must not live here: what a burst is (`scenarios`).
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks import scenarios
from benchmarks.figures import Figures
from benchmarks.plan import FULL
from benchmarks.subjects import KOPF_TIMER, OURS, Subject
from localstack.service import Service
from localstack.stack import Stack

_WARM: Final = 20
_HERTZ: Final = 200
_WIDTH: Final = 150
_SHOWN: Final = (
    "submitted_p50_burst", "submitted_p99_burst", "settled_a_second", "cpu_a_job_burst", "requests_a_job",
    "writes_a_job",
)  # fmt: skip
# The first of which a frame is in a stack has the sample: whose work it is, whatever library does it.
_PARTS: Final = (
    ("logging", ("logging/", "pythonjsonlogger/")),
    ("metrics", ("prometheus_client/", "quantumjob_operator/metrics.py")),
    ("requests to the API server", ("quantumjob_operator/cluster/api.py",)),
    ("blobs", ("quantumjob_operator/azure/blobs.py", "azure/storage/")),
    ("requests to the service", ("quantumjob_operator/azure/channel.py",)),
    ("decisions, and what they read and write", ("quantumjob_operator/lifecycle/", "quantumjob_operator/model/")),
    ("taking what the watch tells", ("quantumjob_operator/cluster/watch.py", "quantumjob_operator/cluster/cache.py")),
    ("polling, beside its requests", ("quantumjob_operator/azure/poller.py", "quantumjob_operator/azure/positions.py")),
    ("the rest of a reconciliation", ("quantumjob_operator/",)),
    ("bytes of connections", ("asyncio/sslproto.py", "asyncio/selector_events.py", "aiohttp/")),
    ("the event loop", ("asyncio/", "selectors.py", "concurrent/")),
)
_WATCH: Final = "kopf's watch"


def main() -> int:
    """Measure, print; returns 0."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    plan = replace(FULL, arrivals=_WARM, burst=arguments.jobs)
    found: dict[str, Figures] = {}
    with scenarios.bench(OURS, plan, (), lambda line: console.print(f"[dim]{line}")) as place:
        for subject in _subjects(arguments):
            place.subject = subject
            found[subject.name] = _measured(place, arguments.profiles)
            console.print(f"[dim]{place.notes['settled_a_second']}")
    console.print(_compared(found, arguments.jobs))
    for stacks in sorted(arguments.profiles.glob("*.stacks")) if arguments.profiles else ():
        console.print(_profiled(stacks.stem, stacks.read_text().splitlines()))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.burst", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=300, help="how many arrive at once")
    parser.add_argument("--former", type=Path, help="another checkout, whose operator is measured as well")
    parser.add_argument("--alone", action="store_true", help="without the peer")
    parser.add_argument("--profiles", type=Path, help="a folder that takes py-spy's stacks, of which tables are made")
    return parser.parse_args()


def _subjects(arguments: argparse.Namespace) -> Iterator[Subject]:
    if arguments.former:
        yield Subject("former", partial(_former, arguments.former))
    yield OURS
    if not arguments.alone:
        yield KOPF_TIMER


def _former(checkout: Path, stack: Stack, freshness: float | None) -> Service:
    os.environ["PYTHONPATH"], kept = str(checkout / "operator"), os.environ.get("PYTHONPATH", "")
    try:
        return OURS.make(stack, freshness)
    finally:
        os.environ["PYTHONPATH"] = kept


def _measured(place: scenarios.Bench, profiles: Path | None) -> Figures:
    with place.running(None) as process:
        figures = scenarios.arrive(place, process)
        with _watched(process, profiles and profiles / f"{place.subject.name}.stacks"):
            figures |= scenarios.burst(place, process)
        place.cluster.delete_all(place.plan.patience)
    return figures


def _compared(found: Mapping[str, Figures], jobs: int) -> Table:
    table = Table(title=f"a burst of {jobs} jobs", title_justify="left")
    for column in ("measure", *found):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for key in _SHOWN:
        peer = found.get(KOPF_TIMER.name, {}).get(key)
        values = [figures[key] for figures in found.values()]
        table.add_row(key, *(f"{value:.4g}" + (f" ({value / peer:.2f} x)" if peer else "") for value in values))
    return table


@contextmanager
def _watched(process: Service, stacks: Path | None) -> Iterator[None]:
    """Write the stacks of a process meanwhile."""
    if stacks is None:
        yield
        return
    program = shutil.which("py-spy") or sys.exit("benchmarks.burst: --profiles needs py-spy on the PATH")
    stacks.parent.mkdir(parents=True, exist_ok=True)
    how = ["--gil", "--threads", "--rate", str(_HERTZ), "--format", "raw", "--duration", "100000"]
    command = [program, "record", *how, "--output", str(stacks), "--pid", str(process.pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spy:
        try:
            yield
        finally:
            spy.send_signal(signal.SIGINT)  # it writes what it has seen


def _profiled(subject: str, stacks: Iterable[str]) -> Table:
    """How many of the samples are whose."""
    parts: Counter[str] = Counter()
    for line in stacks:
        stack, _, times = line.rpartition(" ")
        parts[part_of(stack)] += int(times)
    whole = parts.total()
    table = Table(title=f"{subject}: {whole} samples", title_justify="left")
    table.add_column("part")
    table.add_column("share", justify="right")
    for name, count in parts.most_common():
        table.add_row(name, f"{100 * count / whole:.1f} %")
    return table


def part_of(stack: str) -> str:
    """Whose work a stack shows, outermost call first."""
    if re.match(r"[^;]*\bwatch\b", stack):  # the thread's name stands first
        return _WATCH
    loop, called, work = stack.rpartition("(asyncio/events.py:")
    if not called:
        work = "asyncio/" if "asyncio/base_events.py" in loop + work else ""  # the loop itself, or another thread
    return next((name for name, paths in _PARTS if any(path in work for path in paths)), "all others")


if __name__ == "__main__":
    sys.exit(main())
