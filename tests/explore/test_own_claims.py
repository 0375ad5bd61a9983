"""What a process has sent and the object knows nothing of any more, and then goes, or is to end.

The process that served it lives on: it knows by its own claim what may run. Must not live here: objects that stay
(`test_set_back`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from explore.__main__ import SCENARIOS, from_text
from explore.effects import moved
from explore.judge import wrongs
from explore.moves import free_moves
from explore.state import State, begin
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob

_ALL: Final = frozenset({"answer", "begin", "hear", "poll", "time"})
_NOW: Final = _ALL - {"time"}
Until = Callable[[State], bool]


def _job(state: State) -> QuantumJob:
    (job,) = state.outside.objects.values()
    return job


def _go_on(state: State, until: Until = lambda _: False, *, kinds: frozenset[str] = _ALL, most: int = 150) -> State:
    for _ in range(most):
        following = [one for one in free_moves(state) if one[0] in kinds]
        if not following or until(state):
            break
        state = moved(state, following[0])
    return state


def _play(state: State, script: str) -> State:
    for move in from_text(f"one: {script}")[1]:
        state = moved(state, move)
    return state


def _shows(shown: Shown) -> Until:
    return lambda state: _job(state).status.state == shown


def _set_back(state: State, to: QuantumJob) -> State:
    """Somebody writes the object as it was, with the words of a user changed in it."""
    state = state.copy()
    state.outside.put(replace(to, generation=_job(state).generation + 1))
    state.tell_watchers()
    return state


def _again(state: State, name: str) -> tuple[State, QuantumJob]:
    """A second attempt was sent a moment ago and is hidden still; and the object as it was before its claim."""
    state = _go_on(_play(state, f"suspend {name}"), lambda one: bool(one.outside.cancelled) or _is_cancelling(one))
    state = _go_on(_play(state, "ends 1"), _shows(Shown.SUSPENDED))
    state = _play(_go_on(state, kinds=_NOW), f"resume {name}")
    before = _job(state)
    return _go_on(state, lambda one: len(one.outside.runs) == 2), before


def _is_cancelling(state: State) -> bool:
    return any(run.job.status == "CancellationRequested" for run in state.outside.open_runs())


def _own() -> tuple[State, QuantumJob]:
    return _again(_go_on(begin(SCENARIOS["one"]), _shows(Shown.WAITING)), "1")


def _adopted() -> tuple[State, QuantumJob]:
    """Its first attempt was sent for another object with the key, which let it go."""
    state = _go_on(begin(replace(SCENARIOS["one"], keyed=True)), _shows(Shown.WAITING))
    state = _go_on(_play(state, "orphan 1, delete 1"), lambda one: not one.outside.objects)
    return _again(_go_on(_play(state, "create 2"), _shows(Shown.WAITING)), "2")


def test_a_job_that_was_sent_is_cancelled_after_its_object_lost_its_claim_and_went() -> None:
    """The user's own file takes claim and finalizer off while the PUT is under way; then the object is deleted."""
    state = _go_on(begin(SCENARIOS["one"]), _asks("put"))
    state = _set_back(state, replace(_job(state), claim=None, finalizers=()))
    state.wish(_job(state).uid, forced=True)
    state = _go_on(_play(state, "answer 1 1"), _asks("claim"))
    state = _go_on(_play(state, "delete 1"), _is_cancelling)
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
    state = _go_on(begin(SCENARIOS["one"]), _asks("put"))
    job = _job(state)
    assert job.claim
    state = _set_back(state, replace(job, claim=replace(job.claim, **edited)))
    state = _go_on(_play(state, "answer 1 1"), _shows(Shown.WAITING))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]
    state = _go_on(_play(_go_on(state, kinds=_NOW), "delete 1"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]


@pytest.mark.parametrize("sent", [_own, _adopted])
@pytest.mark.parametrize("word", ["delete", "cancel", "suspend"])
def test_a_further_attempt_that_the_object_forgot_is_cancelled(
    sent: Callable[[], tuple[State, QuantumJob]], word: str
) -> None:
    """The object names the first attempt, which has ended; the second is hidden by the service, and runs."""
    state, before = sent()
    name = str(len(state.wishes))
    state = _go_on(_play(_set_back(state, before), f"{word} {name}"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]
    assert list(wrongs(state, idle=False)) == []


def test_a_further_attempt_is_cancelled_although_the_object_names_a_process_before_the_restart() -> None:
    """Following needs no claim, so that of a process that is dead stands; then a file from that time is put back."""
    state = _go_on(_go_on(begin(SCENARIOS["one"]), _shows(Shown.WAITING)), kinds=_NOW)
    state, before = _again(_go_on(_play(state, "kill 1, start 1"), kinds=_NOW), "1")
    state = _set_back(state, replace(before, finalizers=()))
    state.wish(before.uid, forced=True)
    state = _go_on(_play(state, "delete 1"), _is_cancelling)
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]


def test_a_further_attempt_that_another_process_sent_is_not_sent_again_after_its_claim_was_set_back() -> None:
    """The watch has told of its claim, and then of an older file; nothing was reconciled in between."""
    state = _go_on(_go_on(begin(SCENARIOS["two"]), _shows(Shown.WAITING)), kinds=_NOW)
    state = _go_on(_play(state, "lag 1"), _shows(Shown.WAITING))
    state, before = _again(state, "1")
    state = _play(_set_back(state, before), "pause 2, catch-up 1")
    state = _go_on(state, lambda one: len(one.outside.open_runs()) > 1)
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]


def test_a_further_attempt_that_the_object_forgot_is_let_go_as_an_orphan() -> None:
    """It is tagged, although the object has forgotten it."""
    state, before = _adopted()
    state = _go_on(_play(_set_back(state, before), "orphan 2, delete 2"), lambda one: not one.outside.objects)
    (run,) = state.outside.open_runs()
    assert (run.job.status, len(run.job.tags)) == ("Waiting", 1)


def test_an_orphan_that_is_about_to_be_tagged_is_not_cancelled_by_the_memory_of_its_first_object() -> None:
    """The heir has the job and is being deleted: it is no heir to come, and the last look shows that it has it."""
    state = _go_on(begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0)), _shows(Shown.WAITING))
    state = _play(_go_on(state, kinds=_NOW), "force 1, delete 1, begin 1 1")
    state = _go_on(state, _asks("list"))
    assert not state.outside.objects, "its predecessor looks for heirs before it cancels"
    state = _play(state, "create 2, begin 1 2")
    second = list(state.wishes)[1]
    answers = ("answer", "1", "2")
    for _ in range(30):
        if second not in _asked(state):
            break
        state = moved(state, answers)
    assert _job(state).status.job_id in state.outside.runs
    state = _play(state, "orphan 2, delete 2, begin 1 2")
    while _asked(state)[second] != "tag":
        state = moved(state, answers)
    while next(iter(state.wishes)) in _asked(state):
        state = moved(state, ("answer", "1", "1"))
    assert not _is_cancelling(state)


def _asks(name: str) -> Until:
    return lambda state: name in _asked(state).values()


def _asked(state: State) -> dict[str, str]:
    return {uid: ask.name for one in state.processes if one for uid, ask in one.asks.items()}
