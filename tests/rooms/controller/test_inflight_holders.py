"""Which jobs have a place of `maxJobsInFlight`, and which only look like it."""

from dataclasses import replace

import pytest

from quantumjob_operator.lifecycle.slots import holds_slot
from quantumjob_operator.model.jobstatus import Condition
from rooms.controller.inflight import OWN, SHARED, Bench, flying_job, forged_job, own_object, shared, waiting_job


def test_an_object_of_ones_own_does_not_fill_anothers_places() -> None:
    """A tenant who names another's Azure workspace in a QuantumWorkspace of their own takes nothing from its limit."""
    bench, limited = Bench([flying_job(f"b{number}", OWN) for number in range(9)]), shared(maxJobsInFlight=2)
    limiter = bench.limiter()
    for number in range(9, 20):
        assert limiter.take(own_object(), waiting_job(f"b{number}", OWN)) is None
    assert limiter.take(limited, waiting_job("a0")) is None
    assert limiter.take(limited, waiting_job("a1")) is None
    assert limiter.take(limited, waiting_job("a2"))
    # Nor do they keep its object from being deleted, or show in what it waits for.
    assert limiter.admitted(limited) == {"a": 2}
    assert limiter.admitted(own_object()) == {"b": 20}


def test_after_a_start_what_flies_has_its_place() -> None:
    """Whatever the limit says; the first that ends gives its place to who waits."""
    bench, limited = Bench([flying_job("a0"), flying_job("a1")]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0"))
    assert limiter.take(limited, flying_job("a1")) is None
    limiter.free("a0")
    assert bench.woken == []
    limiter.free("a1")
    assert bench.woken == ["b0"]
    limiter.free("b0")
    assert bench.left == [SHARED] * 3
    assert limiter.admitted(limited) == {}


def test_a_job_that_comes_to_be_served_through_another_object_gives_its_place_back() -> None:
    """The object that it was claimed through is gone, and the one that its reference names serves it."""
    bench, limited = Bench([flying_job("a0")]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0"))
    assert limiter.take(own_object(), flying_job("a0")) is None
    assert bench.woken == ["b0"]
    assert (limiter.admitted(limited), limiter.admitted(own_object())) == ({"b": 1}, {"a": 1})


def test_a_copied_claim_fills_no_place() -> None:
    """It says nothing of the object that it stands on."""
    copy = replace(flying_job("a0"), uid="a1")
    bench, limited = Bench([copy]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.admitted(limited) == {}
    assert limiter.take(limited, waiting_job("b0")) is None


def test_after_a_start_what_is_over_has_no_place() -> None:
    """A claim stays on an object whose job has ended; it counts for nothing."""
    over = replace(flying_job("a0"), finalizers=())
    bench, limited = Bench([over]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.admitted(limited) == {}
    assert limiter.take(limited, waiting_job("b0")) is None


@pytest.mark.parametrize(
    ("word", "holds"),
    [
        pytest.param("Executing", True, id="it runs"),
        pytest.param("Succeeded", False, id="it has ended, and its output can't be written"),
        pytest.param("Completed", False, id="the same in a former word"),
    ],
)
def test_what_has_ended_at_the_service_keeps_no_slot(word: str, *, holds: bool) -> None:
    """An output that can't be written, for as long as its user likes, takes no slot and holds no workspace."""
    told = Condition("Submitted", "True", "Submitted", "", "", 1)
    flying = flying_job("a0")
    ended = replace(flying, status=replace(flying.status, conditions=(told,), job_id="j", remote_status=word))
    limiter = Bench([ended]).limiter()
    assert limiter.admitted(shared(maxJobsInFlight=1)) == ({"a": 1} if holds else {})
    assert (limiter.take(shared(maxJobsInFlight=1), waiting_job("b0")) is None) is not holds


def test_a_forged_claim_passes_no_line() -> None:
    """Finalizer and claim are the users' to write; whoever has only those waits as everybody does."""
    bench, limited = Bench([forged_job("a0"), forged_job("a1")]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.admitted(limited) == {}
    assert limiter.take(limited, waiting_job("b0")) is None
    assert limiter.take(limited, forged_job("a0"))
    assert limiter.take(limited, forged_job("a1"), ours=True) is None, "this process has begun to send it"


@pytest.mark.parametrize(
    ("reason", "may_run", "holds"),
    [
        pytest.param("QuotaExhausted", False, False, id="refused for lack of a quota"),
        pytest.param("MaxJobsInFlight", False, False, id="it waits for a slot again"),
        pytest.param("QuotaExhausted", True, True, id="a request may still take effect"),
        pytest.param("TargetUnavailable", False, True, id="refused for another reason"),
    ],
)
def test_what_waits_for_a_quota_keeps_nobody_waiting(reason: str, *, may_run: bool, holds: bool) -> None:
    """It asks for a slot like any other when it is tried again."""
    flying = flying_job("a0")
    told = Condition("Submitted", "False", reason, "", "", 1)
    held = replace(flying, status=replace(flying.status, conditions=(told,)))
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0")) is None
    assert holds_slot(held, ours=True, may_run=may_run) is holds
    assert (limiter.take(limited, held, ours=True, may_run=may_run) is None) is holds
    limiter.free("b0")
    assert limiter.take(limited, held, ours=True) is None


@pytest.mark.parametrize(
    ("ours", "may_run", "holds"),
    [
        pytest.param(True, True, True, id="this process has sent it a moment ago"),
        pytest.param(True, False, False, id="nothing of it can be at the service"),
        pytest.param(False, True, False, id="another process may have sent it: only status tells"),
    ],
)
def test_a_finalizer_that_its_user_takes_off_gives_no_slot_back(*, ours: bool, may_run: bool, holds: bool) -> None:
    """It is the users' to write; else each job would free its slot in the moment in which it is sent."""
    assert holds_slot(replace(flying_job("a0"), finalizers=()), ours=ours, may_run=may_run) is holds


@pytest.mark.parametrize("reason", ["TargetUnavailable", "CreditExhausted", "ProgramNotFound", "RateLimited"])
@pytest.mark.parametrize("unsent", [True, False], ids=["surely not sent", "it may be at the service"])
def test_what_is_surely_not_sent_keeps_no_slot_while_it_waits(reason: str, *, unsent: bool) -> None:
    """With its back-off it would keep others waiting for days; it takes a slot anew before it is sent."""
    flying = flying_job("a0")
    told = Condition("Submitted", "False", reason, "", "", 1)
    held = replace(flying, status=replace(flying.status, conditions=(told,)))
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0")) is None
    assert holds_slot(held, ours=True, unsent=unsent) is not unsent
    assert (limiter.take(limited, held, ours=True, unsent=unsent) is None) is not unsent
    limiter.free("b0")
    assert limiter.take(limited, held, ours=True, unsent=unsent) is None


def test_what_status_names_and_this_process_did_not_send_keeps_no_slot() -> None:
    """Status names the way before anything is sent: that alone is a slot only for what a predecessor may have sent."""
    bench, limited = Bench(), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0")) is None
    assert holds_slot(flying_job("a0"))
    assert limiter.take(limited, flying_job("a0"), unsent=True)


def test_after_a_start_what_waited_for_a_quota_may_have_been_sent() -> None:
    """Its status can be older than its last request."""
    flying = flying_job("a0")
    told = Condition("Submitted", "False", "QuotaExhausted", "", "", 1)
    held = replace(flying, status=replace(flying.status, conditions=(told,)))
    bench, limited = Bench([held]), shared(maxJobsInFlight=1)
    limiter = bench.limiter()
    assert limiter.take(limited, waiting_job("b0"))
    assert limiter.take(limited, held) is None
