"""Every boundary of the path: a call or a write of the operator, before which and after which it is killed.

Each row says what the object is like when the operator starts, what its user asked for while no operator ran, and by
what the call is known. Must not live here: how jobs get into such a state, or the killing (`rounds`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from devcluster.proxyrules import Request
from faults.budgets import path_of, reservations
from faults.jobs import API, Job

_FINALIZER: Final = "quantumjobs.dev/cancel"
_CLAIM: Final = "quantumjobs.dev/claim"
_IN_USE: Final = "quantumjobs.dev/in-use"


class State(StrEnum):
    """What an object is like when the operator starts."""

    NEW = "new"  # just made
    FRUGAL = "frugal"  # just made, in a namespace with a budget of its own
    ALONE = "alone"  # just made, in a namespace whose workspace no job uses yet
    CLAIMED = "claimed"  # claimed by a dead operator that never submitted it
    SENT = "sent"  # submitted by a dead operator that never said so
    EXECUTING = "executing"  # accepted, executes until it is cancelled
    STARTED = "started"  # accepted, shown as Waiting, executes meanwhile
    ENDED = "ended"  # accepted, shown as Executing, ended meanwhile
    SUSPENDED = "suspended"  # suspended after its first attempt was cancelled
    SUCCEEDED = "succeeded"  # finished
    ANY = "any"  # the call is about no single job


class Asked(StrEnum):
    """What the user asked for while no operator ran."""

    NOTHING = "nothing"
    CANCEL = "cancel"
    DELETE = "delete"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXPIRE = "expire"


class Way(StrEnum):
    """To whom the call goes."""

    CLUSTER = "cluster"
    SERVICE = "service"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Boundary:
    """One row.

    Attributes:
        name: Says where on the path it is.
        picks: Whether a request is this call, for a job (None: about no single one).
        money: A crash here could be billed: one of those that the short campaign kills at.
    """

    name: str
    way: Way
    picks: Callable[[Request, Job], bool]
    state: State = State.NEW
    asked: Asked = Asked.NOTHING
    money: bool = False


def claims(attempt: int) -> Callable[[Request, Job], bool]:
    """The claim of an attempt is written, or taken over."""

    def picks(request: Request, job: Job) -> bool:
        text = _patch(request, job).get("metadata", {}).get("annotations", {}).get(_CLAIM)
        return text is not None and json.loads(text)["attempt"] == attempt

    return picks


def releases(request: Request, job: Job) -> bool:
    """The finalizer is taken off."""
    metadata = _patch(request, job).get("metadata", {})
    return "finalizers" in metadata and _FINALIZER not in metadata["finalizers"]


def marks_workspace(request: Request, job: Job) -> bool:
    """The finalizer is put on the workspace."""
    if request.method != "PATCH" or _path(request) != f"{API}/namespaces/{job.namespace}/quantumworkspaces/default":
        return False
    return _IN_USE in request.json().get("metadata", {}).get("finalizers", [])


def reserves(request: Request, job: Job) -> bool:
    """The budget sets aside what the job may cost."""
    return any(one["jobId"] == job.remote() for one in reservations(_ledger(request, job)))


def settles(request: Request, job: Job) -> bool:
    """The bill takes the place of the reservation; it was the only one."""
    ledger = _ledger(request, job)
    return "reservations" in ledger and not ledger["reservations"]


def reports_workspace(request: Request, job: Job) -> bool:
    """The workspace's status is written."""
    path = f"{API}/namespaces/{job.namespace}/quantumworkspaces/default/status"
    return request.method == "PATCH" and _path(request) == path


def says_accepted(request: Request, job: Job) -> bool:
    """Status says which job was accepted."""
    return bool(_status(request, job).get("jobId"))


def says_executing(request: Request, job: Job) -> bool:
    """Status says Executing."""
    return _status(request, job).get("state") == "Executing"


def says_cancelling(request: Request, job: Job) -> bool:
    """Status says why the job is going to be cancelled."""
    return "cancellation" in _status(request, job)


def says_finished(request: Request, job: Job) -> bool:
    """Status says how the job ended."""
    conditions = _status(request, job).get("conditions") or []
    return any(one["type"] == "Finished" and one["status"] == "True" for one in conditions)


def sets_aside(request: Request, job: Job) -> bool:
    """Status says that an attempt has ended and the job goes on."""
    status = _status(request, job)
    return "jobId" in status and status["jobId"] is None


def tells(reason: str) -> Callable[[Request, Job], bool]:
    """An Event is published."""

    def picks(request: Request, job: Job) -> bool:
        if request.method != "POST" or not _path(request).endswith("/events"):
            return False
        event = request.json()
        return bool(event["reason"] == reason and event["involvedObject"].get("uid") == job.uid)

    return picks


def delivers(request: Request, job: Job) -> bool:
    """The output ConfigMap is made."""
    path = f"/api/v1/namespaces/{job.namespace}/configmaps"
    made = request.method == "POST" and _path(request) == path
    return made and request.json()["metadata"]["name"] == f"{job.name}-output"


def deletes(request: Request, job: Job) -> bool:
    """The object is deleted, because its time is over."""
    return request.method == "DELETE" and _path(request) == job.path


def reconciliations(request: Request, job: Job) -> bool:
    """The service is asked for the job."""
    return request.method == "GET" and _path(request).endswith(f"/jobs/{job.remote()}")


def asks_for_container(request: Request, job: Job) -> bool:
    """The container for the program is made."""
    if request.method != "POST" or not _path(request).endswith("/storage/sasUri"):
        return False
    return bool(request.json()["containerName"] == f"job-{job.remote()}")


def submits(attempt: int) -> Callable[[Request, Job], bool]:
    """The service gets the job of an attempt."""

    def picks(request: Request, job: Job) -> bool:
        return request.method == "PUT" and _path(request).endswith(f"/jobs/{job.remote(attempt)}")

    return picks


def asks_to_cancel(request: Request, job: Job) -> bool:
    """The service is asked to cancel the job."""
    return request.method == "POST" and _path(request).endswith(f"/jobs/{job.remote()}:cancel")


def uploads(request: Request, job: Job) -> bool:
    """The program is written."""
    return request.method == "PUT" and f"/job-{job.remote()}/" in _path(request)


def reads_output(request: Request, job: Job) -> bool:
    """The result is read."""
    return request.method == "GET" and f"/job-{job.remote()}/" in _path(request)


def gets(ending: str) -> Callable[[Request, Job], bool]:
    """Something of the whole workspace is asked for."""

    def picks(request: Request, _job: Job) -> bool:
        return request.method == "GET" and _path(request).endswith(ending)

    return picks


def _path(request: Request) -> str:
    return request.path.partition("?")[0]


def _patch(request: Request, job: Job, part: str = "") -> dict[str, Any]:
    matches = request.method == "PATCH" and _path(request) == job.path + part
    return dict(request.json()) if matches else {}


def _ledger(request: Request, job: Job) -> dict[str, Any]:
    matches = request.method == "PATCH" and _path(request) == f"{path_of(job.namespace)}/status"
    return dict(request.json().get("status", {})) if matches else {}


def _status(request: Request, job: Job) -> dict[str, Any]:
    return dict(_patch(request, job, "/status").get("status", {}))


_C, _S, _B = Way.CLUSTER, Way.SERVICE, Way.STORAGE

SUBMIT: Final = Boundary("submit", _S, submits(1), money=True)
"""Kills here leave what CLAIMED and SENT stand for."""

GET_REMOTE: Final = Boundary("look before submitting", _S, reconciliations)

BOUNDARIES: Final = (
    Boundary("mark the workspace as in use", _C, marks_workspace, State.ALONE),
    Boundary("report on the workspace", _C, reports_workspace, State.ALONE),
    Boundary("reserve what it may cost", _C, reserves, State.FRUGAL, money=True),
    Boundary("settle what it cost", _C, settles, State.FRUGAL, money=True),
    Boundary("claim", _C, claims(1), money=True),
    GET_REMOTE,
    Boundary("ask for the container", _S, asks_for_container),
    Boundary("upload the program", _B, uploads),
    SUBMIT,
    Boundary("status: accepted", _C, says_accepted, money=True),
    Boundary("event: Submitted", _C, tells("Submitted")),
    Boundary("take a dead operator's claim over", _C, claims(1), State.CLAIMED, money=True),
    Boundary("take a claim over to delete", _C, claims(1), State.CLAIMED, Asked.DELETE),
    Boundary("status: found again", _C, says_accepted, State.SENT, money=True),
    Boundary("cancel what was never recorded", _S, asks_to_cancel, State.SENT, Asked.DELETE, money=True),
    Boundary("status: executing", _C, says_executing, State.STARTED),
    Boundary("look at an accepted job", _S, reconciliations, State.ENDED),
    Boundary("read the output", _B, reads_output, State.ENDED),
    Boundary("make the ConfigMap", _C, delivers, State.ENDED, money=True),
    Boundary("status: succeeded", _C, says_finished, State.ENDED, money=True),
    Boundary("let a finished object go", _C, releases, State.ENDED),
    Boundary("status: to be cancelled", _C, says_cancelling, State.EXECUTING, Asked.CANCEL),
    Boundary("cancel", _S, asks_to_cancel, State.EXECUTING, Asked.CANCEL),
    Boundary("status: cancelled", _C, says_finished, State.EXECUTING, Asked.CANCEL),
    Boundary("status: to be cancelled, for it is deleted", _C, says_cancelling, State.EXECUTING, Asked.DELETE),
    Boundary("cancel a deleted one", _S, asks_to_cancel, State.EXECUTING, Asked.DELETE, money=True),
    Boundary("let a deleted object go", _C, releases, State.EXECUTING, Asked.DELETE),
    Boundary("status: to be cancelled, for it is suspended", _C, says_cancelling, State.EXECUTING, Asked.SUSPEND),
    Boundary("cancel a suspended one", _S, asks_to_cancel, State.EXECUTING, Asked.SUSPEND),
    Boundary("status: the attempt is set aside", _C, sets_aside, State.EXECUTING, Asked.SUSPEND),
    Boundary("claim the second attempt", _C, claims(2), State.SUSPENDED, Asked.RESUME),
    Boundary("submit the second attempt", _S, submits(2), State.SUSPENDED, Asked.RESUME),
    Boundary("status: second attempt accepted", _C, says_accepted, State.SUSPENDED, Asked.RESUME),
    Boundary("delete what has expired", _C, deletes, State.SUCCEEDED, Asked.EXPIRE),
    Boundary("list the jobs", _S, gets("/jobs"), State.ANY),
    Boundary("ask for the targets", _S, gets("/providerStatus"), State.ANY),
    Boundary("ask for the quotas", _S, gets("/quotas"), State.ANY),
)
