"""Who has taken more than is usual."""

import pytest

from quantumjob_operator.scheduling.excess import Excess


@pytest.mark.parametrize(
    ("taken", "now", "much"),
    [
        pytest.param([(0, 1.0)] * 1_000, 0, False, id="any number of usual ones"),
        pytest.param([(0, 30.0)], 0, True, id="a long one"),
        pytest.param([(0, 4.0)] * 10, 0, True, id="many that are a little longer"),
        pytest.param([(100 * number, 4.0) for number in range(100)], 10_000, False, id="one now and then"),
        pytest.param([(0, 30.0)], 1_700, True, id="a long one, half an hour ago"),
        pytest.param([(0, 30.0)], 1_900, False, id="a long one that is forgotten"),
        pytest.param([(0, 30.0)] * 1_000, 9_100, False, id="no more is remembered than so much"),
        pytest.param([(0, 30.0)] * 1_000, 8_900, True, id="so much is"),
    ],
)
def test_what_is_taken_is_added_up_and_forgotten(taken: list[tuple[float, float]], now: float, *, much: bool) -> None:
    """Of one tenant; of another nothing is known."""
    excess = Excess(3.0, limit=9.5, most=100.0, forgotten=0.01)
    for at, seconds in taken:
        excess.note("a", seconds, at)
    assert excess.is_much("a", now) is much
    assert not excess.is_much("b", now)


def test_nothing_is_kept_of_whoever_is_usual() -> None:
    """And of others not more than so many."""
    excess = Excess(3.0, limit=9.5, most=100.0, forgotten=0.01)
    for number in range(20_000):
        excess.note(f"usual-{number}", 1.0, 0.0)
    assert not excess._known
    for number in range(20_000):
        excess.note(f"slow-{number}", 100.0, 0.0)
    assert len(excess._known) == 10_000
    assert excess.is_much("slow-19999", 0.0)
