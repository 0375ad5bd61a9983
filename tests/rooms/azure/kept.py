"""What is kept in memory of the lists that were read."""

import gc

from quantumjob_operator.model.remotejob import JobRow, RemoteJob


def rows_kept() -> int:
    """How many rows of lists of jobs are in memory."""
    return sum(isinstance(one, JobRow | RemoteJob) for one in gc.get_objects())
