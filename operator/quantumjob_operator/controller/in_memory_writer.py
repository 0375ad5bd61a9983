"""Writes to an object that is gone: they change only what this process remembers.

A job whose object is gone is brought to its end by the same decisions as one whose object is being deleted, so these
stand where `cluster.objects` stands for an object that is there. Must not live here: requests.
"""

from dataclasses import replace

from quantumjob_operator.model.jobstatus import JobStatus
from quantumjob_operator.model.naming import FINALIZER
from quantumjob_operator.model.quantumjob import Claim, QuantumJob


def as_deleted(job: QuantumJob) -> QuantumJob:
    """The object that is gone, as if our finalizer still held it."""
    return replace(job, deletion_requested=True, finalizers=(FINALIZER,))


class InMemoryWriter:
    """The `Writer` of an object that is gone."""

    async def claim(self, job: QuantumJob, claim: Claim) -> QuantumJob:
        """Nobody can dispute a claim any more; whoever held it may have sent what it likes."""
        return replace(job, claim=claim, claim_unreadable=False)

    async def renounce(self, job: QuantumJob) -> QuantumJob:
        """Nothing is held for another object."""
        return replace(job, claim=None)

    async def release(self, job: QuantumJob) -> QuantumJob | None:  # noqa: ARG002 - as for an object that is there
        """The job is over, or given up."""
        return None

    async def write_status(self, job: QuantumJob, status: JobStatus) -> QuantumJob:
        """What the object would say."""
        return replace(job, status=status)
