"""Places of `maxJobsInFlight`: who gets the next one that is free."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from quantumjob_operator.controller.inflight_limiter import MISSED_SECONDS, OFFER_SECONDS, InflightLimiter
from quantumjob_operator.lifecycle.slots import FULL, holds_slot
from quantumjob_operator.model.jobstatus import Condition, JobStatus, WorkspaceUsed
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace, referenced_name
from rooms.model.bodies import RESOURCE_ID, job, workspace

SHARED: Final = ("platform", "shared")
OWN: Final = ("b", "own")


def shared(**limits: int) -> QuantumWorkspace:
    """The workspace of the platform team."""
    return workspace(limits, namespace=SHARED[0], name=SHARED[1])


def own_object() -> QuantumWorkspace:
    """An object of tenant b that names the same Azure workspace, without a limit."""
    return workspace(namespace=OWN[0], name=OWN[1], uid="own")


def waiting_job(uid: str, through: tuple[str, str] = SHARED) -> QuantumJob:
    """A job that was not submitted; the letter before its number is its namespace."""
    ref = {"workspaceRef": {"namespace": through[0], "name": through[1]}}
    return job(ref, uid=uid, name=uid, namespace=uid[0])


def flying_job(uid: str, through: tuple[str, str] = SHARED) -> QuantumJob:
    """A job that is at the service."""
    ref = {"workspaceRef": {"namespace": through[0], "name": through[1]}}
    claim = f'{{"v":1,"uid":"{uid}","workspace":"{RESOURCE_ID.lower()}","attempt":1,"holder":"h"}}'
    metadata: dict[str, Any] = {"finalizers": [FINALIZER], "annotations": {CLAIM_ANNOTATION: claim}}
    flying = job(ref, uid=uid, name=uid, namespace=uid[0], **metadata)
    used = WorkspaceUsed(
        RESOURCE_ID.lower(), "https://eastus.quantum.azure.com", {"namespace": through[0], "name": through[1]}
    )
    return replace(flying, status=JobStatus(workspace=used, attempt=1))


def forged_job(uid: str) -> QuantumJob:
    """A job whose finalizer and claim its user wrote."""
    return replace(flying_job(uid), status=JobStatus())


@dataclass(slots=True)
class Bench:
    """Slots, and whom they woke; `now` is their clock."""

    known: list[QuantumJob] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    left: list[Name] = field(default_factory=list)
    now: float = 1000.0
    gone: set[str] = field(default_factory=set)
    counted: list[Name] = field(default_factory=list)

    def jobs(self, name: Name) -> list[QuantumJob]:
        """The known jobs, as they are gone through to count those of one workspace."""
        self.counted.append(name)
        return self.known

    def limiter(self) -> InflightLimiter:
        """Slots of a process that has just started."""
        return InflightLimiter(
            jobs=self.jobs,
            exists=lambda uid: uid not in self.gone,
            serving=lambda job: referenced_name(job, lambda _: None, None),
            wake=self.woken.append,
            left=self.left.append,
            clock=lambda: self.now,
        )


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


def test_nothing_is_left_of_workspaces_that_are_made_anew_without_end() -> None:
    """Each had a job in flight and one that waited; the last job of one that is gone takes the rest along."""
    bench = Bench()
    limiter = bench.limiter()
    for number in range(50):
        made = workspace({"maxJobsInFlight": 1}, namespace="b", name=f"w-{number}", uid=f"uid-{number}")
        flying, waiting = f"b-flying-{number}", f"b-waiting-{number}"
        limiter.take(made, flying_job(flying, through=made.key), ours=True)
        limiter.take(made, waiting_job(waiting, through=made.key))
        limiter.forget_workspace(made.uid)
        limiter.forget(waiting)
        limiter.forget(flying)
    assert not limiter._inflight
    assert not limiter._counted


class Unwalked(dict[str, Name]):
    """Nobody goes through it."""

    def values(self) -> Any:
        """It may be long."""
        raise AssertionError("all of them were looked at")

    __iter__ = items = keys = values


def test_the_last_job_of_a_workspace_looks_at_none_of_the_others() -> None:
    """However many there are: each job that ends may be the last of its own."""
    limiter = Bench().limiter()
    limiter._counted = Unwalked()
    for number in range(3):
        made = workspace({"maxJobsInFlight": 1}, namespace="b", name=f"w-{number}", uid=f"uid-{number}")
        limiter.take(made, flying_job("b-flying", through=made.key), ours=True)
        limiter.free("b-flying")
        limiter.forget_workspace(made.uid)
    assert not limiter._inflight


def test_a_workspace_that_is_gone_is_not_counted_again() -> None:
    """Who runs by its last connection asks on: each time would be a walk, and what is kept of it would stay."""
    bench, one = Bench(), shared()
    limiter = bench.limiter()
    limiter.take(one, flying_job("b1"), ours=True)
    bench.gone.add(one.uid)
    limiter.forget_workspace(one.uid)
    limiter.take(one, flying_job("b1"), ours=True)
    limiter.forget("b1")
    assert bench.counted == [one.key]
    assert not limiter._counted
    assert not limiter._inflight


def test_a_workspace_that_is_gone_and_comes_back_counts_what_runs() -> None:
    """Its limit holds for what was sent through the object before."""
    bench = Bench(known=[flying_job("b1")])
    limiter, limited = bench.limiter(), shared(maxJobsInFlight=1)
    limiter.take(limited, flying_job("b1"))
    limiter.forget_workspace(limited.uid)
    trouble = limiter.take(replace(limited, uid="another"), waiting_job("b2"))
    assert trouble
    assert trouble.reason == FULL
    limiter.free("b1")
    assert limiter.take(replace(limited, uid="another"), waiting_job("b2")) is None


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
