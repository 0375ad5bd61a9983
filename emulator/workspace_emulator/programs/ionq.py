"""`ionq.circuit.v1` → `ionq.quantum-results.v1`: IonQ's JSON circuits with exact probabilities.

Source: IonQ's "Results formats" (decimal states, probabilities). States are little-endian integers: the official SDK
reads bit n of the key as qubit n.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workspace_emulator.programs import simulator
from workspace_emulator.programs.circuit import Circuit, Operation, check_size, collect
from workspace_emulator.programs.ionq_gates import NativeGate, QisGate
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task
from workspace_emulator.programs.validation import refusal

_GateOf = TypeVar("_GateOf", QisGate, NativeGate)


class Program(BaseModel, Generic[_GateOf]):
    """The body of an `ionq.circuit.v1` job."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    qubits: Annotated[int, Field(ge=1)]
    circuit: list[_GateOf]
    gateset: str = "qis"

    @model_validator(mode="after")
    def _qubits_exist(self) -> Self:
        for index, gate in enumerate(self.circuit):
            if (highest := max(gate.qubits)) >= self.qubits:
                raise ValueError(f"circuit[{index}] uses qubit {highest}, but 'qubits' is {self.qubits}")
        return self


_GATESETS: Final[Mapping[str, type[Program[QisGate] | Program[NativeGate]]]] = {
    "qis": Program[QisGate],
    "native": Program[NativeGate],
}


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


def _parse(text: bytes) -> Program[QisGate] | Program[NativeGate]:
    try:
        body: Any = json.loads(text)
    except ValueError as error:
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, f"the program is not JSON: {error}") from error
    gateset = body.get("gateset", "qis") if isinstance(body, dict) else "qis"
    if not isinstance(gateset, str) or gateset not in _GATESETS:
        known = " or ".join(f"'{name}'" for name in _GATESETS)
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, f"gateset: must be {known}")
    try:
        return _GATESETS[gateset].model_validate(body)
    except ValidationError as error:
        raise refusal(error) from error


def _operations(program: Program[QisGate] | Program[NativeGate]) -> Iterator[Operation]:
    for gate in program.circuit:
        yield from gate.operations()
