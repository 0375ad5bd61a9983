"""How several processes share an exploration, and what makes it quick: neither changes what is found."""

from dataclasses import replace

import pytest

from explore.__main__ import SCENARIOS
from explore.quick import replaced
from explore.search import Exploration, Part
from quantumjob_operator.lifecycle.fence import FenceState
from rooms.lifecycle.observations import accepted, seen


def test_parts_together_are_the_whole() -> None:
    """Each goes on from its own states of the level before, and states that both meet count once."""
    whole = Exploration(SCENARIOS["one"], 1).run()
    first, second = (Exploration(SCENARIOS["one"], 1, part=Part(number, 2)).run() for number in range(2))
    both = first.joined(second)
    assert first.states < whole.states
    assert second.states < whole.states
    assert (both.states, both.levels, both.complete) == (whole.states, whole.levels, True)
    assert both.violations == whole.violations == []


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        pytest.param(accepted(), {"generation": 7, "claim": None}, id="an object"),
        pytest.param(accepted().status, {"message": "no more"}, id="a status"),
        pytest.param(FenceState(latest=2), {"never_sent": True}, id="a fence"),
        pytest.param(seen(accepted()), {"gone": True}, id="an observation"),
        pytest.param(accepted(), {}, id="nothing"),
    ],
)
def test_a_quick_replacement_is_the_usual_one(value: object, changes: dict[str, object]) -> None:
    """The same value, whatever has made it."""
    quick = replaced(value, **changes)
    assert quick == replace(value, **changes)  # type: ignore[type-var]
    assert type(quick) is type(value)


def test_a_field_that_there_is_not_is_refused() -> None:
    """As it is by the usual one."""
    with pytest.raises(TypeError, match="no field colour"):
        replaced(FenceState(), colour="red")
