"""`ionq.circuit.v1` → `ionq.quantum-results.v1`: IonQ's JSON circuits (gate set `qis`) with exact probabilities.

Sources: IonQ's "Writing quantum programs" (gates, `control(s)`, `target(s)`, at most seven controls, a single one for
swap) and "Results formats" (decimal states, probabilities). States are little-endian integers: the official SDK reads
bit n of the key as qubit n.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workspace_emulator.programs import simulator
from workspace_emulator.programs.circuit import Circuit, Operation, check_size, collect
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task
from workspace_emulator.programs.validation import refusal

Qubit = Annotated[int, Field(ge=0)]

_ALIASES: Final = {"not": "x", "cnot": "x"}
_ROTATIONS: Final = frozenset({"rx", "ry", "rz", "xx", "yy", "zz"})
_TWO_QUBITS: Final = frozenset({"swap", "xx", "yy", "zz"})
_GATES: Final = _ROTATIONS | _TWO_QUBITS | set(_ALIASES) | {"h", "x", "y", "z", "s", "si", "t", "ti", "v", "vi"}
_MOST_CONTROLS: Final = 7
_TWO: Final = 2


class Gate(BaseModel):
    """One step of the circuit, as the user wrote it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    gate: str
    target: Qubit | None = None
    targets: list[Qubit] | None = None
    control: Qubit | None = None
    controls: list[Qubit] | None = None
    rotation: float | None = None

    @property
    def all_targets(self) -> list[int]:
        """The qubits it acts on, whichever way they were written."""
        return self.targets or ([] if self.target is None else [self.target])

    @property
    def all_controls(self) -> list[int]:
        """The qubits that control it, whichever way they were written."""
        return self.controls or ([] if self.control is None else [self.control])

    @model_validator(mode="after")
    def _fits_its_gate(self) -> Self:
        if self.gate not in _GATES:
            raise ValueError(f"gate '{self.gate}' is not one of {', '.join(sorted(_GATES))}")
        if (self.gate in _ROTATIONS) != (self.rotation is not None):
            rule = "needs 'rotation', in radians" if self.gate in _ROTATIONS else "takes no 'rotation'"
            raise ValueError(f"gate '{self.gate}' {rule}")
        self._check_qubits()
        return self

    def _check_qubits(self) -> None:
        if self.target is not None and self.targets is not None:
            raise ValueError("give 'target' or 'targets', not both")
        if self.control is not None and self.controls is not None:
            raise ValueError("give 'control' or 'controls', not both")
        if not self.all_targets or (self.gate in _TWO_QUBITS and len(self.all_targets) != _TWO):
            wanted = "two 'targets'" if self.gate in _TWO_QUBITS else "'target' or 'targets'"
            raise ValueError(f"gate '{self.gate}' needs {wanted}")
        if self.gate == "cnot" and not self.all_controls:
            raise ValueError("gate 'cnot' needs 'control' or 'controls'")
        if len(self.all_controls) > (1 if self.gate == "swap" else _MOST_CONTROLS):
            raise ValueError(f"gate '{self.gate}' has too many 'controls'")
        qubits = self.all_targets + self.all_controls
        if len(set(qubits)) != len(qubits):
            raise ValueError("the same qubit is named twice in 'targets' and 'controls'")


class Program(BaseModel):
    """The body of an `ionq.circuit.v1` job."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    qubits: Annotated[int, Field(ge=1)]
    circuit: list[Gate]
    gateset: str = "qis"

    @model_validator(mode="after")
    def _qubits_exist(self) -> Self:
        for index, gate in enumerate(self.circuit):
            highest = max(gate.all_targets + gate.all_controls)
            if highest >= self.qubits:
                raise ValueError(f"circuit[{index}] uses qubit {highest}, but 'qubits' is {self.qubits}")
        return self


def prepare() -> None:
    """Load what `run` needs, while files can be opened."""
    simulator.prepare()


def run(task: Task) -> str:
    """Return the histogram: exact on the simulator, measured frequencies on a machine (`ionq.qpu.*`).

    Raises:
        ProgramError: The circuit is not understood, or is too large.
    """
    program = _parse(task.program)
    check_size(program.qubits, task.limits)
    circuit = Circuit(program.qubits, 0, collect(_operations(program), task.limits))
    histogram = simulator.probabilities(circuit)
    if task.target.startswith("ionq.qpu"):
        drawn = Counter(simulator.sample(histogram, task.shots, task.seed))
        histogram = {state: count / task.shots for state, count in sorted(drawn.items())}
    return json.dumps({"histogram": {str(state): share for state, share in histogram.items()}})


def _parse(text: bytes) -> Program:
    try:
        body: Any = json.loads(text)
    except ValueError as error:
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, f"the program is not JSON: {error}") from error
    if isinstance(body, dict) and body.get("gateset", "qis") != "qis":
        raise ProgramError(
            ErrorCode.INVALID_INPUT_DATA,
            f"gateset: '{body['gateset']}' cannot be run here; write the circuit with the gates of gateset 'qis'",
        )
    try:
        return Program.model_validate(body)
    except ValidationError as error:
        raise refusal(error) from error


def _operations(program: Program) -> Iterator[Operation]:
    for gate in program.circuit:
        name = _ALIASES.get(gate.gate, gate.gate)
        angles = () if gate.rotation is None else (gate.rotation,)
        controls = tuple(gate.all_controls)
        groups = [tuple(gate.all_targets)] if name in _TWO_QUBITS else [(target,) for target in gate.all_targets]
        for targets in groups:
            yield Operation(name, targets, controls, angles)
