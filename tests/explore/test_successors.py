"""Objects that come after one with the same idempotency key, and may find its job: schedules that went wrong once."""

from dataclasses import replace
from typing import Final

import pytest

from explore.__main__ import SCENARIOS
from explore.effects import moved
from explore.moves import free_moves
from explore.schedules import go_on, play
from explore.state import State, begin
from quantumjob_operator.model.naming import is_orphan_tag

_SENT: Final = "begin 1 1, " + ", ".join(["answer 1 1"] * 4)
"""Until the PUT of the first object is under way."""


def _keyed(*, operators: int = 1) -> State:
    """Objects with a key, and a service that shows a job at once."""
    return begin(replace(SCENARIOS["one"], keyed=True, hides_for=0.0, operators=operators))


_ONWARD: Final = frozenset({"answer", "begin"})


def _go_on(state: State, *, kinds: frozenset[str] = _ONWARD) -> State:
    return go_on(state, kinds=kinds, most=40)


def test_the_live_read_of_an_object_that_is_gone_fails_while_its_put_is_under_way() -> None:
    """Its key is fenced from the moment in which it is missed, not from that in which a read has confirmed it."""
    script = f"{_SENT}, kill-late 1, force 1, delete 1, begin 2 1, fail 2 1, create 2"
    state = _go_on(play(_keyed(operators=2), script))
    state = _go_on(play(state, "arrive 1"), kinds=frozenset({"answer", "begin", "time"}))
    assert [len(runs) for runs in state.outside.runs.values()] == [1]


_DELETED: Final = f"{_SENT}, answer 1 1, answer 1 1, delete 1, begin 1 1, answer 1 1"
"""Its job runs and is to be cancelled: the service is asked for it once more."""


@pytest.mark.parametrize("lag", [pytest.param("", id="the watch tells"), pytest.param("lag 1, ", id="the watch lags")])
def test_a_job_that_becomes_an_orphan_while_its_cancellation_is_prepared_runs_on(lag: str) -> None:
    """A decision is as old as the last answer that it waited for."""
    state = _go_on(play(_keyed(), f"{_DELETED}, {lag}orphan 1, answer 1 1"))
    state = _go_on(play(state, "catch-up 1" if lag else ""), kinds=frozenset({"answer", "begin", "time"}))
    (run,) = state.outside.open_runs()
    assert run.job.status == "Waiting"
    assert any(map(is_orphan_tag, run.job.tags))
    assert not state.outside.objects


def test_an_api_server_that_fails_again_and_again_keeps_no_job_from_being_cancelled() -> None:
    """Two failures in a row may be accidents; what was decided then stands."""
    failed = "answer 1 1, fail 1 1, time, begin 1 1"
    state = play(_keyed(), f"{_DELETED}, {failed}, {failed}, answer 1 1, fail 1 1")
    process = state.processes[0]
    assert process
    assert [ask.name for ask in process.asks.values()] == ["cancel"]


def test_a_service_that_failed_before_says_nothing_of_the_live_read() -> None:
    """Only an API server that keeps an object to itself three times in a row is not waited for."""
    state = play(_keyed(), f"{_DELETED}, fail 1 1, answer 1 1, time, begin 1 1, fail 1 1, time, begin 1 1")
    state = play(state, "answer 1 1, fail 1 1")
    process = state.processes[0]
    assert process
    assert not process.asks


_GONE: Final = f"{_SENT}, answer 1 1, answer 1 1, force 1, delete 1, begin 1 1, answer 1 1"
"""Its job runs, its object is gone, and the service is asked for the job."""


def test_an_object_that_takes_the_job_over_in_time_raises_no_alarm() -> None:
    """People are told of a job that is cancelled without its object only if it is."""
    state, reports = play(_keyed(), f"{_GONE}, create 2"), set[str]()
    for _ in range(30):
        process = state.processes[0]
        assert process
        reports |= process.core.reports.keys()
        following = [one for one in free_moves(state) if one[0] in {"answer", "begin"}]
        if not following:
            break
        state = moved(state, following[0])
    assert "left_behind" not in reports
    assert not state.outside.cancelled


def test_an_object_that_the_last_look_finds_before_the_watch_tells_of_it_is_reconciled() -> None:
    """What was read is no news to the watch any more: whoever reads it queues it."""
    state = _go_on(play(_keyed(), f"{_GONE}, lag 1, create 2"), kinds=frozenset({"answer"}))
    state = _go_on(play(state, "catch-up 1"))
    heir = next(iter(state.outside.objects.values()))
    assert heir.status.job_id in state.outside.runs


def test_a_job_that_its_heir_let_go_on_purpose_is_not_cancelled_by_the_memory_of_its_first_object() -> None:
    """The heir comes, takes the job over and goes as an orphan before its predecessor is looked after again."""
    state = _go_on(play(_keyed(), f"{_GONE}, create 2"))
    state = _go_on(play(state, "orphan 2, delete 2"), kinds=frozenset({"answer", "begin", "time"}))
    (run,) = state.outside.open_runs()
    assert not state.outside.objects
    assert run.job.status == "Waiting"
