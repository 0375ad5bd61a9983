"""`make bench-budget`: what a QuantumBudget costs that counts every job, beside the same jobs without one.

The same process serves both in turns: first jobs at the plan's steady rate, in pairs of which the median counts, then a
burst of each. Ends 1 if a mark is missed. docs/performance.md has figures.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from benchmarks import scenarios
from benchmarks.cluster import until
from benchmarks.figures import Figures
from benchmarks.plan import FULL, QUICK, TINY, Plan
from benchmarks.subjects import OURS
from localstack.service import Service

_PLANS: Final = {"full": FULL, "quick": QUICK, "tiny": TINY}
_PAIRS: Final = {"full": 3, "quick": 1, "tiny": 1}
_P99: Final = "submitted_p99_steady"
_STEADY: Final = {"p50": "submitted_p50_steady", "p99": _P99, "writes": "writes_a_job", "CPU": "cpu_a_job_steady"}
_BURST: Final = {"p50": "submitted_p50_burst", "p99": "submitted_p99_burst", "1/s": "settled_a_second"}
_NAME: Final = "everybody"
_MOST_TIMES: Final = 2.0
_MOST_WRITES: Final = 8.0
_STATUS: Final = "patch quantumbudgets/status"
# In a unit of which every job needs one: no price list is needed, and everybody fits.
_BUDGET: Final[dict[str, Any]] = {
    "apiVersion": "quantumjobs.dev/v1alpha1",
    "kind": "QuantumBudget",
    "metadata": {"name": _NAME},
    "spec": {"workspaces": ["default"], "period": "Year", "limits": [{"unit": "jobs", "amount": "1000000"}]},
}


@dataclass(frozen=True, slots=True)
class Half:
    """What some jobs came to, without the budget or with it.

    Attributes:
        figures: Of these jobs.
        writes: To the budget's status meanwhile.
        counted: By how much what the budget says was spent has grown.
    """

    figures: Figures
    writes: int = 0
    counted: int = 0


Pair = tuple[Half, Half]
"""The same without the budget and with it."""
_Run = Callable[[scenarios.Bench, Service], Figures]


def measure(plan: Plan, pairs: int, say: scenarios.Report) -> tuple[list[Pair], Pair]:
    """Measure so many pairs of jobs at the steady rate, and one pair of bursts."""
    with scenarios.bench(OURS, plan, (), say) as place, place.running(None) as process:
        # In turns: a process and an API server that have had a thousand jobs are slower than new ones.
        steady = [_pair(place, process, scenarios.arrive, budget_first=bool(one % 2)) for one in range(pairs)]
        return steady, _pair(place, process, scenarios.burst, budget_first=False)


def _pair(place: scenarios.Bench, process: Service, run: _Run, *, budget_first: bool) -> Pair:
    halves = {with_budget: _half(place, process, run, with_budget) for with_budget in (budget_first, not budget_first)}
    return halves[False], halves[True]


def _half(place: scenarios.Bench, process: Service, run: _Run, with_budget: bool) -> Half:  # noqa: FBT001
    place.cluster.delete_all(place.plan.patience)
    if not with_budget:
        return Half(run(place, process))
    place.stack.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(_BUDGET))
    place.stack.wait(f"quantumbudget/{_NAME}", "Ready", namespace="default")
    # The jobs of before are counted once, and the first ones of now would wait for that.
    until(lambda: "counted" in _status(place), place.plan.patience, "the jobs of before counted")
    before, start = _spent(place), place.read(process).written[_STATUS]
    figures = run(place, process)
    half = Half(figures, place.read(process).written[_STATUS] - start, _spent(place) - before)
    place.stack.cluster.kubectl("delete", f"quantumbudget/{_NAME}", "--timeout=60s")
    return half


def _spent(place: scenarios.Bench) -> int:
    """What the budget counts as spent; a new one counts the jobs that its workspace ran before it."""
    return sum(int(one["spent"]) for one in _status(place).get("totals", ()))


def _status(place: scenarios.Bench) -> dict[str, Any]:
    status: dict[str, Any] = place.stack.get("quantumbudget", _NAME, namespace="default").get("status", {})
    return status


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.budget", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", choices=_PLANS, default="full", help="how large the run is")
    parser.add_argument("--burst", type=int, help="so many jobs at once")
    options = parser.parse_args()
    plan = _PLANS[options.plan]
    plan = replace(plan, burst=options.burst or plan.burst)
    steady, burst = measure(plan, _PAIRS[options.plan], _say)
    for number, pair in enumerate(steady, 1):
        _compare(f"{plan.arrivals} jobs, steady, pair {number}", pair, _STEADY)
    _compare(f"{plan.burst} jobs at once", burst, _BURST)
    for jobs, (_, half) in zip((*(plan.arrivals for _ in steady), plan.burst), (*steady, burst), strict=True):
        _say(f"the ledger: {half.writes} writes for {jobs} jobs, {half.writes / jobs:.2f} a job")
    times = median(_figure(pair[1], _P99) / _figure(pair[0], _P99) for pair in steady)
    writes = median(_figure(half, "writes_a_job") for _, half in steady)
    _say(f"p99 with a budget: {times:.2f} of that without (median of {len(steady)} pairs; at most {_MOST_TIMES:g})")
    _say(f"writes a job: {writes:.2f} (at most {_MOST_WRITES:g})")
    made, counted = plan.arrivals * len(steady) + plan.burst, sum(half.counted for _, half in (*steady, burst))
    _say(f"counted: {counted} of {made} jobs")
    return 0 if made == counted and times <= _MOST_TIMES and writes <= _MOST_WRITES else 1


def _compare(what: str, pair: Pair, keys: dict[str, str]) -> None:
    for name, key in keys.items():
        without, counted = (_figure(half, key) for half in pair)
        _say(f"{what}, {name}: {without:.3g} without, {counted:.3g} with")


def _figure(half: Half, key: str) -> float:
    return half.figures[key]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
