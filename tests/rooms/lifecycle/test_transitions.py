"""The state machine of one attempt: every cell, every word."""

import pytest

from quantumjob_operator.lifecycle.transitions import TRANSITIONS, WORDS, Sighting, is_final_word, sighting
from quantumjob_operator.model.jobstatus import FINAL_STATES, State

OPEN_STATES = [state for state in State if state not in FINAL_STATES]


def states(which: list[State]) -> list[object]:
    """One row for each state."""
    return [pytest.param(state, id=f"from {state}") for state in which]


@pytest.mark.parametrize("state", states(list(State)))
def test_every_cell_is_there(state: State) -> None:
    """A missing one would be a KeyError in the middle of somebody's job."""
    assert TRANSITIONS[state].keys() == set(Sighting)
    assert set(TRANSITIONS[state].values()) <= set(State)


@pytest.mark.parametrize("state", states(sorted(FINAL_STATES)))
def test_nothing_moves_a_job_out_of_a_final_state(state: State) -> None:
    """The result was told; a list that lags or a service that errs must not take it back."""
    assert set(TRANSITIONS[state].values()) == {state}


@pytest.mark.parametrize("state", states(OPEN_STATES))
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(Sighting.WAITING, State.WAITING, id="waiting"),
        pytest.param(Sighting.EXECUTING, State.EXECUTING, id="executing"),
        pytest.param(Sighting.CANCELLING, State.CANCELLING, id="cancelling"),
        pytest.param(Sighting.SUCCEEDED, State.SUCCEEDED, id="succeeded"),
        pytest.param(Sighting.FAILED, State.FAILED, id="failed"),
        pytest.param(Sighting.CANCELLED, State.CANCELLED, id="cancelled"),
    ],
)
def test_a_job_that_has_not_ended_goes_where_the_service_says(state: State, seen: Sighting, expected: State) -> None:
    """Stages may be skipped, and a provider may go back from cancelling to executing."""
    assert TRANSITIONS[state][seen] is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param(State.WAITING, State.WAITING, id="waiting stays"),
        pytest.param(State.EXECUTING, State.EXECUTING, id="executing stays"),
        pytest.param(State.CANCELLING, State.CANCELLING, id="cancelling stays"),
        pytest.param(State.SUCCEEDED, State.SUCCEEDED, id="succeeded stays"),
        pytest.param(State.PENDING, State.WAITING, id="an accepted job that was pending waits"),
        pytest.param(State.SUSPENDED, State.WAITING, id="an accepted job that was suspended waits"),
    ],
)
def test_an_unknown_word_changes_nothing(state: State, expected: State) -> None:
    """New statuses come without notice; the last state is kept and the word is shown."""
    assert TRANSITIONS[state][Sighting.UNKNOWN] is expected


@pytest.mark.parametrize(
    ("word", "seen", "final"),
    [
        pytest.param("Queued", Sighting.WAITING, False, id="queued, the newer name of waiting"),
        pytest.param("Waiting", Sighting.WAITING, False, id="waiting"),
        pytest.param("Executing", Sighting.EXECUTING, False, id="executing"),
        pytest.param("Finishing", Sighting.EXECUTING, False, id="finishing still executes"),
        pytest.param("CancellationRequested", Sighting.CANCELLING, False, id="a cancellation that was asked for"),
        pytest.param("Cancelling", Sighting.CANCELLING, False, id="cancelling"),
        pytest.param("Completed", Sighting.SUCCEEDED, True, id="completed, the newer name of succeeded"),
        pytest.param("Succeeded", Sighting.SUCCEEDED, True, id="succeeded"),
        pytest.param("Failed", Sighting.FAILED, True, id="failed"),
        pytest.param("Cancelled", Sighting.CANCELLED, True, id="cancelled"),
        pytest.param("Paused", Sighting.UNKNOWN, False, id="a word of tomorrow"),
        pytest.param("succeeded", Sighting.UNKNOWN, False, id="another spelling is another word"),
        pytest.param("", Sighting.UNKNOWN, False, id="no word"),
    ],
)
def test_how_a_word_of_the_service_is_read(word: str, seen: Sighting, *, final: bool) -> None:
    """Only the three known ends are ends: doubt costs a reconciliation, a wrong end costs a result."""
    assert (sighting(word), is_final_word(word)) == (seen, final)


def test_the_service_has_ten_words() -> None:
    """As its published description lists them; an eleventh needs a decision here."""
    assert len(WORDS) == 10
