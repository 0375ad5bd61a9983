"""Runs an inspected QIR module shot by shot; the choice of the entry point and of the profile is made here."""

from typing import Final

import qirrunner

from workspace_emulator.programs.qir.inspection import EntryPoint, InspectedModule, inspect
from workspace_emulator.programs.qir.records import read_shots, write_results
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task

_BASE: Final = "Base"
_WITHOUT_FLOATS: Final = frozenset({_BASE, "Adaptive_RI"})


def prepare() -> None:
    """Everything that `run` needs came with the import of this module."""


def run(task: Task) -> str:
    """Return the recorded output of every shot.

    Raises:
        ProgramError: The module is refused, has no such entry point, or fails while it runs.
    """
    module = inspect(task.program, task.limits)
    entry = _choose(module, task.entry_point)
    _check_profile(module, entry, task.target_profile)
    chunks: list[str] = []
    try:
        qirrunner.run_bytes(
            module.bitcode, entry.name, task.shots, task.seed, lambda output: chunks.append(str(output))
        )
    except RuntimeError as error:
        raise ProgramError(ErrorCode.RUNTIME_ERROR, f"entry point '{entry.name}': {error}") from error
    return write_results(read_shots("".join(chunks)))


def _choose(module: InspectedModule, wanted: str | None) -> EntryPoint:
    points = module.entry_points
    if wanted is None and len(points) == 1:
        wanted = next(iter(points))
    if wanted is None or wanted not in points:
        asked = (
            "inputParams.entryPoint is needed" if wanted is None else f"inputParams.entryPoint: '{wanted}' is unknown"
        )
        known = ", ".join(points) or "none"
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, f"{asked}; entry points of the program: {known}")
    if points[wanted].has_parameters:
        raise ProgramError(
            ErrorCode.INVALID_INPUT_DATA, f"entry point '{wanted}' has parameters, and arguments cannot be passed here"
        )
    return points[wanted]


def _check_profile(module: InspectedModule, entry: EntryPoint, profile: str | None) -> None:
    if profile == _BASE and entry.profile.startswith("adaptive"):
        raise ProgramError(
            ErrorCode.QIR_PREPROCESSING_FAILED,
            f"inputParams.target_profile: the program is made for '{entry.profile}', not for Base",
        )
    if profile in _WITHOUT_FLOATS and module.computes_floats:
        raise ProgramError(
            ErrorCode.QIR_PREPROCESSING_FAILED,
            f"inputParams.target_profile: the program computes with floating-point numbers; {profile} has none",
        )
