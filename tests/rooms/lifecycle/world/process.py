"""A process of the operator as a model: what it remembers, its queue, its poller, and its reconciliation of a job.

The reconciliation goes as the real `reconciler` goes, with a `Call` at each boundary (more of them in `actions`), and
uses the real core for everything that is decided or remembered. Nothing here decides.
"""

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from quantumjob_operator.controller.process_state import Memory, News
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle import Action, Decision, Observation, decide
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.deletion import CANCELLATION_UNCONFIRMED
from quantumjob_operator.lifecycle.observation import ABSENT, ClaimOwnership, Limits
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.scheduling.backoff import backoff, poll_interval
from rooms.lifecycle.observations import NOW
from rooms.lifecycle.observations import SHARED as WORKSPACE
from rooms.lifecycle.world.actions import ACTIONS, FENCE, Facts
from rooms.lifecycle.world.apiserver import ApiServer
from rooms.lifecycle.world.calls import Call, Clock, Conflict, Gone, NoAnswer, NotSent, ReconcileContext
from rooms.lifecycle.world.service import Service

GRACE: Final = 300.0
_MAX_STEPS: Final = 24


@dataclass(slots=True)
class Watched:
    """A remote job that the poller follows."""

    job_id: str
    word: str | None
    since: float
    due: float


@dataclass(slots=True)
class Process:
    """One run of the operator, from its start to its crash."""

    holder: str
    clock: Clock
    api: ApiServer
    service: Service
    cache: dict[str, QuantumJob] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    watched: dict[str, Watched] = field(default_factory=dict)
    inbox: list[tuple[str, QuantumJob | None]] = field(default_factory=list)

    def relist(self) -> None:
        """What the first listing and each check of the watch do."""
        self.inbox.clear()
        for uid in [uid for uid in self.cache if uid not in self.api.objects]:
            self.hear(uid, None)
        for uid, job in self.api.objects.items():
            self.hear(uid, job)

    def hear(self, uid: str, job: QuantumJob | None) -> None:
        """An event of the watch; an older version, or an echo of what is known, is no news."""
        if job is None:
            if self.cache.pop(uid, None):
                self.add(uid)
        elif self.keep(job):
            self.add(uid)

    def add(self, uid: str) -> None:
        """Look as soon as possible."""
        self.due[uid] = self.clock.now

    def add_after(self, uid: str, seconds: float) -> None:
        """Look in so many seconds, unless a reconciliation is due earlier."""
        self.due[uid] = min(self.due.get(uid, float("inf")), self.clock.now + max(seconds, 0.0))

    def reconcile(self, uid: str) -> ReconcileContext:
        """One reconciliation at one object; never raises."""
        job = self.cache.get(uid)
        if job is None:
            self.memories.pop(uid, None)
            self.watched.pop(uid, None)
            return
        memory = self.memories.setdefault(uid, Memory(job))
        try:
            yield from self._walk(job, memory)
        except Outdated:
            self.add_after(uid, 0.05)
        except Conflict:
            yield from self._refresh(job, memory)
        except (Gone, NoAnswer, NotSent):
            self._requeue_failed(uid, memory)
        finally:
            memory.fence_state = memory.fence_state.looked(self.cache.get(uid, job).status)

    def poll(self, uid: str) -> ReconcileContext:
        """One reconciliation of the poller at one remote job."""
        one = self.watched[uid]
        one.due = float("inf")
        try:
            found = yield self.call(f"poll {one.job_id[:4]}", lambda: self.service.get(one.job_id, self.clock.now))
        except (NoAnswer, NotSent):
            one.due = self.clock.now + backoff(3, uid)
            return
        word = found.status if found else None
        if found is None or word != one.word:
            one.word, one.since = word, self.clock.now
            memory = self.memories.get(uid)
            if memory:
                memory.fresh = News(found, "") if found else None
                self.add(uid)
        one.due = self.clock.now + poll_interval(self.clock.now - one.since, uid, shortest=1.0, longest=30.0)

    def _requeue_failed(self, uid: str, memory: Memory) -> None:
        memory.failures += 1
        self.add_after(uid, backoff(memory.failures, uid))

    def _refresh(self, job: QuantumJob, memory: Memory) -> ReconcileContext:
        try:
            live = yield self.call("read", lambda: self.api.objects.get(job.uid))
        except (NoAnswer, NotSent):
            self._requeue_failed(job.uid, memory)
            return
        if live is not None:
            self.keep(live)
        self.add_after(job.uid, backoff(1, job.uid) / 10)

    def _walk(self, job: QuantumJob, memory: Memory) -> ReconcileContext:
        seen = self._begin(job, memory)
        for _ in range(_MAX_STEPS):
            decision = decide(seen)
            match decision.action:
                case Action.NONE | Action.RECORD:
                    seen = yield from self._write(seen, decision)
                    if decision.action is Action.NONE:
                        self._plan(seen, memory, decision)
                        return
                case Action.RELEASE:
                    released = yield from self._release(seen, decision)
                    if released is None:
                        return
                    seen = replace(seen, job=released)
                case Action.DELETE:
                    yield self.call("delete", partial(self.api.delete_unchanged, seen.job))
                    return
                case _:
                    seen = yield from ACTIONS[decision.action](self, seen, memory)
                    seen = replace(seen, ownership=self._ownership(memory))
        raise AssertionError(f"no end after {_MAX_STEPS} steps: {decision}")

    def _begin(self, job: QuantumJob, memory: Memory) -> Observation:
        memory.fence_state = memory.fence_state.met(job, self.holder, self.clock.now, FENCE)
        job_id = job.status.job_id if was_accepted(job) else None
        job_id = job_id or identify(job, job.claim.workspace if job.claim else WORKSPACE.id)
        news, memory.fresh = memory.fresh, None
        fresh = news.remote if news and news.remote.id == job_id else None
        if fresh:
            memory.fence_state = memory.fence_state.answered(fresh, self.clock.now, self.clock.now)
        return Observation(
            job=job,
            now=NOW + timedelta(seconds=self.clock.now),
            ownership=self._ownership(memory),
            limits=Limits(cancellation_grace=GRACE),
            workspace=WORKSPACE,
            job_id=job_id,
            remote=fresh,
        )

    def _ownership(self, memory: Memory) -> ClaimOwnership:
        return memory.ownership(self.holder, self.clock.now, fence=FENCE, timeout=600.0)

    def _write(self, seen: Observation, decision: Decision) -> Facts:
        if decision.status == seen.job.status:
            return seen
        written = yield self.call("status", lambda: self.api.write_status(seen.job, decision.status))
        return replace(seen, job=self.kept(written))

    def _release(self, seen: Observation, decision: Decision) -> Generator[Call, Any, QuantumJob | None]:
        job = seen.job
        if any(notice.reason == CANCELLATION_UNCONFIRMED for notice in decision.notices):
            yield self.call("tell", lambda: self.api.tell(job.uid))
        released: QuantumJob | None = None
        with suppress(Gone):
            released = yield self.call("release", lambda: self.api.release(job))
        self.watched.pop(job.uid, None)
        if released is None:
            self.cache.pop(job.uid, None)
            self.memories.pop(job.uid, None)
            return None
        return self.kept(released)

    def _plan(self, seen: Observation, memory: Memory, decision: Decision) -> None:
        job, now = seen.job, self.clock.now
        if decision.watch and seen.job_id:
            known = self.watched.get(job.uid)
            if known is None or known.job_id != seen.job_id:
                self.watched[job.uid] = Watched(seen.job_id, job.status.remote_status, now, now + 1.0)
            else:
                known.word = job.status.remote_status or known.word
        else:
            self.watched.pop(job.uid, None)
        fenced = seen.remote is ABSENT and decision.again is not None
        memory.reconciled(now, trouble=decision.backoff or fenced)
        if decision.backoff:
            delay = backoff(memory.failures, job.uid, at_least=decision.again)
            self.add_after(job.uid, delay if decision.latest is None else min(delay, decision.latest))
        elif decision.again is not None:
            self.add_after(job.uid, decision.again)
        if job.status.finished and not job.has_finalizer:
            self.memories.pop(job.uid, None)

    def keep(self, job: QuantumJob) -> bool:
        """Remember a version of an object; False if it is no news."""
        known = self.cache.get(job.uid)
        if known is not None and int(known.resource_version) >= int(job.resource_version):
            return False
        self.cache[job.uid] = job
        return True

    def kept(self, job: QuantumJob) -> QuantumJob:
        """The same, and hand it back."""
        self.keep(job)
        return job

    def call(self, what: str, effect: Callable[[], Any]) -> Call:
        """A request that begins now."""
        return Call(what, effect, self.clock.now)
