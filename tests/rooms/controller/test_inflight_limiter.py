"""Places of `maxJobsInFlight`: who gets the next one that is free."""

import pytest

from quantumjob_operator.controller.inflight_limiter import MISSED_SECONDS, OFFER_SECONDS
from quantumjob_operator.lifecycle.slots import FULL
from rooms.controller.inflight import Bench, shared, waiting_job


def test_free_places_go_round() -> None:
    """Fifty jobs of one namespace wait; the first of another is next but one."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    crowd = [f"a{number}" for number in range(50)]
    assert limiter.take(limited, waiting_job("a0")) is None
    for uid in [*crowd[1:], "b0"]:
        refused = limiter.take(limited, waiting_job(uid))
        assert refused is not None
        assert (refused.reason, "maxJobsInFlight of QuantumWorkspace platform/shared is 1" in refused.message) == (
            FULL,
            True,
        )
    served = "a0"
    for _ in range(3):
        limiter.free(served)
        served = bench.woken[-1]
    assert bench.woken == ["a1", "b0", "a2"]


def test_a_place_is_kept_for_whose_turn_it_is() -> None:
    """Between the moment in which it is free and the reconciliation at that job nobody overtakes it."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("a0")) is None
    assert limiter.take(limited, waiting_job("b0"))
    limiter.free("a0")
    assert limiter.take(limited, waiting_job("a1"))
    assert limiter.take(limited, waiting_job("b0")) is None
    assert limiter.admitted(limited) == {"b": 1}


@pytest.mark.parametrize("gone", ["free", "forget"])
def test_a_place_that_is_not_used_goes_on(gone: str) -> None:
    """A job that was given a slot and is suspended, refused or gone passes it on."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    limiter.take(limited, waiting_job("a0"))
    for uid in ("b0", "c0", "d0"):
        limiter.take(limited, waiting_job(uid))
    limiter.forget("c0")
    limiter.free("a0")
    getattr(limiter, gone)("b0")
    assert bench.woken == ["b0", "d0"]


@pytest.mark.parametrize(
    ("asks_after", "next_after", "woken"),
    [
        pytest.param(None, OFFER_SECONDS - 1, ["b0"], id="it is kept for a while"),
        pytest.param(None, OFFER_SECONDS, ["b0", "c0"], id="then it goes on to the next"),
        pytest.param(OFFER_SECONDS - 1, 9 * OFFER_SECONDS, ["b0"], id="whoever took it up in time has it for good"),
        pytest.param(OFFER_SECONDS, 9 * OFFER_SECONDS, ["b0"], id="or late, if nobody asked in between"),
    ],
)
def test_a_place_that_is_not_taken_up_goes_on(asks_after: float | None, next_after: float, woken: list[str]) -> None:
    """It is given before its job is reconciled, which may take long, and may then not ask for it any more."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    for uid in ("a0", "b0", "c0"):
        limiter.take(limited, waiting_job(uid))
    limiter.free("a0")
    given = bench.now
    if asks_after is not None:
        bench.now = given + asks_after
        limiter.take(limited, waiting_job("b0"))
    bench.now = given + next_after
    limiter.take(limited, waiting_job("d0"))
    assert bench.woken == woken


def test_a_namespace_at_its_own_limit_keeps_nobody_waiting() -> None:
    """A place that the first in the queue may not have goes to the next namespace."""
    bench, limited = Bench(), shared(maxJobsInFlight=2, maxJobsInFlightPerNamespace=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("a0")) is None
    assert limiter.take(limited, waiting_job("b0")) is None
    told = limiter.take(limited, waiting_job("a1"))
    assert told is not None
    assert limiter.take(limited, waiting_job("c0"))
    limiter.free("b0")
    assert bench.woken == ["c0"]
    refused = limiter.take(limited, waiting_job("a1"))
    assert refused is not None


def test_a_limit_that_is_raised_lets_them_in_by_turns() -> None:
    """The next reconciliation at any job finds the new places and wakes who gets them."""
    bench = Bench()
    limiter = bench.limiter()
    for uid in ("a0", "a1", "a2", "b0"):
        limiter.take(shared(maxJobsInFlight=1), waiting_job(uid))
    assert limiter.take(shared(maxJobsInFlight=3), waiting_job("a2"))
    assert bench.woken == ["a1", "b0"]


def test_a_namespace_that_misses_its_slots_keeps_them_idle_no_longer() -> None:
    """Its own queue is long: none of its jobs takes up a slot in time, and each asks for the next one later."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter, served = bench.limiter(), 0
    limiter.take(limited, waiting_job("a0"))
    for number in range(20):
        limiter.take(limited, waiting_job(f"b{number}"))
    limiter.free("a0")
    for second in range(600):
        bench.now += 1
        late = waiting_job(f"b{second // 10 % 20}")
        if second % 10 == 0 and limiter.take(limited, late) is None:
            limiter.forget(late.uid)  # it is not to be sent after all
        asking = waiting_job(f"a{served}")
        if limiter.take(limited, asking) is None:
            served += 1
            limiter.forget(asking.uid)
    assert served > 400


@pytest.mark.parametrize(
    ("after", "given"),
    [
        pytest.param(MISSED_SECONDS - 1, [], id="not within a minute"),
        pytest.param(MISSED_SECONDS + 1, ["b1"], id="after it, once one of its jobs has asked"),
    ],
)
def test_who_missed_a_slot_is_given_the_next_one_later(after: float, given: list[str]) -> None:
    """And at once what is free and what nobody else waits for, if it asks."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    for uid in ("a0", "b0", "b1"):
        limiter.take(limited, waiting_job(uid))
    limiter.free("a0")
    bench.now += OFFER_SECONDS
    assert limiter.take(limited, waiting_job("a1")) is None
    bench.woken.clear()
    bench.now += after
    assert limiter.take(limited, waiting_job("b2"))
    limiter.free("a1")
    assert bench.woken == given
    limiter.forget("b1")
    assert limiter.take(limited, waiting_job("b2")) is None


@pytest.mark.parametrize(("first", "next_one"), [(False, "a1"), (True, "a2")])
def test_one_for_which_a_budget_keeps_something_is_the_next_of_its_namespace(*, first: bool, next_one: str) -> None:
    """It had a slot, and gave it to others while it waited for the budget."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    limiter.take(limited, waiting_job("a0"))
    limiter.take(limited, waiting_job("a1"))
    limiter.take(limited, waiting_job("a2"), first=first)
    limiter.free("a0")
    assert bench.woken == [next_one]
