"""What is measured, in which unit, how good it has to be, and how figures of several become one table. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from benchmarks.plan import Plan

Figures = dict[str, float]
"""Values by the key of their measure."""
NAMES: Final = ("ours", "kopf_timer", "sdk_process")


class Than(StrEnum):
    """What a limit is measured by."""

    ABSOLUTE = "absolute"
    KOPF_TIMER = "kopf_timer"  # a share of that peer's figure


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure that is to be reached; less is better."""

    limit: float
    than: Than = Than.ABSOLUTE
    per_kopf_timer: float | None = None

    def __str__(self) -> str:
        said = f"≤ {self.limit:g}" if self.than is Than.ABSOLUTE else f"≤ {self.limit:g} of kopf_timer"
        return said if self.per_kopf_timer is None else f"{said}, and ≤ {self.per_kopf_timer:g} of kopf_timer"

    def is_met(self, ours: float, kopf_timer: float | None) -> bool:
        """Whether a figure reaches it; a comparison without the peer's figure doesn't count."""
        shares = [self.limit] if self.than is Than.KOPF_TIMER else []
        shares += [] if self.per_kopf_timer is None else [self.per_kopf_timer]
        compared = kopf_timer is None or all(ours <= share * kopf_timer for share in shares)
        return compared and (self.than is not Than.ABSOLUTE or ours <= self.limit)


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table.

    Attributes:
        title: What it says, in words.
        unit: Of its figures.
        mark: To be reached by ours; None if there is none.
        only_at: Number of jobs for which the mark was set; None if it is for any.
    """

    title: str
    unit: str
    mark: Mark | None = None
    only_at: int | None = None


_FLAT: Final = Mark(1.1)
"""No growth, as far as a window of some intervals can tell."""
_ONCE: Final[Mapping[str, Measure]] = {
    "submitted_p50_steady": Measure("apply → Submitted, steady arrival, p50", "s", Mark(0.5)),
    "submitted_p99_steady": Measure("apply → Submitted, steady arrival, p99", "s", Mark(2)),
    "submitted_p50_burst": Measure("apply → Submitted, burst, p50", "s"),
    "submitted_p99_burst": Measure("apply → Submitted, burst, p99", "s"),
    "lag_p50": Measure("remote transition → .status, young jobs, p50", "s"),
    "lag_p99": Measure("remote transition → .status, young jobs, p99", "s", Mark(3)),
    "settled_a_second": Measure("jobs settled in the burst (more is better)", "1/s"),
    "cpu_a_job_steady": Measure("CPU a job, steady arrival", "s"),
    "cpu_a_job_burst": Measure("CPU a job, burst", "s"),
    "requests_a_job": Measure("requests to the service a job", "1"),
    "writes_a_job": Measure("API-server writes a job, without Events", "1", Mark(6)),
    "events_a_job": Measure("Events a job", "1", Mark(4)),
    "slope_kib": Measure("memory of each further job", "KiB", Mark(1 / 3, Than.KOPF_TIMER)),
    "growth_cpu": Measure("CPU a job at the largest number, to that at the smallest", "1", _FLAT),
    "growth_requests": Measure("requests a job at the largest number, to those at the smallest", "1", _FLAT),
}
_AT_A_SIZE: Final[Mapping[str, Measure]] = {
    "idle_cpu": Measure("a core's share, {} idle jobs", "%", Mark(5, per_kopf_timer=0.1), 10_000),
    "idle_requests": Measure("requests a minute, {} idle jobs", "1/min", Mark(250), 10_000),
    "idle_writes": Measure("API-server writes in the window, {} idle jobs", "1", Mark(0)),
    "peak_mib": Measure("peak memory, {} jobs", "MiB", Mark(250), 10_000),
    "restart_seconds": Measure("restart until the service was asked about all {} jobs", "s", Mark(45), 10_000),
    "restart_writes": Measure("API-server writes of the restart with {} jobs", "1", Mark(0)),
    "usual_cpu": Measure("a core's share, {} jobs, usual intervals, right after a restart", "%"),
}
_POINTS_OF_A_SLOPE: Final = 2
_LINEAR: Final = frozenset({"idle_cpu", "idle_requests", "usual_cpu"})
_RESTART: Final = frozenset({"restart_seconds", "restart_writes", "usual_cpu"})


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many percent of the values don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]


def measures(plan: Plan) -> dict[str, Measure]:
    """All measures of a plan, by key, in the order of the table."""
    table = dict(_ONCE)
    for key, measure in _AT_A_SIZE.items():
        for size in plan.sizes[-1:] if key in _RESTART else plan.sizes:
            mark = measure.mark if measure.only_at in (None, size) else None
            table[f"{key}_{size}"] = Measure(measure.title.format(f"{size:,}"), measure.unit, mark)
    if not plan.usual_window:
        del table[f"usual_cpu_{plan.sizes[-1]}"]
    return table


def derived(figures: Figures, sizes: Sequence[int]) -> Figures:
    """What follows from figures at two sizes: the slope of memory, and how costs a job grow."""
    if len(sizes) < _POINTS_OF_A_SLOPE:
        return {}
    first, last = sizes[0], sizes[-1]
    memory = figures[f"peak_mib_{last}"] - figures[f"peak_mib_{first}"]
    return {
        "slope_kib": 1024 * memory / (last - first),
        "growth_cpu": _growth(figures[f"idle_cpu_{first}"] / first, figures[f"idle_cpu_{last}"] / last),
        "growth_requests": _growth(figures[f"idle_requests_{first}"] / first, figures[f"idle_requests_{last}"] / last),
    }


def _growth(first: float, last: float) -> float:
    return last / first if first else math.nan


def extrapolated(figures: Figures, sizes: Sequence[int], most: int) -> Figures:
    """Figures at sizes that were not reached: in proportion, and memory by its slope.

    Args:
        figures: At sizes up to `most`, with what is derived from them.
        sizes: All sizes of the plan.
        most: The largest that was measured.
    """
    found: Figures = {}
    for size in (one for one in sizes if one > most):
        for key in _AT_A_SIZE.keys() - _RESTART:
            if f"{key}_{most}" in figures:
                found[f"{key}_{size}"] = figures[f"{key}_{most}"] * (size / most if key in _LINEAR else 1)
        if "slope_kib" in figures:
            found[f"peak_mib_{size}"] = figures[f"peak_mib_{most}"] + figures["slope_kib"] * (size - most) / 1024
    for key in _RESTART:
        if sizes[-1] > most and f"{key}_{most}" in figures:
            found[f"{key}_{sizes[-1]}"] = figures[f"{key}_{most}"] * sizes[-1] / most
    return found


def table(plan: Plan, found: Mapping[str, Figures], notes: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Any]]:
    """All figures as they are written: by measure, with the ratio of ours to each peer's.

    Args:
        plan: What was run.
        found: Figures by name of whom they are of.
        notes: What is to be said of a measure.
    """
    return {key: _line(key, measure, found, notes.get(key, ())) for key, measure in measures(plan).items()}


def _line(key: str, measure: Measure, found: Mapping[str, Figures], notes: Iterable[str]) -> dict[str, Any]:
    values = {name: _finite(found.get(name, {}).get(key)) for name in NAMES}
    ours, timer, sdk = (values[name] for name in NAMES)
    met = None if measure.mark is None or ours is None else measure.mark.is_met(ours, timer)
    return {
        "title": measure.title,
        **values,
        "unit": measure.unit,
        "mark": None if measure.mark is None else str(measure.mark),
        "met": met,
        "of_kopf_timer": _ratio(ours, timer),
        "of_sdk_process": _ratio(ours, sdk),
        "notes": list(notes),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 4)


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else round(ours / theirs, 4)
