"""Schedules that are written by hand: moves as they stand in replays, and what goes on by itself in between.

Must not live here: what comes of one (the tests).
"""

from collections.abc import Callable
from typing import Final

from explore.__main__ import from_text
from explore.effects import moved
from explore.judge import wrongs
from explore.moves import free_moves
from explore.state import State
from quantumjob_operator.model.quantumjob import QuantumJob

NOW: Final = frozenset({"answer", "begin", "hear", "poll"})
ALL: Final = NOW | {"time"}
Until = Callable[[State], bool]


def only_job(state: State) -> QuantumJob:
    """The one object that there is."""
    (job,) = state.outside.objects.values()
    return job


def go_on(
    state: State, until: Until = lambda _: False, *, kinds: frozenset[str] = ALL, most: int = 150, judged: bool = True
) -> State:
    """What goes on by itself, as far as these kinds of moves go; nothing may be wrong on the way.

    Args:
        state: Where it begins.
        until: When to stop.
        kinds: The first words of moves.
        most: Moves.
        judged: Whether each state is; the judge takes a job for that of the object for which it was sent.
    """
    for _ in range(most):
        following = [one for one in free_moves(state) if one[0] in kinds]
        if not following or until(state):
            break
        state = moved(state, following[0])
        assert not judged or list(wrongs(state, idle=False)) == []
    return state


def play(state: State, script: str) -> State:
    """Moves one after the other, as a replay names them."""
    for move in from_text(f"one: {script}")[1] if script else ():
        state = moved(state, move)
    return state


def asked(state: State) -> dict[str, str]:
    """The name of the request that each reconciliation waits for, by uid."""
    return {uid: ask.name for one in state.processes if one for uid, ask in one.asks.items()}


def asks(name: str) -> Until:
    """Whether somebody waits for such a request."""
    return lambda state: name in asked(state).values()
