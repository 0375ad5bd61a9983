"""What is said of an object that may have forgotten what it has sent: it is older than its job, or was restored.

Who is kept back, or ends, before it is claimed again would leave a job that runs to nobody. So the service is asked
first. Must not live here: what keeps a job back (`submission`, `spending`), or whose a job is that was found
(`adoption`).
"""

from quantumjob_operator.lifecycle.adoption import belongs_to, hold_untold, lacks_billable_digest
from quantumjob_operator.lifecycle.attempts import has_ended
from quantumjob_operator.lifecycle.decision import Action, Decision, hold, hold_for, step
from quantumjob_operator.lifecycle.doubts import SUBMISSION_UNCONFIRMED, unconfirmed
from quantumjob_operator.lifecycle.observation import Observation, Trouble
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.model.values import replace


def unless_at_service(seen: Observation, blocked: Decision) -> Decision:
    """What is decided of an object without a claim, if no job of it is at the service; else that is taken over."""
    remote = seen.remote
    if isinstance(seen.way, Trouble):
        return blocked
    if remote is None:
        return step(seen, Action.GET_REMOTE)
    if isinstance(remote, Trouble):
        return hold_for(seen, remote)
    if not isinstance(remote, RemoteJob) and seen.ownership.fence_left > 0:
        fenced = behind_the_fence(seen)
        # Who knows of nothing that was sent has said it already; in turn, both would write without end.
        return replace(fenced, status=seen.job.status) if blocked.status == seen.job.status else fenced
    if isinstance(remote, RemoteJob) and lacks_billable_digest(seen.job, remote):
        return hold_untold(seen, remote)
    # One that was taken over by its key, and has ended, says nothing of later attempts.
    if not isinstance(remote, RemoteJob) or not (belongs_to(seen.job, remote) or has_ended(seen.job)):
        return blocked
    if seen.job.claim is None:
        return step(seen, Action.CLAIM)
    return blocked if seen.later_attempts_checked else step(seen, Action.FIND_LAST_ATTEMPT)


def behind_the_fence(seen: Observation) -> Decision:
    """An earlier request may still take effect: requeue, and believe a 404 only when it no longer can."""
    message = unconfirmed("an earlier request to submit this job", seen.ownership.holder)
    return hold(seen, SUBMISSION_UNCONFIRMED, message, again=seen.ownership.soon(seen.ownership.fence_left))
