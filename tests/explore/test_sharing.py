"""How several processes share an exploration, which changes nothing of what is found."""

from explore.__main__ import SCENARIOS
from explore.search import Exploration, Part


def test_parts_together_are_the_whole() -> None:
    """Each goes on from its own states of the level before, and states that both meet count once."""
    whole = Exploration(SCENARIOS["one"], 1).run()
    first, second = (Exploration(SCENARIOS["one"], 1, part=Part(number, 2)).run() for number in range(2))
    both = first.joined(second)
    assert first.states < whole.states
    assert second.states < whole.states
    assert (both.states, both.levels, both.complete) == (whole.states, whole.levels, True)
    assert both.violations == whole.violations == []
