"""`make bench-budget`: what a QuantumBudget costs that counts every job, beside the same jobs without one.

The same process serves both, one after the other: first jobs at the plan's steady rate, then a burst. Ends 1 if a mark
is missed. docs/performance.md has figures.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks import scenarios
from benchmarks.cluster import until
from benchmarks.figures import Figures
from benchmarks.plan import FULL, QUICK, TINY, Plan
from benchmarks.subjects import OURS

_PLANS: Final = {"full": FULL, "quick": QUICK, "tiny": TINY}
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
class Cost:
    """What one half of the run came to.

    Attributes:
        steady: Figures of the jobs at a steady rate.
        burst: Figures of those at once.
        ledger: Writes to the budget's status, of each part.
        counted: By how much what the budget says was spent has grown.
    """

    steady: Figures
    burst: Figures
    ledger: tuple[int, int] = (0, 0)
    counted: int = 0


def measure(plan: Plan, say: scenarios.Report) -> tuple[Cost, Cost]:
    """Measure without a budget and with one; returns both."""
    with scenarios.bench(OURS, plan, (), say) as place, place.running(None) as process:
        without = Cost(scenarios.arrive(place, process), scenarios.burst(place, process))
        place.cluster.delete_all(plan.patience)
        place.stack.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(_BUDGET))
        place.stack.wait(f"quantumbudget/{_NAME}", "Ready", namespace="default")
        # The jobs of before are counted once, and the first ones of now would wait for that.
        until(lambda: "counted" in _status(place), plan.patience, "the jobs of before counted")
        before, start = _spent(place), place.read(process).written[_STATUS]
        steady = scenarios.arrive(place, process)
        middle = place.read(process).written[_STATUS]
        burst = scenarios.burst(place, process)
        ledger = (middle - start, place.read(process).written[_STATUS] - middle)
        return without, Cost(steady, burst, ledger, _spent(place) - before)


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
    without, counted = measure(plan, _say)
    for what, key in (("p50", "submitted_p50_steady"), ("p99", "submitted_p99_steady"), ("writes", "writes_a_job")):
        _say(f"{plan.arrivals} jobs, steady, {what}: {without.steady[key]:.3g} without, {counted.steady[key]:.3g} with")
    for what, key in (("p50", "submitted_p50_burst"), ("p99", "submitted_p99_burst"), ("1/s", "settled_a_second")):
        _say(f"{plan.burst} jobs at once, {what}: {without.burst[key]:.3g} without, {counted.burst[key]:.3g} with")
    for jobs, writes in zip((plan.arrivals, plan.burst), counted.ledger, strict=True):
        _say(f"the ledger: {writes} writes for {jobs} jobs, {writes / jobs:.2f} a job")
    times = counted.steady["submitted_p99_steady"] / without.steady["submitted_p99_steady"]
    _say(f"p99 with a budget: {times:.2f} of that without (at most {_MOST_TIMES:g})")
    _say(f"writes a job: {counted.steady['writes_a_job']:.2f} (at most {_MOST_WRITES:g})")
    whole = counted.counted == plan.arrivals + plan.burst
    _say(f"counted: {counted.counted} of {plan.arrivals + plan.burst} jobs")
    return 0 if whole and times <= _MOST_TIMES and counted.steady["writes_a_job"] <= _MOST_WRITES else 1


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    sys.exit(main())
