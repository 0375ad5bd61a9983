"""The parameters (`inputParams`) that each format honours; whatever else a job asks for is refused by name."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.validation import refusal

# What the official SDK sends when its user names no number.
DEFAULT_SHOTS: Final = 500
_MOST_ITEMS: Final = 100


Finite = Annotated[float, Field(allow_inf_nan=False)]


class Parameters(BaseModel):
    """What every format takes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    shots: Annotated[int, Field(ge=1)] = DEFAULT_SHOTS


def _only_ideal(model: str) -> str:
    if model != "ideal":
        raise ValueError(f"'{model}' cannot be simulated here; use 'ideal', or leave 'noise' out")
    return model


def _no_debiasing(debias: bool) -> bool:  # noqa: FBT001 - pydantic calls it with the field's value
    if debias:
        raise ValueError("debiasing cannot be done here; use false, or leave it out")
    return debias


def _no_arguments(arguments: list[Any]) -> list[Any]:
    if arguments:
        raise ValueError("entry points with arguments cannot be run here; use []")
    return arguments


class Noise(BaseModel):
    """IonQ's noise of the simulator; its seed has nothing to act on while the model is ideal."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    model: Annotated[str, AfterValidator(_only_ideal)]
    seed: int | None = None


class ErrorMitigation(BaseModel):
    """IonQ's error mitigation: only its absence can be honoured."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    debias: Annotated[bool, AfterValidator(_no_debiasing)]


class IonqParameters(Parameters):
    """Of `ionq.circuit.v1`."""

    noise: Noise | None = None
    error_mitigation: Annotated[ErrorMitigation | None, Field(alias="error-mitigation")] = None


class QuantinuumParameters(Parameters):
    """Of `honeywell.openqasm.v1`: those values that ask for what happens here anyway."""

    simulator: Literal["state-vector"] = "state-vector"
    error_model: Annotated[Literal[False], Field(alias="error-model")] = False
    no_opt: Annotated[Literal[True], Field(alias="no-opt")] = True


class Item(BaseModel):
    """One run of a batch, which has an entry of its own in the result."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    entry_point: Annotated[str, Field(alias="entryPoint", min_length=1)]
    arguments: Annotated[list[Any], AfterValidator(_no_arguments)] = []


class RigettiParameters(Parameters):
    """Of `rigetti.quil.v1`. Nothing is compiled here, so `skipQuilc` changes nothing; the service runs once unasked."""

    shots: Annotated[int, Field(ge=1)] = 1
    skip_quilc: Annotated[bool, Field(alias="skipQuilc")] = False
    substitutions: dict[str, list[list[Finite]]] | None = None


class PasqalParameters(Parameters):
    """Of `pasqal.pulser.v1`; the service runs 100 times unasked."""

    shots: Annotated[int, Field(ge=1)] = 100


class QirParameters(Parameters):
    """Of `qir.v1`: an entry point, or `items` as the official Qiskit provider sends them even for a single one."""

    entry_point: Annotated[str | None, Field(alias="entryPoint", min_length=1)] = None
    arguments: Annotated[list[Any], AfterValidator(_no_arguments)] = []
    items: Annotated[list[Item] | None, Field(min_length=1, max_length=_MOST_ITEMS)] = None
    target_profile: Literal["Base", "Adaptive_RI", "Adaptive_RIF", "Adaptive"] | None = None

    @property
    def entry_points(self) -> list[str] | None:
        """The functions to run, in order; None for the only one there is."""
        if self.items is not None:
            return [item.entry_point for item in self.items]
        return None if self.entry_point is None else [self.entry_point]

    @model_validator(mode="after")
    def _says_once_what_to_run(self) -> Self:
        if self.items is not None and self.entry_point not in (None, *(item.entry_point for item in self.items)):
            raise ValueError("entryPoint and items name different functions; leave entryPoint out")
        return self


def resolve(model: type[Parameters], parameters: Mapping[str, Any], limits: Limits) -> Parameters:
    """Read a job's parameters.

    Raises:
        ProgramError: One of them is unknown, wrong, beyond a limit, or cannot be honoured; the message names it.
    """
    if "count" in parameters and parameters["count"] != parameters.get("shots"):
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, "inputParams.count: no target reads it any more; use shots")
    try:
        # The older of the official SDKs send both, with one value.
        resolved = model.model_validate({key: value for key, value in parameters.items() if key != "count"})
    except ValidationError as error:
        raise refusal(error, "inputParams") from error
    if resolved.shots > limits.shots:
        raise ProgramError(
            ErrorCode.INSUFFICIENT_RESOURCES,
            f"inputParams.shots: {resolved.shots} is more than the {limits.shots} that a job may have here",
        )
    return resolved
