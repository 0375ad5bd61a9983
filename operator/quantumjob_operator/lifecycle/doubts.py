"""What status, which only operators write, tells of requests that may have been accepted.

Must not live here: for how long that is a reason to believe no 404 (`fence`).
"""

from typing import Final

from quantumjob_operator.model.conditions import Kind
from quantumjob_operator.model.jobstatus import JobStatus

SUBMISSION_UNCONFIRMED: Final = "SubmissionUnconfirmed"


def may_have_been_sent(status: JobStatus) -> bool:
    """Whether it tells of a job that was sent, or was about to be."""
    return status.job_id is not None or status.workspace is not None or is_doubted(status)


def is_doubted(status: JobStatus) -> bool:
    """Whether an operator says that something may have been sent, and that it waits until that would be shown."""
    submitted = status.condition(Kind.SUBMITTED)
    return submitted is not None and submitted.reason == SUBMISSION_UNCONFIRMED
