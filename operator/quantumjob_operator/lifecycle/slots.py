"""Which jobs have a slot of their QuantumWorkspace (`maxJobsInFlight`) without waiting for one.

Must not live here: who waits, and who is next (`controller.inflight_limiter`).
"""

from typing import Final

from quantumjob_operator.lifecycle.adoption import was_accepted
from quantumjob_operator.lifecycle.attempts import has_ended, has_own_claim
from quantumjob_operator.lifecycle.error_mapping import QUOTA_EXHAUSTED
from quantumjob_operator.lifecycle.transitions import is_final_word
from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.quantumjob import QuantumJob

FULL: Final = "MaxJobsInFlight"


def in_flight(job: QuantumJob, *, may_run: bool = False) -> bool:
    """Whether an attempt of the job is, or may be, at the service, and has not come to its end there.

    One that waits only for its output to be written, which its user may keep from happening, keeps nobody waiting.

    Args:
        job: The job.
        may_run: This process has sent something lately, whoever has taken off the finalizer since.
    """
    if was_accepted(job) and is_final_word(job.status.remote_status or ""):
        return False
    copied = job.claim is not None and not has_own_claim(job)
    over = job.status.finished or has_ended(job)
    return job.attempt_at_service is not None or ((job.has_finalizer or may_run) and not copied and not over)


def waits_without_slot(job: QuantumJob) -> bool:
    """Whether the job, though it may be claimed, waited for a quota or for a slot when its status was written."""
    told = job.status.condition(Kind.SUBMITTED)
    return told is not None and told.status == "False" and told.reason in {QUOTA_EXHAUSTED, FULL}


def holds_slot(job: QuantumJob, *, ours: bool = False, may_run: bool = False, unsent: bool = False) -> bool:
    """Whether a job has its slot without waiting for one.

    Finalizer and claim are the users' to write. Only status, or what this process has sent itself, shows that they were
    not forged to jump the queue: a claim that was taken over is no slot, and what its holder has sent stands in status.
    What was refused for lack of a quota keeps nobody waiting, unless it may be at the service; nor does what surely is
    not there, for whatever reason: its slot lasts for the reconciliation in which it is to be sent.

    Args:
        job: The job.
        ours: This process has begun to send it.
        may_run: A request whose outcome is not known may still take effect.
        unsent: This process knows that no request has had an effect, nor can have one.
    """
    told = job.status.condition(Kind.SUBMITTED)
    if unsent and (told is None or told.status == "False"):
        return False
    if waits_without_slot(job) and not may_run:
        return False
    used = job.status.workspace
    recorded = used is not None and job.claim is not None and job.claim.attempt == job.status.attempt
    return in_flight(job, may_run=ours and may_run) and (
        ours or recorded or was_accepted(job) or job.attempt_at_service is not None
    )
