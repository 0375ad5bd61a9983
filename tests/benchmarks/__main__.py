"""The command `python -m benchmarks`: measures the operator and its peers in one run, and writes the figures.

Only the command line and the order; `scenarios` and `sdk` measure.
"""

import argparse
import json
import platform
import sys
from collections import defaultdict
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console

from benchmarks import report, scenarios, sdk
from benchmarks.figures import Figures, extrapolated, table
from benchmarks.plan import FULL, QUICK, TINY, Plan
from benchmarks.subjects import KOPF_TIMER, OURS
from localstack.manifests import PROJECT

_PLANS: Final = {"full": FULL, "quick": QUICK, "tiny": TINY}
_FOLDER: Final = PROJECT / "build"
_WIDTH: Final = 190


def main() -> int:
    """Run it; returns 0 once everything was measured, whatever the figures are."""
    arguments = _arguments()
    plan = _PLANS[arguments.plan]
    if arguments.sizes:
        plan = replace(plan, sizes=tuple(arguments.sizes))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    machine = _machine()
    lines = run(plan, lambda line: console.print(f"[dim]{line}"))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    machine["load_after"] = psutil.getloadavg()
    _write(arguments.folder / "bench.json", lines)
    _write(arguments.folder / "bench-machine.json", machine | {"plan": asdict(plan)})
    report.show(lines, console)
    report.draw(lines, plan.sizes, arguments.folder / "bench.png", _caption(plan, machine))
    console.print(f"[dim]{_caption(plan, machine)}")
    return 0


def run(plan: Plan, say: scenarios.Report) -> dict[str, dict[str, Any]]:
    """Measure everybody, one after the other; answers the lines of the table by measure."""
    found: dict[str, Figures] = {}
    notes: dict[str, list[str]] = defaultdict(list)
    for subject, sizes in ((OURS, plan.sizes), (KOPF_TIMER, plan.sizes_for(plan.kopf_most))):
        measured = scenarios.measure(subject, plan, sizes, say)
        found[subject.name] = measured.figures
        for key, note in measured.notes.items():
            notes[key].append(note)
        if subject is KOPF_TIMER and measured.sizes:
            _extrapolate(found[subject.name], plan, measured.sizes[-1], notes)
    found["sdk_process"] = sdk.measure(plan, say)
    for key in (f"{key}_{size}" for size in plan.sizes for key in ("idle_cpu", "idle_requests", "peak_mib")):
        notes[key].append(f"sdk_process: {plan.sdk_processes} processes, multiplied")
    return table(plan, found, notes)


def _extrapolate(figures: Figures, plan: Plan, most: int, notes: dict[str, list[str]]) -> None:
    further = extrapolated(figures, plan.sizes, most)
    figures |= further
    for key in further:
        notes[key].append(f"kopf_timer: extrapolated from {most:,} jobs")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", choices=_PLANS, default="full", help="how large the run is")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of idle jobs in flight, growing")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="takes bench.json, bench-machine.json, bench.png")
    return parser.parse_args()


def _machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "processor": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": psutil.getloadavg(),
    }


def _caption(plan: Plan, machine: dict[str, Any]) -> str:
    before, after = machine["load_before"][0], machine["load_after"][0]
    return (
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, {machine['at']}; "
        f"load before {before:.1f}, after {after:.1f}; "
        f"idle jobs looked at every {plan.freshness:g} s for {plan.window:g} s"
    )


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
