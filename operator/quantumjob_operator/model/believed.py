"""What status says against a claim: the annotation is the users' to write, status is not.

Lives here: which attempt of an object is at the service by its status alone. Must not live here: what follows from it.
"""

from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.naming import job_id


def attempt_at_service(status: JobStatus, *, namespace: str, uid: str, key: str | None) -> int | None:
    """The attempt of this very object that the service has accepted and that is not over, or None.

    A tool that restores objects with their status gives a copy the status of its original: the id that it shows is
    another object's.

    Args:
        status: Of the object.
        namespace: Of the object.
        uid: Of the object.
        key: Its `spec.idempotencyKey`.
    """
    attempt, used = status.attempt, status.workspace
    if attempt is None or used is None or status.job_id is None:
        return None
    over = status.finished or any(one.attempt == attempt for one in status.attempts)
    if over or not status.is_true(Kind.SUBMITTED):
        return None
    own = job_id(used.id, namespace, uid=uid, key=key, attempt=attempt)
    return attempt if status.job_id.lower() == own else None
