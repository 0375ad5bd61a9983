"""A minute of the fault campaign; `make faults` runs the whole of it."""

from pathlib import Path

import pytest

from faults.boundaries import BOUNDARIES
from faults.campaign import run
from faults.drawing import draw
from faults.judge import Verdict
from faults.plan import SHORT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_SEED = 4
_MONEY = [boundary for boundary in BOUNDARIES if boundary.money]


def test_killed_at_boundaries_and_at_random(tmp_path: Path) -> None:
    """Nothing is lost, billed twice, left running or stuck, wherever the operator dies."""
    outcome = run(draw(_SEED, SHORT), tmp_path / "logs", boundaries=_MONEY)
    assert outcome.verdict == Verdict(), outcome.figures
    assert outcome.unhit == ()
    assert outcome.figures["kills_between_effect_and_answer"] > 0
    assert outcome.figures["api_server_restarts"] == SHORT.restarts
