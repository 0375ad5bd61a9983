"""Remote jobs without an object: unfinished, submitted by this cluster, and their object is gone.

A process that is killed in the wrong moment takes along what it knew of an object that went away; the service's own
list still shows the job. Nothing in a row proves that we wrote it: whoever owns the list can fill it in. So what is
made of a row may tell its writer nothing that they don't know. Lives here: which rows tell of such a job, as functions
of values. Must not live here: asking anybody.
"""

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from quantumjob_operator.lifecycle.attempts import current_attempt, further_attempts, has_own_claim, identify
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.naming import (
    METADATA_CLUSTER,
    METADATA_DELETION_POLICY,
    METADATA_HOLDER,
    METADATA_NAME,
    METADATA_NAMESPACE,
    METADATA_UID,
    is_guid,
    is_namespace,
    is_object_name,
    is_orphan_tag,
    job_id,
    owner_told,
)
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.remotejob import RemoteJob

_ATTEMPTS: Final = 100
"""Of an object without a key that are recognised by their ids."""
_SURELY: Final = 3
"""Of these in any case, however many ids were made for other rows of the list before."""
_MOST_IDS: Final = 40_000
"""Made for one list until rows are compared with those few only: whoever owns it can name any number of objects.

A namespace may have as many as are left: one alone has half of all, and eight of them leave a ninth enough for a job.
"""
_EARLIER: Final = 20
"""Attempts before the claimed one that an object with a key is taken to own."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which object of this cluster a remote job was submitted for, as its metadata says."""

    namespace: str
    uid: str
    name: str


def origin_of(remote: RemoteJob, cluster: str, namespaces: Collection[str]) -> Origin | None:
    """The object of an unfinished job of this cluster; None for jobs that are over, or are somebody else's.

    A cluster without a name has none for sure: another one without may have sent them.

    Args:
        remote: A row of the service's list, or the job itself.
        cluster: The name under which this cluster submits.
        namespaces: Those that this operator serves; all of them if empty.
    """
    if not cluster or is_final_word(remote.status):
        return None
    origin = sender_of(remote, cluster)
    return None if origin is None or (namespaces and origin.namespace not in namespaces) else origin


def sender_of(remote: RemoteJob, cluster: str) -> Origin | None:
    """The object of a job of this cluster, whatever became of it; None if the job is somebody else's.

    Args:
        remote: A row of the service's list, or the job itself.
        cluster: The name under which this cluster submits; empty if it has none.
    """
    told = owner_told(remote.metadata)
    namespace, uid, name = (told.get(key, "") for key in (METADATA_NAMESPACE, METADATA_UID, METADATA_NAME))
    if told.get(METADATA_CLUSTER, "") != cluster:
        return None
    if not is_namespace(namespace) or not is_guid(uid) or not is_object_name(name):
        return None  # whoever wrote this is not us, and it would get into a path
    return Origin(namespace, uid, name)


def has_id_of_its_uid(remote: RemoteJob, origin: Origin, workspace: str) -> bool:
    """Whether the id is the one that the object without a key has in this workspace: no other object can have it.

    Args:
        remote: The remote job.
        origin: Its object.
        workspace: Canonical id of the Azure workspace in whose list it stands.
    """
    return Recognition(workspace).has_id_of_its_uid(remote, origin)


class Recognition:
    """Tells the ids that follow from an object's uid from others, in one reading of a list.

    Args:
        workspace: Canonical id of the Azure workspace in whose list the rows stand.

    Attributes:
        made: How many ids were made.
    """

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._of: dict[str, int] = {}
        self._left = _MOST_IDS
        self.made = 0

    def has_id_of_its_uid(self, row: RemoteJob, origin: Origin) -> bool:
        """Whether the id is that of an attempt of its object; of few, where its namespace had many without."""
        given, namespace = row.id.lower(), origin.namespace
        share = min(_ATTEMPTS, self._left - self._of.get(namespace, 0))
        for number in range(1, max(_SURELY, share) + 1):
            self.made += 1
            if number <= share:  # those that are made in any case leave others as much as before
                self._of[namespace] = self._of.get(namespace, 0) + 1
                self._left -= 1
            if given == job_id(self._workspace, namespace, uid=origin.uid, key=None, attempt=number):
                return True
        return False


def may_tell(workspace: QuantumWorkspace, namespace: str, default: Name | None, *, keyed: bool) -> bool:
    """Whether a row in a workspace's list is looked into for an object of a namespace.

    Any other id than that of the uid may be the id of a key that was guessed, and whether we report or cancel the job
    would answer whether an object has that key. So it counts only for the workspace's own namespace, and for the
    workspace that the administrator made everybody's default. What is left: jobs with a key that other namespaces sent
    through other workspaces are not found here; whoever can write into the default's list can ask about keys; and
    whoever knows an object's uid, which nobody can guess, can ask whether it is there.

    Labels are not asked for: the answer would show them to the owner of a workspace with a selector.

    Args:
        workspace: In whose list the row stands.
        namespace: That of the object.
        default: The operator's configured default workspace.
        keyed: Whether the id is not that of the uid.
    """
    allowed = workspace.spec.allowed_namespaces
    if namespace == workspace.namespace:
        return True
    return allowed is not None and allowed.from_ != "Same" and (not keyed or workspace.key == default)


def has_owner(remote: RemoteJob, owned: Container[str]) -> bool:
    """Whether an object has this job: the one that it was submitted for, or one with the same idempotency key.

    Args:
        remote: The remote job.
        owned: What `owned_by` says of all objects of its namespace.
    """
    return owner_told(remote.metadata).get(METADATA_UID) in owned or remote.id.lower() in owned


def owned_by(job: QuantumJob, workspace: str) -> Iterator[str]:
    """The uid of an object, and the ids of all remote jobs that it has, or that its key leads it to.

    Args:
        job: The object.
        workspace: Canonical id of the Azure workspace in which the ids are to be.
    """
    yield job.uid
    if job.spec.idempotency_key is None:
        return
    if job.claim and not has_own_claim(job):
        return  # a copy, which has nothing before somebody edits it
    if job.status.finished or (_is_held(job) and not has_own_claim(job)):
        # It takes nothing over any more, or not before its user says so: it has what it shows, and no other's job.
        shown = (job.status.job_id, *(one.job_id for one in job.status.attempts))
        yield from (one.lower() for one in shown if one)
        return
    if job.claim and job.claim.workspace != workspace:
        return  # the key leads it to a job in another workspace
    # A claim is the user's to write: the number in it is no reason to count so far.
    current = current_attempt(job)
    first, last = max(1, current - _EARLIER), current + further_attempts(job)
    yield from (identify(job, workspace, number) for number in range(first, last + 1))


def _is_held(job: QuantumJob) -> bool:
    return job.spec.suspend or job.spec.cancel


def released_on_purpose(remote: RemoteJob) -> bool:
    """Whether its object said so before it went; what it wanted when the job was sent may have changed since."""
    return any(map(is_orphan_tag, remote.tags))


def sent_as_orphan(remote: RemoteJob) -> bool:
    """Whether it was to run on without its object, by what its object wanted when it was sent."""
    return remote.metadata.get(METADATA_DELETION_POLICY) == "Orphan"


def may_be_cancelled(remote: RemoteJob, holder: str, started: datetime) -> bool:
    """Whether it is certain that nobody wants the job: it says so itself, and no process that lives sent it.

    A copy of this cluster has its name. What another process sent after this one had started is no predecessor's, but
    may be the original's; it is reported only.

    Args:
        remote: The remote job, whose object is gone.
        holder: This process's name in claims.
        started: When this process began to search, by the clock by which jobs say when they were sent.
    """
    told = remote.metadata
    if told.get(METADATA_DELETION_POLICY) != "Cancel" or released_on_purpose(remote):
        return False
    sent = remote.sent_at
    return (sent is not None and sent < started) or told.get(METADATA_HOLDER) == holder
