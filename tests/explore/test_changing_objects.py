"""An object is changed again and again, each time while the operator writes to it, or looks at it for the last time.

Whoever does that must not keep its job running; and what it changes there may be what its job is to end by. Must not
live here: objects that the API server refuses to store (`test_refused_status`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from explore.__main__ import SCENARIOS
from explore.effects import moved
from explore.judge import wrongs
from explore.moves import free_moves
from explore.parts import EPOCH
from explore.schedules import ALL, Until, asked, asks, go_on, only_job, play
from explore.state import State, begin
from quantumjob_operator.model.jobstatus import State as Shown
from quantumjob_operator.model.quantumjob import QuantumJob

Change = Callable[[QuantumJob, int], QuantumJob]
_AT_ITS_WRITES: Final = frozenset({"status"})
_AT_THE_LAST_LOOK: Final = frozenset({"read"})
_AT_BOTH: Final = _AT_ITS_WRITES | _AT_THE_LAST_LOOK
_ROUNDS: Final = 60
"""Moves in which a job that is to be cancelled is: a few looks of some requests each."""


def _of_spec(job: QuantumJob, **changes: Any) -> QuantumJob:
    return replace(job, generation=job.generation + 1, spec=replace(job.spec, **changes))


def _label(job: QuantumJob, number: int) -> QuantumJob:
    return replace(job, labels={"number": str(number)})


def _ttl(job: QuantumJob, number: int) -> QuantumJob:
    return _of_spec(job, ttl_seconds_after_finished=1000 + number)


def _written(state: State, job: QuantumJob, **wishes: object) -> State:
    state = state.copy()
    state.outside.put(job)
    state.wish(job.uid, **wishes)
    state.tell_watchers()
    return state


def _running() -> State:
    """A job that was accepted, is shown by the service, and nothing is under way."""
    state = begin(replace(SCENARIOS["one"], hides_for=0.0))
    return go_on(state, lambda one: only_job(one).status.state == Shown.WAITING and not asked(one))


def _changed_at(state: State, requests: frozenset[str], change: Change, until: Until, most: int = _ROUNDS) -> State:
    """What goes on by itself, with a change of the object before each such request has its effect."""
    changes = 0
    for _ in range(most):
        if until(state) or not state.outside.objects:
            break
        if requests.intersection(asked(state).values()):
            changes += 1
            state = moved(_written(state, change(only_job(state), changes)), ("answer", "1", "1"))
        else:
            state = moved(state, next(one for one in free_moves(state) if one[0] in ALL))
        assert list(wrongs(state, idle=False)) == []
    return state


def _is_cancelling(state: State) -> bool:
    return any(run.job.status == "CancellationRequested" for run in state.outside.open_runs())


def _at_its_last_look(state: State) -> bool:
    """Whether the object is read before its job is cancelled, and each write of its status has met a conflict."""
    return asks("read")(state) and (only_job(state).labels or {}).get("number") == "3"


@pytest.mark.parametrize("requests", [_AT_ITS_WRITES, _AT_THE_LAST_LOOK, _AT_BOTH], ids=["writes", "looks", "both"])
@pytest.mark.parametrize("change", [_label, _ttl])
@pytest.mark.parametrize("wish", ["deleted", "cancelled", "overdue"])
def test_what_is_to_end_is_cancelled(wish: str, change: Change, requests: frozenset[str]) -> None:
    """By a deletion, by its spec, or by its deadline."""
    state = _running()
    if wish == "deleted":
        state = play(state, "delete 1")
    else:
        ends = {"cancel": True} if wish == "cancelled" else {"active_deadline_seconds": 1}
        state = _written(state, _of_spec(only_job(state), **ends), cancelled=True)
        state = state if wish == "cancelled" else go_on(state, lambda one: one.outside.now >= EPOCH + 1.0)
    state = _changed_at(state, requests, change, _is_cancelling)
    assert _is_cancelling(state)


@pytest.mark.parametrize("wish", ["deleted", "cancelled"])
def test_its_status_and_its_end_follow_once_it_is_left_alone(wish: str) -> None:
    """What could not be written was not forgotten."""
    state = play(_running(), "delete 1" if wish == "deleted" else "cancel 1")
    state = _changed_at(state, _AT_BOTH, _label, _is_cancelling)
    state = go_on(play(go_on(state, kinds=frozenset({"answer"})), "ends 1"))
    if wish == "deleted":
        assert not state.outside.objects
    else:
        assert (only_job(state).status.state, only_job(state).has_finalizer) == (Shown.CANCELLED, False)


def test_an_object_that_becomes_an_orphan_at_the_last_moment_lets_its_job_go() -> None:
    """It was changed so often that its status does not even say that the job is to be cancelled."""
    state = _changed_at(play(_running(), "delete 1"), _AT_ITS_WRITES, _label, _at_its_last_look)
    assert only_job(state).status.cancellation is None
    state = _written(state, _of_spec(only_job(state), deletion_policy="Orphan"), orphaned=True)
    state = go_on(state)
    (run,) = state.outside.open_runs()
    assert (run.job.status, len(run.job.tags), state.outside.objects) == ("Waiting", 1, {})


@pytest.mark.parametrize(
    ("wish", "taken_back"),
    [
        pytest.param({"suspend": True}, {"suspend": False}, id="suspended"),
        pytest.param({"active_deadline_seconds": 1}, {"active_deadline_seconds": None}, id="a deadline"),
    ],
)
def test_a_wish_that_is_taken_back_at_the_last_moment_cancels_nothing(
    wish: dict[str, Any], taken_back: dict[str, Any]
) -> None:
    """Status does not tell of it, and the service was not asked."""
    state = _running()
    state = _written(state, _of_spec(only_job(state), **wish))
    state = _changed_at(state, _AT_ITS_WRITES, _label, _at_its_last_look)
    assert only_job(state).status.cancellation is None
    state = go_on(_written(state, _of_spec(only_job(state), **taken_back)), most=60)
    assert (only_job(state).status.state, only_job(state).status.cancellation) == (Shown.WAITING, None)


def test_a_wish_that_may_have_reached_the_service_is_not_taken_back() -> None:
    """Status does not tell of it, and nobody knows whether the service was asked: the attempt ends by it."""
    state = _running()
    state = _written(state, _of_spec(only_job(state), suspend=True), suspended=1)
    state = _changed_at(state, _AT_ITS_WRITES, _label, asks("cancel"))
    state = _changed_at(play(state, "fail 1 1"), _AT_ITS_WRITES, _label, lambda one: not asked(one))
    assert only_job(state).status.cancellation is None
    state = _written(state, _of_spec(only_job(state), suspend=False), resumed=1)
    state = go_on(state, _is_cancelling)
    state = go_on(play(state, "ends 1"), lambda one: len(one.outside.runs) == 2)
    assert [run.job.status for run in state.outside.open_runs()] == ["Waiting"]
