"""What is known of a job that waits for a place: how many are before it, and for whom it waits."""

import pytest

from quantumjob_operator.controller.inflight_limiter import InflightLimiter
from quantumjob_operator.model.quantumworkspace import QuantumWorkspace
from rooms.controller.inflight import Bench, own_object, shared, waiting_job


def place_of(limiter: InflightLimiter, limited: QuantumWorkspace, uid: str) -> str:
    """What a job that waits is told of its place."""
    refused = limiter.take(limited, waiting_job(uid))
    assert refused is not None
    return refused.message.partition("waits for a free slot, ")[2]


def test_a_place_in_the_queue_is_told_when_much_has_changed() -> None:
    """Each telling is a write of the job's status: at each halving, and one by one near the front."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    for number in range(102):
        limiter.take(limited, waiting_job(f"a{number}"))
    told = []
    for served in range(101):
        told.append(place_of(limiter, limited, "a101"))
        limiter.free(f"a{served}")
    changes = [one for place, one in enumerate(told) if told[place - 1 : place] != [one]]
    assert changes == [
        *("after about 100 others", "after about 50 others", "after about 25 others", "after about 12 others"),
        *(f"after {left} others" for left in range(9, 1, -1)),
        *("after 1 other", "as the next"),
    ]


def test_a_place_counts_who_is_really_before() -> None:
    """Namespaces take turns, and one that has its share keeps nobody waiting."""
    bench, limited = Bench(), shared(maxJobsInFlight=2, maxJobsInFlightPerNamespace=1)
    limiter = bench.limiter()
    for uid in ("a0", "b0", "a1", "a2", "a3"):
        limiter.take(limited, waiting_job(uid))
    assert place_of(limiter, limited, "a3") == "after 2 others"
    assert place_of(limiter, limited, "c0") == "as the next"
    limiter.free("b0")
    assert bench.woken == ["c0"]


def test_a_place_that_grew_is_told_when_it_has_doubled() -> None:
    """Jobs of other namespaces that come later can have their turn before."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    for number in range(14):
        limiter.take(limited, waiting_job(f"a{number}"))
    assert place_of(limiter, limited, "a13") == "after about 12 others"
    for number in range(11):
        limiter.take(limited, waiting_job(f"b{number}"))
    assert place_of(limiter, limited, "a13") == "after about 12 others"
    limiter.take(limited, waiting_job("b11"))
    assert place_of(limiter, limited, "a13") == "after about 24 others"


def test_who_waits_stands_in_line() -> None:
    """And no longer when it was given a slot: then all that it needs is read."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    for uid in ("a0", "b0"):
        limiter.take(limited, waiting_job(uid))
    assert [limiter.stands_in_line(limited, waiting_job(uid)) for uid in ("a0", "b0", "c0")] == [False, True, False]
    assert not limiter.stands_in_line(own_object(), waiting_job("b0"))
    limiter.free("a0")
    assert not limiter.stands_in_line(limited, waiting_job("b0"))


@pytest.mark.parametrize(
    ("limits", "has", "waits"),
    [
        pytest.param({"maxJobsInFlight": 1}, ["b0"], True, id="another one's job has the slot"),
        pytest.param({"maxJobsInFlight": 2}, ["a0", "b0"], True, id="others have one of two"),
        pytest.param({"maxJobsInFlight": 1}, ["a0"], False, id="its own namespace has it"),
        pytest.param({"maxJobsInFlightPerNamespace": 1}, ["a0", "b0"], False, id="its namespace has its share"),
        pytest.param({"maxJobsInFlight": 2}, ["b0"], False, id="it has a slot"),
    ],
)
def test_who_waits_for_others_slots(limits: dict[str, int], has: list[str], *, waits: bool) -> None:
    """Whoever waits for its own jobs may wait for ever."""
    bench, limited = Bench(), shared(**limits)
    limiter = bench.limiter()
    for uid in (*has, "a9"):
        limiter.take(limited, waiting_job(uid))
    assert limiter.waits_for_others("a9") is waits
