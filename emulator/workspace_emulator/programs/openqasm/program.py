"""The statements of an OpenQASM 2.0 program: from text to a flat circuit and the layout of its registers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from workspace_emulator.programs.circuit import (
    ASSIGN,
    MEASURE,
    RESET,
    Assignment,
    Circuit,
    Condition,
    Operation,
    check_size,
    collect,
)
from workspace_emulator.programs.openqasm.classical import RELATIONS, compare, parse_number
from workspace_emulator.programs.openqasm.expressions import evaluate
from workspace_emulator.programs.openqasm.gates import (
    BUILT_IN,
    LIBRARIES,
    Gate,
    expand,
    known_gate,
    load_library,
    parse_angles,
    parse_declaration,
)
from workspace_emulator.programs.openqasm.tokens import Tokens, refusal
from workspace_emulator.programs.request import Limits

_MOST_BITS: Final = 4096


@dataclass(frozen=True, slots=True)
class Register:
    """Where a register's indices lie among all qubits, or among all bits."""

    start: int
    size: int

    @property
    def indices(self) -> tuple[int, ...]:
        """All of them, index 0 of the register first."""
        return tuple(range(self.start, self.start + self.size))


@dataclass(frozen=True, slots=True)
class Program:
    """A program that has been read: its circuit, and its classical registers in the order of declaration."""

    circuit: Circuit
    registers: Mapping[str, Register]


def parse_program(text: str, limits: Limits) -> Program:
    """Read a program.

    Raises:
        ProgramError: It is not OpenQASM 2.0, uses something unknown, or is too large.
    """
    reader = _Reader(Tokens(text), limits)
    operations = collect(reader.operations(), limits)
    qubits, bits = reader.width, reader.size
    return Program(Circuit(qubits, bits, operations), reader.bits)


@dataclass(slots=True)
class _Reader:
    tokens: Tokens
    limits: Limits
    gates: dict[str, Gate] = field(default_factory=lambda: dict(BUILT_IN))
    qubits: dict[str, Register] = field(default_factory=dict)
    bits: dict[str, Register] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return sum(register.size for register in self.qubits.values())

    @property
    def size(self) -> int:
        return sum(register.size for register in self.bits.values())

    def operations(self) -> Iterator[Operation]:
        self._version()
        while self.tokens.peek().kind != "end":
            yield from self._statement()

    def _version(self) -> None:
        line = self.tokens.line
        if not self.tokens.accept("OPENQASM"):
            raise refusal(line, "the program must start with 'OPENQASM 2.0;'")
        version = self.tokens.take()
        if version.text != "2.0":
            raise refusal(line, f"OpenQASM {version} is not understood: honeywell.openqasm.v1 is OpenQASM 2.0")
        self.tokens.expect(";")

    def _statement(self) -> Iterator[Operation]:
        match self.tokens.peek().text:
            case "include":
                self._include()
            case "qreg" | "creg":
                self._register()
            case "gate" | "opaque":
                parse_declaration(self.tokens, self.gates)
            case "barrier":
                self.tokens.take()
                self._arguments(self.qubits)
            case "if":
                yield from self._conditional()
            case _:
                yield from self._operation(None)

    def _include(self) -> None:
        self.tokens.take()
        line, name = self.tokens.line, self.tokens.take_kind("string").strip('"')
        if name not in LIBRARIES:
            raise refusal(line, f"include '{name}': only {' and '.join(LIBRARIES)} can be included")
        self.tokens.expect(";")
        library = load_library(name)
        if taken := sorted(set(library) & set(self.gates) - set(BUILT_IN)):
            raise refusal(line, f"include '{name}': gate '{taken[0]}' is declared already")
        self.gates |= library

    def _register(self) -> None:
        kind = self.tokens.take().text
        line, name = self.tokens.line, self.tokens.take_kind("name")
        if name in self.qubits or name in self.bits:
            raise refusal(line, f"register '{name}' is declared already")
        self.tokens.expect("[")
        size = self.tokens.take_index()
        self.tokens.expect("]")
        self.tokens.expect(";")
        if size == 0:
            raise refusal(line, f"register '{name}' is empty")
        if kind == "creg":
            if self.size + size > _MOST_BITS:
                raise refusal(line, f"the program has more than {_MOST_BITS} classical bits")
            self.bits[name] = Register(self.size, size)
            return
        check_size(self.width + size, self.limits)
        self.qubits[name] = Register(self.width, size)

    def _conditional(self) -> Iterator[Operation]:
        self.tokens.take()
        self.tokens.expect("(")
        bits = self._argument(self.bits)
        relation = RELATIONS.get(self.tokens.peek().text)
        if relation is None:
            raise refusal(self.tokens.line, f"expected a comparison, found {self.tokens.peek()}")
        self.tokens.take()
        condition = compare(bits, relation, self.tokens.take_index())
        self.tokens.expect(")")
        operations = self._operation(condition)
        # The statement is read and checked either way.
        yield from (operation for operation in operations if condition is not None)

    def _operation(self, condition: Condition | None) -> Iterator[Operation]:
        match self.tokens.peek().text:
            case name if name in self.bits and name not in self.gates:
                yield self._assignment(condition)
            case "measure":
                yield from self._measure(condition)
            case "reset":
                self.tokens.take()
                for (qubits,) in self._broadcast(1):
                    yield Operation(RESET, (qubits,), condition=condition)
            case _:
                yield from self._gate(condition)

    def _measure(self, condition: Condition | None) -> Iterator[Operation]:
        self.tokens.take()
        line, qubits = self.tokens.line, self._argument(self.qubits)
        self.tokens.expect("->")
        bits = self._argument(self.bits)
        self.tokens.expect(";")
        if len(qubits) != len(bits):
            raise refusal(line, f"{len(qubits)} qubits cannot be measured into {len(bits)} bits")
        for qubit, bit in zip(qubits, bits, strict=True):
            yield Operation(MEASURE, (qubit,), bit=bit, condition=condition)

    def _assignment(self, condition: Condition | None) -> Operation:
        bits = self._argument(self.bits)
        self.tokens.expect("=")
        steps = parse_number(self.tokens, lambda: self._argument(self.bits))
        self.tokens.expect(";")
        return Operation(ASSIGN, (), condition=condition, assignment=Assignment(bits, steps))

    def _gate(self, condition: Condition | None) -> Iterator[Operation]:
        line = self.tokens.line
        gate = known_gate(self.tokens, self.gates)
        angles = tuple(evaluate(angle, {}, line) for angle in parse_angles(self.tokens, gate))
        for qubits in self._broadcast(len(gate.qubits)):
            yield from expand(gate, angles, qubits, condition, line)

    def _broadcast(self, arity: int) -> list[tuple[int, ...]]:
        """Read the arguments of a quantum operation; a register stands for each of its qubits in turn."""
        line, arguments = self.tokens.line, self._arguments(self.qubits)
        if len(arguments) != arity:
            raise refusal(line, f"expected {arity} qubits or registers, found {len(arguments)}")
        sizes = {len(argument) for argument in arguments if len(argument) > 1} or {1}
        if len(sizes) > 1:
            raise refusal(line, "registers of different sizes cannot be combined in one operation")
        times = sizes.pop()
        rows = list(zip(*(argument * times if len(argument) == 1 else argument for argument in arguments), strict=True))
        if any(len(set(row)) != len(row) for row in rows):
            raise refusal(line, "the same qubit is used twice in one operation")
        return rows

    def _arguments(self, registers: Mapping[str, Register]) -> list[tuple[int, ...]]:
        arguments = [self._argument(registers)]
        while self.tokens.accept(","):
            arguments.append(self._argument(registers))
        self.tokens.expect(";")
        return arguments

    def _argument(self, registers: Mapping[str, Register]) -> tuple[int, ...]:
        line, name = self.tokens.line, self.tokens.take_kind("name")
        if name not in registers:
            kind = "qubits" if registers is self.qubits else "bits"
            raise refusal(line, f"there is no register of {kind} named '{name}'")
        register = registers[name]
        if not self.tokens.accept("["):
            return register.indices
        index = self.tokens.take_index()
        self.tokens.expect("]")
        if index >= register.size:
            raise refusal(line, f"'{name}[{index}]' does not exist: '{name}' has {register.size} elements")
        return (register.start + index,)
