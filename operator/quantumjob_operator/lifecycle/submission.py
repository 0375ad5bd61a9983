"""From a new object to a job that the service has accepted, paid for at most once.

Rules:
1. Whatever can be refused without the service is refused before the claim, so that nothing needs to be cleaned up.
2. The claim is written before anything is sent; only its holder submits.
3. A GET stands before every PUT. A GET that failed never counts as "absent", and "absent" counts only when no request
   of doubtful outcome can still take effect (`Tenure.doubt_left`).
4. A job found under our id is adopted if it carries our object's uid; otherwise nothing of it is touched.

Lives here: the decisions for a job that is neither accepted nor finished nor being deleted. Must not live here: how a
step is done (`reconciler`).
"""

from dataclasses import replace
from typing import Final

from quantumjob_operator.conditions import Kind, stamp
from quantumjob_operator.jobstatus import Condition, JobStatus, Resolved, State, WorkspaceUsed
from quantumjob_operator.lifecycle.decision import Action, Decision, draw, end, hold, hold_for, step
from quantumjob_operator.lifecycle.facts import Observation, ProgramFacts, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.transitions import TRANSITIONS, sighting
from quantumjob_operator.naming import METADATA_NAMESPACE, METADATA_UID, portal_url
from quantumjob_operator.quantumjob import MAX_OBJECT_BYTES, JobSpec, QuantumJob
from quantumjob_operator.remotejob import RemoteJob

FIRST_DOUBT: Final = 1.0
OUTPUT_FORMATS: Final = {
    "ionq.circuit.v1": "ionq.quantum-results.v1",
    "honeywell.openqasm.v1": "honeywell.quantum-results.v1",
    "rigetti.quil.v1": "rigetti.quil-results.v1",
    "pasqal.pulser.v1": "pasqal.pulser-results.v1",
    "qir.v1": "microsoft.quantum-results.v2",
}
"""The usual partner of each input format."""

_NOT_SERVED: Final = {
    "suspend": "suspend",
    "backoff_limit": "backoffLimit",
    "idempotency_key": "idempotencyKey",
    "ttl_seconds_after_finished": "ttlSecondsAfterFinished",
}


def submit(seen: Observation) -> Decision:
    """What to do for a job that the service has not accepted yet, as far as we know."""
    foreign = _foreign_claim(seen)
    if foreign:
        return foreign
    blocked = _refusal(seen)
    claim = seen.job.claim
    if claim is None or not seen.job.has_finalizer:
        return blocked or _before_claim(seen)
    if blocked and seen.tenure.never_sent:
        return blocked
    if isinstance(seen.workspace, Trouble):
        return hold_for(seen, seen.workspace)
    if claim.workspace != seen.workspace.id:
        return hold(
            seen,
            "WorkspaceChanged",
            f"the job was claimed for {claim.workspace} and its reference now leads to {seen.workspace.id}; "
            "point spec.workspaceRef's QuantumWorkspace back, or delete the job and make a new one",
        )
    return _claimed(seen, seen.workspace, blocked)


def resolve(spec: JobSpec, name: str, digest: str | None = None) -> Resolved | None:
    """What the absent fields become; None if the output format has to be named by the user."""
    output_format = spec.output_format or OUTPUT_FORMATS.get(spec.program.format)
    if output_format is None:
        return None
    entry = str((spec.parameters or {}).get("entryPoint", ENTRY_POINT)) if spec.program.format == "qir.v1" else None
    return Resolved(name=spec.name or name, output_format=output_format, entry_point=entry, program_digest=digest)


ENTRY_POINT: Final = "ENTRYPOINT__main"
"""The entry point of a QIR program that names none, as the official SDK sends it."""


def input_params(spec: JobSpec) -> dict[str, object]:
    """`inputParams` as they are sent: the user's own, and for QIR the two that the SDK would add."""
    defaults = {"entryPoint": ENTRY_POINT, "arguments": []} if spec.program.format == "qir.v1" else {}
    return defaults | dict(spec.parameters or {})


def _foreign_claim(seen: Observation) -> Decision | None:
    """A claim that is not this object's says nothing about it, and stops everything."""
    job = seen.job
    if job.claim_unreadable:
        return hold(
            seen, "ClaimUnreadable", "the annotation quantumjobs.dev/claim was changed by hand; restore or remove it"
        )
    if job.claim and job.claim.uid != job.uid:
        return hold(
            seen,
            "CopiedObject",
            "this object is a copy of one that was claimed before; remove the annotation quantumjobs.dev/claim "
            "to run and pay again",
        )
    return None


def _refusal(seen: Observation) -> Decision | None:
    """What can be said without asking anybody; it holds only once it is certain that nothing was sent."""
    job = seen.job
    if job.size > MAX_OBJECT_BYTES:
        return hold(
            seen,
            "SpecTooLarge",
            f"the object has more than {MAX_OBJECT_BYTES // 1024} KiB of JSON; "
            "move the program to a ConfigMap (spec.program.configMapKeyRef) or shorten spec.parameters",
        )
    if job.spec.cancel:
        message = "spec.cancel was true before the job was submitted; nothing was sent"
        return end(seen, job.status, State.CANCELLED, "Cancelled", message)
    if field := unserved_field(job.spec):
        return hold(seen, "FieldNotServed", f"spec.{field} is not served by this version; remove it to submit the job")
    if resolve(job.spec, job.name) is None:
        return hold(
            seen,
            "OutputFormatUnknown",
            f"spec.program.format {job.spec.program.format!r} has no usual output format; set spec.outputFormat",
        )
    return None


def unserved_field(spec: JobSpec) -> str | None:
    """The first field that asks for something this version does not do, by its name in the manifest."""
    return next((name for attribute, name in _NOT_SERVED.items() if getattr(spec, attribute)), None)


def _before_claim(seen: Observation) -> Decision:
    if isinstance(seen.workspace, Trouble):
        return hold_for(seen, seen.workspace)
    for fact, action in ((seen.program, Action.READ_PROGRAM), (seen.output, Action.CHECK_OUTPUT)):
        if fact is None:
            return step(seen, action)
        if isinstance(fact, Trouble):
            return hold_for(seen, fact)
    return step(seen, Action.CLAIM)


def _claimed(seen: Observation, workspace: WorkspaceFacts, blocked: Decision | None) -> Decision:
    if seen.submission is not None:
        return _submitted(seen, workspace, seen.submission)
    if seen.remote is None:
        return step(seen, Action.LOOK)
    if isinstance(seen.remote, Trouble):
        return hold_for(seen, seen.remote)
    if isinstance(seen.remote, RemoteJob):
        return _adopt(seen, workspace, seen.remote)
    if not _holds_claim(seen):
        return step(seen, Action.CLAIM)
    if seen.tenure.doubt_left > 0:
        return _doubt(seen)
    if blocked:
        return blocked
    if seen.program is None:
        return step(seen, Action.READ_PROGRAM)
    if isinstance(seen.program, Trouble):
        return hold_for(seen, seen.program)
    return step(seen, Action.SUBMIT)


def _holds_claim(seen: Observation) -> bool:
    return seen.job.claim is not None and seen.job.claim.holder == seen.tenure.holder


def _doubt(seen: Observation) -> Decision:
    """An earlier request may still take effect: look again, and believe a 404 only when it no longer can."""
    again = min(seen.tenure.doubt_left, FIRST_DOUBT * 2**seen.tenure.failures)
    message = "an earlier request to submit this job may have been accepted; waiting until the service would show it"
    return hold(seen, "SubmissionUnconfirmed", message, again=again)


def _submitted(seen: Observation, workspace: WorkspaceFacts, answer: RemoteJob | Trouble) -> Decision:
    if isinstance(answer, RemoteJob):
        return _accepted(seen, workspace, answer, "the service accepted the job")
    if answer.final:
        return end(seen, seen.job.status, State.FAILED, answer.reason, answer.message)
    if answer.unconfirmed:
        return _doubt(seen)
    return hold_for(seen, answer)


def _adopt(seen: Observation, workspace: WorkspaceFacts, remote: RemoteJob) -> Decision:
    """A job stands under our id: ours, if it carries our uid."""
    if not belongs_to(seen.job, remote):
        message = f"job {remote.id} exists in the workspace and belongs to another object; it is left alone"
        return end(seen, seen.job.status, State.FAILED, "IdempotencyKeyReused", message)
    return _accepted(seen, workspace, remote, "the service had accepted the job; it was found again")


def _accepted(seen: Observation, workspace: WorkspaceFacts, remote: RemoteJob, message: str) -> Decision:
    job = seen.job
    digest = seen.program.digest if isinstance(seen.program, ProgramFacts) else None
    base = replace(
        job.status,
        job_id=remote.id,
        attempt=job.claim.attempt if job.claim else 1,
        workspace=WorkspaceUsed(
            id=workspace.id,
            endpoint=workspace.endpoint,
            ref={"namespace": workspace.namespace, "name": workspace.name},
        ),
        submission_time=stamp(seen.now),
        remote_status=remote.status,
        portal_url=portal_url(workspace.resource_id, remote.id),
        resolved=resolve(job.spec, job.name, digest),
    )
    return Decision(action=Action.RECORD, status=_first_sight(seen, base, remote, message))


def _first_sight(seen: Observation, base: JobStatus, remote: RemoteJob, message: str) -> JobStatus:
    """Accepted: shown as waiting even if the service is further; what follows is mirrored by the next look."""
    state = TRANSITIONS[State.PENDING][sighting(remote.status)]
    shown = state if state in (State.WAITING, State.EXECUTING, State.CANCELLING) else State.WAITING
    submitted = Condition(type=Kind.SUBMITTED, status="True", reason="Submitted", message=message)
    return draw(seen, base, shown, shown.value, f"job {remote.id} is at the service", [submitted])


def belongs_to(job: QuantumJob, remote: RemoteJob) -> bool:
    """Whether the remote job says that it was submitted for this very object."""
    owner = remote.metadata.get(METADATA_NAMESPACE), remote.metadata.get(METADATA_UID)
    return owner == (job.namespace, job.uid)


def was_accepted(job: QuantumJob) -> bool:
    """Whether status says that the service has accepted the job once."""
    return job.status.is_true(Kind.SUBMITTED) and job.status.job_id is not None
