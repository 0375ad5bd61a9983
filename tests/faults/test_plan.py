"""The plan of a campaign: the same for the same seed, large enough, and nothing in it that the workspace refuses."""

import pytest

from faults.drawing import draw
from faults.plan import FULL, SHORT, Act, Plan, Size
from workspace_emulator.faults.model import Fault, FaultKind


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A full campaign."""
    return draw(1, FULL)


def test_seed_can_be_replayed(plan: Plan) -> None:
    """The same seed plans the same, another one something else."""
    assert draw(1, FULL) == plan
    assert draw(2, FULL).events != plan.events


def test_full_campaign_is_as_large_as_promised(plan: Plan) -> None:
    """At least 200 kills of two operators over at least 500 jobs, and ten at each boundary."""
    assert sum(len(lives) for lives in plan.lives) == FULL.kills >= 200
    assert all(plan.lives)
    made = [event for event in plan.events if event.act is Act.CREATE]
    assert len({event.job for event in made}) == len(made) == FULL.jobs >= 500
    assert FULL.share >= 10


@pytest.mark.parametrize("size", [FULL, SHORT], ids=["full", "short"])
def test_jobs_exist_before_anything_is_done_to_them(size: Size) -> None:
    """Events stand in the order of time, and whatever happens to a job comes after its creation."""
    plan = draw(5, size)
    assert [event.at for event in plan.events] == sorted(event.at for event in plan.events)
    made: set[str] = set()
    for event in plan.events:
        if event.act is Act.CREATE:
            made.add(event.job)
        assert not event.job or event.job in made


def test_every_act_and_every_kind_of_fault_occurs(plan: Plan) -> None:
    """Faults of all kinds are armed, in words that the workspace understands."""
    assert {event.act for event in plan.events} == set(Act)
    armed = [fault for event in plan.events for fault in event.faults]
    assert {Fault.model_validate(fault).kind for fault in armed} == set(FaultKind)


def test_what_is_armed_is_disarmed(plan: Plan) -> None:
    """Faults come and go, so that something can succeed."""
    weather = [event.act for event in plan.events if event.act in {Act.ARM, Act.DISARM}]
    assert weather == [Act.ARM, Act.DISARM] * (len(weather) // 2)


@pytest.mark.parametrize(
    ("seed", "repeated_put"), [(0, "second-run"), (20266, "second-run"), (7, "same"), (18, "replace"), (29, "conflict")]
)
def test_repeated_put_is_a_second_paid_run_unless_the_seed_says_otherwise(seed: int, repeated_put: str) -> None:
    """The last digit says."""
    assert draw(seed, SHORT).repeated_put == repeated_put
