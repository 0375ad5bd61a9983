"""A waiting job's place in its provider's queue, as status shows it."""

import pytest

from quantumjob_operator.lifecycle import decide
from quantumjob_operator.lifecycle.observation import QueuePlace
from quantumjob_operator.model.jobstatus import QueueShown, State
from rooms.lifecycle.observations import accepted, ago, remote, seen

BEFORE = QueueShown(800, ago(600), 3600)


@pytest.mark.parametrize(
    ("word", "news", "shown"),
    [
        pytest.param("Waiting", None, BEFORE, id="no news"),
        pytest.param("Queued", None, BEFORE, id="no news, in the newer word"),
        pytest.param("Waiting", QueuePlace(400, 1800), QueueShown(400, ago(0), 1800), id="news"),
        pytest.param("Waiting", QueuePlace(0), QueueShown(0, ago(0)), id="the next, of a target that tells no time"),
        pytest.param("Waiting", QueuePlace(None, 1800), None, id="not told any more"),
        pytest.param("Executing", None, None, id="it began"),
        pytest.param("Executing", QueuePlace(3), None, id="it began before the news came"),
        pytest.param("Failed", None, None, id="it ended"),
        pytest.param("Cancelling", None, None, id="it is being cancelled"),
        pytest.param("Dreaming", None, BEFORE, id="a word that nobody knows changes nothing"),
    ],
)
def test_the_place_that_is_shown(word: str, news: QueuePlace | None, shown: QueueShown | None) -> None:
    """Of jobs that wait only, with the time of which it was true."""
    known = seen(accepted(state=State.WAITING, queue=BEFORE), remote=remote(word), queue=news)
    assert decide(known).status.queue == shown
