"""Which QuantumWorkspace may serve a claimed job, and what is written down before anything is sent through it.

Rules:
1. Annotations and finalizers are the users' to write; only status is not. A claim is believed about a QuantumWorkspace
   that admits the job's namespace now, or that status names for the very attempt that the claim names.
2. So status names the QuantumWorkspace before the first PUT through it, wherever admission could be withdrawn: what was
   sent is polled and cancelled for as long as it takes, by every later process.
3. Nothing leads to a QuantumWorkspace only because it has the same resource id: anybody can write one.
4. Once status names a QuantumWorkspace for an attempt, no other serves it, whatever its claim says by then: else the
   owner of a job could have their own endpoint tell how it goes, and what it costs.

Must not live here: which objects there are, or their connections (`controller.workspaces`).
"""

from collections.abc import Container, Mapping

from quantumjob_operator.lifecycle.adoption import failed_before, was_accepted, workspace_used
from quantumjob_operator.lifecycle.attempts import current_attempt
from quantumjob_operator.lifecycle.decision import Action, Decision
from quantumjob_operator.lifecycle.observation import Observation, WorkspaceFacts
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.values import replace


def bound_to(job: QuantumJob) -> str | None:
    """The canonical id of the Azure workspace that a job is bound to, by its claim or by having been accepted there."""
    if job.claim:
        return job.claim.workspace
    used = job.status.workspace
    return used.id if used and was_accepted(job) else None


def is_recorded(job: QuantumJob, place: str, name: Name) -> bool:
    """Whether status says that the current attempt goes to this Azure workspace through a QuantumWorkspace.

    Args:
        job: Whose status.
        place: Canonical id of the Azure workspace.
        name: Of the QuantumWorkspace.
    """
    return recorded(job) == (place, name)


def recorded(job: QuantumJob) -> tuple[str, tuple[str | None, str | None]] | None:
    """The Azure workspace that status names for the current attempt, and the QuantumWorkspace that leads there."""
    used = job.status.workspace
    current = job.claim.attempt == job.status.attempt if job.claim else was_accepted(job)
    return (used.id, (used.ref.get("namespace"), used.ref.get("name"))) if used and current else None


def may_serve(
    job: QuantumJob, workspace: QuantumWorkspace, named: Container[Name | None], labels: Mapping[str, str] | None
) -> bool:
    """Whether a bound job may be polled and cancelled through an object; submitting asks for more (`workspace_moved`).

    Args:
        job: The job.
        workspace: The object, which may be gone already.
        named: The names that the job's reference and the operator's configuration mean.
        labels: Of the job's namespace; None if they are not known.
    """
    if recorded(job) not in (None, (workspace.id, workspace.key)):
        return False
    through = job.claim.through if job.claim else None
    claimed = through is not None and through.uid == workspace.uid
    if workspace.id != bound_to(job) or not (claimed or workspace.key in named):
        return False
    return workspace.admits(job.namespace, labels) or is_recorded(job, workspace.id, workspace.key)


def record(seen: Observation, workspace: WorkspaceFacts) -> Decision | None:
    """Write the way into status before anything is sent; None if it stands there, or admission can't be withdrawn."""
    job = seen.job
    if workspace.namespace == job.namespace or is_recorded(job, workspace.id, (workspace.namespace, workspace.name)):
        return None
    recorded = replace(
        job.status,
        workspace=workspace_used(workspace),
        attempt=current_attempt(job),
        # Counted by the attempt that status shows, which changes here.
        failed_attempts=failed_before(job),
    )
    return Decision(action=Action.RECORD, status=recorded)
