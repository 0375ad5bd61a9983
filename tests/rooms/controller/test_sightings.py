"""What is remembered of a list, and how much of it is told."""

from dataclasses import replace

import pytest

from quantumjob_operator.controller.sightings import MOST, MOST_LOOKED, Hour, Lists, Sightings
from rooms.model.bodies import workspace


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
    sightings, number, left_out, those = Sightings(0, Hour()), 0, 0, 0
    for at, rows in searches:
        now = 1_000_000.0 + at
        left_out += sightings.hour.begin(now)
        new = {f"job-{number + one}" for one in range(rows)}
        number += rows
        those += sum(sightings.may_tell(job, now, orphan=False) for job in sorted(new))
        sightings.forget_all_but(new, now, complete=True)
    assert (those, left_out + sightings.hour.untold) == (told, untold)
    assert len(sightings.reported) <= 2 * MOST


def test_orphans_are_told_of_beside_the_others() -> None:
    """Any number of them may be newer than what is looked for."""
    sightings = Sightings(0, Hour())
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
    sightings = Sightings(0, Hour())
    sightings.hour.begin(5_000.0)
    sightings.first_seen["job"] = 5_000.0
    assert sightings.may_tell("job", 5_000.0, orphan=False)
    sightings.forget_all_but(set(), 5_000.0 + away, complete=complete)
    sightings.hour.begin(5_000.0 + away)
    assert sightings.may_tell("job", 5_000.0 + away, orphan=False) is again


@pytest.mark.parametrize(
    ("together", "seconds", "told"),
    [
        pytest.param(1, 0, MOST, id="one"),
        pytest.param(5, 0, MOST, id="five at a time"),
        pytest.param(1, 80, MOST, id="one that is made anew each 80 s"),
        pytest.param(1, 1_000, 2 * MOST, id="one that is made anew each 1,000 s, for more than an hour"),
    ],
)
def test_a_namespace_is_told_of_so_many_whichever_workspaces_it_has(together: int, seconds: float, told: int) -> None:
    """Each of them is another object than before, and its list has rows that were never there."""
    lists, those = Lists(), 0
    for number in range(5):
        now, named = 100_000.0 + number * seconds, [f"{number}-{one}" for one in range(together)]
        lists.known({}, now)
        lists.known({uid: replace(workspace(), uid=uid) for uid in named}, now)
        assert lists.due(now) == named
        for uid in named:
            lists[uid].hour.begin(now)
            those += sum(lists[uid].may_tell(f"{uid}-{row}", now, orphan=False) for row in range(2 * MOST))
    assert those == told


def test_a_namespace_keeps_no_other_from_being_told() -> None:
    """Hours are each namespace's own."""
    lists = Lists()
    lists.known({one: replace(workspace(), uid=one, namespace=one) for one in ("mallory", "alice")}, 0.0)
    for row in range(2 * MOST):
        lists["mallory"].may_tell(f"row-{row}", 0.0, orphan=False)
    assert lists["alice"].may_tell("job", 0.0, orphan=False)


def test_of_rows_that_were_looked_for_only_those_of_a_search_are_known() -> None:
    """A list may invent others for each search, and have each of them cut."""
    sightings = Sightings(0, Hour())
    for number in range(50):
        sightings.begin()
        for one in range(20):
            sightings.may_look(f"{number}-{one}")
            sightings.looked += MOST_LOOKED // 10
        sightings.forget_all_but(set(), number, complete=True)
        assert sightings.was_cut
    assert len(sightings._done) <= 20
