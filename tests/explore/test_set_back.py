"""Objects that somebody sets back to what they were a moment ago, while the process that served them lives on.

A restore of etcd does that, and so does `kubectl replace` with an older file: claim, or claim and status, name less
than was sent. Must not live here: what the search finds by itself (`test_explorer`).
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from explore.__main__ import SCENARIOS
from explore.schedules import NOW, asks, go_on, only_job, play
from explore.state import State, Wishes, begin
from quantumjob_operator.lifecycle.doubts import is_doubted
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob


def _resumed() -> tuple[State, QuantumJob]:
    """Attempt 2 was sent a moment ago and is hidden still; and the object as it was before its second claim."""
    state = go_on(begin(SCENARIOS["one"]), lambda one: only_job(one).status.state == Shown.WAITING)
    state = go_on(play(state, "suspend 1"), lambda one: one.outside.open_runs()[0].job.status != "Waiting")
    state = go_on(play(state, "ends 1"), lambda one: only_job(one).status.state == Shown.SUSPENDED)
    state = play(go_on(state, kinds=frozenset({"answer"})), "resume 1")
    before = only_job(state)
    return go_on(state, lambda one: len(one.outside.runs) == 2), before


def _set_back(state: State, change: Callable[[QuantumJob], QuantumJob]) -> State:
    state = state.copy()
    state.outside.put(change(only_job(state)))
    state.tell_watchers()
    return state


def test_a_further_attempt_whose_claim_was_set_back_is_not_sent_again() -> None:
    """The object says that nobody has claimed attempt 2; the process knows that it has sent it."""
    sent, before = _resumed()
    state = _set_back(sent, lambda job: replace(job, claim=before.claim, status=before.status))
    state = go_on(state)
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]
    assert only_job(state).claim == only_job(sent).claim or only_job(state).status.attempt == 2


def test_a_further_attempt_that_the_object_forgot_is_found_when_the_service_shows_it() -> None:
    """Set back to the first attempt: its end is not the job's end, although the service hides the second still."""
    state, _ = _resumed()
    first = go_on(begin(SCENARIOS["one"]), lambda one: only_job(one).status.state == Shown.WAITING)
    state = _set_back(state, lambda job: replace(job, claim=only_job(first).claim, status=only_job(first).status))
    state = go_on(state)
    assert (only_job(state).status.finished, only_job(state).status.attempt) == (False, 2)


def test_a_job_that_was_sent_a_moment_ago_is_cancelled_and_not_forgotten() -> None:
    """The user's own file, with `cancel: true`, takes claim and finalizer off; the service hides the job still."""
    state = go_on(begin(SCENARIOS["one"]), lambda one: bool(one.outside.runs))
    state = _set_back(state, lambda job: replace(job, claim=None, finalizers=(), spec=replace(job.spec, cancel=True)))
    state.wish(only_job(state).uid, cancelled=True)
    state = go_on(state, lambda one: not one.outside.open_runs() or one.outside.open_runs()[0].job.status != "Waiting")
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]
    assert not only_job(state).status.finished


def test_a_claim_of_ones_own_that_somebody_took_off_may_have_been_anothers_between() -> None:
    """One operator sleeps after its claim, the other takes it over and sends; then both claim and finalizer vanish."""
    state = go_on(begin(SCENARIOS["two"]), asks("get"), kinds=frozenset({"begin", "answer"}))
    state = go_on(play(state, "lag 1, pause 1"), lambda one: bool(one.outside.runs))
    state = _set_back(state, lambda job: replace(job, claim=None, finalizers=()))
    state = go_on(play(state, "pause 2, wake 1, merge 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


@pytest.mark.parametrize("sleeps", [True, False])
def test_a_cancellation_is_not_sent_after_a_sleep(*, sleeps: bool) -> None:
    """Before it was sent the machine stood still, and another operator has let the job go as an orphan meanwhile."""
    state = go_on(begin(replace(SCENARIOS["one"], hides_for=0.0)), lambda one: bool(one.outside.runs))
    state = go_on(state, kinds=frozenset({"answer", "begin", "hear"}))
    state = go_on(play(state, "delete 1"), asks("read"))
    if sleeps:
        state = state.copy()
        state.outside.now += 60.0
    state = go_on(state, lambda one: not asks("read")(one))
    assert asks("cancel")(state) is not sleeps


def test_what_was_not_asked_to_end_is_not_told_to_be() -> None:
    """Its object is gone; the machine sleeps while the heirs are looked for, and an heir may have released it since."""
    state = go_on(begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0)), lambda one: bool(one.outside.runs))
    state = go_on(state, kinds=frozenset({"answer", "begin", "hear"}))
    state = play(state, "force 1, delete 1, begin 1 1, answer 1 1, answer 1 1, answer 1 1, answer 1 1")
    assert asks("list")(state), "the last look before it is cancelled"
    state = state.copy()
    state.outside.now += 60.0
    state = play(state, "answer 1 1")
    assert not asks("cancel")(state)
    assert not any("left_behind" in one.core.reports for one in state.processes if one)
    state = go_on(state, asks("cancel"))
    assert asks("cancel")(state), "it looks again, and goes on"


@pytest.mark.parametrize("then", ["", "delete 1"], ids=["and stays", "and is deleted"])
def test_a_claim_that_went_to_another_process_and_came_back_is_no_claim_of_ours(then: str) -> None:
    """It stood still while the other took the claim over and sent the job; it hears of both at once."""
    state = go_on(begin(SCENARIOS["two"]), lambda one: only_job(one).claim is not None)
    before = only_job(state)
    state = go_on(play(state, "pause 1"), lambda one: bool(one.outside.runs), most=300)
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=before.claim))
    state = play(go_on(play(play(state, then), "kill 2, wake 1"), kinds=NOW), "start 2")
    state = go_on(state, lambda one: bool(then) and _is_cancelling(one))
    assert ([len(runs) for runs in state.outside.runs.values()], _is_cancelling(state)) == ([1], bool(then))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("2", "lag 1", id="the first attempt was another process's"),
        pytest.param("1", "lag 1, pause 1", id="the first was its own, and status tells of the other's fence"),
    ],
)
def test_a_further_attempt_may_have_been_sent_by_another_process(first: str, second: str) -> None:
    """The watch tells only what was put back: nobody saw that it was claimed."""
    other = {"1": "2", "2": "1"}[first]
    state = go_on(play(begin(SCENARIOS["two"]), f"pause {other}"), _is_waiting)
    state = go_on(play(state, f"wake {other}"), kinds=NOW)
    state = go_on(play(state, "suspend 1"), _is_cancelling)
    state = go_on(play(state, "ends 1"), lambda one: only_job(one).status.state == Shown.SUSPENDED)
    state = go_on(state, kinds=NOW)
    before = only_job(state)
    state = go_on(play(state, f"{second}, resume 1"), lambda one: len(one.outside.runs) == 2)
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=before.claim))
    state = go_on(play(state, "merge 1, wake 1" if "pause" in second else "merge 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]


def test_the_doubt_of_another_process_outlasts_what_is_said_over_it() -> None:
    """An older file asks to suspend; what was said of that is no reason to send the attempt when it is resumed."""
    state = go_on(play(begin(SCENARIOS["two"]), "pause 2"), _is_waiting)
    state = go_on(play(play(state, "wake 2"), "suspend 1"), _is_cancelling)
    state = go_on(go_on(play(state, "ends 1"), _is_suspended), kinds=NOW)
    before = only_job(state)
    state = go_on(play(state, "lag 1, pause 1, resume 1"), lambda one: len(one.outside.runs) == 2)
    older = replace(before, generation=only_job(state).generation + 1)
    state = _set_back(play(state, "pause 2"), lambda job: replace(older, status=job.status))
    state.wish(before.uid, suspended=2, resumed=1)
    state = go_on(play(state, "merge 1, wake 1"), kinds=NOW)
    state = go_on(play(state, "resume 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]


def test_the_doubt_of_another_process_counts_where_a_request_of_ones_own_came_to_nothing() -> None:
    """It is past its fence; then another process takes the claim over and sends, and an older file is put back."""
    state = play(go_on(play(begin(SCENARIOS["two"]), "pause 2"), asks("put")), "fail 1 1, suspend 1")
    state = go_on(go_on(state, _is_suspended), kinds=NOW)
    before = only_job(state)
    state = go_on(play(state, "lag 1, pause 1, wake 2, resume 1"), lambda one: bool(one.outside.runs), most=300)
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=before.claim))
    state = go_on(play(state, "merge 1, wake 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def test_the_doubt_of_another_process_is_told_from_ones_own() -> None:
    """It says the same of the same request; then an older file with the own claim is put back, past the own fence."""
    state = play(go_on(play(begin(SCENARIOS["two"]), "pause 2"), asks("put")), "fail 1 1")
    state = go_on(state, lambda one: is_doubted(only_job(one).status))
    before = only_job(go_on(state, kinds=NOW))
    state = go_on(play(state, "lag 1, pause 1, wake 2"), lambda one: bool(one.outside.runs), most=300)
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=before.claim))
    assert is_doubted(only_job(state).status)
    state = go_on(play(state, "merge 1, wake 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def test_a_claim_that_was_taken_off_does_not_hand_its_key_to_another_object_as_if_nothing_was_sent() -> None:
    """Both were made in the same second; the other one would be first now."""
    state = go_on(begin(replace(SCENARIOS["two"], keyed=True)), asks("put"))
    state = play(state, "answer 1 1, pause 1").copy()
    claimed, uid = only_job(state), "00000000-0000-4000-8000-000000000000"
    state.wishes = {**state.wishes, uid: Wishes()}
    state.outside.put(replace(claimed, uid=uid, name="bell-0", claim=None, finalizers=(), generation=1))
    state.outside.put(replace(claimed, claim=None, finalizers=()))
    state.tell_watchers()
    state = go_on(state, lambda one: any(job.status.job_id for job in one.outside.objects.values()), judged=False)
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def test_a_claim_that_came_back_unseen_is_doubted_by_what_status_says() -> None:
    """Another process took it over, and waited for its fence; the watch tells only what was put back."""
    state = go_on(begin(SCENARIOS["two"]), lambda one: only_job(one).claim is not None)
    before = only_job(state)
    state = go_on(play(state, "lag 1, pause 1"), lambda one: bool(one.outside.runs), most=300)
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=before.claim))
    state = go_on(play(state, "merge 1, wake 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def test_a_claim_that_is_told_after_a_live_read_has_shown_that_it_is_gone_is_fenced() -> None:
    """Ours met a conflict: another process had claimed and sent, and the user's own file was put back."""
    state = play(go_on(begin(SCENARIOS["two"]), asks("claim")), "pause 1")
    state = go_on(state, lambda one: bool(one.outside.runs))
    state = _set_back(play(state, "pause 2"), lambda job: replace(job, claim=None, finalizers=()))
    state = go_on(play(state, "wake 1, answer 1 1, answer 1 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def _is_cancelling(state: State) -> bool:
    return any(run.job.status == "CancellationRequested" for run in state.outside.open_runs())


def _is_waiting(state: State) -> bool:
    return only_job(state).status.state == Shown.WAITING


def _is_suspended(state: State) -> bool:
    return only_job(state).status.state == Shown.SUSPENDED
