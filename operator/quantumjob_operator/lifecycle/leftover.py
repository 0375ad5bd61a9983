"""Remote jobs that were left behind: unfinished, submitted by this cluster, and no object of theirs is there any more.

A process that is killed in the wrong moment takes along what it knew of an object that went away; the service's own
list still shows the job. Lives here: which of its rows tell of such a job, as functions of values. Must not live here:
asking anybody.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from quantumjob_operator.lifecycle.attempts import current_attempt, further_attempts, identify
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.naming import (
    METADATA_CLUSTER,
    METADATA_DELETION_POLICY,
    METADATA_HOLDER,
    METADATA_NAMESPACE,
    METADATA_UID,
    is_orphan_tag,
    owner_told,
)
from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.remotejob import RemoteJob


@dataclass(frozen=True, slots=True)
class Origin:
    """Which object of this cluster a remote job was submitted for, as its metadata says."""

    namespace: str
    uid: str


def origin_of(remote: RemoteJob, cluster: str, namespaces: Collection[str]) -> Origin | None:
    """The object of an unfinished job of this cluster; None for jobs that are over, or are somebody else's.

    Args:
        remote: A row of the service's list, or the job itself.
        cluster: The name under which this cluster submits.
        namespaces: Those that this operator serves; all of them if empty.
    """
    told = owner_told(remote.metadata)
    namespace, uid = told.get(METADATA_NAMESPACE), told.get(METADATA_UID)
    if not cluster or told.get(METADATA_CLUSTER) != cluster or not namespace or not uid:
        return None
    if is_final_word(remote.status) or (namespaces and namespace not in namespaces):
        return None
    return Origin(namespace, uid)


def has_owner(remote: RemoteJob, workspace: str, jobs: Iterable[QuantumJob]) -> bool:
    """Whether an object has this job: the one that it was submitted for, or one with the same idempotency key.

    Args:
        remote: The remote job.
        workspace: Canonical id of its Azure workspace.
        jobs: All objects of its namespace.
    """
    uid = owner_told(remote.metadata).get(METADATA_UID)
    return any(job.uid == uid or _may_take_over(job, workspace, remote.id.lower()) for job in jobs)


def _may_take_over(job: QuantumJob, workspace: str, job_id: str) -> bool:
    """Whether a key leads an object to this job, by any of the attempts that it would ask for."""
    if job.spec.idempotency_key is None:
        return False
    last = current_attempt(job) + further_attempts(job)
    return any(identify(job, workspace, number) == job_id for number in range(1, last + 1))


def let_go_on_purpose(remote: RemoteJob) -> bool:
    """Whether its object said so: with the job, or before it went (`deletionPolicy: Orphan`)."""
    policy = remote.metadata.get(METADATA_DELETION_POLICY)
    return policy == "Orphan" or any(is_orphan_tag(tag) for tag in remote.tags)


def may_be_cancelled(remote: RemoteJob, holder: str, started: datetime) -> bool:
    """Whether it is certain that nobody wants the job: it says so itself, and no process that lives sent it.

    A copy of this cluster has its name. What another process sent after this one had started is no predecessor's, but
    may be the original's; it is reported only.

    Args:
        remote: The remote job, whose object is gone.
        holder: This process's name in claims.
        started: When this process started.
    """
    told = remote.metadata
    if told.get(METADATA_DELETION_POLICY) != "Cancel" or let_go_on_purpose(remote):
        return False
    older = remote.creation_time is not None and remote.creation_time < started
    return older or told.get(METADATA_HOLDER) == holder
