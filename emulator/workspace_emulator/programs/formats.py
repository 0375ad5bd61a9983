"""Which formats are run here, what they give, and under which blob name the service keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from workspace_emulator.programs.parameters import (
    IonqParameters,
    Parameters,
    PasqalParameters,
    QirParameters,
    QuantinuumParameters,
    RigettiParameters,
)
from workspace_emulator.programs.request import (
    OLDER_QIR_RESULTS,
    QIR_RESULTS,
    ErrorCode,
    ProgramError,
    ProgramRequest,
)


@dataclass(frozen=True, slots=True)
class Format:
    """A program format that is run here.

    Attributes:
        output_formats: The result formats that it gives.
        blob_name: Of the result: `outputData` if the service translates the provider's answer, else `rawOutputData`.
        parameters: Model of its parameters.
    """

    output_formats: tuple[str, ...]
    blob_name: str
    parameters: type[Parameters]


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "ionq.circuit.v1": Format(("ionq.quantum-results.v1",), "rawOutputData", IonqParameters),
        "honeywell.openqasm.v1": Format(("honeywell.quantum-results.v1",), "rawOutputData", QuantinuumParameters),
        "rigetti.quil.v1": Format(("rigetti.quil-results.v1",), "rawOutputData", RigettiParameters),
        "pasqal.pulser.v1": Format(("pasqal.pulser-results.v1",), "rawOutputData", PasqalParameters),
        "qir.v1": Format((QIR_RESULTS, OLDER_QIR_RESULTS), "outputData", QirParameters),
    }
)


def format_of(request: ProgramRequest) -> Format:
    """Return the format of a request.

    Raises:
        ProgramError: There is no simulator for it here, or it does not give the wanted result format.
    """
    found = FORMATS.get(request.input_format)
    if found is None:
        raise ProgramError(
            ErrorCode.INVALID_INPUT_DATA,
            f"{request.input_format}: this local workspace cannot run programs of this format; "
            f"it runs {', '.join(FORMATS)}",
        )
    if request.output_format not in found.output_formats:
        raise ProgramError(
            ErrorCode.CANNOT_TRANSLATE_OUTPUT,
            f"{request.input_format} gives {' or '.join(found.output_formats)}, not {request.output_format}",
        )
    return found
