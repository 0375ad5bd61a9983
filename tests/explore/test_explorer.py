"""The explorer itself: it finds a fault that was put in, and its schedules can be played again."""

import pytest

from explore.__main__ import SCENARIOS, as_text, replayed
from explore.search import Exploration
from quantumjob_operator.lifecycle.certainty import Certainty


def test_a_404_that_is_believed_too_early_is_found_and_its_schedule_fails_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the fence, one lost answer of a PUT suffices to pay twice; with it, the same schedule doesn't."""
    with monkeypatch.context() as planted:
        planted.setattr(Certainty, "doubt_left", lambda *_: 0.0)
        found = [one for one in Exploration(SCENARIOS["one"], 1).run().violations if one.what.startswith("paid twice")]
        assert found
        schedule = as_text("one", found[0].moves)
        assert any(wrong.startswith("paid twice") for wrong in replayed(schedule))
    assert "put" in capsys.readouterr().out


def test_with_one_disturbance_nothing_is_paid_twice_lost_or_stuck() -> None:
    """Every single disturbance, at every step."""
    explored = Exploration(SCENARIOS["one"], 1).run()
    assert explored.states > 500
    assert [(one.what, as_text("one", one.moves)) for one in explored.violations] == []
