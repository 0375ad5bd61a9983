"""Measures the second peer: processes that each wait for one job with the official SDK.

They need no cluster. What so many processes cost is measured, and multiplied where a figure is of more jobs; whoever
shows it says so. Must not live here: what one of them does (`sdk_process`).
"""

import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.cluster import until
from benchmarks.figures import Figures, percentile
from benchmarks.gauges import cpu_seconds, own_mib, requests
from benchmarks.plan import Plan
from benchmarks.scenarios import EXECUTING_SECONDS, FOR_EVER, WAITING_SECONDS, Report
from devcluster.processes import Child
from devcluster.scratch import scratch_directory
from localstack.emulated import Emulator

_PROGRAM: Final = Path(__file__).with_name("sdk_process.py")


@dataclass(slots=True)
class Waiter:
    """One process, and when it was started."""

    child: Child
    since: float

    def told(self) -> list[dict[str, Any]]:
        """The lines that it has printed."""
        return [json.loads(line) for line in self.child.log.read_text().splitlines() if line.startswith("{")]


def measure(plan: Plan, report: Report) -> Figures:
    """Measure jobs that run to their end, then idle ones."""
    with ExitStack() as resources:
        folder = resources.enter_context(scratch_directory())
        emulator = Emulator(folder, ["--no-simulate", "--log-level=warning", "--seed=1"])
        resources.callback(emulator.end)
        emulator.start()
        report(f"sdk_process: {plan.sdk_processes} processes, a job each")
        figures = _to_the_end(emulator, folder, plan)
        report(f"sdk_process: {plan.sdk_processes} processes, an idle job each")
        return figures | _idle(emulator, folder, plan)


def start(emulator: Emulator, folder: Path, count: int, *, most_seconds: int = 30) -> list[Waiter]:
    """Start processes that submit a job each and wait for it."""
    told = emulator.announced
    env = os.environ | {
        "QUANTUM_ENDPOINT": f"{emulator.url}/",
        "QUANTUM_API_KEY": told["api_key"],
        "QUANTUM_SUBSCRIPTION_ID": told["subscription_id"],
        "QUANTUM_RESOURCE_GROUP": told["resource_group"],
        "QUANTUM_WORKSPACE": told["workspace"],
        "QUANTUM_LOCATION": told["location"],
    }
    waiters = []
    for number in range(count):
        log = folder / f"sdk-{len(list(folder.glob('sdk-*')))}.log"
        argv: list[str | Path] = [sys.executable, _PROGRAM, f"--most-seconds={most_seconds}"]
        waiters.append(Waiter(Child.start(argv, name=f"sdk-{number}", log=log, env=env), time.time()))
    return waiters


def _to_the_end(emulator: Emulator, folder: Path, plan: Plan) -> Figures:
    emulator.behave(waiting_seconds=WAITING_SECONDS, executing_seconds=EXECUTING_SECONDS)
    before = requests(emulator)
    waiters = start(emulator, folder, plan.sdk_processes)
    for waiter in waiters:
        waiter.child.wait(plan.patience)
    lines = [waiter.told() for waiter in waiters]
    submitted = [told[0]["at"] - waiter.since for waiter, told in zip(waiters, lines, strict=True)]
    ended = {run["job"]: datetime.fromisoformat(run["ended"]).timestamp() for run in emulator.ledger()}
    lags = [told[-1]["at"] - ended[told[-1]["job"]] for told in lines]
    count = len(waiters)
    return {
        "submitted_p50_burst": percentile(submitted, 50),
        "submitted_p99_burst": percentile(submitted, 99),
        "lag_p50": percentile(lags, 50),
        "lag_p99": percentile(lags, 99),
        "cpu_a_job_burst": sum(told[-1]["cpu"] for told in lines) / count,
        "requests_a_job": (requests(emulator) - before) / count,
    }


def _idle(emulator: Emulator, folder: Path, plan: Plan) -> Figures:
    emulator.behave(waiting_seconds=FOR_EVER)
    waiters = start(emulator, folder, plan.sdk_processes, most_seconds=round(plan.freshness))
    try:
        until(lambda: all(waiter.told() for waiter in waiters), plan.patience, "jobs submitted with the SDK")
        # The SDK's pause between two reconciliations grows to its most from a fifth of a second.
        time.sleep(plan.freshness)
        return _cost(emulator, [waiter.child.pid for waiter in waiters], plan)
    finally:
        for waiter in waiters:
            waiter.child.kill()


def _cost(emulator: Emulator, pids: list[int], plan: Plan) -> Figures:
    begun, cpu, asked = time.monotonic(), cpu_seconds(pids), requests(emulator)
    time.sleep(plan.window)
    cpu, asked, seconds = cpu_seconds(pids) - cpu, requests(emulator) - asked, time.monotonic() - begun
    memory = sum(map(own_mib, pids))
    figures: Figures = {"slope_kib": 1024 * memory / len(pids), "growth_cpu": 1, "growth_requests": 1}
    for size in plan.sizes:
        jobs = size / len(pids)
        figures[f"idle_cpu_{size}"] = 100 * cpu / seconds * jobs
        figures[f"idle_requests_{size}"] = 60 * asked / seconds * jobs
        figures[f"peak_mib_{size}"] = memory * jobs
    return figures
