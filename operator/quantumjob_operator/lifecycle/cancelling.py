"""Whether a cancellation that was decided on is still wanted, by a version of the object that was read since.

Rules:
1. Only what the decision follows from counts. Its user may change all the rest (labels, a TTL) at any moment, without
   end, and must not keep the job running by that.
2. What operators write counts as it is known here: they write while a job is cancelled.
3. A wish that is neither in status nor was put to the service is decided on anew: it can be taken back.

Must not live here: reading the object (`controller.finalization`).
"""

from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.observation import Observation
from quantumjob_operator.model.jobstatus import Cancellation
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.values import replace


def is_still_wanted(seen: Observation, live: QuantumJob, told: Cancellation | None) -> bool:
    """Whether the decision to cancel would be the same for the object as it is now.

    Args:
        seen: What it was decided on.
        live: The object, read a moment ago.
        told: The cancellation that can't be taken back any more, if there is one.
    """
    job = seen.job
    known = replace(live, claim=job.claim, claim_unreadable=job.claim_unreadable, finalizers=job.finalizers)
    known = replace(known, status=replace(job.status, cancellation=told))
    decision = decide(replace(seen, job=known))
    wished_anew = decision.action is Action.RECORD and decision.status.cancellation not in (None, told)
    return decision.action is Action.CANCEL or wished_anew
