"""What the operator's model does between two decisions: one function for each action, with a call at each boundary.

Goes as the real `actions` and `submitter` go, and remembers with the real core. Must not live here: the order of the
actions (`process`), or what a request does (`apiserver`, `service`).
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import Outdated
from quantumjob_operator.lifecycle import Action, Observation
from quantumjob_operator.lifecycle.attempts import attempt_to_claim, current_attempt, identify, key_owner
from quantumjob_operator.lifecycle.fence import Sent
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, Trouble
from quantumjob_operator.model.naming import orphan_tag
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob
from rooms.lifecycle.observations import OUTPUT, PROGRAM, WRITTEN
from rooms.lifecycle.observations import SHARED as WORKSPACE
from rooms.lifecycle.world.apiserver import ApiServer
from rooms.lifecycle.world.calls import TIMEOUT, Call, Clock, NoAnswer, NotSent
from rooms.lifecycle.world.service import VISIBILITY, Service

PUT_START: Final = 5.0
FENCE: Final = PUT_START + TIMEOUT + VISIBILITY
_OUTAGE: Final = Trouble("ServiceUnavailable", "the service can't be reached")
_UNKNOWN: Final = Trouble("ServiceUnavailable", "no answer in time", unconfirmed=True)

Facts = Generator[Call, Any, Observation]


class Doer(Protocol):
    """The process that acts: whom it asks, and how it keeps what it reads."""

    holder: str
    clock: Clock
    api: ApiServer
    service: Service

    def call(self, what: str, effect: Callable[[], Any]) -> Call:
        """A request that begins now."""

    def keep(self, job: QuantumJob) -> bool:
        """Remember a version of an object; False if it is no news."""

    def kept(self, job: QuantumJob) -> QuantumJob:
        """The same, and hand it back."""


def _read_program(process: Doer, seen: Observation, _: Memory) -> Facts:
    yield process.call("read the program", lambda: None)
    return replace(seen, program=PROGRAM)


def _check_output(process: Doer, seen: Observation, _: Memory) -> Facts:
    yield process.call("check the output", lambda: None)
    return replace(seen, output=OUTPUT)


def _check_key(process: Doer, seen: Observation, _: Memory) -> Facts:
    live = yield process.call("list by key", lambda: list(process.api.objects.values()))
    return replace(seen, key_owner=key_owner(seen.job, live))


def _write_output(process: Doer, seen: Observation, _: Memory) -> Facts:
    yield process.call("write the output", lambda: process.api.outputs.add(seen.job.uid))
    return replace(seen, output=WRITTEN)


def _renounce(process: Doer, seen: Observation, memory: Memory) -> Facts:
    renounced = yield process.call("renounce", lambda: process.api.renounce(seen.job))
    memory.fence_state = memory.fence_state.renounced()
    return replace(seen, job=process.kept(renounced))


def _claim(process: Doer, seen: Observation, memory: Memory) -> Facts:
    job, asked, attempt = seen.job, process.clock.now, attempt_to_claim(seen.job)
    place = job.claim.workspace if job.claim else WORKSPACE.id
    new = Claim(v=1, uid=job.uid, workspace=place, attempt=attempt, holder=process.holder)
    claimed = process.kept(
        (yield process.call(f"claim {attempt} for {process.holder}", lambda: process.api.claim(job, new)))
    )
    memory.fence_state = memory.fence_state.claimed(job, attempt, asked=asked, now=process.clock.now, fence=FENCE)
    return replace(seen, job=claimed, job_id=identify(claimed, place), remote=None, key_owner=None)


def _get_remote(process: Doer, seen: Observation, memory: Memory) -> Facts:
    asked, job_id = process.clock.now, _id(seen)
    found: RemoteJob | Absent | Trouble
    try:
        answer = yield process.call(f"GET {job_id[:4]}", lambda: process.service.get(job_id, process.clock.now))
        found = ABSENT if answer is None else answer
    except (NoAnswer, NotSent):
        found = _OUTAGE
    memory.fence_state = memory.fence_state.answered(found, asked, process.clock.now)
    return replace(seen, remote=found)


def _find_last(process: Doer, seen: Observation, memory: Memory) -> Facts:
    job, last = seen.job, seen.remote
    number = current_attempt(job)
    place = job.claim.workspace if job.claim else WORKSPACE.id
    try:
        while (found := (yield _get(process, identify(job, place, number + 1)))) is not None:
            number, last = number + 1, found
    except (NoAnswer, NotSent):
        return replace(seen, remote=_OUTAGE)
    if job.claim and number > job.claim.attempt:
        new = replace(job.claim, attempt=number)
        job = process.kept((yield process.call("claim the last", lambda: process.api.claim(seen.job, new))))
        memory.fence_state = memory.fence_state.found_last(number)
    return replace(seen, job=job, job_id=identify(job, place), remote=last, later_attempts_checked=True)


def _get(process: Doer, job_id: str) -> Call:
    return process.call(f"GET {job_id[:4]}", lambda: process.service.get(job_id, process.clock.now))


def _cancel(process: Doer, seen: Observation, memory: Memory) -> Facts:
    asked, job_id = process.clock.now, _id(seen)
    try:
        answer = yield process.call(f"cancel {job_id[:4]}", lambda: process.service.cancel(job_id, process.clock.now))
    except (NoAnswer, NotSent):
        return replace(seen, cancel=_OUTAGE)
    memory.asked_at = asked
    return replace(seen, cancel=answer, remote=None)


def _mark_orphan(process: Doer, seen: Observation, _: Memory) -> Facts:
    job_id, tag = _id(seen), orphan_tag(seen.job.uid)
    try:
        yield process.call("mark the orphan", lambda: process.service.tag(job_id, tag))
    except (NoAnswer, NotSent):
        return replace(seen, marked=_OUTAGE)
    return replace(seen, marked=True)


def _submit(process: Doer, seen: Observation, memory: Memory) -> Facts:
    job_id, job = _id(seen), seen.job
    try:
        yield process.call("upload", lambda: None)
        if not memory.fence_state.may_start(process.clock.now, PUT_START):
            yield from _confirm(process, seen, memory)
    except (NoAnswer, NotSent):
        return replace(seen, submission=_OUTAGE)
    before, memory.fence_state = memory.fence_state, memory.fence_state.sending()
    outcome, answer = Sent.UNKNOWN, _UNKNOWN
    try:
        put = process.call(f"PUT {job_id[:4]}", lambda: process.service.put(job_id, job.uid, process.clock.now))
        answer = yield put
        outcome = Sent.ACCEPTED
    except NotSent:
        outcome, answer = Sent.NOT_APPLIED, _OUTAGE
    except NoAnswer:
        outcome = Sent.UNKNOWN
    memory.fence_state = memory.fence_state.sent(outcome, before, process.clock.now, FENCE)
    return replace(seen, submission=answer)


def _confirm(process: Doer, seen: Observation, memory: Memory) -> Generator[Call, Any, None]:
    asked, job = process.clock.now, seen.job
    live: QuantumJob | None = yield process.call("read the claim", lambda: process.api.objects.get(job.uid))
    if live is None:
        raise Outdated
    known = (job.claim, job.generation, False, job.status)
    if (live.claim, live.generation, live.deletion_requested, live.status) != known:
        process.keep(live)
        raise Outdated
    memory.fence_state = memory.fence_state.confirmed(asked)


def _id(seen: Observation) -> str:
    assert seen.job_id is not None
    return seen.job_id


ACTIONS: Final[Mapping[Action, Callable[[Doer, Observation, Memory], Facts]]] = {
    Action.READ_PROGRAM: _read_program,
    Action.CHECK_OUTPUT: _check_output,
    Action.CHECK_KEY: _check_key,
    Action.GET_REMOTE: _get_remote,
    Action.FIND_LAST_ATTEMPT: _find_last,
    Action.CLAIM: _claim,
    Action.RENOUNCE: _renounce,
    Action.SUBMIT: _submit,
    Action.CANCEL: _cancel,
    Action.MARK_ORPHAN: _mark_orphan,
    Action.WRITE_OUTPUT: _write_output,
}
