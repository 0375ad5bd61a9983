"""The estimate of how far our clock is ahead, from what the API server's answers say of theirs."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from quantumjob_operator.cluster.clock_skew import Skew

THEIRS = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)


def heard(*ahead: float, slow: float = 0.0, date: str | None = "theirs") -> Skew:
    """The estimate after answers on which our clock was so far ahead."""
    skew = Skew()
    for number, seconds in enumerate(ahead):
        moment = THEIRS + timedelta(seconds=number)
        ours = moment.timestamp() + seconds
        told = format_datetime(moment, usegmt=True) if date == "theirs" else date
        skew.hear(told, ours, ours + slow)
    return skew


@pytest.mark.parametrize(
    ("ahead", "correction"),
    [
        pytest.param([3600.0] * 3, 3600, id="an hour ahead"),
        pytest.param([-3600.0] * 3, -3600, id="an hour behind"),
        pytest.param([0.3, 0.9, 0.1, 0.5, 0.7], 0, id="the same time, as exactly as a date of whole seconds tells"),
        pytest.param([4.0] * 5, 0, id="within what is tolerated"),
        pytest.param([7.0] * 5, 7, id="beyond what is tolerated"),
        pytest.param([3600.0], 0, id="one answer proves nothing"),
        pytest.param([3600.0, 3600.0], 0, id="nor do two"),
        pytest.param([0.0, 0.0, 3600.0, 0.0, 0.0], 0, id="a single wrong date moves nothing"),
        pytest.param([0.0, 3600.0, 0.0, 3600.0, 0.0], 0, id="nor do two wrong ones of five"),
        pytest.param([3600.0] * 5 + [0.0] * 3, 0, id="a clock that was set right is noticed after three answers"),
        pytest.param([0.0] * 5 + [3600.0] * 3, 3600, id="and so is one that was set wrong"),
    ],
)
def test_the_correction(ahead: list[float], correction: float) -> None:
    """What is taken off the time of day, to the second."""
    assert heard(*ahead).correction == pytest.approx(correction, abs=1)


@pytest.mark.parametrize(
    "date",
    [
        pytest.param(None, id="no date"),
        pytest.param("", id="an empty one"),
        pytest.param("yesterday", id="a word"),
        pytest.param("Sun, 99 Nov 2026 13:00:00 GMT", id="a day that no month has"),
    ],
)
def test_what_is_no_date_says_nothing(date: str | None) -> None:
    """A proxy may write what it likes."""
    assert not heard(3600.0, 3600.0, 3600.0, date=date).known


def test_a_date_without_a_zone_is_in_utc() -> None:
    """As HTTP has it."""
    assert heard(3600.0, 3600.0, 3600.0, date="Sun, 22 Nov 2026 13:00:00 -0000").known


def test_slow_answers_say_too_little() -> None:
    """An answer that took a minute may have been written at its beginning or at its end."""
    assert not heard(3600.0, 3600.0, 3600.0, slow=60.0).known
    assert not heard(3600.0, 3600.0, 3600.0, slow=-1.0).known


def test_a_fast_answer_costs_no_precision() -> None:
    """Half of the time on the way is taken off."""
    assert heard(100.0, 100.0, 100.0, slow=2.0).seconds == pytest.approx(101, abs=1)
