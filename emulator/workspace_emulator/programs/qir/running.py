"""Runs an inspected QIR module shot by shot; the choice of the entry point and of the profile is made here."""

from collections.abc import Sequence
from typing import Any, Final

import qirrunner

from workspace_emulator.programs.qir.inspection import EntryPoint, InspectedModule, inspect
from workspace_emulator.programs.qir.records import read_shots, write_results
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task

_BASE: Final = "Base"
_SEEDS: Final = 2**31
_WITHOUT_FLOATS: Final = frozenset({_BASE, "Adaptive_RI"})


def prepare() -> None:
    """Everything that `run` needs came with the import of this module."""


def run(task: Task) -> str:
    """Return the recorded output of every shot.

    Raises:
        ProgramError: The module is refused, has no such entry point, or fails while it runs.
    """
    module = inspect(task.program, task.limits)
    entries = [_choose(module, wanted) for wanted in task.entry_points or (None,)]
    for entry in entries:
        _check_profile(module, entry, task.profiles)
    items = [_run(module, entry, task, number) for number, entry in enumerate(entries)]
    return write_results(items, task.output_format)


def _run(module: InspectedModule, entry: EntryPoint, task: Task, number: int) -> list[Any]:
    chunks: list[str] = []
    # The runner seeds shot n with the seed + n: items of a batch must not repeat each other's.
    seed = (task.seed + number * task.shots) % _SEEDS
    try:
        qirrunner.run_bytes(module.bitcode, entry.name, task.shots, seed, lambda output: chunks.append(str(output)))
    except RuntimeError as error:
        raise ProgramError(ErrorCode.RUNTIME_ERROR, f"entry point '{entry.name}': {error}") from error
    return read_shots("".join(chunks))


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


def _check_profile(module: InspectedModule, entry: EntryPoint, profiles: Sequence[str | None]) -> None:
    """Hold a program against what the job asks for (`target_profile`) and what its target offers."""
    for who, profile in zip(("inputParams.target_profile is", "the target's profile is"), profiles, strict=True):
        if profile == _BASE and entry.profile.startswith("adaptive"):
            raise ProgramError(
                ErrorCode.QIR_PREPROCESSING_FAILED,
                f"{who} Base, and the program is made for '{entry.profile}'; compile it for Base",
            )
        if profile in _WITHOUT_FLOATS and module.computes_floats:
            raise ProgramError(
                ErrorCode.QIR_PREPROCESSING_FAILED,
                f"{who} {profile}, which has no floating-point numbers, and the program computes with them",
            )
