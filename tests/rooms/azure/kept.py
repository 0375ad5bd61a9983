"""What is kept in memory of the lists that were read."""

import gc

from quantumjob_operator.azure import parsing
from quantumjob_operator.model.remotejob import JobRow, RemoteJob


def rows_kept() -> int:
    """How many rows of lists of jobs are in memory."""
    # The thread that has read a page lets go of it before it does anything else, which may be a moment later.
    parsing._thread.submit(int).result()
    return sum(isinstance(one, JobRow | RemoteJob) for one in gc.get_objects())
