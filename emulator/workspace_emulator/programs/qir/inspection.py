"""Decides whether a QIR module may be run; nothing here runs it.

qirrunner compiles a module to native code inside the process, so that only what is known to stay within the quantum
runtime is let through: calls of `__quantum__*` and of the module's own functions, arithmetic and branches. Whatever
reaches memory (loads, stores, pointers that are computed) or carries native code (inline assembly) is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyqir

from workspace_emulator.programs.circuit import check_size
from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError

_BITCODE: Final = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_RUNTIME: Final = "__quantum__"
_GATES: Final = "__quantum__qis__"
# Their last argument is a result, not a qubit.
_MEASUREMENTS: Final = frozenset(f"{_GATES}{name}__body" for name in ("m", "mz", "mresetz", "read_result"))

_FLOATING_POINT: Final = frozenset(
    {pyqir.Opcode.FADD, pyqir.Opcode.FSUB, pyqir.Opcode.FMUL, pyqir.Opcode.FDIV, pyqir.Opcode.FREM}
    | {pyqir.Opcode.FNEG, pyqir.Opcode.FCMP, pyqir.Opcode.FP_TO_SI, pyqir.Opcode.FP_TO_UI}
    | {pyqir.Opcode.SI_TO_FP, pyqir.Opcode.UI_TO_FP, pyqir.Opcode.FP_EXT, pyqir.Opcode.FP_TRUNC}
)
_HARMLESS: Final = _FLOATING_POINT | {
    *(pyqir.Opcode.RET, pyqir.Opcode.BR, pyqir.Opcode.SWITCH, pyqir.Opcode.UNREACHABLE, pyqir.Opcode.CALL),
    *(pyqir.Opcode.PHI, pyqir.Opcode.SELECT, pyqir.Opcode.ICMP, pyqir.Opcode.FREEZE),
    *(pyqir.Opcode.ADD, pyqir.Opcode.SUB, pyqir.Opcode.MUL, pyqir.Opcode.SDIV, pyqir.Opcode.UDIV),
    *(pyqir.Opcode.SREM, pyqir.Opcode.UREM, pyqir.Opcode.AND, pyqir.Opcode.OR, pyqir.Opcode.XOR),
    *(pyqir.Opcode.SHL, pyqir.Opcode.LSHR, pyqir.Opcode.ASHR),
    *(pyqir.Opcode.ZEXT, pyqir.Opcode.SEXT, pyqir.Opcode.TRUNC),
}

_QUOTED: Final = re.compile(r'"[^"]*"')
# Labels of the output: the only kind of global that QIR's profiles need.
_LABEL: Final = re.compile(
    r"@[\w.$\-]+ = (?:internal|private)(?: (?:local_)?unnamed_addr)? constant \[\d+ x i8\] \S+(?:, align \d+)?"
)
# Parts of a function's head that put data or other functions next to its code.
_HEAD: Final = re.compile(r"\b(?:prefix|prologue|personality|section|comdat|gc|partition)\b")


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A function that can be run.

    Attributes:
        name: As `entryPoint` names it.
        profile: The module's own claim, e.g. `base_profile`.
        has_parameters: Whether it wants arguments.
    """

    name: str
    profile: str
    has_parameters: bool


@dataclass(frozen=True, slots=True)
class InspectedModule:
    """A module that may be run.

    Attributes:
        bitcode: The module as it was inspected, written anew: what runs is what was looked at.
        entry_points: By name.
        computes_floats: Whether it calculates with floating-point numbers.
    """

    bitcode: bytes
    entry_points: Mapping[str, EntryPoint]
    computes_floats: bool


def inspect(program: bytes, limits: Limits) -> InspectedModule:
    """Read a module and look at everything in it.

    Raises:
        ProgramError: It is no LLVM module, or contains something that is not run here.
    """
    module = _parse(program)
    _check_globals(str(module))
    instructions = [found for function in module.functions for found in _instructions(function)]
    for instruction in instructions:
        _check_instruction(instruction, limits)
    points = [_entry_point(function, limits) for function in module.functions if pyqir.is_entry_point(function)]
    return InspectedModule(
        bitcode=module.bitcode,
        entry_points={point.name: point for point in points},
        computes_floats=any(instruction.opcode in _FLOATING_POINT for instruction in instructions),
    )


def _parse(program: bytes) -> pyqir.Module:
    context = pyqir.Context()
    if program.startswith(_BITCODE):
        try:
            return pyqir.Module.from_bitcode(context, program)
        except ValueError as error:
            raise ProgramError(ErrorCode.BITCODE_ERROR, f"the bitcode cannot be read: {error}") from error
    try:
        return pyqir.Module.from_ir(context, program.decode())
    except ValueError as error:
        raise ProgramError(ErrorCode.QIR_PREPROCESSING_FAILED, f"the LLVM text cannot be read: {error}") from error


def _refuse(what: str) -> ProgramError:
    return ProgramError(ErrorCode.QIR_PREPROCESSING_FAILED, f"{what} is not run here")


def _check_globals(text: str) -> None:
    """Look at what pyqir has no object for; LLVM prints each of these on a line of its own."""
    for line in text.splitlines():
        plain = _QUOTED.sub('""', line)
        if plain.startswith("module asm"):
            raise _refuse("inline assembly ('module asm')")
        if plain.startswith("@") and not _LABEL.fullmatch(plain):
            raise _refuse(f"a global other than an output label ({plain.split(' ', 1)[0]})")
        if plain.startswith("define") and (part := _HEAD.search(plain)):
            raise _refuse(f"a function with '{part.group()}'")


def _instructions(function: pyqir.Function) -> Iterator[pyqir.Instruction]:
    if not function.basic_blocks and not function.name.startswith(_RUNTIME):
        raise _refuse(f"a program that declares '{function.name}', which is no function of the quantum runtime,")
    for block in function.basic_blocks:
        yield from block.instructions


def _check_instruction(instruction: pyqir.Instruction, limits: Limits) -> None:
    if instruction.opcode not in _HARMLESS:
        raise _refuse(f"the instruction '{str(instruction).strip()}'")
    if not isinstance(instruction, pyqir.Call):
        return
    callee = instruction.callee
    if not isinstance(callee, pyqir.Function):
        raise _refuse(
            f"a call of anything but a named function, such as inline assembly ('{str(instruction).strip()}'),"
        )
    if callee.name.startswith(_GATES):
        _check_qubits(callee.name, instruction.args, limits)


def _check_qubits(gate: str, arguments: list[pyqir.Value], limits: Limits) -> None:
    qubits = arguments[:-1] if gate in _MEASUREMENTS else arguments
    for index in map(pyqir.ptr_id, qubits):
        if index is not None:
            check_size(index + 1, limits)


def _entry_point(function: pyqir.Function, limits: Limits) -> EntryPoint:
    check_size(pyqir.required_num_qubits(function) or 0, limits)
    attributes = function.attributes.func
    profile = attributes["qir_profiles"].string_value if "qir_profiles" in attributes else None
    return EntryPoint(function.name, profile or "unknown", has_parameters=bool(function.params))
