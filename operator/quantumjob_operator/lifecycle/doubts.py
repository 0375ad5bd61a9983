"""What status, which only operators write, tells of requests that may have been accepted.

Must not live here: for how long that is a reason to believe no 404 (`fence`).
"""

from typing import Final

from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus

SUBMISSION_UNCONFIRMED: Final = "SubmissionUnconfirmed"
_UNNAMED: Final = "unnamed"


def unconfirmed(what: str, holder: str) -> str:
    """What status says of a request that may have been accepted.

    It names the process, so that the doubt of one is told from that of another which says the same.

    Args:
        what: Which request.
        holder: The process's name in claims.
    """
    return f"{what} may have been accepted; waiting until the service would show it (process {holder})"


def may_have_been_sent(status: JobStatus) -> bool:
    """Whether it tells of a job that was sent, or was about to be."""
    return status.job_id is not None or status.workspace is not None or is_doubted(status)


def is_doubted(status: JobStatus) -> bool:
    """Whether an operator says that something may have been sent, and that it waits until that would be shown."""
    return bool(doubt_of(status))


def doubt_of(status: JobStatus) -> str:
    """The words in which an operator says so, with its name in claims; none where nothing is doubted."""
    submitted = status.condition(Kind.SUBMITTED)
    if submitted is None or submitted.reason != SUBMISSION_UNCONFIRMED:
        return ""
    return submitted.message or _UNNAMED
