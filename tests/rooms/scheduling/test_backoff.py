"""Back-off and poll intervals: laws for all inputs, and a few values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantumjob_operator.scheduling.backoff import BACKOFF_BASE, BACKOFF_CAP, ProgressTimeout, backoff, poll_interval

JITTER = 1.2
NAMES = st.text(max_size=40)
COUNTS = st.integers(1, 10_000)
SECONDS = st.floats(0, 1e7)


@given(COUNTS, COUNTS, NAMES)
def test_more_failures_never_mean_a_shorter_wait(one: int, other: int, name: str) -> None:
    """Monotone in the count, for one and the same object."""
    assert backoff(min(one, other), name) <= backoff(max(one, other), name)


@given(COUNTS, NAMES)
def test_a_wait_is_never_without_end_nor_without_length(failures: int, name: str) -> None:
    """Between the base and the cap, whatever happened and however often."""
    assert BACKOFF_BASE <= backoff(failures, name) <= BACKOFF_CAP * JITTER


@given(COUNTS, NAMES, st.floats(0, 86_400))
def test_what_the_other_side_asked_for_makes_a_wait_longer_only(failures: int, name: str, asked: float) -> None:
    """`Retry-After` is obeyed, but `0` for ever, or a date that is past by our clock, keeps no worker busy for ever."""
    waited, own = backoff(failures, name, at_least=asked), backoff(failures, name)
    assert waited >= max(own, asked)
    assert waited <= max(own, asked * JITTER)


@given(st.integers(-5, 10_000), NAMES, st.none() | SECONDS)
def test_a_back_off_is_no_matter_of_chance(failures: int, name: str, asked: float | None) -> None:
    """The same object waits the same time, so that a test needs no luck."""
    assert backoff(failures, name, at_least=asked) == backoff(failures, name, at_least=asked)


def test_objects_that_failed_together_come_back_apart() -> None:
    """A thousand objects spread over the jitter instead of arriving in one moment."""
    waits = {round(backoff(5, f"research/job-{number}"), 3) for number in range(1000)}
    assert len(waits) > 500


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(0, 1, id="none yet counts as one"),
        pytest.param(1, 1, id="the first"),
        pytest.param(2, 2, id="the second"),
        pytest.param(6, 32, id="the sixth"),
        pytest.param(7, BACKOFF_CAP, id="the seventh reaches the cap"),
        pytest.param(1_000_000, BACKOFF_CAP, id="a million"),
    ],
)
def test_waits_double_up_to_the_cap(failures: int, seconds: float) -> None:
    """Values without the jitter."""
    assert seconds <= backoff(failures, "research/bell") <= seconds * JITTER


@given(SECONDS, SECONDS, NAMES)
def test_older_jobs_are_never_looked_at_more_often(one: float, other: float, name: str) -> None:
    """Monotone in the age, for one and the same job."""
    young, old = (poll_interval(age, name, shortest=1, longest=30) for age in sorted((one, other)))
    assert young <= old


@given(SECONDS, NAMES, st.floats(0, 100), st.floats(0, 100))
def test_a_poll_interval_keeps_to_its_limits(age: float, name: str, one: float, other: float) -> None:
    """Between the shortest and the longest that the administrator set, and always the same."""
    shortest, longest = sorted((one, other))
    interval = poll_interval(age, name, shortest=shortest, longest=longest)
    assert shortest <= interval <= longest * JITTER
    assert interval == poll_interval(age, name, shortest=shortest, longest=longest)


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        pytest.param(0, 1, id="a job that was sent just now"),
        pytest.param(10, 1, id="ten seconds"),
        pytest.param(60, 6, id="a minute"),
        pytest.param(300, 30, id="five minutes"),
        pytest.param(86_400, 30, id="a day"),
    ],
)
def test_news_is_late_by_a_tenth_of_the_age(age: float, seconds: float) -> None:
    """Values without the jitter."""
    assert seconds <= poll_interval(age, "research/bell", shortest=1, longest=30) <= seconds * JITTER


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        pytest.param([(9, 0), (9, 14.9)], False, id="nothing is done, but not for long"),
        pytest.param([(9, 0), (9, 15)], True, id="nothing is done for too long"),
        pytest.param([(9, 0), (8, 14), (8, 28.9)], False, id="each step gives new time"),
        pytest.param([(9, 0), (8, 14), (8, 29)], True, id="a step, and then nothing for too long"),
        pytest.param([(9, 0), (8, 14), (9, 28), (8, 29)], True, id="what was undone and done again is no step"),
        pytest.param([(9, 1000.0)], False, id="the first moment, whatever the clock says"),
    ],
)
def test_patience_lasts_while_work_is_done(seen: list[tuple[int, float]], *, over: bool) -> None:
    """However much there is to be done; each pair is what was left at a time."""
    timeout = ProgressTimeout(15.0)
    assert [timeout.is_over(left, now) for left, now in seen] == [*[False] * (len(seen) - 1), over]
