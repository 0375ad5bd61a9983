"""From parsed Quil to steps with numbered jumps: circuits expanded, everything checked that a run need not decide."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from quil.expression import EvaluationError, Expression
from quil.instructions import Gate, Instruction, MemoryReference, Qubit, ScalarType, Target
from quil.program import Program

from workspace_emulator.programs.circuit import check_size, collect
from workspace_emulator.programs.quil.gates import Gates, check_qubits, refused
from workspace_emulator.programs.quil.memory import Action, Memory, Regions, action_of
from workspace_emulator.programs.quil.state import Unitary
from workspace_emulator.programs.request import Limits

_NOISE: Final = frozenset({"ADD-KRAUS", "READOUT-POVM"})


@dataclass(frozen=True, slots=True)
class Apply:
    """A gate; what it does can depend on memory."""

    unitary: Callable[[Memory], Unitary]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measurement; its outcome is kept if there is a target."""

    qubit: int
    target: MemoryReference | None


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset of one qubit, or of all."""

    qubit: int | None


@dataclass(frozen=True, slots=True)
class Compute:
    """A change of memory."""

    action: Action


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump to a label: always, or when a bit has a value."""

    label: str
    condition: MemoryReference | None = None
    wanted: int = 1


@dataclass(frozen=True, slots=True)
class Label:
    """Where jumps lead."""

    name: str


@dataclass(frozen=True, slots=True)
class Halt:
    """The end of a run."""


Step = Apply | Measure | Reset | Compute | Jump | Label | Halt


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names of a circuit's body stand for in one expansion of it."""

    parameters: Mapping[str, Expression] = field(default_factory=dict)
    qubits: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def lower(program: Program, regions: Regions, limits: Limits) -> tuple[Step, ...]:
    """Return the steps of a program.

    Raises:
        ProgramError: It uses something that is unknown, contradicts itself, or is too large.
    """
    if any((len(program.calibrations), len(program.waveforms), len(program.frames))):
        raise refused("DEFCAL, DEFFRAME, DEFWAVEFORM: pulses (Quil-T) cannot be run here")
    lowering = _Lowering(program, regions)
    steps = collect(lowering.steps(program.body_instructions, Scope()), limits)
    check_size(len(lowering.qubits), limits)
    labels = [step.name for step in steps if isinstance(step, Label)]
    if len(set(labels)) != len(labels):
        raise refused("a label stands twice in the program")
    for step in steps:
        if isinstance(step, Jump) and step.label not in labels:
            raise refused(f"JUMP: there is no label {step.label}")
    return steps


@dataclass(slots=True)
class _Lowering:
    program: Program
    regions: Regions
    qubits: set[int] = field(default_factory=set)
    expansions: int = 0
    gates: Gates = field(init=False)

    def __post_init__(self) -> None:
        self.gates = Gates(self.program.gate_definitions)

    def steps(self, instructions: Sequence[Instruction], scope: Scope) -> Iterator[Step]:
        for instruction in instructions:
            yield from self._step(instruction, scope)

    def _step(self, instruction: Instruction, scope: Scope) -> Iterator[Step]:
        match instruction:
            case Instruction.Gate(gate) if gate.name in self.program.circuits:
                yield from self._circuit(gate, scope)
            case Instruction.Gate(gate):
                yield self._gate(gate, scope)
            case Instruction.Measurement(measurement):
                if measurement.target is not None:
                    self.regions.type_of(measurement.target, (ScalarType.BIT, ScalarType.OCTET, ScalarType.INTEGER))
                yield Measure(self._qubit(measurement.qubit, scope), measurement.target)
            case Instruction.Reset(reset):
                yield Reset(None if reset.qubit is None else self._qubit(reset.qubit, scope))
            case Instruction.Halt():
                yield Halt()
            case Instruction.Nop() | Instruction.Wait():
                return
            case Instruction.Pragma(pragma):
                if pragma.name in _NOISE:
                    raise refused(f"PRAGMA {pragma.name}: noise cannot be simulated here")
            case _:
                yield self._classical(instruction, scope)

    def _classical(self, instruction: Instruction, scope: Scope) -> Step:
        match instruction:
            case Instruction.Label(label):
                return Label(_label(label.target, scope))
            case Instruction.Jump(jump):
                return Jump(_label(jump.target, scope))
            case Instruction.JumpWhen(jump) | Instruction.JumpUnless(jump):
                self.regions.type_of(jump.condition, (ScalarType.BIT,))
                wanted = int(isinstance(instruction, Instruction.JumpWhen))
                return Jump(_label(jump.target, scope), jump.condition, wanted)
        if action := action_of(instruction, self.regions):
            return Compute(action)
        kind = "pulses (Quil-T)" if instruction.is_quil_t() else "this instruction"
        raise refused(f"'{instruction.to_quil().splitlines()[0]}': {kind} cannot be run here")

    def _gate(self, gate: Gate, scope: Scope) -> Apply:
        parameters = [parameter.substitute_variables(scope.parameters) for parameter in gate.parameters]
        qubits = tuple(self._qubit(qubit, scope) for qubit in gate.qubits)

        def unitary(memory: Memory) -> Unitary:
            try:
                return self.gates.unitary(gate, [parameter.evaluate({}, memory) for parameter in parameters])
            except EvaluationError as error:
                raise refused(f"'{gate.to_quil()}': a parameter names something that is not declared") from error

        # With cleared memory, so that mistakes are found also where no run comes by.
        first = unitary(self.regions.cleared())
        check_qubits(gate, first, qubits)
        return Apply((lambda _memory: first) if _are_constant(parameters) else unitary, qubits)

    def _circuit(self, gate: Gate, scope: Scope) -> Iterator[Step]:
        circuit = self.program.circuits[gate.name]
        if gate.modifiers or (len(gate.parameters), len(gate.qubits)) != (
            len(circuit.parameters),
            len(circuit.qubit_variables),
        ):
            raise refused(f"'{gate.to_quil()}': a circuit takes no modifiers, and what its DEFCIRCUIT names")
        self.expansions += 1
        parameters = (parameter.substitute_variables(scope.parameters) for parameter in gate.parameters)
        labels = (one[0].target.to_quil() for one in circuit.instructions if isinstance(one, Instruction.Label))
        inner = Scope(
            dict(zip(circuit.parameters, parameters, strict=True)),
            dict(zip(circuit.qubit_variables, (self._qubit(qubit, scope) for qubit in gate.qubits), strict=True)),
            {name: f"{name} of {gate.name} {self.expansions}" for name in labels},
        )
        yield from self.steps(circuit.instructions, inner)

    def _qubit(self, qubit: Qubit, scope: Scope) -> int:
        match qubit:
            case Qubit.Fixed(index):
                found = index
            case Qubit.Variable(name) if name in scope.qubits:
                found = scope.qubits[name]
            case _:
                raise refused(f"'{qubit.to_quil()}' is no qubit: they are numbered")
        self.qubits.add(found)
        return found


def _label(target: Target, scope: Scope) -> str:
    name = target.to_quil()
    return scope.labels.get(name, name)


def _are_constant(parameters: Sequence[Expression]) -> bool:
    try:
        for parameter in parameters:
            parameter.evaluate({}, {})
    except EvaluationError:
        return False
    return True
