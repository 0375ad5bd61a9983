"""What can happen next, and what then is.

A move is free (the world goes on: somebody's turn, an event, time) or a disturbance (something goes wrong, or a user
acts). A move is a word or two, so that a schedule can be read, printed and played again. The first free move of a state
is what happens if nothing is in the way. Must not live here: in which order moves are tried (`search`).

Moves that can't matter are left out: users act, and processes die, between requests that change something; what falls
between two such requests is the same as what comes before the second.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from explore.asks import SERVICE
from explore.money import BUDGET, LEDGER
from explore.outside import Run
from explore.process import Process
from explore.state import State
from explore.wiring import LONG, SETTINGS, SHORT
from quantumjob_operator.model.quantumjob import JobSpec

TIMEOUT: Final = SETTINGS.request_timeout_seconds
Move = tuple[str, ...]

EDITS: Final[dict[str, Callable[[JobSpec], JobSpec]]] = {
    "orphan": lambda spec: replace(spec, deletion_policy="Orphan"),
    "cancel": lambda spec: replace(spec, cancel=True),
    "suspend": lambda spec: replace(spec, suspend=True),
    "resume": lambda spec: replace(spec, suspend=False),
}


# --- free moves


def free_moves(state: State) -> list[Move]:
    """What goes on by itself; the first one is what happens undisturbed."""
    if state.free is None:
        moves = [*_now(state), *_asides(state)]
        if not any(move[0] in _BUSY for move in moves):
            moves += _later(state)
        state.free = moves
    return state.free


_BUSY: Final = frozenset({"answer", "begin", "start", "poll"})


def _now(state: State) -> Iterator[Move]:
    """What operators do at this moment.

    An operator that has begun a reconciliation goes on with it: being overtaken in the middle of one is to be paused,
    which is a disturbance. So the interleavings of two operators are all those with so many preemptions.
    """
    looking = any(one and one.asks and one.paused_at is None for one in state.processes)
    for index, process in enumerate(state.processes):
        number = str(index + 1)
        if process is None:
            yield "start", number
        elif process.paused_at is None and (process.asks or not looking):
            yield from _work(state, process, number)


def _work(state: State, process: Process, number: str) -> Iterator[Move]:
    now = state.outside.now
    if process.inbox and not process.held:
        yield "hear", number
    alone = _goes_on(state, process)
    for uid in alone or process.asks:
        yield "answer", number, name_of(state, uid)
    if alone:
        return
    for uid, due in process.core.due.items():
        if due <= now and uid not in process.asks:
            yield "begin", number, name_of(state, uid)
    for uid, (job_id, word) in process.core.followed.items():
        found = state.outside.seen_by_poller(job_id)
        if found is not None and found.status != word and uid not in process.asks and uid not in process.core.due:
            yield "poll", number, name_of(state, uid)


def _goes_on(state: State, process: Process) -> list[str]:
    """Of jobs that share no key, the one that is being reconciled goes on with it.

    They share a ledger at the most. Only while that is written do others begin: they join the next write. So it is with
    jobs that share a key and a ledger: what the key alone brings is tried without one.
    """
    if state.scenario.keyed and not state.scenario.budget:
        return []
    return [uid for uid in process.asks if uid != LEDGER][:1]


def _asides(state: State) -> Iterator[Move]:
    """What may come now or later, of its own."""
    looking = any(one and one.asks and one.paused_at is None for one in state.processes)
    for index, process in enumerate(state.processes):
        if process is None:
            continue
        if process.held and process.paused_at is None:
            yield "catch-up", str(index + 1)
            if process.inbox:
                yield "merge", str(index + 1)
                yield "relist", str(index + 1)
        # Alone, a pause without time would be none.
        rested = len(state.processes) > 1 or (process.paused_at or 0.0) + SHORT <= state.outside.now
        if process.paused_at is not None and rested and not looking:
            yield "wake", str(index + 1)
    for index in range(len(state.wire)):
        yield "arrive", str(index + 1)
    for uid in state.deleting:
        yield "deleted", name_of(state, uid)
    if state.acts and _matters_to_users(state):
        act = state.acts[0]
        yield from ((f"user-{act}", *rest) for what, *rest in _users(state, frozenset({act})) if what == act)


def _later(state: State) -> Iterator[Move]:
    """Nobody is busy: time passes, or a job comes to its end."""
    if not state.deleting and next_time(state) is not None:
        yield ("time",)
    for number, run in enumerate(all_runs(state)):
        if not run.ended and run.visible_at <= state.outside.now:
            yield "ends", str(number + 1)


def next_time(state: State) -> float | None:
    """The next moment at which something is due."""
    now = state.outside.now
    times = [until for _, until in state.wire]
    for process in state.processes:
        if process is None:
            continue
        if process.paused_at is not None:
            times += [process.paused_at + SHORT, process.paused_at + LONG]
            continue
        times += process.core.due.values()
        for job_id, _ in process.core.followed.values():
            times += [run.visible_at for run in state.outside.runs.get(job_id, ())]
    return min((at for at in times if at > now), default=None)


# --- disturbances


def disturbances(state: State) -> Iterator[Move]:
    """What may go wrong here, and what users may do."""
    for index, process in enumerate(state.processes):
        if process is not None and process.paused_at is None:
            yield from _troubles(process, str(index + 1), state)
    # Where users follow a script, only faults come beside it.
    if not state.scenario.acts and _matters_to_users(state):
        yield from _users(state, frozenset(ACTS))


ACTS: Final = ("delete", "overlap", "force", "create", "wipe", "raze", *EDITS)


def _matters_to_users(state: State) -> bool:
    """Whether somebody's next step depends on the objects: a request to the service does not."""
    asks = [ask for one in state.processes if one for ask in one.asks.values()]
    return not asks or any(ask.name not in SERVICE for ask in asks)


def _troubles(process: Process, number: str, state: State) -> Iterator[Move]:
    for uid, ask in process.asks.items():
        if uid in dict(process.applied):
            continue
        name = name_of(state, uid)
        yield "fail", number, name
        if not ask.reads:
            yield "drop", number, name
            yield "late", number, name
        if ask.name == "put":
            yield "kill-late", number
    if not process.asks or any(not ask.reads for ask in process.asks.values()):
        yield "kill", number
    yield "pause", number
    if not process.held:
        yield "lag", number


def _users(state: State, allowed: frozenset[str]) -> Iterator[Move]:
    if "create" in allowed and not state.outside.objects and len(state.wishes) == 1:
        yield "create", "2"
    yield from _owners(state, allowed)
    for uid, job in state.outside.objects.items():
        name = name_of(state, uid)
        if not job.deletion_requested and uid not in state.deleting:
            if "delete" in allowed:
                yield "delete", name
            if "overlap" in allowed and not job.finalizers:
                yield "overlap", name
        if "force" in allowed and job.finalizers:
            yield "force", name
        for edit, change in EDITS.items():
            pointless = job.status.finished or (edit == "resume" and not job.spec.suspend)
            if edit in allowed and not pointless and not job.spec.cancel and change(job.spec) != job.spec:
                yield edit, name


def _owners(state: State, allowed: frozenset[str]) -> Iterator[Move]:
    """What may become of the budget."""
    budget = state.outside.budget
    if "wipe" in allowed and budget and budget.status.counted:
        yield "wipe", BUDGET
    if "raze" in allowed and budget and not budget.deletion_requested:
        yield "raze", BUDGET


# --- names in moves


def name_of(state: State, uid: str) -> str:
    """How an object is called in moves: the first, the second."""
    return str(list(state.wishes).index(uid) + 1) if uid in state.wishes else uid


def all_runs(state: State) -> list[Run]:
    """Every run there ever was, in the order in which the ids appeared."""
    return [run for runs in state.outside.runs.values() for run in runs]
