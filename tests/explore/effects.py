"""What a move does to a state.

Must not live here: which moves there are (`moves`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from explore.asks import Answer, Ask, no_answer
from explore.drive import Input
from explore.moves import ACTS, EDITS, TIMEOUT, Move, all_runs, next_time
from explore.process import Process
from explore.sharing import shared
from explore.state import State
from quantumjob_operator.model.budgetstatus import BudgetStatus
from quantumjob_operator.model.quantumjob import JobSpec, QuantumJob

_LATE: Final = 50.0
"""Seconds: no other step is as long as that of a process that has waited a minute for what its watch tells."""


def moved(state: State, move: Move) -> State:
    """The state after a move; a disturbance is counted."""
    after = state.copy()
    what, *rest = move
    if what.startswith("user-"):
        after.acts = after.acts[1:]
        what = what.removeprefix("user-")
    elif what in _DISTURBING:
        after.disturbances += 1
    _DOING[what](after, *rest)
    after.tell_watchers()
    if after.wire:
        after.wire = tuple(one for one in after.wire if not after.outside.is_moot(one[0]))
    return after


def _uid(state: State, name: str) -> str:
    return list(state.wishes)[int(name) - 1] if name.isdigit() else name


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
    index, process = _process(state, number)
    state.set_process(index, None)
    for uid in state.wishes:
        overlapped = state.wishes[uid].overlapped
        if process.knows(uid) and (overlapped or uid in state.deleting):
            state.wish(uid, bereft=True, forgotten=overlapped and not state.is_known(uid))


def _kill_late(state: State, number: str) -> None:
    _, process = _process(state, number)
    for ask in process.asks.values():
        _to_the_wire(state, ask)
    _kill(state, number)


def _pause(state: State, number: str) -> None:
    """A PUT or cancellation that was begun has its effect; the rest is sent when the process goes on."""
    index, process = _process(state, number)
    known = dict(process.applied)
    puts = [(uid, ask) for uid, ask in process.asks.items() if ask.name in {"put", "cancel"} and uid not in known]
    applied = tuple((uid, state.outside.do(ask)) for uid, ask in puts)
    paused = replace(process, paused_at=state.outside.now, applied=(*process.applied, *applied))
    state.set_process(index, paused)


def _wake(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, paused_at=None))


def _lag(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, held=True))


def _catch_up(state: State, number: str) -> None:
    index, process = _process(state, number)
    state.set_process(index, replace(process, held=False))
    _hear(state, number)


def _hear(state: State, number: str) -> None:
    index, process = _process(state, number)
    events = process.inbox
    state.set_process(index, replace(process, inbox=()))
    for event in events:
        state.hear(index, event)


def _merge(state: State, number: str) -> None:
    """Of each object only the last event is told."""
    index, process = _process(state, number)
    last = {job.uid: (kind, job) for kind, job in process.inbox}
    state.set_process(index, replace(process, inbox=tuple(last.values()), held=False))
    _hear(state, number)


def _relist(state: State, number: str) -> None:
    """The events are lost; the check of the watch finds what is there and what is gone."""
    index, process = _process(state, number)
    _untold(state, process)
    state.set_process(index, replace(process, inbox=(), held=False))
    for uid in sorted(process.core.known):
        if state.outside.live(uid) is None:
            state.feed(index, Input("miss", state.outside.now, uid))
    for one in state.there():
        state.hear(index, (None, one))


def _untold(state: State, process: Process) -> None:
    """What a watch lost, or did not tell in time, of an object that is not there to be read any more."""
    for _, lost in process.inbox:
        orphan = isinstance(lost, QuantumJob) and lost.spec.deletion_policy == "Orphan"
        if orphan and state.wishes[lost.uid].overlapped:
            state.wish(lost.uid, untold=True)


def _start(state: State, number: str) -> None:
    state.start(int(number) - 1)


def _poll(state: State, number: str, name: str) -> None:
    index, process = _process(state, number)
    uid = _uid(state, name)
    job_id, _ = process.core.followed[uid]
    state.feed(index, Input("poll", state.outside.now, uid, remote=state.outside.seen_by_poller(job_id)))


def _arrive(state: State, number: str) -> None:
    index = int(number) - 1
    ask, _ = state.wire[index]
    state.wire = (*state.wire[:index], *state.wire[index + 1 :])
    state.outside.do(ask)


def _time(state: State) -> None:
    at = next_time(state)
    assert at is not None
    for process in filter(None, state.processes if at - state.outside.now > _LATE else ()):
        _untold(state, process)
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
    orphaned, overlapped = live.spec.deletion_policy == "Orphan", bool(live.finalizers)
    forgotten = overlapped and state.wishes[uid].bereft and not state.is_known(uid)
    state.wish(uid, deleted_at=state.outside.now, overlapped=overlapped, orphaned=orphaned, forgotten=forgotten)
    state.outside.remove(live)


def _wipe(state: State, _name: str) -> None:
    """Somebody takes the ledger away, as a restore without status does."""
    assert state.outside.budget
    state.wiped = True
    state.outside.put_budget(replace(state.outside.budget, status=BudgetStatus()))


def _raze(state: State, _name: str) -> None:
    """The owner of the money deletes the budget."""
    budget = state.outside.budget
    assert budget
    state.outside.put_budget(replace(budget, deletion_requested=True, generation=budget.generation + 1))


def _force(state: State, name: str) -> None:
    uid = _uid(state, name)
    state.wish(uid, forced=True)
    state.outside.put(replace(state.outside.objects[uid], finalizers=()))


def _edit(state: State, name: str, change: Callable[[JobSpec], JobSpec]) -> None:
    uid = _uid(state, name)
    job: QuantumJob = state.outside.objects[uid]
    wishes = state.wishes[uid]
    spec = shared(lambda: change(job.spec), "edited", change, at=(job.spec,))
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
_DOING: Final[dict[str, Callable[..., None]]] = {
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
    "wipe": _wipe,
    "raze": _raze,
    **{name: _editing(change) for name, change in EDITS.items()},
}
