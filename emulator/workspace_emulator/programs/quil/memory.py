"""Quil's typed memory and the instructions that compute in it; nothing quantum here."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from quil.instructions import Instruction, MemoryReference, ScalarType
from quil.program import MemoryRegion

from workspace_emulator.programs.quil.gates import refused
from workspace_emulator.programs.request import ErrorCode, ProgramError

Value = int | float
Memory = dict[str, list[Value]]
Action = Callable[[Memory], None]
Read = Callable[[Memory], Value]

_MOST_VALUES: Final = 4096
_HALF_INTEGER: Final = 1 << 63


def _divided(dividend: Value, divisor: Value) -> Value:
    """Divide as machines do: integers towards 0."""
    if divisor == 0:
        raise ProgramError(ErrorCode.RUNTIME_ERROR, "the program divides by 0")
    if isinstance(dividend, float) or isinstance(divisor, float):
        return dividend / divisor
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


_LOGIC: Final = (ScalarType.BIT, ScalarType.OCTET, ScalarType.INTEGER)
_NUMBERS: Final = (ScalarType.INTEGER, ScalarType.REAL)
_ANY: Final = (*_LOGIC, ScalarType.REAL)
_BINARY: Final[Mapping[str, tuple[tuple[ScalarType, ...], Callable[[Any, Any], Value]]]] = MappingProxyType(
    {name: (_LOGIC, made) for name, made in (("AND", operator.and_), ("IOR", operator.or_), ("XOR", operator.xor))}
    | {name: (_NUMBERS, made) for name, made in (("ADD", operator.add), ("SUB", operator.sub), ("MUL", operator.mul))}
    | {"DIV": (_NUMBERS, _divided), "EQ": (_ANY, operator.eq), "GT": (_ANY, operator.gt), "GE": (_ANY, operator.ge)}
    | {"LT": (_ANY, operator.lt), "LE": (_ANY, operator.le), "MOVE": (_ANY, lambda _old, new: new)}
)


@dataclass(frozen=True, slots=True)
class Regions:
    """The memory that a program declares."""

    declared: Mapping[str, MemoryRegion]

    def check(self) -> None:
        """Refuse what can't be kept.

        Raises:
            ProgramError: Regions share memory, or there is too much of it.
        """
        for name, region in self.declared.items():
            if region.sharing is not None:
                raise refused(f"DECLARE {name} … SHARING: memory cannot be shared here; declare regions of their own")
        if sum(region.size.length for region in self.declared.values()) > _MOST_VALUES:
            raise ProgramError(
                ErrorCode.INSUFFICIENT_RESOURCES, f"the program declares more than {_MOST_VALUES} values of memory"
            )

    def cleared(self) -> Memory:
        """Return the memory before a run: Quil promises nothing about it, here it is 0."""
        regions = {name: region.size for name, region in self.declared.items()}
        return {name: [fitted(size.data_type, 0)] * size.length for name, size in regions.items()}

    def type_of(self, reference: MemoryReference, among: tuple[ScalarType, ...] = _ANY) -> ScalarType:
        """Return the type of one value.

        Raises:
            ProgramError: It is not declared, or its type is not among these.
        """
        region = self.declared.get(reference.name)
        if region is None or reference.index >= region.size.length:
            raise refused(f"'{reference.to_quil()}' is not declared")
        if region.size.data_type not in among:
            raise refused(f"'{reference.to_quil()}' is of type {region.size.data_type.to_quil()}, which does not fit")
        return region.size.data_type


def fitted(kind: ScalarType, value: Value) -> Value:
    """Return a value as memory of a type keeps it: integers of 64 bits, octets, bits, finite reals.

    Raises:
        ProgramError: A computation has left the finite numbers.
    """
    if kind == ScalarType.REAL:
        if not math.isfinite(value):
            raise ProgramError(ErrorCode.RUNTIME_ERROR, "the program computes a number that is not finite")
        return float(value)
    number = int(value)
    if kind == ScalarType.INTEGER:
        return (number + _HALF_INTEGER) % (2 * _HALF_INTEGER) - _HALF_INTEGER
    return number & (1 if kind == ScalarType.BIT else 0xFF)


def action_of(instruction: Instruction, regions: Regions) -> Action | None:
    """Return what a classical instruction does to memory; None if it is no such instruction.

    Raises:
        ProgramError: Its operands are not declared, or of types that do not go together.
    """
    word = instruction.to_quil().split()[0]
    match instruction:
        case Instruction.Move(binary) | Instruction.BinaryLogic(binary) | Instruction.Arithmetic(binary):
            among, compute = _BINARY[word]
            kind = regions.type_of(binary.destination, among)
            old, new = _at(binary.destination), _operand(regions, kind, binary.source)
            return _write(kind, binary.destination, lambda memory: compute(old(memory), new(memory)))
        case Instruction.Comparison(comparison):
            kind = regions.type_of(comparison.destination, (ScalarType.BIT,))
            _, compare = _BINARY[word]
            left, right = _at(comparison.lhs), _operand(regions, regions.type_of(comparison.lhs), comparison.rhs)
            return _write(kind, comparison.destination, lambda memory: compare(left(memory), right(memory)))
        case Instruction.UnaryLogic(unary):
            kind = regions.type_of(unary.operand, _LOGIC if word == "NOT" else _NUMBERS)
            only = _at(unary.operand)
            if word == "NOT":
                return _write(kind, unary.operand, lambda memory: ~int(only(memory)))
            return _write(kind, unary.operand, lambda memory: -only(memory))
        case Instruction.Convert(convert):
            regions.type_of(convert.source)
            return _convert(regions.type_of(convert.destination), convert.destination, _at(convert.source))
        case Instruction.Exchange(exchange):
            regions.type_of(exchange.left, (regions.type_of(exchange.right),))
            return _exchange(exchange.left, exchange.right)
        case Instruction.Load(load):
            kind = regions.type_of(load.destination, (regions.type_of(MemoryReference(load.source, 0)),))
            regions.type_of(load.offset, (ScalarType.INTEGER,))
            return _write(kind, load.destination, _indirect(load.source, _at(load.offset)))
        case Instruction.Store(store):
            kind = regions.type_of(MemoryReference(store.destination, 0))
            regions.type_of(store.offset, (ScalarType.INTEGER,))
            return _store(kind, store.destination, _at(store.offset), _operand(regions, kind, store.source))
    return None


def _at(reference: MemoryReference) -> Read:
    name, index = reference.name, reference.index
    return lambda memory: memory[name][index]


def _operand(regions: Regions, kind: ScalarType, operand: Any) -> Read:
    """Return what reads an operand: memory of this type, or a number that it can hold."""
    content = operand[0]
    if isinstance(content, MemoryReference):
        regions.type_of(content, (kind,))
        return _at(content)
    if kind != ScalarType.REAL and (isinstance(content, float) or fitted(kind, content) != content):
        raise refused(f"'{operand.to_quil()}' is no value of type {kind.to_quil()}")
    value = fitted(kind, content)
    return lambda _memory: value


def _write(kind: ScalarType, reference: MemoryReference, read: Read) -> Action:
    name, index = reference.name, reference.index

    def write(memory: Memory) -> None:
        memory[name][index] = fitted(kind, read(memory))

    return write


def _convert(kind: ScalarType, destination: MemoryReference, read: Read) -> Action:
    if kind == ScalarType.BIT:
        return _write(kind, destination, lambda memory: int(read(memory) != 0))
    return _write(kind, destination, read if kind == ScalarType.REAL else lambda memory: round(read(memory)))


def _exchange(left: MemoryReference, right: MemoryReference) -> Action:
    def exchange(memory: Memory) -> None:
        kept = memory[left.name][left.index]
        memory[left.name][left.index] = memory[right.name][right.index]
        memory[right.name][right.index] = kept

    return exchange


def _indirect(name: str, offset: Read) -> Read:
    return lambda memory: memory[name][_checked(memory, name, offset)]


def _store(kind: ScalarType, name: str, offset: Read, read: Read) -> Action:
    def store(memory: Memory) -> None:
        memory[name][_checked(memory, name, offset)] = fitted(kind, read(memory))

    return store


def _checked(memory: Memory, name: str, offset: Read) -> int:
    index = int(offset(memory))
    if not 0 <= index < len(memory[name]):
        raise ProgramError(ErrorCode.RUNTIME_ERROR, f"'{name}[{index}]' does not exist")
    return index
