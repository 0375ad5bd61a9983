"""The arithmetic between gauges and table, on numbers that can be checked by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.figures import Figures, Mark, Than, derived, extrapolated, measures, percentile, table
from benchmarks.plan import FULL, QUICK, TINY

AT_TWO_SIZES: Figures = {
    "idle_cpu_100": 2.0,
    "idle_cpu_2000": 60.0,
    "idle_requests_100": 200.0,
    "idle_requests_2000": 4000.0,
    "idle_writes_2000": 0.0,
    "peak_mib_100": 90.0,
    "peak_mib_2000": 128.0,
    "restart_seconds_2000": 10.0,
}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(50, 5, id="half of the values are not above the median"),
        pytest.param(99, 10, id="of ten values the last is the 99th percentile"),
        pytest.param(1, 1, id="the first is the least"),
    ],
)
def test_percentiles_are_values_that_occurred(share: float, expected: float) -> None:
    """Nearest rank: no value in between is invented."""
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == expected


@pytest.mark.parametrize(
    ("mark", "ours", "kopf_timer", "met"),
    [
        pytest.param(Mark(5), 5, None, True, id="a limit may be reached"),
        pytest.param(Mark(5), 5.1, None, False, id="a limit may not be passed"),
        pytest.param(Mark(5, per_kopf_timer=0.1), 4, 50, True, id="within the limit and a tenth of the peer's"),
        pytest.param(Mark(5, per_kopf_timer=0.1), 4, 30, False, id="within the limit, above a tenth of the peer's"),
        pytest.param(Mark(1 / 3, Than.KOPF_TIMER), 10, 30, True, id="a third of the peer's"),
        pytest.param(Mark(1 / 3, Than.KOPF_TIMER), 11, 30, False, id="more than a third of the peer's"),
    ],
)
def test_a_mark_is_met_or_missed(mark: Mark, ours: float, kopf_timer: float | None, met: bool) -> None:  # noqa: FBT001 - a row
    """By the limit, and by the peer's figure where the mark is a share of it."""
    assert mark.is_met(ours, kopf_timer) is met


def test_slope_and_growth_follow_from_two_sizes() -> None:
    """1,900 jobs took 38 MiB more, and the last of them half as much CPU again as the first."""
    found = derived(AT_TWO_SIZES, (100, 2000))
    assert found["slope_kib"] == pytest.approx(20.48)
    assert found["growth_cpu"] == pytest.approx(1.5)
    assert found["growth_requests"] == pytest.approx(1)


def test_one_size_shows_no_growth() -> None:
    """Nothing is derived from a single point, and nothing fails."""
    assert derived({"peak_mib_100": 90.0}, (100,)) == {}


def test_growth_from_nothing_is_no_number() -> None:
    """A cost too small to be seen at the first size gives no growth, and JSON gets a null."""
    found = derived({**AT_TWO_SIZES, "idle_cpu_100": 0.0}, (100, 2000))
    assert math.isnan(found["growth_cpu"])
    lines = table(replace(QUICK, sizes=(100, 2000)), {"ours": found}, {})
    assert lines["growth_cpu"]["ours"] is None


def test_what_was_not_reached_is_extrapolated() -> None:
    """Costs in proportion, memory by its slope, counts of nothing as nothing."""
    figures = AT_TWO_SIZES | derived(AT_TWO_SIZES, (100, 2000))
    found = extrapolated(figures, (100, 2000, 10_000), 2000)
    assert found["idle_cpu_10000"] == pytest.approx(300)
    assert found["idle_requests_10000"] == pytest.approx(20_000)
    assert found["idle_writes_10000"] == 0
    assert found["peak_mib_10000"] == pytest.approx(128 + 8000 * 38 / 1900)
    assert found["restart_seconds_10000"] == pytest.approx(50)
    assert not any(key.endswith("_2000") for key in found)


def test_a_plan_is_cut_to_what_somebody_sustains() -> None:
    """Larger sizes become the largest one that is measured, once."""
    assert FULL.sizes_for(2_000) == (100, 1_000, 2_000)
    assert FULL.sizes_for(50) == (50,)
    assert FULL.kopf_most >= 2_000


def test_marks_for_ten_thousand_jobs_are_not_asked_of_less() -> None:
    """The same measure has its mark at that size only; what has to be zero has to be so at any."""
    lines = measures(replace(FULL, sizes=(100, 10_000)))
    assert lines["idle_cpu_100"].mark is None
    assert lines["idle_cpu_10000"].mark is not None
    assert lines["idle_writes_100"].mark is not None


def test_every_line_has_the_keys_that_readers_know(tmp_path: Path) -> None:
    """Each measure names all three, unit and mark, also where nothing was measured; table and drawing take it."""
    found = {"ours": dict.fromkeys(measures(TINY), 1.0), "kopf_timer": {"lag_p99": 4.0}}
    lines = table(TINY, found, {"lag_p99": ["seen"]})
    assert lines.keys() == measures(TINY).keys()
    assert all({"ours", "kopf_timer", "sdk_process", "unit", "mark"} <= line.keys() for line in lines.values())
    assert lines["lag_p99"] | {"of_kopf_timer": 0.25, "of_sdk_process": None, "met": True} == lines["lag_p99"]
    console = Console(record=True, width=200)
    report.show(lines, console)
    assert "seen" in console.export_text()
    report.draw(lines, TINY.sizes, tmp_path / "bench.png", "a caption")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
