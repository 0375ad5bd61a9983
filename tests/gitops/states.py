"""Every state that a QuantumJob can be in, brought about on the real system and read from its API server.

Must not live here: what anybody should think of an object in such a state.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from cluster import jobs
from cluster.jobnamespace import JobNamespace, condition_of, eventually
from localstack.stack import Stack

NAMESPACE: Final = "gitops"
_FOR_EVER: Final = 1_000_000
_SLOW_QUEUE: Final = "ionq.qpu.aria-1"
_SLOW_MACHINE: Final = "ionq.qpu.forte-1"

Object = dict[str, Any]


class Situation(StrEnum):
    """Where a job is; the value is its name in the cluster."""

    UNSEEN = "unseen"
    HELD_BACK = "held-back"
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED_BEFORE = "cancelled-before-submission"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    SUSPENDED_BEFORE = "suspended-before-submission"
    SUSPENDED = "suspended"
    CHANGED = "changed-since-it-was-seen"
    BEING_DELETED = "being-deleted"


def bring_about(stack: Stack) -> dict[Situation, Object]:
    """Make a job for each situation; the operator of the stack is stopped before and runs afterwards.

    Returns:
        Each object as it was in its situation.
    """
    place = JobNamespace.make(stack, NAMESPACE)
    place.apply(jobs.ionq(Situation.UNSEEN))
    unseen = place.job(Situation.UNSEEN)
    stack.operator.start()
    _end_some(place)
    _begin_others(place)
    stack.operator.stop()
    place.patch("quantumjob", Situation.CHANGED, {"spec": {"ttlSecondsAfterFinished": 86400}})
    found = json.loads(place.kubectl("get", "quantumjobs", "-o", "json"))["items"]
    stack.operator.start()
    return {Situation(one["metadata"]["name"]): one for one in found} | {Situation.UNSEEN: unseen}


def _end_some(place: JobNamespace) -> None:
    """Jobs that come to their end, or that are cancelled while the service cancels at once."""
    place.stack.emulator.behave(targets={_SLOW_QUEUE: {"waiting_seconds": _FOR_EVER}})
    stopped = (Situation.CANCELLED, Situation.SUSPENDED)
    place.apply(
        jobs.ionq(Situation.SUCCEEDED),
        jobs.ionq(Situation.CHANGED),
        jobs.quantinuum(Situation.FAILED, jobs.UNPARSABLE_QASM),
        jobs.ionq(Situation.CANCELLED_BEFORE, cancel=True),
        jobs.ionq(Situation.SUSPENDED_BEFORE, suspend=True),
        jobs.ionq(Situation.HELD_BACK, workspaceRef={"name": "nowhere"}),
        *(_at(name, _SLOW_QUEUE) for name in stopped),
        {**_at(Situation.REFUSED, _SLOW_QUEUE), "spec": {**jobs.ionq("any")["spec"], "provider": "nobody"}},
    )
    for name in stopped:
        place.wait_state(name, "Waiting")
    place.patch("quantumjob", Situation.CANCELLED, {"spec": {"cancel": True}})
    place.patch("quantumjob", Situation.SUSPENDED, {"spec": {"suspend": True}})
    place.wait_state(Situation.SUSPENDED, "Suspended")
    place.wait_state(Situation.SUSPENDED_BEFORE, "Suspended")
    place.wait_reason(Situation.HELD_BACK, "Submitted", "WorkspaceNotFound")
    for name in _ended():
        place.wait(name)


def _ended() -> Iterator[Situation]:
    yield from (Situation.SUCCEEDED, Situation.CHANGED, Situation.FAILED)
    yield from (Situation.CANCELLED_BEFORE, Situation.CANCELLED, Situation.REFUSED)


def _begin_others(place: JobNamespace) -> None:
    """Jobs that stay on their way, because from now on the service takes its time for everything."""
    slow = {_SLOW_QUEUE: {"waiting_seconds": _FOR_EVER}, _SLOW_MACHINE: {"executing_seconds": _FOR_EVER}}
    place.stack.emulator.behave(targets=slow, cancelling_seconds=_FOR_EVER)
    running = (Situation.RUNNING, Situation.CANCELLING, Situation.BEING_DELETED)
    place.apply(_at(Situation.QUEUED, _SLOW_QUEUE), *(_at(name, _SLOW_MACHINE) for name in running))
    place.wait_state(Situation.QUEUED, "Waiting")
    for name in running:
        place.wait_state(name, "Executing")
    place.patch("quantumjob", Situation.CANCELLING, {"spec": {"cancel": True}})
    place.delete(Situation.BEING_DELETED, wait=False)
    for name in (Situation.CANCELLING, Situation.BEING_DELETED):
        place.wait_state(name, "Cancelling")
    eventually(lambda: _is_settled(place.job(Situation.CANCELLING)))


def _is_settled(job: Object) -> bool:
    return bool(job["status"].get("remoteStatus") == "CancellationRequested" and condition_of(job, "Reconciling"))


def _at(name: str, target: str) -> Object:
    job = jobs.ionq(name)
    return {**job, "spec": {**job["spec"], "target": target}}
