"""What is remembered of a list, and how much of it is told."""

import pytest

from quantumjob_operator.controller.sightings import MOST, Sightings


@pytest.mark.parametrize(
    ("searches", "told", "untold"),
    [
        pytest.param([(0, 50)], 50, 0, id="all of a few"),
        pytest.param([(0, 50), (20, 50), (40, 50)], MOST, 50, id="a hundred of those that are new in each search"),
        pytest.param([(0, 100), (3599, 100)], MOST, 100, id="no more until the hour is over"),
        pytest.param([(0, 100), (3600, 100)], 2 * MOST, 0, id="a hundred more in the next hour"),
        pytest.param([(0, 150), (3600, 0)], MOST, 50, id="the rest as a number when the hour is over"),
    ],
)
def test_a_list_of_new_rows_is_told_of_so_often_in_an_hour(
    searches: list[tuple[int, int]], told: int, untold: int
) -> None:
    """Each search shows rows that were never there."""
    sightings, number, left_out, those = Sightings(0), 0, 0, 0
    for at, rows in searches:
        now = 1_000_000.0 + at
        left_out += sightings.begin_hour(now)
        new = {f"job-{number + one}" for one in range(rows)}
        number += rows
        those += sum(sightings.may_tell(job, now, orphan=False) for job in sorted(new))
        sightings.forget_all_but(new, now, complete=True)
    assert (those, left_out + sightings.untold) == (told, untold)
    assert len(sightings.reported) <= 2 * MOST


def test_orphans_are_told_of_beside_the_others() -> None:
    """Any number of them may be newer than what is looked for."""
    sightings = Sightings(0)
    for number in range(200):
        sightings.may_tell(f"orphan-{number}", 1.0, orphan=True)
    assert sightings.may_tell("job", 1.0, orphan=False)


@pytest.mark.parametrize(
    ("away", "complete", "again"),
    [
        pytest.param(20, True, False, id="after a moment"),
        pytest.param(3_599, True, False, id="within the hour"),
        pytest.param(3_600, True, True, id="after the hour"),
        pytest.param(3_600, False, False, id="after the hour, of which no search saw the end"),
    ],
)
def test_what_comes_back_is_known(away: float, *, complete: bool, again: bool) -> None:
    """A row that the list shows in every other search is told of once."""
    sightings = Sightings(0)
    sightings.begin_hour(5_000.0)
    sightings.first_seen["job"] = 5_000.0
    assert sightings.may_tell("job", 5_000.0, orphan=False)
    sightings.forget_all_but(set(), 5_000.0 + away, complete=complete)
    sightings.begin_hour(5_000.0 + away)
    assert sightings.may_tell("job", 5_000.0 + away, orphan=False) is again
