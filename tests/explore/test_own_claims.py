"""What a process has sent and the object knows nothing of any more, and then goes, or is to end.

The process that served it lives on: it knows by its own claim what may run. Must not live here: objects that stay
(`test_set_back`).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from explore.__main__ import SCENARIOS
from explore.effects import moved
from explore.judge import wrongs
from explore.parts import EPOCH
from explore.schedules import NOW, Until, asked, asks, go_on, only_job, play
from explore.state import State, begin
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob


def _shows(shown: Shown) -> Until:
    return lambda state: only_job(state).status.state == shown


def _set_back(state: State, to: QuantumJob) -> State:
    """Somebody writes the object as it was, with the words of a user changed in it."""
    state = state.copy()
    state.outside.put(replace(to, generation=only_job(state).generation + 1))
    state.tell_watchers()
    return state


NOTICED: Final = EPOCH + 60.0
"""When a claim that was taken off at first is no reason any more to doubt a 404."""
_go_on = partial(go_on, judged=False)
"""Where an object has taken over the job of another one."""


def _again(state: State, name: str) -> tuple[State, QuantumJob]:
    """A second attempt was sent a moment ago and is hidden still; and the object as it was before its claim."""
    state = _go_on(play(state, f"suspend {name}"), lambda one: bool(one.outside.cancelled) or _is_cancelling(one))
    state = _go_on(play(state, "ends 1"), _shows(Shown.SUSPENDED))
    state = play(_go_on(state, kinds=NOW), f"resume {name}")
    before = only_job(state)
    return _go_on(state, lambda one: len(one.outside.runs) == 2), before


def _is_cancelling(state: State) -> bool:
    return any(run.job.status == "CancellationRequested" for run in state.outside.open_runs())


def _own() -> tuple[State, QuantumJob]:
    return _again(go_on(begin(SCENARIOS["one"]), _shows(Shown.WAITING)), "1")


def _adopted() -> tuple[State, QuantumJob]:
    """Its first attempt was sent for another object with the key, which let it go."""
    state = _go_on(begin(replace(SCENARIOS["one"], keyed=True)), _shows(Shown.WAITING))
    state = _go_on(play(state, "orphan 1, delete 1"), lambda one: not one.outside.objects)
    return _again(_go_on(play(state, "create 2"), _shows(Shown.WAITING)), "2")


def test_a_job_that_was_sent_is_cancelled_after_its_object_lost_its_claim_and_went() -> None:
    """The user's own file takes claim and finalizer off while the PUT is under way; then the object is deleted."""
    state = go_on(begin(SCENARIOS["one"]), asks("put"))
    state = _set_back(state, replace(only_job(state), claim=None, finalizers=()))
    state.wish(only_job(state).uid, forced=True)
    state = go_on(play(state, "answer 1 1"), asks("claim"))
    state = go_on(play(state, "delete 1"), _is_cancelling)
    assert _is_cancelling(state)


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param({"attempt": 2}, id="the next attempt"),
        pytest.param({"workspace": "0" * 32}, id="another workspace"),
        pytest.param({"attempt": 2, "holder": "process-9"}, id="the next attempt, by nobody"),
    ],
)
def test_a_claim_that_was_edited_while_the_job_was_sent_is_not_believed(edited: dict[str, Any]) -> None:
    """Else the job would be followed by nobody, and another be sent beside it."""
    state = go_on(begin(SCENARIOS["one"]), asks("put"))
    job = only_job(state)
    assert job.claim
    state = _set_back(state, replace(job, claim=replace(job.claim, **edited)))
    state = go_on(play(state, "answer 1 1"), _shows(Shown.WAITING))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]
    state = go_on(play(go_on(state, kinds=NOW), "delete 1"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]


@pytest.mark.parametrize("sent", [_own, _adopted])
@pytest.mark.parametrize("word", ["delete", "cancel", "suspend"])
def test_a_further_attempt_that_the_object_forgot_is_cancelled(
    sent: Callable[[], tuple[State, QuantumJob]], word: str
) -> None:
    """The object names the first attempt, which has ended; the second is hidden by the service, and runs."""
    state, before = sent()
    name = str(len(state.wishes))
    state = _go_on(play(_set_back(state, before), f"{word} {name}"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]
    assert list(wrongs(state, idle=False)) == []


def test_a_further_attempt_is_cancelled_although_the_object_names_a_process_before_the_restart() -> None:
    """Following needs no claim, so that of a process that is dead stands; then a file from that time is put back."""
    state = go_on(go_on(begin(SCENARIOS["one"]), _shows(Shown.WAITING)), kinds=NOW)
    state, before = _again(go_on(play(state, "kill 1, start 1"), kinds=NOW), "1")
    state = _set_back(state, replace(before, finalizers=()))
    state.wish(before.uid, forced=True)
    state = go_on(play(state, "delete 1"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]


def _is_taken_over(state: State) -> bool:
    claim = only_job(state).claim
    return claim is not None and claim.holder == "process-2"


@pytest.mark.parametrize(
    "knows", ["has claimed", "is about to claim", "has only listed the object", "hears of both at once"]
)
def test_a_job_of_a_dead_process_is_cancelled_after_its_object_lost_its_claim_and_went(knows: str) -> None:
    """Its successor has seen the claim; then the user's own file takes it off, and the object is deleted."""
    state = go_on(begin(SCENARIOS["one"]), asks("put"))
    state = play(state, "drop 1 1, kill 1, start 1")
    if knows == "has claimed":
        state = go_on(go_on(state, _is_taken_over), kinds=NOW)
    if knows == "hears of both at once":
        state = play(state, "lag 1")
    job = only_job(state)
    state = _set_back(state, replace(job, claim=None, finalizers=()))
    state.wish(job.uid, forced=True)
    if knows == "is about to claim":
        state = go_on(state, lambda one: bool({"claim", "get"} & set(asked(one).values())))
    state = play(state, "delete 1")
    if knows == "hears of both at once":
        state = play(state, "merge 1")
    state = go_on(state, _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]


def test_a_further_attempt_that_another_process_sent_is_not_sent_again_after_its_claim_was_set_back() -> None:
    """The watch has told of its claim, and then of an older file; nothing was reconciled in between."""
    state = go_on(go_on(begin(SCENARIOS["two"]), _shows(Shown.WAITING)), kinds=NOW)
    state = go_on(play(state, "lag 1"), _shows(Shown.WAITING))
    state, before = _again(state, "1")
    state = play(_set_back(state, before), "pause 2, catch-up 1")
    state = go_on(state, lambda one: len(one.outside.open_runs()) > 1)
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]


def test_an_object_that_was_set_back_does_not_end_while_the_attempt_of_another_process_may_be_hidden() -> None:
    """Its user has written an older file that asks to cancel; the service hides what runs."""
    state = go_on(play(begin(SCENARIOS["two"]), "pause 1"), _shows(Shown.WAITING))
    state = play(go_on(state, kinds=NOW), "wake 1")
    state = play(go_on(state, kinds=NOW), "lag 1")
    state, before = _again(state, "1")
    state = _set_back(state, replace(before, spec=replace(before.spec, cancel=True)))
    state = go_on(play(state, "pause 2, catch-up 1"), _is_cancelling)
    assert _is_cancelling(state)


def test_an_object_does_not_end_after_the_claim_of_another_process_was_taken_off_for_the_second_time() -> None:
    """The same attempt was claimed anew in between, and sent: the watch told of all of it at once."""
    state = go_on(begin(SCENARIOS["two"]), asks("get"))
    stripped = replace(only_job(state), claim=None, finalizers=())
    state = _set_back(state, replace(stripped, spec=replace(stripped.spec, suspend=True)))
    state.wish(stripped.uid, suspended=1)
    state = go_on(state, lambda one: _shows(Shown.SUSPENDED)(one) and one.outside.now > NOTICED)
    state = play(go_on(state, kinds=NOW), "lag 2, resume 1")
    state = go_on(state, lambda one: bool(one.outside.runs))
    stripped = replace(only_job(state), claim=None, finalizers=())
    state = _set_back(state, replace(stripped, spec=replace(stripped.spec, cancel=True)))
    state.wish(stripped.uid, cancelled=True)
    state = go_on(play(state, "pause 1, catch-up 2"), _is_cancelling)
    assert _is_cancelling(state)


def test_the_next_object_with_a_key_does_not_send_what_a_dead_process_may_have_sent() -> None:
    """The claim that was seen is taken off before the object is deleted, and the service hides the job."""
    state = go_on(begin(replace(SCENARIOS["one"], keyed=True)), asks("put"))
    state = go_on(play(state, "drop 1 1, kill 1, start 1"), _is_taken_over)
    state = _set_back(state, replace(only_job(state), claim=None, finalizers=()))
    state.wish(only_job(state).uid, forced=True)
    state = play(_go_on(state, asks("claim")), "delete 1")
    state = _go_on(play(_go_on(state, kinds=NOW), "create 2"), _shows(Shown.WAITING))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


def test_the_next_object_with_a_key_does_not_believe_that_a_dead_process_sent_no_further_attempt() -> None:
    """It would end as the first attempt did, and its user be told to take another key, and pay again."""
    state = _go_on(begin(replace(SCENARIOS["one"], keyed=True)), _shows(Shown.WAITING))
    state = _go_on(play(_go_on(state, kinds=NOW), "suspend 1"), _is_cancelling)
    state = _go_on(play(state, "ends 1"), _shows(Shown.SUSPENDED))
    state = _go_on(play(_go_on(state, kinds=NOW), "resume 1"), asks("put"))
    state = _go_on(play(state, "drop 1 1, kill 1, start 1"), kinds=NOW)
    state = _go_on(play(_go_on(play(state, "force 1, delete 1"), kinds=NOW), "create 2"), _shows(Shown.WAITING))
    assert only_job(state).status.job_id == list(state.outside.runs)[1]


def test_what_another_process_sent_is_not_let_go_because_of_an_own_older_claim() -> None:
    """Ours was sent in vain; the other one took it over, sent the job, and is dead; then the claim is taken off."""
    state = go_on(play(begin(SCENARIOS["two"]), "lag 2"), asks("put"))
    state = go_on(play(state, "fail 1 1, pause 1, catch-up 2"), lambda one: len(one.outside.runs) == 1, most=300)
    state = play(state, "kill 2, wake 1")
    state = _set_back(state, replace(only_job(state), claim=None))
    state = play(go_on(play(state, "delete 1"), kinds=NOW), "start 2")
    assert _is_cancelling(go_on(state, _is_cancelling))


def test_a_further_attempt_that_the_object_forgot_is_let_go_as_an_orphan() -> None:
    """It is tagged, although the object has forgotten it."""
    state, before = _adopted()
    state = _go_on(play(_set_back(state, before), "orphan 2, delete 2"), lambda one: not one.outside.objects)
    (run,) = state.outside.open_runs()
    assert (run.job.status, len(run.job.tags)) == ("Waiting", 1)


def test_an_orphan_that_is_about_to_be_tagged_is_not_cancelled_by_the_memory_of_its_first_object() -> None:
    """The heir has the job and is being deleted: it is no heir to come, and the last look shows that it has it."""
    state = go_on(begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0)), _shows(Shown.WAITING))
    state = play(go_on(state, kinds=NOW), "force 1, delete 1, begin 1 1")
    state = go_on(state, asks("list"))
    assert not state.outside.objects, "its predecessor looks for heirs before it cancels"
    state = play(state, "create 2, begin 1 2")
    second = list(state.wishes)[1]
    answers = ("answer", "1", "2")
    for _ in range(30):
        if second not in asked(state):
            break
        state = moved(state, answers)
    assert only_job(state).status.job_id in state.outside.runs
    state = play(state, "orphan 2, delete 2, begin 1 2")
    while asked(state)[second] != "tag":
        state = moved(state, answers)
    while next(iter(state.wishes)) in asked(state):
        state = moved(state, ("answer", "1", "1"))
    assert not _is_cancelling(state)
