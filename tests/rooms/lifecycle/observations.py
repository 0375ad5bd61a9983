"""Observations for tests of `decide`: a usual job, and ways to say what is different about it. Only data."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quantumjob_operator.lifecycle.observation import (
    ClaimOwnership,
    KeyOwner,
    Limits,
    Observation,
    OutputPlace,
    ProgramFacts,
    Trouble,
    WorkspaceFacts,
)
from quantumjob_operator.model.conditions import Kind, for_kstatus, stamp
from quantumjob_operator.model.jobstatus import AttemptShown, Cancellation, Condition, JobStatus, Resolved, State
from quantumjob_operator.model.naming import (
    FINALIZER,
    METADATA_CLUSTER,
    METADATA_NAMESPACE,
    METADATA_SPEC_DIGEST,
    METADATA_UID,
    job_id,
)
from quantumjob_operator.model.quantumjob import Claim, QuantumJob
from quantumjob_operator.model.quantumpolicy import PolicySpec, QuantumPolicy
from quantumjob_operator.model.remotejob import RemoteError, RemoteJob
from rooms.model.bodies import OTHER_UID, RESOURCE_ID, UID, job

SIMULATORS: Final = QuantumPolicy(
    "research", "limits", "uid-of-limits", "1", PolicySpec(allowed_targets=("*.simulator",))
)
NOW: Final = datetime(2026, 11, 22, 13, 0, 0, tzinfo=UTC)
HOLDER: Final = "this-process"
RIVAL: Final = "another-process"
WORKSPACE: Final = WorkspaceFacts(
    id=RESOURCE_ID.lower(),
    resource_id=RESOURCE_ID,
    endpoint="https://eastus.quantum.azure.com",
    namespace="research",
    name="default",
    uid=OTHER_UID,
)
SHARED: Final = replace(WORKSPACE, namespace="platform", name="shared")
"""The same, in another namespace: it may cease to admit the job's at any moment."""
ELSEWHERE: Final = replace(WORKSPACE, id=WORKSPACE.id.replace("research-ws", "other-ws"))
DIGEST: Final = "sha256:" + "a" * 64
PROGRAM: Final = ProgramFacts(DIGEST, "sha256:" + "b" * 64)
OUTPUT: Final = OutputPlace("bell-output")
WRITTEN: Final = OutputPlace("bell-output", written=True)
NO_OUTPUT: Final = Trouble("OutputUnreadable", "the output can't be read yet")
OUTAGE: Final = Trouble("ServiceUnavailable", "the service can't be reached")
NO_WORKSPACE: Final = Trouble("WorkspaceNotFound", "there is no QuantumWorkspace research/default")
NO_PROGRAM: Final = Trouble("ProgramNotFound", "spec.program.configMapKeyRef: no such ConfigMap")
TAKEN: Final = Trouble("OutputConfigMapConflict", "ConfigMap bell-output is not this job's")
FULL: Final = Trouble("MaxJobsInFlight", "the workspace takes no more jobs now")
OURS: Final = KeyOwner(UID, "bell")
THEIRS: Final = KeyOwner(OTHER_UID, "older-bell")
KEYED: Final = {"idempotencyKey": "run-1"}


def ago(seconds: float) -> str:
    """A time as it stands in a status."""
    return stamp(NOW - timedelta(seconds=seconds))


def claim(attempt: int = 1, holder: str = HOLDER, **fields: Any) -> Claim:
    """A claim of the usual job."""
    return replace(Claim(v=1, uid=UID, workspace=WORKSPACE.id, attempt=attempt, holder=holder), **fields)


def new(spec: Mapping[str, Any] | None = None, **fields: Any) -> QuantumJob:
    """A job that nobody has claimed; fields of `QuantumJob` may be given."""
    return replace(job(spec), **fields)


def claimed(
    spec: Mapping[str, Any] | None = None, *, attempt: int = 1, holder: str = HOLDER, **fields: Any
) -> QuantumJob:
    """A job with finalizer and claim."""
    return new(spec, **{"claim": claim(attempt, holder), "finalizers": (FINALIZER,)} | fields)


def accepted(
    spec: Mapping[str, Any] | None = None, *, attempt: int = 1, age: float = 60.0, holder: str = HOLDER, **status: Any
) -> QuantumJob:
    """A job that the service has accepted `age` seconds ago; fields of `JobStatus` may be given."""
    return claimed(spec, attempt=attempt, holder=holder, status=at_service(attempt, age, **status))


def at_service(attempt: int = 1, age: float = 60.0, **fields: Any) -> JobStatus:
    """The status of an accepted job that waits in the queue."""
    state = fields.get("state", State.WAITING)
    submitted = Condition(Kind.SUBMITTED, "True", "Submitted", "the service accepted the job", ago(age), 2)
    shown = (replace(one, last_transition_time=ago(age)) for one in for_kstatus(state, state.value, "so it is", 2))
    usual: dict[str, Any] = {
        "observed_generation": 2,
        "state": state,
        "remote_status": state.value,
        "job_id": identity(attempt),
        "attempt": attempt,
        "submission_time": ago(age),
        "resolved": Resolved("bell", "ionq.quantum-results.v1", None, DIGEST),
        "conditions": (submitted, *shown),
    }
    return JobStatus(**usual | fields)


def set_aside(reason: str = "Suspended", *, attempt: int = 1, age: float = 60.0, **fields: Any) -> JobStatus:
    """The status between two attempts."""
    held = Condition(Kind.SUBMITTED, "False", reason, "the attempt has ended", ago(age), 2)
    usual: dict[str, Any] = {
        "observed_generation": 2,
        "state": State.PENDING,
        "attempt": attempt,
        "attempts": (AttemptShown(attempt, identity(attempt), "Cancelled", reason),),
        "resolved": Resolved("bell", "ionq.quantum-results.v1", None, DIGEST),
        "conditions": (held,),
    }
    return JobStatus(**usual | fields)


def finished(reason: str = "Succeeded", *, age: float = 60.0, **fields: Any) -> JobStatus:
    """The status of a job that has ended."""
    good = reason == "Succeeded"
    kind, state = (Kind.COMPLETE, State.SUCCEEDED) if good else (Kind.FAILED, State.FAILED)
    ends = [Condition(one, "True", reason, "so it ended", ago(age), 2) for one in (kind, Kind.FINISHED)]
    shown = [replace(one, last_transition_time=ago(age)) for one in for_kstatus(state, reason, "so it ended", 2)]
    return replace(at_service(), **{"state": state, "conditions": (*ends, *shown)} | fields)


def asked(
    reason: str = "Cancelled", *, attempt: int = 1, age: float = 30.0, answered: float | None = None
) -> Cancellation:
    """A cancellation as status records it; `answered` seconds ago, if it was."""
    return Cancellation(attempt, reason, ago(age), None if answered is None else ago(answered))


def remote(word: str = "Waiting", *, attempt: int = 1, code: str | None = None, **fields: Any) -> RemoteJob:
    """What a GET answers for the usual job; with an error code if one is given."""
    usual: dict[str, Any] = {
        "id": identity(attempt),
        "name": "bell",
        "status": word,
        "provider": "ionq",
        "target": "ionq.simulator",
        "metadata": owner(),
        "error": RemoteError(code, "it went wrong") if code else None,
    }
    return RemoteJob(**usual | fields)


def owner(
    uid: str = UID, namespace: str = "research", cluster: str = "", digest: str = PROGRAM.spec_digest
) -> dict[str, str]:
    """The metadata by which a remote job tells whose it is."""
    return {
        METADATA_UID: uid,
        METADATA_NAMESPACE: namespace,
        METADATA_CLUSTER: cluster,
        METADATA_SPEC_DIGEST: digest,
    }


def identity(attempt: int = 1) -> str:
    """The id of an attempt of the usual job."""
    return job_id(WORKSPACE.id, "research", uid=UID, key=None, attempt=attempt)


def seen(of: QuantumJob, *, limits: Mapping[str, Any] | None = None, **facts: Any) -> Observation:
    """What is known of a job: facts of `Observation`, those of `ClaimOwnership` among them, by their names."""
    of_ownership = {name: facts.pop(name) for name in list(facts) if name in ClaimOwnership.__dataclass_fields__}
    usual: dict[str, Any] = {
        "job": of,
        "now": NOW,
        "ownership": ClaimOwnership(HOLDER, **of_ownership),
        "limits": Limits(**(limits or {})),
        "workspace": WORKSPACE,
        "job_id": identity(of.claim.attempt if of.claim else 1),
    }
    return Observation(**usual | facts)


def deleted(of: QuantumJob, **facts: Any) -> Observation:
    """What is known of a job that somebody deleted a moment ago."""
    return seen(replace(of, deletion_requested=True, deleted_at=NOW), **facts)


def reason_of(status: JobStatus, kind: str) -> str | None:
    """`Status:Reason` of a condition, or None if it is absent."""
    found = status.condition(kind)
    return f"{found.status}:{found.reason}" if found else None
