"""What is measured on a cluster: jobs that arrive, a burst, idle jobs in growing numbers, and a restart among them.

Each function answers figures by the keys of `figures.MEASURES`. Must not live here: how a gauge is read (`gauges`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from benchmarks.cluster import Cluster, NeverHappenedError, Stage, Times, until
from benchmarks.figures import Figures, derived, percentile
from benchmarks.gauges import Gauges, Reading, peak_mib
from benchmarks.plan import Plan
from benchmarks.subjects import Subject
from localstack.service import Service
from localstack.stack import Stack

WAITING_SECONDS: Final = 2.0
EXECUTING_SECONDS: Final = 3.0
FOR_EVER: Final = 10_000_000
_UID: Final = "quantumjobs_uid"
_EMULATOR: Final = ("--no-simulate", "--log-level=warning", "--seed=1")
_SETTLING_SECONDS: Final = 2.0
_FOLLOWING_SECONDS: Final = 1.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one subject.

    Attributes:
        figures: By measure.
        notes: What has to be said of single figures.
        sizes: Numbers of idle jobs that it sustained.
    """

    figures: Figures
    notes: dict[str, str]
    sizes: tuple[int, ...]


@dataclass(slots=True)
class Bench:
    """One subject on a system of its own.

    Attributes:
        sizes: Numbers of idle jobs that it is given.
        notes: What has to be said of single figures.
        sustained: Those of the sizes that were reached in time.
    """

    stack: Stack
    cluster: Cluster
    subject: Subject
    plan: Plan
    sizes: tuple[int, ...]
    report: Report
    notes: dict[str, str] = field(default_factory=dict)
    sustained: tuple[int, ...] = ()
    _made: int = 0

    def names(self, count: int) -> list[str]:
        """New names for so many jobs."""
        first, self._made = self._made, self._made + count
        return [f"job-{number}" for number in range(first, self._made)]

    def read(self, process: Service) -> Reading:
        """Read all gauges."""
        return Gauges(self.stack).read(process.pid)

    @contextmanager
    def running(self, freshness: float | None) -> Iterator[Service]:
        """Run the subject; killed at the end."""
        process = self.subject.make(self.stack, freshness)
        process.start()
        try:
            yield process
        except NeverHappenedError as error:
            error.add_note(_tail(process))
            raise
        finally:
            process.end()


def _tail(process: Service) -> str:
    return "\n".join([f"{process.name} said last:", *process.log.read_text().splitlines()[-20:]])


@contextmanager
def bench(subject: Subject, plan: Plan, sizes: tuple[int, ...], report: Report) -> Iterator[Bench]:
    """Start a system without an operator."""
    with (
        Stack.start(emulator_args=_EMULATOR, start_operator=False) as stack,
        Cluster(stack.cluster) as cluster,
    ):
        yield Bench(stack, cluster, subject, plan, sizes, report)


def measure(subject: Subject, plan: Plan, sizes: tuple[int, ...], report: Report) -> Measured:
    """Measure everything of one subject, with these numbers of idle jobs."""
    figures: Figures = {}
    with bench(subject, plan, sizes, report) as place:
        with place.running(None) as process:
            figures |= arrive(place, process)
            figures |= burst(place, process)
            place.cluster.delete_all(plan.patience)
        with place.running(plan.freshness) as process:
            figures |= idle(place, process)
        if place.sustained == sizes:
            figures |= restart(place)
    return Measured(figures | derived(figures, place.sustained), place.notes, place.sustained)


def arrive(place: Bench, process: Service) -> Figures:
    """Jobs arrive one after the other, are executed and end."""
    plan = place.plan
    place.report(f"{place.subject.name}: {plan.arrivals} jobs, {plan.rate:g} a second")
    place.stack.emulator.behave(waiting_seconds=WAITING_SECONDS, executing_seconds=EXECUTING_SECONDS)
    spent, sent = _run_to_the_end(place, process, plan.arrivals, rate=plan.rate)
    place.notes["submitted_p99_steady"] = f"{place.subject.name}, of a core: {spent.shares()}"
    kinds = (f"{what} {count / plan.arrivals:.2f}" for what, count in sorted(spent.written.items()))
    place.notes["writes_a_job"] = f"{place.subject.name}: {', '.join(kinds)}"
    lags = _lags(place.cluster, sent, place.stack.emulator.ledger())
    return {
        **_submitted(place.cluster, sent, "steady"),
        "lag_p50": percentile(lags, 50),
        "lag_p99": percentile(lags, 99),
        "requests_a_job": spent.requests / plan.arrivals,
        "writes_a_job": spent.writes / plan.arrivals,
        "events_a_job": spent.events / plan.arrivals,
        "cpu_a_job_steady": spent.cpu / plan.arrivals,
    }


def burst(place: Bench, process: Service) -> Figures:
    """Jobs arrive at once; they are executed and end."""
    count = place.plan.burst
    place.report(f"{place.subject.name}: {count} jobs at once")
    spent, sent = _run_to_the_end(place, process, count, rate=None)
    place.notes["settled_a_second"] = f"{place.subject.name}, of a core: {spent.shares()}"
    ended = max(place.cluster.seen(uid, Stage.ENDED) or 0.0 for uid in sent)
    return {
        **_submitted(place.cluster, sent, "burst"),
        "settled_a_second": count / (ended - min(sent.values())),
        "cpu_a_job_burst": spent.cpu / count,
    }


def idle(place: Bench, process: Service) -> Figures:
    """More and more jobs wait at the service, and nothing happens to any of them."""
    plan, figures = place.plan, Figures()
    place.stack.emulator.behave(waiting_seconds=FOR_EVER)
    there = 0
    for size in place.sizes:
        place.report(f"{place.subject.name}: {size} idle jobs in flight")
        before = place.cluster.reached(Stage.SUBMITTED)
        place.cluster.create(place.names(size - there))
        try:
            place.cluster.wait(before + size - there, Stage.SUBMITTED, plan.patience)
        except NeverHappenedError as error:
            place.notes[f"idle_cpu_{size}"] = f"{place.subject.name} did not come so far: {error}"
            break
        there, place.sustained = size, (*place.sustained, size)
        # The looks of jobs that have just come are no reconciliations of idle ones.
        time.sleep(max(_SETTLING_SECONDS, plan.freshness))
        spent = _spent(place, process, plan.window)
        figures |= {
            f"idle_cpu_{size}": 100 * spent.cpu / spent.at,
            f"idle_requests_{size}": 60 * spent.requests / spent.at,
            f"idle_writes_{size}": spent.writes + spent.events,
            f"peak_mib_{size}": peak_mib(process.pid),
        }
        place.notes[f"idle_cpu_{size}"] = f"{place.subject.name}, of a core: {spent.shares()}"
    return figures


def restart(place: Bench) -> Figures:
    """A new process finds the jobs of the dead one; answers when the service has told it of each."""
    plan, count = place.plan, place.sizes[-1]
    place.report(f"{place.subject.name}: a restart with {count} jobs in flight")
    process, emulator = place.subject.make(place.stack, None), place.stack.emulator
    emulator.admin("DELETE", "requests")
    begun = time.monotonic()
    # Not `start`: the operator's would wait until it is ready.
    Service.start(process)
    try:
        before = place.read(process)
        until(lambda: emulator.admin("GET", "requests")["jobs_shown"] >= count, plan.patience, "all jobs asked about")
        figures = {f"restart_seconds_{count}": time.monotonic() - begun}
        spent = place.read(process).since(before)
        figures[f"restart_writes_{count}"] = spent.writes + spent.events
        if plan.usual_window:
            figures[f"usual_cpu_{count}"] = _percent_of_a_core(_spent(place, process, plan.usual_window))
    finally:
        process.end()
    return figures


def _run_to_the_end(place: Bench, process: Service, count: int, *, rate: float | None) -> tuple[Reading, Times]:
    before, ended = place.read(process), place.cluster.reached(Stage.ENDED)
    sent = place.cluster.create(place.names(count), rate=rate)
    place.cluster.wait(ended + count, Stage.ENDED, place.plan.patience)
    # The last finalizers and Events follow the last states.
    time.sleep(_FOLLOWING_SECONDS)
    return place.read(process).since(before), sent


def _spent(place: Bench, process: Service, seconds: float) -> Reading:
    before = place.read(process)
    time.sleep(seconds)
    return place.read(process).since(before)


def _percent_of_a_core(spent: Reading) -> float:
    return 100 * spent.cpu / spent.at


def _submitted(cluster: Cluster, sent: Times, how: str) -> Figures:
    times = [(cluster.seen(uid, Stage.SUBMITTED) or 0.0) - since for uid, since in sent.items()]
    return {f"submitted_p50_{how}": percentile(times, 50), f"submitted_p99_{how}": percentile(times, 99)}


def _lags(cluster: Cluster, sent: Times, ledger: list[dict[str, Any]]) -> list[float]:
    """Seconds from each beginning and end at the service until status showed it, or something later."""
    lags = []
    for run in ledger:
        if (uid := run["metadata"][_UID]) in sent:
            lags += [_lag(cluster, uid, Stage.EXECUTING, run["started"]), _lag(cluster, uid, Stage.ENDED, run["ended"])]
    return lags


def _lag(cluster: Cluster, uid: str, stage: Stage, happened: str) -> float:
    return (cluster.seen(uid, stage) or 0.0) - datetime.fromisoformat(happened).timestamp()
