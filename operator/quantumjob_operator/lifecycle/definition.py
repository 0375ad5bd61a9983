"""What the fields that a user left out become when a job is submitted; shown in `status.resolved`.

Lives here: the defaults that depend on the program's format. Must not live here: whether to submit (`submission`).
"""

from typing import Final

from quantumjob_operator.model.jobstatus import Resolved
from quantumjob_operator.model.naming import spec_digest
from quantumjob_operator.model.quantumjob import JobSpec, QuantumJob
from quantumjob_operator.model.redaction import clean_text

OUTPUT_FORMATS: Final = {
    "ionq.circuit.v1": "ionq.quantum-results.v1",
    "honeywell.openqasm.v1": "honeywell.quantum-results.v1",
    "rigetti.quil.v1": "rigetti.quil-results.v1",
    "pasqal.pulser.v1": "pasqal.pulser-results.v1",
    "qir.v1": "microsoft.quantum-results.v2",
}
"""The usual partner of each input format."""

ENTRY_POINT: Final = "ENTRYPOINT__main"
"""The entry point of a QIR program that names none, as the official SDK sends it."""


def resolve(spec: JobSpec, name: str, digest: str | None = None) -> Resolved | None:
    """What the absent fields become; None if the output format has to be named by the user."""
    output_format = spec.output_format or OUTPUT_FORMATS.get(spec.program.format)
    if output_format is None:
        return None
    entry = clean_text(str(input_params(spec)["entryPoint"])) if spec.program.format == "qir.v1" else None
    return Resolved(name=spec.name or name, output_format=output_format, entry_point=entry, program_digest=digest)


def input_params(spec: JobSpec) -> dict[str, object]:
    """`inputParams` as they are sent: the user's own, and for QIR the two that the SDK would add."""
    defaults = {"entryPoint": ENTRY_POINT, "arguments": []} if spec.program.format == "qir.v1" else {}
    return defaults | dict(spec.parameters or {})


def billable_digest(job: QuantumJob, program: bytes) -> str | None:
    """The digest of what is bought; None if the job has no output format."""
    spec, resolved = job.spec, resolve(job.spec, job.name)
    if resolved is None:
        return None
    return spec_digest(
        provider=spec.provider,
        target=spec.target,
        input_format=spec.program.format,
        output_format=resolved.output_format,
        parameters=spec.parameters,
        session_id=spec.session_id,
        program=program,
    )
