"""Reading an output as the operator does: the job first, then what it names."""

from quantumjob_operator.azure.client import Output, WorkspaceClient
from rooms.azure.samples import JOB_ID


async def read_output(client: WorkspaceClient, max_bytes: int, job_id: str = JOB_ID) -> Output:
    """The output of a job that is there."""
    found = await client.get_job(job_id)
    assert found
    return await client.read_output(found, max_bytes)
