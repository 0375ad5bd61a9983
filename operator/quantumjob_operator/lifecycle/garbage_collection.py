"""Remote jobs without an object: unfinished, submitted by this cluster, and their object is gone.

A process that is killed in the wrong moment takes along what it knew of an object that went away; the service's own
list still shows the job. Lives here: which of its rows tell of such a job, as functions of values. Must not live here:
asking anybody.
"""

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from datetime import datetime

from quantumjob_operator.lifecycle.attempts import current_attempt, further_attempts, identify
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.naming import (
    METADATA_CLUSTER,
    METADATA_DELETION_POLICY,
    METADATA_HOLDER,
    METADATA_NAMESPACE,
    METADATA_UID,
    is_guid,
    is_namespace,
    is_orphan_tag,
    owner_told,
)
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.remotejob import RemoteJob


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
    if not is_namespace(namespace) or not is_guid(uid):
        return None  # whoever wrote this is not us, and it would get into a path
    return Origin(namespace, uid)


def has_owner(remote: RemoteJob, owned: Container[str]) -> bool:
    """Whether an object has this job: the one that it was submitted for, or one with the same idempotency key.

    Args:
        remote: The remote job.
        owned: What `owned_by` says of all objects of its namespace.
    """
    return owner_told(remote.metadata).get(METADATA_UID) in owned or remote.id.lower() in owned


def owned_by(job: QuantumJob, workspace: str) -> Iterator[str]:
    """The uid of an object, and the ids of all remote jobs that its key leads it to.

    Args:
        job: The object.
        workspace: Canonical id of the Azure workspace in which the ids are to be.
    """
    yield job.uid
    if job.spec.idempotency_key is not None:
        last = current_attempt(job) + further_attempts(job)
        yield from (identify(job, workspace, number) for number in range(1, last + 1))


def released_on_purpose(remote: RemoteJob) -> bool:
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
    if told.get(METADATA_DELETION_POLICY) != "Cancel" or released_on_purpose(remote):
        return False
    older = remote.creation_time is not None and remote.creation_time < started
    return older or told.get(METADATA_HOLDER) == holder
