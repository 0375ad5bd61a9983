"""Decides whether a QIR module may be run; nothing here runs it.

qirrunner compiles a module to native code inside the process, so that only what is known to stay within the quantum
runtime is let through. LLVM prints the module, and each line of that text has to match a pattern of `grammar`; calls of
the runtime have to be as `runtime` says. What is run is the module that was printed.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyqir

from workspace_emulator.programs.circuit import check_size
from workspace_emulator.programs.qir import grammar
from workspace_emulator.programs.qir.arrays import without_arrays
from workspace_emulator.programs.qir.runtime import PREFIX, RUNTIME, Kind
from workspace_emulator.programs.qir.variables import initialised, lines_of_variables
from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError

_BITCODE: Final = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
# What each kind looks like in LLVM's types.
_TYPES: Final = {Kind.INT: "i64", Kind.DOUBLE: "double", Kind.BOOL: "i1"}
_POINTER: Final = "ptr"
_NUMBER: Final = re.compile(r"i64 (\d+) to")


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
    module, lines = _read(program)
    signatures = dict(_signatures(lines))
    labels = {_global(line) for line in lines if line.startswith("@")}
    bodies = list(_bodies(lines))
    for body in bodies:
        memory = _lines_of_variables(body)
        for number, line in enumerate(body):
            if found := grammar.CALL.fullmatch(line):
                _check_call(found, signatures, labels, limits)
            elif number not in memory and not grammar.INSTRUCTION.fullmatch(line) and not grammar.BLOCK.fullmatch(line):
                raise _refused_instruction(line)
    points = [_entry_point(function, limits) for function in module.functions if pyqir.is_entry_point(function)]
    return InspectedModule(
        bitcode=module.bitcode,
        entry_points={point.name: point for point in points},
        computes_floats=any(grammar.WITH_FLOATS.fullmatch(line) for body in bodies for line in body),
    )


def _read(program: bytes) -> tuple[pyqir.Module, list[str]]:
    """Return the module and its lines: for this machine, with its variables set and its arrays written out."""
    module = _parse(program)
    lines = str(module).split("\n")
    here = initialised(without_arrays([line for line in lines if not line.startswith("target ")]))
    if here != lines:
        module = _parse("\n".join(here).encode())
        here = str(module).split("\n")
    return module, here


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


def _refused_instruction(line: str) -> ProgramError:
    if re.search(r"\bcall\b", line):
        if re.search(r"\basm\b", line):
            return _refuse(f"inline assembly ('{line}')")
        if not re.search(rf"\bcall\b[^(]* {grammar.GLOBAL}\(", line):
            return _refuse(f"a call of anything but a named function ('{line}')")
    return _refuse(f"the instruction '{line}'")


_Signature = tuple[str, tuple[str, ...]]
"""Type of the result and types of the arguments."""


def _signatures(lines: list[str]) -> Iterator[tuple[str, _Signature]]:
    """Look at each line beside the functions' bodies; yield the functions."""
    inside = False
    for line in lines:
        if inside:
            inside = line != "}"
            continue
        if line.startswith("declare"):
            yield _declared(line)
        elif line.startswith("define"):
            inside = True
            yield _defined(line)
        else:
            _check_beside(line)


def _declared(line: str) -> tuple[str, _Signature]:
    name = _global(line)
    known = RUNTIME.get(name)
    if known is None:
        raise _refuse(f"a program that declares '{name}', which is no function of the quantum runtime,")
    found = grammar.DECLARATION.fullmatch(line)
    wanted = (known.returns, tuple(_TYPES.get(kind, _POINTER) for kind in known.arguments))
    if found is None or _signature(found) != wanted:
        raise _refuse(f"'{name}' as anything but {wanted[0]} ({', '.join(wanted[1])}), declared as '{line}',")
    return name, wanted


def _defined(line: str) -> tuple[str, _Signature]:
    found = grammar.DEFINITION.fullmatch(line)
    if found is None:
        raise _refuse(f"a function that begins '{line.removesuffix(' {')}'")
    name = _global(line)
    if name.startswith((PREFIX, "llvm.")):
        raise _refuse(f"a function of its own by the name '{name}'")
    return name, _signature(found)


def _check_beside(line: str) -> None:
    if line.startswith("module asm"):
        raise _refuse("inline assembly ('module asm')")
    if line.startswith("@"):
        if not grammar.LABEL_GLOBAL.fullmatch(line):
            raise _refuse(f"a global other than an output label ({line.split(' ', 1)[0]})")
    elif not grammar.BESIDE.fullmatch(line) and not grammar.ATTRIBUTES.fullmatch(line):
        raise _refuse(f"the line '{line}'")


def _bodies(lines: list[str]) -> Iterator[list[str]]:
    """The lines of each function, without what LLVM indents and leaves empty."""
    body: list[str] | None = None
    for line in lines:
        if line == "}" and body is not None:
            yield body
            body = None
        elif body is not None and line:
            body.append(line.strip() if line.startswith(" ") else line)
        elif body is None and line.startswith("define"):
            body = []


def _lines_of_variables(body: list[str]) -> frozenset[int]:
    try:
        return lines_of_variables(body)
    except ValueError as error:
        raise _refuse(f"a variable whose address is used otherwise than to read or write it ('{error}')") from error


def _check_call(
    call: re.Match[str], signatures: Mapping[str, _Signature], labels: Collection[str], limits: Limits
) -> None:
    name = _plain(call["callee"])
    arguments = list(grammar.ARGUMENT.finditer(call["arguments"]))
    types = tuple(argument["type"] for argument in arguments)
    if signatures.get(name) != (call["returns"], types):
        raise _refuse(f"a call of '{name}' with other types than it has")
    kinds = RUNTIME[name].arguments if name in RUNTIME else (None,) * len(arguments)
    for kind, argument in zip(kinds, arguments, strict=True):
        _check_argument(name, kind, argument, labels)
        if kind is Kind.QUBIT and argument["id"]:
            check_size(_number(argument["id"]) + 1, limits)


def _check_argument(name: str, kind: Kind | None, argument: re.Match[str], labels: Collection[str]) -> None:
    """A label stands where a label belongs, and nothing else does; no label stands anywhere else."""
    text = argument["label"]
    if kind is Kind.LABEL:
        if argument["id"] != "null" and (text is None or _plain(text) not in labels):
            raise _refuse(f"a call of '{name}' whose label is '{argument[0]}'")
    elif text is not None:
        raise _refuse(f"a call of '{name}' with the address '{text}'")


def _signature(head: re.Match[str]) -> _Signature:
    return head["returns"], tuple(found[1] for found in grammar.PARAMETER.finditer(head["parameters"]))


def _global(line: str) -> str:
    """The first global that a line names."""
    found = re.search(grammar.GLOBAL, line)
    return _plain(found[0]) if found else ""


def _plain(name: str) -> str:
    return name.removeprefix("@").strip('"')


def _number(identifier: str) -> int:
    found = _NUMBER.search(identifier)
    return int(found[1]) if found else 0


def _entry_point(function: pyqir.Function, limits: Limits) -> EntryPoint:
    check_size(pyqir.required_num_qubits(function) or 0, limits)
    attributes = function.attributes.func
    profile = attributes["qir_profiles"].string_value if "qir_profiles" in attributes else None
    return EntryPoint(function.name, profile or "unknown", has_parameters=bool(function.params))
