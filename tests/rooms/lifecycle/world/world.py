"""The world of the state machine: an API server, a service, one or two processes, and time.

Lives here: what can happen, one thing at a time, and what then has to be true. Must not live here: which things happen
in which order (the test).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import JobSpec, QuantumJob
from rooms.lifecycle.observations import KEYED, NOW
from rooms.lifecycle.world.actions import FENCE
from rooms.lifecycle.world.apiserver import ApiServer
from rooms.lifecycle.world.calls import Call, Clock, Fate, Pending, ReconcileContext
from rooms.lifecycle.world.history import History
from rooms.lifecycle.world.process import GRACE, Process
from rooms.lifecycle.world.service import Run, Service
from rooms.model.bodies import job

_CALM_SECONDS = 4 * 3600.0
_CALLS_A_MOMENT = 400
_CALLS_TO_CALM = 4000


@dataclass(slots=True)
class World:
    """Everything there is."""

    clock: Clock = field(default_factory=Clock)
    api: ApiServer = field(init=False)
    service: Service = field(default_factory=Service)
    processes: list[Process] = field(default_factory=list)
    pending: dict[tuple[str, str, str], Pending] = field(default_factory=dict)
    on_the_wire: list[Call] = field(default_factory=list)
    histories: dict[str, History] = field(default_factory=dict)
    started: int = 0

    def __post_init__(self) -> None:
        self.api = ApiServer(self.clock)

    # --- operators

    def start(self) -> None:
        """A new process lists everything before it decides anything."""
        self.started += 1
        process = Process(f"process-{self.started}", self.clock, self.api, self.service)
        self.processes.append(process)
        self.api.watchers.append(lambda uid, job: process.inbox.append((uid, job)))
        process.relist()

    def crash(self, process: Process, *, arrive: bool) -> None:
        """The process is gone; what it had sent may still arrive."""
        self.processes.remove(process)
        for key in [key for key in self.pending if key[0] == process.holder]:
            call = self.pending.pop(key).call
            if arrive and not call.applied:
                self.on_the_wire.append(call)

    def begin(self, process: Process) -> bool:
        """Start one reconciliation or poll that is due; False if none is."""
        for uid, due in list(process.due.items()):
            if due <= self.clock.now and (process.holder, "look", uid) not in self.pending:
                del process.due[uid]
                self._enter((process.holder, "look", uid), process.reconcile(uid))
                return True
        for uid, watched in list(process.watched.items()):
            if watched.due <= self.clock.now and (process.holder, "poll", uid) not in self.pending:
                self._enter((process.holder, "poll", uid), process.poll(uid))
                return True
        return False

    def _enter(self, key: tuple[str, str, str], reconciliation: ReconcileContext) -> None:
        first = next(reconciliation, None)
        if first is not None:
            self.pending[key] = Pending(reconciliation, first)

    def end_call(self, key: tuple[str, str, str], fate: Fate) -> None:
        """One call ends like this, and its reconciliation goes on to the next."""
        if not self.pending[key].resume(fate):
            del self.pending[key]

    def calls_of(self, process: Process) -> list[tuple[str, str, str]]:
        """The keys of what a process waits for."""
        return [key for key in self.pending if key[0] == process.holder]

    def work(self, process: Process, steps: int) -> int:
        """Let a process go on without trouble for some steps; the number that it took."""
        for taken in range(steps):
            calls = self.calls_of(process)
            if calls:
                self.end_call(calls[0], Fate.ANSWERED)
            elif not self.begin(process):
                return taken
        return steps

    def work_until(self, process: Process, boundary: str, steps: int = 20) -> bool:
        """Let a process go on until it waits for the answer to such a request; False if it never does."""
        for _ in range(steps):
            if any(self.pending[key].call.what.startswith(boundary) for key in self.calls_of(process)):
                return True
            self.work(process, 1)
        return False

    # --- users

    def create(self, number: int, *, keyed: bool, backoff_limit: int) -> None:
        """A new object."""
        uid = f"{number:08d}-0000-4000-8000-000000000000"
        spec = {"backoffLimit": backoff_limit} | (KEYED if keyed else {})
        new = job(spec, uid=uid, name=f"bell-{number}")
        self.histories[uid] = History()
        self.api.put(replace(new, created=(NOW + timedelta(seconds=self.clock.now)).replace(microsecond=0)))

    def edit(self, uid: str, change: Callable[[JobSpec], JobSpec]) -> None:
        """A user's edit; resuming and orphaning change what may be expected."""
        before = self.api.objects[uid].spec
        self.api.edit(uid, change)
        after = self.api.objects[uid].spec
        history = self.histories[uid]
        history.suspended += after.suspend and not before.suspend
        history.resumed += before.suspend and not after.suspend
        history.cancelled |= after.cancel
        history.orphaned |= after.deletion_policy == "Orphan"

    def delete(self, uid: str) -> None:
        """A user's deletion. What carries no finalizer goes unseen; a job that a restore made it forget runs on."""
        history, live = self.histories[uid], self.api.objects[uid]
        history.deleted_at = self.clock.now if history.deleted_at is None else history.deleted_at
        history.orphaned |= not live.has_finalizer and bool(self.service.open_runs())
        self.api.delete(uid)

    def restore(self, uid: str, number: int) -> None:
        """Everything stops, and one object is as it was once; the operator starts when what was sent is visible.

        What came after that version is no past any more: a snapshot of an abandoned future could bring back an end
        that this object never came to, and a finished status is never computed again.
        """
        for process in list(self.processes):
            self.crash(process, arrive=False)
        self.advance(FENCE, late=True)
        past, history = self.api.past[uid], self.histories[uid]
        version = past[number % len(past)]
        del past[number % len(past) + 1 :]
        history.suspended += version.spec.suspend
        self.api.told.pop(uid, None)
        self.api.put(version)
        self.start()

    def advance(self, seconds: float, *, late: bool) -> None:
        """Time passes; requests that were not answered in time have failed.

        Args:
            seconds: Of virtual time.
            late: What was not applied yet is applied at the last moment.
        """
        until = self.clock.now + seconds
        while (deadline := self._next_deadline()) <= until:
            self.clock.now = max(self.clock.now, deadline)
            self._expire(late=late)
        self.clock.now = until

    def _next_deadline(self) -> float:
        calls = [one.call for one in self.pending.values()] + self.on_the_wire
        return min((call.deadline for call in calls), default=float("inf"))

    def _expire(self, *, late: bool) -> None:
        for call in [call for call in self.on_the_wire if call.deadline <= self.clock.now]:
            call.apply()
            self.on_the_wire.remove(call)
        for key in [key for key, one in self.pending.items() if one.call.deadline <= self.clock.now]:
            self.end_call(key, Fate.LOST_AFTER if late else Fate.LOST_BEFORE)

    # --- what has to be true

    def wrongs(self) -> Iterator[str]:
        """Every promise that is broken at this moment."""
        for job_id, runs in self.service.runs.items():
            if len(runs) > 1:
                yield f"attempt {job_id} was paid {len(runs)} times"
        for uid, history in self.histories.items():
            own = [run for run in self.service.all_runs() if run.uid == uid]
            live = self.api.objects.get(uid)
            yield from self._bill(uid, history, own, live)
            yield from self._cancellations(uid, history, own)
            if live is None:
                let_go = history.orphaned or uid in self.api.told
                if not let_go and any(not run.ended for run in own):
                    yield f"{uid} is gone and its job runs on"
            else:
                yield from self._told(live, own)

    def judge(self) -> None:
        """Raise if a promise is broken now."""
        wrongs = list(self.wrongs())
        assert not wrongs, wrongs

    def _bill(self, uid: str, history: History, own: list[Run], live: QuantumJob | None) -> Iterator[str]:
        asked = 1 + history.resumed + (live.spec.backoff_limit or 0 if live else len(own))
        if len(own) > asked:
            yield f"{uid} was paid {len(own)} times and only {asked} were asked for"

    def _cancellations(self, uid: str, history: History, own: list[Run]) -> Iterator[str]:
        told = self.api.told.get(uid)
        if told is not None and (history.deleted_at is None or told < history.deleted_at + GRACE - 1.0):
            yield f"{uid} was released before the grace period had passed"
        if history.cancelled or history.deleted_at is not None:
            return
        asked = sum(run.job.id in self.service.asked_to_cancel for run in own)
        if asked > history.suspended:
            yield f"{asked} attempts of {uid} were cancelled and {history.suspended} were to be"

    def _told(self, live: QuantumJob, own: list[Run]) -> Iterator[str]:
        status = live.status
        if not status.finished:
            return
        reason = next(one.reason for one in status.conditions if one.type == "Finished")
        if reason in {"JobNotFound", "IdempotencyKeyReused"}:
            yield f"{live.uid} was given up as {reason}"
        if any(not run.ended for run in own):
            yield f"{live.uid} is called {reason} and its job runs on"
        if status.state is State.SUCCEEDED and live.uid not in self.api.outputs:
            yield f"{live.uid} is called Succeeded and has no output"

    # --- calm

    def calm_down(self) -> None:
        """All faults end; within bounded time and work everything is where it belongs."""
        self.service.hides_for, self.service.stubborn = 0.0, False
        if not self.processes:
            self.start()
        for process in self.processes:
            process.relist()
        end, calls = self.clock.now + _CALM_SECONDS, 0
        while self.clock.now < end:
            calls += self._settle_now()
            assert calls < _CALLS_TO_CALM, f"hot: {calls} calls until {self.clock.now}"
            if all(self.at_rest(one) for one in self.api.objects.values()) and not self.service.open_runs():
                return
            self.advance(min(self._until_next(), 30.0), late=True)
            self._move_on()
        stuck = {uid: one.status.state for uid, one in self.api.objects.items() if not self.at_rest(one)}
        raise AssertionError(f"stuck after {_CALM_SECONDS} s: {stuck}, {self.service.open_runs()}")

    def live(self, seconds: float) -> None:
        """Time passes without trouble, but for what was sent before; jobs stay where they are."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self._settle_now()
            self.advance(min(self._until_next(), end - self.clock.now), late=True)

    def _settle_now(self) -> int:
        taken = 0
        while True:
            before = taken
            for process in self.processes:
                while process.inbox:
                    process.hear(*process.inbox.pop(0))
                taken += self.work(process, 50)
                self.judge()
            assert taken < _CALLS_A_MOMENT, f"hot: {taken} steps at {self.clock.now}"
            if taken == before:
                return taken

    def _until_next(self) -> float:
        dues = [at for one in self.processes for at in one.due.values()]
        dues += [watched.due for one in self.processes for watched in one.watched.values()]
        dues += [call.deadline for call in self.on_the_wire]
        return max(0.0, min(dues, default=self.clock.now + 30.0) - self.clock.now) or 0.1

    def _move_on(self) -> None:
        """Every job goes to its end: one stage in ten seconds."""
        following = {"Waiting": "Executing", "Executing": "Succeeded", "CancellationRequested": "Cancelled"}
        for run in self.service.open_runs():
            since = max(run.visible_at, run.moved_at) + 10.0
            if self.clock.now >= since:
                self.service.move(run, following.get(run.job.status, "Executing"))
                run.moved_at = self.clock.now

    def at_rest(self, live: QuantumJob) -> bool:
        """Whether an object is where it may stay for ever: ended, suspended, or waiting for a suspended owner."""
        if live.deletion_requested:
            return False
        if live.status.finished:
            return not live.has_finalizer and live.status.observed_generation == live.generation
        if live.spec.suspend:
            return live.status.state is State.SUSPENDED
        held = live.status.condition("Submitted")
        rivals = [one for one in self.api.objects.values() if one.uid != live.uid and one.spec.suspend]
        return held is not None and held.reason == "DuplicateIdempotencyKey" and bool(rivals)
