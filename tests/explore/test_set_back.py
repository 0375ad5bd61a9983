"""Objects that somebody sets back to what they were a moment ago, while the process that served them lives on.

A restore of etcd does that, and so does `kubectl replace` with an older file: claim, or claim and status, name less
than was sent. Must not live here: what the search finds by itself (`test_explorer`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from explore.__main__ import SCENARIOS, from_text
from explore.effects import moved
from explore.judge import wrongs
from explore.moves import free_moves
from explore.state import State, begin
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob

_ALL: Final = frozenset({"answer", "begin", "hear", "poll", "time"})
Until = Callable[[State], bool]


def _job(state: State) -> QuantumJob:
    (job,) = state.outside.objects.values()
    return job


def _go_on(state: State, until: Until = lambda _: False, *, kinds: frozenset[str] = _ALL, most: int = 80) -> State:
    for _ in range(most):
        following = [one for one in free_moves(state) if one[0] in kinds]
        if not following or until(state):
            break
        state = moved(state, following[0])
        assert list(wrongs(state, idle=False)) == []
    return state


def _play(state: State, script: str) -> State:
    for move in from_text(f"one: {script}")[1]:
        state = moved(state, move)
    return state


def _resumed() -> tuple[State, QuantumJob]:
    """Attempt 2 was sent a moment ago and is hidden still; and the object as it was before its second claim."""
    state = _go_on(begin(SCENARIOS["one"]), lambda one: _job(one).status.state == Shown.WAITING)
    state = _go_on(_play(state, "suspend 1"), lambda one: one.outside.open_runs()[0].job.status != "Waiting")
    state = _go_on(_play(state, "ends 1"), lambda one: _job(one).status.state == Shown.SUSPENDED)
    state = _play(_go_on(state, kinds=frozenset({"answer"})), "resume 1")
    before = _job(state)
    return _go_on(state, lambda one: len(one.outside.runs) == 2), before


def _set_back(state: State, change: Callable[[QuantumJob], QuantumJob]) -> State:
    state = state.copy()
    state.outside.put(change(_job(state)))
    state.tell_watchers()
    return state


def test_a_further_attempt_whose_claim_was_set_back_is_not_sent_again() -> None:
    """The object says that nobody has claimed attempt 2; the process knows that it has sent it."""
    sent, before = _resumed()
    state = _set_back(sent, lambda job: replace(job, claim=before.claim, status=before.status))
    state = _go_on(state)
    assert [len(runs) for runs in state.outside.runs.values()] == [1, 1]
    assert _job(state).claim == _job(sent).claim or _job(state).status.attempt == 2


def test_a_further_attempt_that_the_object_forgot_is_found_when_the_service_shows_it() -> None:
    """Set back to the first attempt: its end is not the job's end, although the service hides the second still."""
    state, _ = _resumed()
    first = _go_on(begin(SCENARIOS["one"]), lambda one: _job(one).status.state == Shown.WAITING)
    state = _set_back(state, lambda job: replace(job, claim=_job(first).claim, status=_job(first).status))
    state = _go_on(state)
    assert (_job(state).status.finished, _job(state).status.attempt) == (False, 2)


def test_a_job_that_was_sent_a_moment_ago_is_cancelled_and_not_forgotten() -> None:
    """The user's own file, with `cancel: true`, takes claim and finalizer off; the service hides the job still."""
    state = _go_on(begin(SCENARIOS["one"]), lambda one: bool(one.outside.runs))
    state = _set_back(state, lambda job: replace(job, claim=None, finalizers=(), spec=replace(job.spec, cancel=True)))
    state.wish(_job(state).uid, cancelled=True)
    state = _go_on(state, lambda one: not one.outside.open_runs() or one.outside.open_runs()[0].job.status != "Waiting")
    assert [run.job.status for run in state.outside.open_runs()] == ["CancellationRequested"]
    assert not _job(state).status.finished


def test_a_claim_of_ones_own_that_somebody_took_off_may_have_been_anothers_between() -> None:
    """One operator sleeps after its claim, the other takes it over and sends; then both claim and finalizer vanish."""
    state = _go_on(begin(SCENARIOS["two"]), lambda one: _is_asked(one, "get"), kinds=frozenset({"begin", "answer"}))
    state = _go_on(_play(state, "lag 1, pause 1"), lambda one: bool(one.outside.runs))
    state = _set_back(state, lambda job: replace(job, claim=None, finalizers=()))
    state = _go_on(_play(state, "pause 2, wake 1, merge 1"))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


@pytest.mark.parametrize("sleeps", [True, False])
def test_a_cancellation_is_not_sent_after_a_sleep(*, sleeps: bool) -> None:
    """Before it was sent the machine stood still, and another operator has let the job go as an orphan meanwhile."""
    state = _go_on(begin(replace(SCENARIOS["one"], hides_for=0.0)), lambda one: bool(one.outside.runs))
    state = _go_on(state, kinds=frozenset({"answer", "begin", "hear"}))
    state = _go_on(_play(state, "delete 1"), lambda one: _is_asked(one, "read"))
    if sleeps:
        state = state.copy()
        state.outside.now += 60.0
    state = _go_on(state, lambda one: not _is_asked(one, "read"))
    assert _is_asked(state, "cancel") is not sleeps


def test_what_was_not_asked_to_end_is_not_told_to_be() -> None:
    """Its object is gone; the machine sleeps while the heirs are looked for, and an heir may have released it since."""
    state = _go_on(begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0)), lambda one: bool(one.outside.runs))
    state = _go_on(state, kinds=frozenset({"answer", "begin", "hear"}))
    state = _play(state, "force 1, delete 1, begin 1 1, answer 1 1, answer 1 1, answer 1 1, answer 1 1")
    assert _is_asked(state, "list"), "the last look before it is cancelled"
    state = state.copy()
    state.outside.now += 60.0
    state = _play(state, "answer 1 1")
    assert not _is_asked(state, "cancel")
    assert not any("left_behind" in one.core.reports for one in state.processes if one)
    state = _go_on(state, lambda one: _is_asked(one, "cancel"))
    assert _is_asked(state, "cancel"), "it looks again, and goes on"


def _is_asked(state: State, name: str) -> bool:
    return any(ask.name == name for one in state.processes if one for ask in one.asks.values())
