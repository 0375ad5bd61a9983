"""The state machine of one attempt, as a table.

Rules:
1. The service's word is read once, here; a word that nobody knows changes nothing, is shown, and polled on.
   `isCancelling` beside a word that is not final counts as Cancelling.
2. A fresh GET may move a job between states that are not final, backwards too: a provider may refuse to cancel and go
   back to executing. Stages may be skipped.
3. Succeeded, Failed and Cancelled absorb: nothing moves a job out of them.
4. Every (state, sighting) cell is present; a missing one is an error of this file, not a silent default.

Lives here: words, sightings, states and what follows from what. Must not live here: what a cancelled job means for its
owner (`progress`), conditions, or time.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from quantumjob_operator.model.jobstatus import FINAL_STATES, State
from quantumjob_operator.model.remotejob import RemoteJob


class Sighting(StrEnum):
    """What one GET showed."""

    WAITING = "Waiting"
    EXECUTING = "Executing"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    UNKNOWN = "Unknown"


WORDS: Final[Mapping[str, Sighting]] = {
    "Queued": Sighting.WAITING,
    "Waiting": Sighting.WAITING,
    "Executing": Sighting.EXECUTING,
    "Finishing": Sighting.EXECUTING,
    "CancellationRequested": Sighting.CANCELLING,
    "Cancelling": Sighting.CANCELLING,
    "Succeeded": Sighting.SUCCEEDED,
    "Completed": Sighting.SUCCEEDED,
    "Failed": Sighting.FAILED,
    "Cancelled": Sighting.CANCELLED,
}
"""The ten statuses of the service; Queued and Completed are the newer names of Waiting and Succeeded."""

FINAL_SIGHTINGS: Final = frozenset({Sighting.SUCCEEDED, Sighting.FAILED, Sighting.CANCELLED})

_MOVES: Final[Mapping[Sighting, State]] = {
    Sighting.WAITING: State.WAITING,
    Sighting.EXECUTING: State.EXECUTING,
    Sighting.CANCELLING: State.CANCELLING,
    Sighting.SUCCEEDED: State.SUCCEEDED,
    Sighting.FAILED: State.FAILED,
    Sighting.CANCELLED: State.CANCELLED,
}


def _row(state: State) -> Mapping[Sighting, State]:
    if state in FINAL_STATES:
        return dict.fromkeys(Sighting, state)
    # An accepted job of which only an unknown word is known has been seen by nobody yet: it waits.
    stay = State.WAITING if state in (State.PENDING, State.SUSPENDED) else state
    return {**_MOVES, Sighting.UNKNOWN: stay}


TRANSITIONS: Final[Mapping[State, Mapping[Sighting, State]]] = {state: _row(state) for state in State}


def sighting(word: str) -> Sighting:
    """How the service's word is read."""
    return WORDS.get(word, Sighting.UNKNOWN)


def seen_as(remote: RemoteJob) -> Sighting:
    """How a GET's answer is read: workspaces of kind V1 keep their word while they cancel, and say so beside it."""
    told = sighting(remote.status)
    return Sighting.CANCELLING if remote.is_cancelling and told not in FINAL_SIGHTINGS else told


def is_final_word(word: str) -> bool:
    """Whether nothing changes after this word."""
    return sighting(word) in FINAL_SIGHTINGS


def is_cancelling_word(word: str) -> bool:
    """Whether the word itself tells of a cancellation under way."""
    return sighting(word) is Sighting.CANCELLING
