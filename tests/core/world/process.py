"""A process of the operator as a model: what it remembers, its queue, its poller, and its look at a job.

The look goes as the real shell goes (`reconciler`, `deeds`, `submitter`), with a `Call` at each boundary, and uses the
real core for everything that is decided or remembered. Nothing here decides.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from core.observations import NOW, OUTPUT, PROGRAM, WORKSPACE, WRITTEN
from core.world.apiserver import ApiServer
from core.world.calls import TIMEOUT, Call, Clock, Conflict, Gone, Look, NoAnswer, NotSent
from core.world.service import VISIBILITY, Service
from quantumjob_operator.instance import Memory
from quantumjob_operator.lifecycle import Action, Decision, Observation, decide
from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import attempt_to_claim, current_attempt, identify, key_owner
from quantumjob_operator.lifecycle.certainty import Sent
from quantumjob_operator.lifecycle.deletion import CANCELLATION_UNCONFIRMED
from quantumjob_operator.lifecycle.facts import ABSENT, Absent, Limits, Tenure, Trouble
from quantumjob_operator.quantumjob import Claim, QuantumJob
from quantumjob_operator.remotejob import RemoteJob
from quantumjob_operator.schedule import backoff, poll_interval

PUT_START: Final = 5.0
FENCE: Final = PUT_START + TIMEOUT + VISIBILITY
GRACE: Final = 300.0
_MAX_STEPS: Final = 24
_OUTAGE: Final = Trouble("ServiceUnavailable", "the service can't be reached")
_UNKNOWN: Final = Trouble("ServiceUnavailable", "no answer in time", unconfirmed=True)

Facts = Generator[Call, Any, Observation]


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
        elif self._keep(job):
            self.add(uid)

    def add(self, uid: str) -> None:
        """Look as soon as possible."""
        self.due[uid] = self.clock.now

    def add_after(self, uid: str, seconds: float) -> None:
        """Look in so many seconds, unless a look is due earlier."""
        self.due[uid] = min(self.due.get(uid, float("inf")), self.clock.now + max(seconds, 0.0))

    def look(self, uid: str) -> Look:
        """One look at one object; never raises."""
        job = self.cache.get(uid)
        if job is None:
            self.memories.pop(uid, None)
            self.watched.pop(uid, None)
            return
        memory = self.memories.setdefault(uid, Memory(job))
        try:
            yield from self._walk(job, memory)
        except Conflict:
            yield from self._refresh(job, memory)
        except (Gone, NoAnswer, NotSent):
            self._stumbled(uid, memory)

    def poll(self, uid: str) -> Look:
        """One look of the poller at one remote job."""
        one = self.watched[uid]
        one.due = float("inf")
        try:
            found = yield self._call(f"poll {one.job_id[:4]}", lambda: self.service.get(one.job_id, self.clock.now))
        except (NoAnswer, NotSent):
            one.due = self.clock.now + backoff(3, uid)
            return
        word = found.status if found else None
        if found is None or word != one.word:
            one.word, one.since = word, self.clock.now
            memory = self.memories.get(uid)
            if memory:
                memory.fresh = found
                self.add(uid)
        one.due = self.clock.now + poll_interval(self.clock.now - one.since, uid, shortest=1.0, longest=30.0)

    def _stumbled(self, uid: str, memory: Memory) -> None:
        memory.failures += 1
        self.add_after(uid, backoff(memory.failures, uid))

    def _refresh(self, job: QuantumJob, memory: Memory) -> Look:
        try:
            live = yield self._call("read", lambda: self.api.objects.get(job.uid))
        except (NoAnswer, NotSent):
            self._stumbled(job.uid, memory)
            return
        if live is not None:
            self._keep(live)
        self.add_after(job.uid, backoff(1, job.uid) / 10)

    def _walk(self, job: QuantumJob, memory: Memory) -> Look:
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
                    yield self._call("delete", partial(self.api.delete_unchanged, seen.job))
                    return
                case _:
                    seen = yield from _DEEDS[decision.action](self, seen, memory)
                    seen = replace(seen, tenure=self._tenure(memory))
        raise AssertionError(f"no end after {_MAX_STEPS} steps: {decision}")

    def _begin(self, job: QuantumJob, memory: Memory) -> Observation:
        memory.certainty = memory.certainty.met(job, self.holder, self.clock.now, FENCE)
        job_id = job.status.job_id if was_accepted(job) else None
        job_id = job_id or identify(job, job.claim.workspace if job.claim else WORKSPACE.id)
        fresh, memory.fresh = memory.fresh, None
        if not isinstance(fresh, RemoteJob) or fresh.id != job_id:
            fresh = None
        if fresh:
            memory.certainty = memory.certainty.looked(fresh, self.clock.now, self.clock.now)
        return Observation(
            job=job,
            now=NOW + timedelta(seconds=self.clock.now),
            tenure=self._tenure(memory),
            limits=Limits(cancellation_grace=GRACE),
            workspace=WORKSPACE,
            job_id=job_id,
            remote=fresh,
        )

    def _tenure(self, memory: Memory) -> Tenure:
        return memory.tenure(self.holder, self.clock.now, fence=FENCE, patience=600.0)

    def _read_program(self, seen: Observation, _: Memory) -> Facts:
        yield self._call("read the program", lambda: None)
        return replace(seen, program=PROGRAM)

    def _check_output(self, seen: Observation, _: Memory) -> Facts:
        yield self._call("check the output", lambda: None)
        return replace(seen, output=OUTPUT)

    def _check_key(self, seen: Observation, _: Memory) -> Facts:
        live = yield self._call("list by key", lambda: list(self.api.objects.values()))
        return replace(seen, key_owner=key_owner(seen.job, live))

    def _write_output(self, seen: Observation, _: Memory) -> Facts:
        yield self._call("write the output", lambda: self.api.outputs.add(seen.job.uid))
        return replace(seen, output=WRITTEN)

    def _renounce(self, seen: Observation, memory: Memory) -> Facts:
        renounced = yield self._call("renounce", lambda: self.api.renounce(seen.job))
        memory.certainty = memory.certainty.renounced()
        return replace(seen, job=self._kept(renounced))

    def _claim(self, seen: Observation, memory: Memory) -> Facts:
        job, asked, attempt = seen.job, self.clock.now, attempt_to_claim(seen.job)
        place = job.claim.workspace if job.claim else WORKSPACE.id
        new = Claim(v=1, uid=job.uid, workspace=place, attempt=attempt, holder=self.holder)
        claimed = self._kept((yield self._call(f"claim {attempt} for {self.holder}", lambda: self.api.claim(job, new))))
        memory.certainty = memory.certainty.claimed(job, attempt, asked=asked, now=self.clock.now, fence=FENCE)
        return replace(seen, job=claimed, job_id=identify(claimed, place), remote=None, key_owner=None)

    def _look_remote(self, seen: Observation, memory: Memory) -> Facts:
        asked, job_id = self.clock.now, _id(seen)
        found: RemoteJob | Absent | Trouble
        try:
            answer = yield self._call(f"GET {job_id[:4]}", lambda: self.service.get(job_id, self.clock.now))
            found = ABSENT if answer is None else answer
        except (NoAnswer, NotSent):
            found = _OUTAGE
        memory.certainty = memory.certainty.looked(found, asked, self.clock.now)
        return replace(seen, remote=found)

    def _find_last(self, seen: Observation, _: Memory) -> Facts:
        job, last = seen.job, seen.remote
        number = current_attempt(job)
        place = job.claim.workspace if job.claim else WORKSPACE.id
        try:
            while (found := (yield self._get(identify(job, place, number + 1)))) is not None:
                number, last = number + 1, found
        except (NoAnswer, NotSent):
            return replace(seen, remote=_OUTAGE)
        if job.claim and number > job.claim.attempt:
            new = replace(job.claim, attempt=number)
            job = self._kept((yield self._call("claim the last", lambda: self.api.claim(seen.job, new))))
        return replace(seen, job=job, job_id=identify(job, place), remote=last, later_attempts_checked=True)

    def _get(self, job_id: str) -> Call:
        return self._call(f"GET {job_id[:4]}", lambda: self.service.get(job_id, self.clock.now))

    def _cancel(self, seen: Observation, memory: Memory) -> Facts:
        asked, job_id = self.clock.now, _id(seen)
        try:
            answer = yield self._call(f"cancel {job_id[:4]}", lambda: self.service.cancel(job_id, self.clock.now))
        except (NoAnswer, NotSent):
            return replace(seen, cancel=_OUTAGE)
        memory.asked_at = asked
        return replace(seen, cancel=answer, remote=None)

    def _submit(self, seen: Observation, memory: Memory) -> Facts:
        job_id, job = _id(seen), seen.job
        try:
            yield self._call("upload", lambda: None)
            if not memory.certainty.may_start(self.clock.now, PUT_START):
                live = yield from self._confirm(seen, memory)
                if live is None:
                    gone = Trouble("ObjectGone", "the object disappeared before its job was submitted")
                    return replace(seen, submission=gone)
                if not memory.certainty.may_start(self.clock.now, PUT_START):
                    return replace(seen, job=live, remote=None, program=None)
        except (NoAnswer, NotSent):
            return replace(seen, submission=_OUTAGE)
        before, memory.certainty = memory.certainty, memory.certainty.sending()
        outcome, answer = Sent.UNKNOWN, _UNKNOWN
        try:
            put = self._call(f"PUT {job_id[:4]}", lambda: self.service.put(job_id, job.uid, self.clock.now))
            answer = yield put
            outcome = Sent.ACCEPTED
        except NotSent:
            outcome, answer = Sent.NOT_APPLIED, _OUTAGE
        except NoAnswer:
            outcome = Sent.UNKNOWN
        memory.certainty = memory.certainty.sent(outcome, before, self.clock.now, FENCE)
        return replace(seen, submission=answer)

    def _confirm(self, seen: Observation, memory: Memory) -> Generator[Call, Any, QuantumJob | None]:
        asked, job = self.clock.now, seen.job
        live: QuantumJob | None = yield self._call("read the claim", lambda: self.api.objects.get(job.uid))
        if live is not None:
            self._keep(live)
            same = (live.claim, live.generation, live.deletion_requested) == (job.claim, job.generation, False)
            if same and live.claim and live.claim.holder == self.holder:
                memory.certainty = memory.certainty.confirmed(asked)
        return live

    def _write(self, seen: Observation, decision: Decision) -> Facts:
        if decision.status == seen.job.status:
            return seen
        written = yield self._call("status", lambda: self.api.write_status(seen.job, decision.status))
        return replace(seen, job=self._kept(written))

    def _release(self, seen: Observation, decision: Decision) -> Generator[Call, Any, QuantumJob | None]:
        job = seen.job
        if any(notice.reason == CANCELLATION_UNCONFIRMED for notice in decision.notices):
            yield self._call("tell", lambda: self.api.tell(job.uid))
        released: QuantumJob | None = None
        with suppress(Gone):
            released = yield self._call("release", lambda: self.api.release(job))
        self.watched.pop(job.uid, None)
        if released is None:
            self.cache.pop(job.uid, None)
            self.memories.pop(job.uid, None)
            return None
        return self._kept(released)

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
        doubting = seen.remote is ABSENT and decision.again is not None
        memory.failures = memory.failures + 1 if decision.backoff or doubting else 0
        if decision.backoff:
            delay = backoff(memory.failures, job.uid, at_least=decision.again)
            self.add_after(job.uid, delay if decision.latest is None else min(delay, decision.latest))
        elif decision.again is not None:
            self.add_after(job.uid, decision.again)
        if job.status.finished and not job.has_finalizer:
            self.memories.pop(job.uid, None)

    def _keep(self, job: QuantumJob) -> bool:
        known = self.cache.get(job.uid)
        if known is not None and int(known.resource_version) >= int(job.resource_version):
            return False
        self.cache[job.uid] = job
        return True

    def _kept(self, job: QuantumJob) -> QuantumJob:
        self._keep(job)
        return job

    def _call(self, what: str, effect: Any) -> Call:
        return Call(what, effect, self.clock.now)


_DEEDS: Final[Mapping[Action, Callable[[Process, Observation, Memory], Facts]]] = {
    Action.READ_PROGRAM: Process._read_program,
    Action.CHECK_OUTPUT: Process._check_output,
    Action.CHECK_KEY: Process._check_key,
    Action.LOOK: Process._look_remote,
    Action.FIND_LAST_ATTEMPT: Process._find_last,
    Action.CLAIM: Process._claim,
    Action.RENOUNCE: Process._renounce,
    Action.SUBMIT: Process._submit,
    Action.CANCEL: Process._cancel,
    Action.WRITE_OUTPUT: Process._write_output,
}


def _id(seen: Observation) -> str:
    assert seen.job_id is not None
    return seen.job_id
