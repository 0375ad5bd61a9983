"""What became of looking for attempts after the one that the object knows of.

Must not live here: how many are looked for (`attempts`), or who asks the service (`controller.submitter`).
"""

from typing import Final

from quantumjob_operator.lifecycle.doubts import SUBMISSION_UNCONFIRMED, unconfirmed
from quantumjob_operator.lifecycle.observation import Trouble

_HIDDEN_SECONDS: Final = 2.0


def unexplained(first: int, last: int) -> Trouble:
    """The service shows attempts, from the first to the last of these numbers, that nobody can have sent."""
    message = (
        f"the service shows attempts {first} to {last} of this job and more, which neither spec.backoffLimit nor "
        "suspensions explain; ask the owner of the QuantumWorkspace whether its endpoint is Azure Quantum"
    )
    return Trouble("AttemptsUnexplained", message)


def may_be_hidden(seconds: float, holder: str) -> Trouble:
    """An attempt that a claim named may still appear, for so many seconds; this process waits for it."""
    message = unconfirmed("a later attempt, of which the object knows nothing any more,", holder)
    return Trouble(SUBMISSION_UNCONFIRMED, message, retry_after=min(seconds, _HIDDEN_SECONDS))
