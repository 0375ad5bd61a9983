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

from explore.asks import SERVICE, Answer, Ask, no_answer
from explore.outside import Run
from explore.process import FENCE, SETTINGS, Input, Process
from explore.state import State
from quantumjob_operator.model.quantumjob import JobSpec, QuantumJob

TIMEOUT: Final = SETTINGS.request_timeout_seconds
SHORT: Final = SETTINGS.put_start_seconds + 1.0
LONG: Final = FENCE + 1.0
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
    moves = [*_now(state), *_asides(state)]
    idle = not any(move[0] in _BUSY for move in moves)
    if idle:
        moves += _later(state)
    return moves


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
    for uid in process.asks:
        yield "answer", number, name_of(state, uid)
    for uid, due in process.due.items():
        if due <= now and uid not in process.asks:
            yield "begin", number, name_of(state, uid)
    for uid, (job_id, word) in process.followed.items():
        found = state.outside.seen_by_poller(job_id)
        if found is not None and found.status != word and uid not in process.asks and uid not in process.due:
            yield "poll", number, name_of(state, uid)


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
        times += process.due.values()
        for job_id, _ in process.followed.values():
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


ACTS: Final = ("delete", "overlap", "force", "create", *EDITS)


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


# --- what moves do


def moved(state: State, move: Move) -> State:
    """The state after a move; a disturbance is counted."""
    after = state.copy()
    what, *rest = move
    if what.startswith("user-"):
        after.acts = after.acts[1:]
        what = what.removeprefix("user-")
    elif what in _DISTURBING:
        after.disturbances += 1
    _MAKING[what](after, *rest)
    after.tell_watchers()
    return after


def name_of(state: State, uid: str) -> str:
    """How an object is called in moves: the first, the second."""
    return str(list(state.wishes).index(uid) + 1) if uid in state.wishes else uid


def _uid(state: State, name: str) -> str:
    return list(state.wishes)[int(name) - 1]


def all_runs(state: State) -> list[Run]:
    """Every run there ever was, in the order in which the ids appeared."""
    return [run for runs in state.outside.runs.values() for run in runs]


def _process(state: State, number: str) -> tuple[int, Process]:
    process = state.processes[int(number) - 1]
    assert process is not None
    return int(number) - 1, process


def _begin(state: State, number: str, name: str) -> None:
    state.feed(int(number) - 1, Input("begin", state.outside.now, _uid(state, name)))


def _answer(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    answer = dict(process.applied).get(uid) or state.outside.do(process.asks[uid])
    _give(state, index, uid, answer)


def _give(state: State, index: int, uid: str, answer: Answer) -> None:
    """The effect is told by the watch while the reconciliation still waits; then comes the answer."""
    state.tell_watchers()
    state.feed(index, Input("answer", state.outside.now, uid, answer))


def _fail(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    _give(state, index, uid, no_answer(process.asks[uid]))


def _drop(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    state.outside.do(process.asks[uid])
    _give(state, index, uid, no_answer(process.asks[uid]))


def _late(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    _to_the_wire(state, process.asks[uid])
    _give(state, index, uid, no_answer(process.asks[uid]))


def _to_the_wire(state: State, ask: Ask) -> None:
    state.wire = (*state.wire, (ask, state.outside.now + TIMEOUT))


def _kill(state: State, number: str) -> None:
    state.set_process(int(number) - 1, None)


def _kill_late(state: State, number: str) -> None:
    index, process = _process(state, number)
    for ask in process.asks.values():
        _to_the_wire(state, ask)
    state.set_process(index, None)


def _pause(state: State, number: str) -> None:
    """A PUT that was begun has its effect; the rest is sent when the process goes on."""
    index, process = _process(state, number)
    known = dict(process.applied)
    puts = [(uid, ask) for uid, ask in process.asks.items() if ask.name == "put" and uid not in known]
    applied = tuple((uid, state.outside.do(ask)) for uid, ask in puts)
    paused = replace(process, paused_at=state.outside.now, applied=(*process.applied, *applied), prints=None)
    state.set_process(index, paused)


def _wake(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, paused_at=None, prints=None))


def _lag(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, held=True, prints=None))


def _catch_up(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, held=False, prints=None))
    _hear(state, number)


def _hear(state: State, number: str) -> None:
    index, process = _process(state, number)
    events = process.inbox
    state.set_process(index, replace(process, inbox=(), prints=None))
    for event in events:
        state.hear(index, event)


def _merge(state: State, number: str) -> None:
    """Of each object only the last event is told."""
    index, process = _process(state, number)
    last = {job.uid: (kind, job) for kind, job in process.inbox}
    state.set_process(index, replace(process, inbox=tuple(last.values()), held=False, prints=None))
    _hear(state, number)


def _relist(state: State, number: str) -> None:
    """The events are lost; the check of the watch finds what is there and what is gone."""
    index, process = _process(state, number)
    state.set_process(index, replace(process, inbox=(), held=False, prints=None))
    for uid in sorted(process.known):
        if uid not in state.outside.objects:
            state.feed(index, Input("miss", state.outside.now, uid))
    for job in state.outside.objects.values():
        state.hear(index, (None, job))


def _start(state: State, number: str) -> None:
    state.start(int(number) - 1)


def _poll(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    job_id, _ = process.followed[uid]
    state.feed(index, Input("poll", state.outside.now, uid, remote=state.outside.seen_by_poller(job_id)))


def _arrive(state: State, number: str) -> None:
    index = int(number) - 1
    ask, _ = state.wire[index]
    state.wire = (*state.wire[:index], *state.wire[index + 1 :])
    state.outside.do(ask)


def _time(state: State) -> None:
    at = next_time(state)
    assert at is not None
    state.outside.now = at
    overdue = [ask for ask, until in state.wire if until <= at]
    state.wire = tuple((ask, until) for ask, until in state.wire if until > at)
    for ask in overdue:
        state.outside.do(ask)


def _ends(state: State, number: str) -> None:
    run = all_runs(state)[int(number) - 1]
    state.outside.move(run, "Cancelled" if run.job.status == "CancellationRequested" else "Succeeded")


def _create(state: State, _number: str) -> None:
    state.create()


def _delete(state: State, name: str) -> None:
    uid = _uid(state, name)
    live = state.outside.objects[uid]
    state.wish(uid, deleted_at=state.outside.now, orphaned=live.spec.deletion_policy == "Orphan")
    state.outside.request_deletion(uid)


def _overlap(state: State, name: str) -> None:
    """A DELETE that saw no finalizer: the object goes at its end, whatever it carries by then."""
    state.deleting = (*state.deleting, _uid(state, name))


def _deleted(state: State, name: str) -> None:
    uid = _uid(state, name)
    state.deleting = tuple(one for one in state.deleting if one != uid)
    live = state.outside.objects.get(uid)
    if live is None:
        return
    orphaned = live.spec.deletion_policy == "Orphan"
    state.wish(uid, deleted_at=state.outside.now, overlapped=bool(live.finalizers), orphaned=orphaned)
    state.outside.remove(live)


def _force(state: State, name: str) -> None:
    uid = _uid(state, name)
    state.wish(uid, forced=True)
    state.outside.put(replace(state.outside.objects[uid], finalizers=()))


def _edit(state: State, name: str, change: Callable[[JobSpec], JobSpec]) -> None:
    uid = _uid(state, name)
    job: QuantumJob = state.outside.objects[uid]
    spec, wishes = change(job.spec), state.wishes[uid]
    state.wish(
        uid,
        cancelled=wishes.cancelled or spec.cancel,
        suspended=wishes.suspended + (spec.suspend and not job.spec.suspend),
        resumed=wishes.resumed + (job.spec.suspend and not spec.suspend),
    )
    state.outside.put(replace(job, spec=spec, generation=job.generation + 1))


def _editing(change: Callable[[JobSpec], JobSpec]) -> Callable[[State, str], None]:
    return lambda state, name: _edit(state, name, change)


_DISTURBING: Final = frozenset({"fail", "drop", "late", "kill", "kill-late", "pause", "lag", *ACTS})
_MAKING: Final[dict[str, Callable[..., None]]] = {
    "begin": _begin,
    "answer": _answer,
    "fail": _fail,
    "drop": _drop,
    "late": _late,
    "kill": _kill,
    "kill-late": _kill_late,
    "pause": _pause,
    "wake": _wake,
    "lag": _lag,
    "catch-up": _catch_up,
    "hear": _hear,
    "merge": _merge,
    "relist": _relist,
    "start": _start,
    "poll": _poll,
    "arrive": _arrive,
    "time": _time,
    "ends": _ends,
    "create": _create,
    "delete": _delete,
    "overlap": _overlap,
    "deleted": _deleted,
    "force": _force,
    **{name: _editing(change) for name, change in EDITS.items()},
}
