"""From a new object to a job that the service has accepted, billed at most once.

Rules:
1. Whatever can be refused without the service is refused before the claim, so that nothing needs to be cleaned up.
2. The claim is written before anything is sent; only its holder submits, and a holder that was seen to be alive is
   left alone for a while, so that two operators don't take the claim from each other for ever.
3. A GET stands before every PUT. A GET that failed never counts as "absent", and "absent" counts only when no request
   of doubtful outcome can still take effect (`ClaimOwnership.fence_left`).
4. A job found under our id is adopted if it is ours (`adoption`); otherwise nothing of it is touched.
5. What a user asks for (`cancel`, `suspend`) is answered only after a GET, if one is possible: an object that was
   restored can be older than its remote job.

Lives here: the decisions for a job that is neither accepted nor finished nor being deleted. Must not live here: how a
step is done (`reconciler`).
"""

from typing import Final

from quantumjob_operator.lifecycle.admission import record
from quantumjob_operator.lifecycle.adoption import accepted, adopt, belongs_to
from quantumjob_operator.lifecycle.attempts import SUSPENDED, has_ended, retry_left
from quantumjob_operator.lifecycle.cost_limits import ABOVE_MAX_COST, above_max_cost
from quantumjob_operator.lifecycle.decision import (
    Action,
    Decision,
    end,
    hold,
    hold_for,
    refuse,
    step,
    with_error,
    without_program,
)
from quantumjob_operator.lifecycle.definition import OUTPUT_FORMATS, resolve, without_entry_point
from quantumjob_operator.lifecycle.forgotten import behind_the_fence, unless_at_service
from quantumjob_operator.lifecycle.limits import beyond_limits, null_in
from quantumjob_operator.lifecycle.observation import Observation, ProgramFacts, QuotaLooked, Trouble, WorkspaceFacts
from quantumjob_operator.lifecycle.policies import forbidden
from quantumjob_operator.lifecycle.reservations import reserved
from quantumjob_operator.lifecycle.spending import reserve_first
from quantumjob_operator.lifecycle.suggestions import instead_of
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import MAX_OBJECT_BYTES
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace

_HELD_SECONDS: Final = 10.0
_RARELY_SECONDS: Final = 600.0  # of somebody who is woken


def submit(seen: Observation) -> Decision:
    """What to do for a job that the service has not accepted yet, as far as we know."""
    foreign = _foreign_claim(seen)
    if foreign:
        return foreign
    blocked, way = _refusal(seen), seen.way
    if seen.job.claim is None or has_ended(seen.job):
        return (blocked and _unless_forgotten(seen, blocked)) or _before_claim(seen)
    if blocked and seen.never_sent and isinstance(way, Trouble):
        return blocked
    if isinstance(way, Trouble):
        return hold_for(seen, way)
    if not seen.job.has_finalizer:
        # Taken off by force. The claim stands, so something may have been sent.
        return step(seen, Action.CLAIM)
    return _claimed(seen, way, blocked)


def _foreign_claim(seen: Observation) -> Decision | None:
    """A claim that is not this object's says nothing about it, and stops everything."""
    job = seen.job
    if job.claim_unreadable:
        return hold(
            seen, "ClaimUnreadable", "the annotation quantumjobs.dev/claim was changed by hand; restore or remove it"
        )
    if job.claim and job.claim.uid != job.uid:
        if job.has_finalizer:
            # Copied along with the claim; it would keep the copy from being deleted for nothing.
            return step(seen, Action.RELEASE)
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
    if message := beyond_limits(job):
        return refuse(seen, message)
    if job.size > MAX_OBJECT_BYTES:
        message = (
            f"the object has more than {MAX_OBJECT_BYTES // 1024} KiB of JSON, which its spec alone has not; "
            "remove annotations, or shorten spec.output"
        )
        return hold(seen, "ObjectTooLarge", message)
    if job.spec.cancel:
        message = "spec.cancel is true and no attempt is at the service; nothing more is sent"
        return end(seen, job.status, State.CANCELLED, "Cancelled", message)
    if job.spec.suspend:
        return hold(seen, SUSPENDED, "spec.suspend is true; set it to false to submit the job")
    if path := null_in(job.spec.parameters, "spec.parameters"):
        message = f"{path} is null, which client-side apply drops and targets read differently; leave it out"
        return refuse(seen, message)
    if resolve(job.spec, job.name) is None:
        message = (
            f"spec.program.format {job.spec.program.format!r} has no usual output format; in a new job set "
            f"spec.outputFormat, or take a format that has one: {', '.join(OUTPUT_FORMATS)}"
        )
        return refuse(seen, message)
    if seen.workspace_moved and job.claim:
        message = (
            f"the job was claimed for {job.claim.workspace} and spec.workspaceRef leads there no longer; in another "
            "workspace it would be billed again: restore that QuantumWorkspace, or delete the job and make a new one"
        )
        return hold(seen, "WorkspaceChanged", message, again=_HELD_SECONDS)
    kept = forbidden(job.spec, seen.policies)
    return hold(seen, kept.reason, kept.message) if kept else None


def _unless_forgotten(seen: Observation, blocked: Decision) -> Decision:
    """A wish is granted to a job that is not at the service; whether it is, the object may have forgotten.

    So may one that a policy would hold.
    """
    spec = seen.job.spec
    wish = spec.cancel or spec.suspend or forbidden(spec, seen.policies)
    return unless_at_service(seen, blocked) if wish else blocked


def _before_claim(seen: Observation) -> Decision:
    """Everything that can be found out before the claim is; each attempt passes here once."""
    if kept := reserved(seen):
        return hold(seen, kept.reason, kept.message)
    if isinstance(seen.way, Trouble):
        return hold_for(seen, seen.way)
    if seen.in_line and seen.needs_slot:
        # Hundreds may wait, again and again: what they refer to is read when their turn comes.
        return step(seen, Action.TAKE_SLOT)
    if seen.full:
        return hold(seen, seen.full.reason, seen.full.message, again=_HELD_SECONDS)
    if unfit := _unfit_program(seen):
        # Prices change, and the object may have forgotten what it had sent at lower ones.
        failed = unfit.status.condition(Kind.FAILED)
        return unless_at_service(seen, unfit) if failed and failed.reason == ABOVE_MAX_COST else unfit
    if seen.output is None:
        return step(seen, Action.CHECK_OUTPUT)
    if isinstance(seen.output, Trouble):
        return hold_for(seen, seen.output)
    return _duplicate(seen) or _wait_for_key(seen) or reserve_first(seen) or step(seen, Action.CLAIM)


def _unfit_program(seen: Observation) -> Decision | None:
    """What keeps the program from being sent; a further attempt repeats the program of the first one, or nothing."""
    if seen.limits.crd_outdated:
        message = "the installed CRDs are older than this operator, which lost a part of status; upgrade them (crds/)"
        return hold(seen, "CRDOutdated", message, again=_HELD_SECONDS)
    if seen.program is None:
        return step(seen, Action.READ_PROGRAM)
    if isinstance(seen.program, Trouble):
        return without_program(seen, seen.program)
    resolved = seen.job.status.resolved
    known = resolved.program_digest if resolved else None
    if known in (None, seen.program.digest):
        unfit = without_entry_point(seen.job, seen.program)
        return refuse(seen, unfit) if unfit else above_max_cost(seen)
    message = "spec.program refers to another content than the first attempt ran; restore it, or make a new job"
    return hold(seen, "ProgramChanged", message, retry=True)


def _duplicate(seen: Observation) -> Decision | None:
    """Of several objects with one idempotency key only the owner submits; the others wait, and adopt its ended job.

    Two that claimed at the same time can each have missed the other's claim: the younger steps back, and the older
    waits until it has done so.
    """
    key = seen.job.spec.idempotency_key
    if key is None:
        return None
    if (owner := seen.key_owner) is None:
        return step(seen, Action.CHECK_KEY)
    ours, claimed = owner.uid == seen.job.uid, seen.job.claim is not None and not has_ended(seen.job)
    rival = owner.contender if ours else owner.name
    if rival is None:
        return None
    if claimed and not ours:
        return step(seen, Action.RENOUNCE)
    message = f"spec.idempotencyKey {key!r} belongs to QuantumJob {rival}; this one waits for its end"
    again = _HELD_SECONDS if ours or owner.unheard else _RARELY_SECONDS
    return hold(seen, "DuplicateIdempotencyKey", message, again=again)


def _wait_for_key(seen: Observation) -> Decision | None:
    """Reasons of time: the back-off between attempts, and a workspace that takes no more jobs now."""
    left, waiting = retry_left(seen), seen.job.status.condition(Kind.SUBMITTED)
    if left > 0 and waiting:
        return hold(seen, waiting.reason, waiting.message, again=left)
    return _wait_for_room(seen)


def _wait_for_room(seen: Observation) -> Decision | None:
    """What the provider has left, then a slot: who waits for the one keeps nobody from the other."""
    if isinstance(seen.way, WorkspaceFacts) and seen.way.guards_quota:
        if seen.quota is None:
            return step(seen, Action.LOOK_AT_QUOTA)
        if isinstance(seen.quota, Trouble):
            return hold_for(seen, seen.quota)
    # Asked for last of all: whoever has a slot, or waits for one, would be sent at once with it.
    if seen.needs_slot:
        return step(seen, Action.TAKE_SLOT)
    return hold(seen, seen.full.reason, seen.full.message, again=_HELD_SECONDS) if seen.full else None


def _claimed(seen: Observation, workspace: WorkspaceFacts, blocked: Decision | None) -> Decision:
    """The claim is on: ask, and only after a 404 that can be believed, submit."""
    if seen.submission is not None:
        return _submitted(seen, workspace, seen.submission)
    duplicate = _duplicate(seen)
    if duplicate and (seen.never_sent or duplicate.action is Action.CHECK_KEY):
        return duplicate
    if seen.remote is None:
        return step(seen, Action.GET_REMOTE)
    if isinstance(seen.remote, Trouble):
        return hold_for(seen, seen.remote)
    if isinstance(seen.remote, RemoteJob):
        # What this very object sent is its own, whoever else has the key.
        return duplicate if duplicate and not belongs_to(seen.job, seen.remote) else adopt(seen, workspace, seen.remote)
    return _absent(seen, workspace, duplicate or blocked)


def _absent(seen: Observation, workspace: WorkspaceFacts, blocked: Decision | None) -> Decision:
    """The service has no such job: true for certain only with the claim in hand and after the fence."""
    if not seen.holds_claim:
        return _take_over(seen, blocked)
    if seen.ownership.fence_left > 0:
        return behind_the_fence(seen)
    held = blocked or _unfit_program(seen) or _wait_for_room(seen) or reserve_first(seen)
    return held or record(seen, workspace) or step(seen, Action.SUBMIT)


def _take_over(seen: Observation, blocked: Decision | None) -> Decision:
    """Another process holds the claim. It may be dead, alive, or have said already all there is to say."""
    held = blocked or _unfit_program(seen) or _wait_for_room(seen)
    if held and held.action in (Action.READ_PROGRAM, Action.LOOK_AT_QUOTA, Action.TAKE_SLOT):
        return held
    if held and held.action is Action.NONE and held.status == seen.job.status:
        # It may have sent before it was held, and be gone: asked again until nothing can be hidden.
        return replace(held, again=seen.ownership.soon(seen.ownership.absence_left) or held.again)
    if (left := seen.ownership.rival_left) > 0:
        # Asked for meanwhile, too: what surely was not sent gives its slot back.
        left = min(left, seen.ownership.absence_left or left)
        return Decision(action=Action.NONE, status=seen.job.status, again=left)
    return _while_kept_back(seen) or step(seen, Action.CLAIM)


def _while_kept_back(seen: Observation) -> Decision | None:
    """What is left to do for another's claim while a budget keeps the job back, as its status says already."""
    kept = reserve_first(seen)
    if kept and kept.action is Action.NONE and kept.status == seen.job.status:
        return replace(kept, again=seen.ownership.soon(seen.ownership.absence_left) or kept.again)
    return kept if kept and kept.action is Action.RESERVE else None


def _submitted(seen: Observation, workspace: WorkspaceFacts, answer: RemoteJob | Trouble) -> Decision:
    if isinstance(answer, RemoteJob):
        unread = seen.program.unread if isinstance(seen.program, ProgramFacts) else ""
        note = seen.quota.note if isinstance(seen.quota, QuotaLooked) else ""
        told = "; ".join(filter(None, ("the service accepted the job", unread, note)))
        return accepted(seen, workspace, answer, told)
    if answer.final:
        message = answer.message + instead_of(seen.job.spec.provider, seen.job.spec.target, workspace.offers)
        return end(seen, with_error(seen.job.status, answer), State.FAILED, answer.reason, message)
    if answer.unconfirmed:
        fenced = behind_the_fence(seen)
        return replace(fenced, status=with_error(fenced.status, answer))
    return hold_for(seen, answer)
