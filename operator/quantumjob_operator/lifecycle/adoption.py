"""When a remote job is this object's: accepted just now, or found under its id.

Rules:
1. A job that carries our object's uid and namespace is ours. So is one under an id that follows from our uid, unless
   its metadata say otherwise: a service may have dropped them.
2. A job under our idempotency key is ours if namespace, cluster and billable definition (the spec's digest) are the
   same.
3. A job under our key whose metadata don't tell the billable definition is neither taken over nor billed again: the
   object waits.
4. Anything else under our id is left alone, and the object ends as `IdempotencyKeyReused`.
5. A job that is found says nothing of later attempts (an object that was restored knows less than the service): the
   last attempt there is is the one to take.

Lives here: those rules and what status says of an accepted job. Must not live here: submitting (`submission`).
"""

from typing import Final

from quantumjob_operator.lifecycle.attempts import current_attempt
from quantumjob_operator.lifecycle.cost_limits import estimated
from quantumjob_operator.lifecycle.decision import Action, Decision, draw, end, hold, step, without_program
from quantumjob_operator.lifecycle.definition import resolve
from quantumjob_operator.lifecycle.observation import Observation, ProgramFacts, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.status_mapping import told_of
from quantumjob_operator.lifecycle.transitions import TRANSITIONS, is_final_word, seen_as
from quantumjob_operator.model.conditions import Kind, stamp
from quantumjob_operator.model.jobstatus import MOST_BUDGETS, Condition, JobStatus, State, WorkspaceUsed
from quantumjob_operator.model.naming import (
    METADATA_CLUSTER,
    METADATA_NAMESPACE,
    METADATA_SPEC_DIGEST,
    METADATA_UID,
    owner_told,
    portal_url,
)
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_MAX_NAME: Final = 100
ANOTHER_KEY: Final = "change spec.idempotencyKey to run it again"


def adopt(seen: Observation, workspace: WorkspaceFacts, remote: RemoteJob) -> Decision:
    """A job stands under our id: ours by our uid, or by our key's namespace and billable definition."""
    if belongs_to(seen.job, remote):
        if not seen.later_attempts_checked:
            return step(seen, Action.FIND_LAST_ATTEMPT)
        return accepted(seen, workspace, remote, "the service had accepted the job; it was found again")
    if seen.job.spec.idempotency_key is None:
        return _not_ours(seen, remote, "it was not submitted for this object; make this one anew")
    if lacks_billable_digest(seen.job, remote):
        return hold_untold(seen, remote)
    if seen.program is None:
        return step(seen, Action.READ_PROGRAM)
    if isinstance(seen.program, Trouble):
        return without_program(seen, seen.program)
    if difference := _difference(seen, seen.program, remote):
        return _not_ours(seen, remote, difference)
    if not seen.later_attempts_checked:
        return step(seen, Action.FIND_LAST_ATTEMPT)
    again = f"; {ANOTHER_KEY}" if is_final_word(remote.status) else ""
    return accepted(seen, workspace, remote, f"spec.idempotencyKey was used before: its job is taken over{again}")


def _difference(seen: Observation, program: ProgramFacts, remote: RemoteJob) -> str | None:
    """What keeps a job under our key from being ours."""
    told = owner_told(remote.metadata)
    if (namespace := told.get(METADATA_NAMESPACE)) != seen.job.namespace:
        where = f"namespace {_quoted(namespace)}"
        return f"it was submitted from {where}; use another key, or make the job in that namespace"
    if (cluster := told.get(METADATA_CLUSTER, "")) not in {seen.limits.cluster, *seen.limits.adoptable_clusters}:
        return (
            f"it was submitted from another cluster, or before this one's name was changed: {_quoted(cluster)}, not "
            f"{_quoted(seen.limits.cluster)}; have the operator's setting adoptable_clusters name it and make the job "
            "anew, or use another key"
        )
    if told.get(METADATA_SPEC_DIGEST) != program.spec_digest:
        return "it was submitted for another program, target or parameters; use another key, or what it was used for"
    return None


def _quoted(name: str | None) -> str:
    return f"'{clean_text(name or '', _MAX_NAME)}'"


def lacks_billable_digest(job: QuantumJob, remote: RemoteJob) -> bool:
    """Whether a job under our key may be ours, and says nothing of what was bought."""
    told = owner_told(remote.metadata)
    untold = METADATA_SPEC_DIGEST not in told and told.get(METADATA_NAMESPACE, job.namespace) == job.namespace
    return job.spec.idempotency_key is not None and untold and not belongs_to(job, remote)


def hold_untold(seen: Observation, remote: RemoteJob) -> Decision:
    """Billed again it must not be, and taken over by mistake it would be another program's result."""
    message = (
        f"job {remote.id} stands under spec.idempotencyKey, but its metadata at the service don't say for which "
        "program; it is neither taken over nor billed again: look at it in Azure, and use another key in a new job to "
        "run this one"
    )
    return hold(seen, "OwnerUnknown", message, retry=True)


def _not_ours(seen: Observation, remote: RemoteJob, difference: str) -> Decision:
    message = f"job {remote.id} has the id that belongs to this job, and is left alone: {difference}"
    return end(seen, seen.job.status, State.FAILED, "IdempotencyKeyReused", message)


def accepted(seen: Observation, workspace: WorkspaceFacts, remote: RemoteJob, message: str) -> Decision:
    """The service has the job: status says where and as what, before anything else is mirrored."""
    job = seen.job
    program = seen.program if isinstance(seen.program, ProgramFacts) else None
    base = replace(
        job.status,
        job_id=remote.id,
        attempt=current_attempt(job),
        failed_attempts=failed_before(job),
        workspace=workspace_used(workspace),
        submission_time=stamp(seen.now),
        remote_status=clean_text(remote.status),
        portal_url=portal_url(workspace.resource_id, remote.id),
        resolved=resolve(job.spec, job.name, program)
        if program
        else job.status.resolved or resolve(job.spec, job.name),
        error=None,
        estimate=estimated(seen) or job.status.estimate,
        cost=None,
        budgets=seen.reserved[:MOST_BUDGETS],
    )
    return Decision(action=Action.RECORD, status=_first_sight(seen, base, remote, message))


def workspace_used(workspace: WorkspaceFacts) -> WorkspaceUsed:
    """The workspace as status names it."""
    ref = {"namespace": workspace.namespace, "name": workspace.name}
    return WorkspaceUsed(id=workspace.id, endpoint=workspace.endpoint, ref=ref)


def failed_before(job: QuantumJob) -> int | None:
    """How many attempts count as failed; those that status has lost all do, or they would be granted twice."""
    counted = max((one.attempt for one in job.status.attempts), default=(job.status.attempt or 1) - 1)
    lost = max(0, current_attempt(job) - 1 - counted)
    return (job.status.failed_attempts or 0) + lost if lost else job.status.failed_attempts


def _first_sight(seen: Observation, base: JobStatus, remote: RemoteJob, message: str) -> JobStatus:
    """Accepted: shown as waiting even if the service is further; the next reconciliation mirrors what follows."""
    state = TRANSITIONS[State.PENDING][seen_as(remote)]
    shown = state if state in (State.WAITING, State.EXECUTING, State.CANCELLING) else State.WAITING
    submitted = Condition(type=Kind.SUBMITTED, status="True", reason="Submitted", message=message)
    return draw(seen, base, shown, shown.value, told_of(shown), [submitted])


def belongs_to(job: QuantumJob, remote: RemoteJob) -> bool:
    """Whether the remote job, found under an id of this object, was submitted for this very object."""
    told = owner_told(remote.metadata)
    # Without a key the id follows from the uid, so that silence is no contradiction.
    unsaid = (job.namespace, job.uid) if job.spec.idempotency_key is None else (None, None)
    owner = told.get(METADATA_NAMESPACE, unsaid[0]), told.get(METADATA_UID, unsaid[1])
    return owner == (job.namespace, job.uid)


def was_accepted(job: QuantumJob) -> bool:
    """Whether status says that the service has accepted the attempt that the claim names."""
    shown = job.claim is None or job.claim.attempt == job.status.attempt
    return shown and job.status.is_true(Kind.SUBMITTED) and job.status.job_id is not None
