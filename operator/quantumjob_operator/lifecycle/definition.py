"""What the fields that a user left out become when a job is submitted; shown in `status.resolved`.

Lives here: the defaults that depend on the program and its format. Must not live here: whether to submit
(`submission`), reading a program (`programs`).
"""

from collections.abc import Sequence
from typing import Final

from quantumjob_operator.lifecycle.observation import ProgramFacts
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
"""The entry point of a QIR program that can't be read, as the official SDK sends it."""

_QIR: Final = "qir.v1"
_MAX_NAME: Final = 100
_MAX_NAMES: Final = 5


def resolve(spec: JobSpec, name: str, program: ProgramFacts | None = None) -> Resolved | None:
    """What the absent fields become; None if the output format has to be named by the user.

    Args:
        spec: The job's.
        name: The job's.
        program: None if it has not been read; then neither its digest nor what was found in it can be told.
    """
    output_format = spec.output_format or OUTPUT_FORMATS.get(spec.program.format)
    if output_format is None:
        return None
    digest = program.digest if program else None
    shown = None
    if program and lacks_entry_point(spec) and spec.program.secret_key_ref is None:
        shown = _entry_point(program)
    elif spec.program.format == _QIR and "entryPoint" in (spec.parameters or {}):
        shown = str((spec.parameters or {})["entryPoint"])
    entry = clean_text(shown) if shown is not None else None
    return Resolved(name=spec.name or name, output_format=output_format, entry_point=entry, program_digest=digest)


def lacks_entry_point(spec: JobSpec) -> bool:
    """Whether the entry point has to be found in the program: `items` name one for each run."""
    return spec.program.format == _QIR and not {"entryPoint", "items"} & (spec.parameters or {}).keys()


def first_entry_points(found: Sequence[str]) -> tuple[str, ...]:
    """What is kept of the names that were found in a program: the one that it is sent with, or those that are told."""
    return tuple(found) if len(found) == 1 else tuple(clean_text(name, _MAX_NAME) for name in found[:_MAX_NAMES])


def without_entry_point(job: QuantumJob, program: ProgramFacts) -> str | None:
    """Why a program can't be sent without somebody naming its entry point; None if it can.

    Args:
        job: Whose program it is; names out of a Secret are not told.
        program: What was found in it.
    """
    found = program.entry_points
    if found is None or len(found) == 1:
        return None
    if not found:
        return (
            "spec.program has no function with the attribute entry_point, so that a target would find nothing to run; "
            "correct the program in a new job, or name a function in its parameters.entryPoint"
        )
    names = "" if job.confidential else f": {', '.join(found)}"
    more = ", …" if names and program.further else ""
    number = len(found) + program.further
    return f"spec.program has {number} entry points{names}{more}; name one in parameters.entryPoint of a new job"


def unread_entry_point(why: str) -> str:
    """What is said of a program that is sent although its entry point could not be found out."""
    return (
        f"its entry point could not be read ({why}), so that it was sent as {ENTRY_POINT}; "
        "parameters.entryPoint names another one"
    )


def _entry_point(program: ProgramFacts) -> str:
    return program.entry_points[0] if program.entry_points else ENTRY_POINT


def input_params(spec: JobSpec, program: ProgramFacts) -> dict[str, object]:
    """`inputParams` as they are sent: the user's own, and for QIR the two that the SDK would add.

    Args:
        spec: The job's.
        program: What was found in its program.
    """
    own = dict(spec.parameters or {})
    if spec.program.format != _QIR or "items" in own:
        return own
    return {"entryPoint": _entry_point(program), "arguments": []} | own


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
