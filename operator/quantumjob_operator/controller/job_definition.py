"""A job as it is sent: its definition, with its owner and its sender in its metadata.

Must not live here: what of a spec is sent (`lifecycle.definition`), or when (`submitter`).
"""

from collections.abc import Mapping

from quantumjob_operator.azure.wire import JobDefinition
from quantumjob_operator.lifecycle.definition import input_params, resolve
from quantumjob_operator.lifecycle.observation import ProgramFacts
from quantumjob_operator.model.errors import Applied, Retryable
from quantumjob_operator.model.naming import (
    METADATA_CLUSTER,
    METADATA_DELETION_POLICY,
    METADATA_NAME,
    METADATA_NAMESPACE,
    METADATA_SPEC_DIGEST,
    METADATA_UID,
)
from quantumjob_operator.model.quantumjob import QuantumJob


def definition_of(
    job: QuantumJob, job_id: str, program: ProgramFacts, *, cluster: str, sender: Mapping[str, str]
) -> JobDefinition:
    """The job as it is sent.

    Args:
        job: The object.
        job_id: Of the remote job.
        program: Its program, read.
        cluster: The name under which this cluster submits.
        sender: Metadata about the process that sends it.

    Raises:
        Retryable: There is no output format; `decide` holds such a job back.
    """
    spec, resolved = job.spec, resolve(job.spec, job.name)
    if resolved is None:
        raise Retryable("put_job", detail="the job has no output format", applied=Applied.NO)
    owner = {
        METADATA_CLUSTER: cluster,
        METADATA_NAMESPACE: job.namespace,
        METADATA_NAME: job.name,
        METADATA_UID: job.uid,
        **sender,
        METADATA_DELETION_POLICY: job.spec.deletion_policy,
        METADATA_SPEC_DIGEST: program.spec_digest,
    }
    return JobDefinition(
        job_id=job_id,
        name=resolved.name,
        provider=spec.provider,
        target=spec.target,
        input_format=spec.program.format,
        output_format=resolved.output_format,
        parameters=input_params(spec, program),
        metadata={**(spec.metadata or {}), **owner},
        priority=spec.priority,
        tags=spec.tags,
        session_id=spec.session_id,
    )
