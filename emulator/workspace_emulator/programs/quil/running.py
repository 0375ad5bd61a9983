"""Runs lowered Quil for all shots at once: a run divides where a measurement can give both values, and only there.

The shots are divided by chance, as many draws of one outcome each would; at the end the rows are shuffled. So the
result is distributed as that of runs one by one, and each course of the program is computed once.
"""

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
from quil import QuilError
from quil.program import Program

from workspace_emulator.programs.quil.gates import refused
from workspace_emulator.programs.quil.lowering import Apply, Compute, Halt, Jump, Label, Measure, Reset, Step, lower
from workspace_emulator.programs.quil.memory import Memory, Regions, Value, fitted
from workspace_emulator.programs.quil.state import State
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task

_READOUT: Final = "ro"


@dataclass(slots=True)
class Course:
    """A run as far as it has come, and how many shots take this course."""

    position: int
    memory: Memory
    state: State
    shots: int


def prepare() -> None:
    """Load what `run` needs, while files can be opened."""
    np.random.default_rng(0)


def run(task: Task) -> str:
    """Return region `ro` after each shot, index 0 first; with substitutions, all shots of one set before the next.

    Raises:
        ProgramError: The program is not understood, is too large, or has no region `ro`.
    """
    program = _parse(task.program)
    regions = Regions(program.memory_regions)
    regions.check()
    if _READOUT not in regions.declared:
        raise refused(f"the program declares no region '{_READOUT}', which is the one that a result shows")
    sets = _substituted(task.substitutions or {}, regions)
    if len(sets) * task.shots > task.limits.shots:
        raise ProgramError(
            ErrorCode.INSUFFICIENT_RESOURCES,
            f"inputParams.substitutions: {len(sets)} sets of {task.shots} shots are more than the "
            f"{task.limits.shots} that a job may have here",
        )
    machine = Machine(lower(program, regions, task.limits), task.seed)
    return json.dumps({_READOUT: [row for memory in sets for row in machine.rows(memory, task.shots)]})


def _parse(text: bytes) -> Program:
    try:
        return Program.parse(text.decode())
    except UnicodeDecodeError as error:
        raise refused("the program is not UTF-8 text") from error
    except QuilError as error:
        raise refused(f"the program is not Quil: {error}") from error


def _substituted(substitutions: dict[str, list[list[float]]], regions: Regions) -> list[Memory]:
    """Return the memory before the runs of each set of values; one of zeros without any."""
    name = "inputParams.substitutions"
    lengths = {len(sets) for sets in substitutions.values()} or {1}
    if len(lengths) > 1 or 0 in lengths:
        raise refused(f"{name}: each region needs the same number of sets, at least one")
    memories = [regions.cleared() for _ in range(lengths.pop())]
    for region, sets in substitutions.items():
        if region not in regions.declared:
            raise refused(f"{name}.{region}: the program declares no such region")
        size = regions.declared[region].size
        for memory, values in zip(memories, sets, strict=True):
            memory[region] = [fitted(size.data_type, value) for value in values]
            if len(values) != size.length or memory[region] != values:
                raise refused(f"{name}.{region}: {values} are not {size.length} values of {size.data_type.to_quil()}")
    return memories


class Machine:
    """Runs one program.

    Args:
        steps: What `lower` returned.
        seed: The same seed gives the same rows.
    """

    def __init__(self, steps: tuple[Step, ...], seed: int) -> None:
        self._steps = steps
        self._labels = {step.name: index for index, step in enumerate(steps) if isinstance(step, Label)}
        self._random = np.random.default_rng(seed)

    def rows(self, memory: Memory, shots: int) -> list[list[Value]]:
        """Return region `ro` after each shot of a program that starts with this memory."""
        rows: list[list[Value]] = []
        left = [Course(0, memory, State(), shots)]
        while left:
            course = left.pop()
            while course.position < len(self._steps):
                left.extend(self._advance(course))
            rows += [course.memory[_READOUT]] * course.shots
        return [rows[index] for index in self._random.permutation(shots)]

    def _advance(self, course: Course) -> list[Course]:
        """Do the next step of a course; return the other one if it divides."""
        step = self._steps[course.position]
        course.position += 1
        match step:
            case Apply():
                course.state.apply(step.unitary(course.memory), step.qubits)
            case Measure(qubit=int(qubit)) | Reset(qubit=int(qubit)):
                return self._measure(course, step, qubit)
            case Reset():
                course.state = State()
            case Compute():
                step.action(course.memory)
            case Jump():
                condition = step.condition
                if condition is None or course.memory[condition.name][condition.index] == step.wanted:
                    course.position = self._labels[step.label]
            case Halt():
                course.position = len(self._steps)
        return []

    def _measure(self, course: Course, step: Measure | Reset, qubit: int) -> list[Course]:
        ones = int(self._random.binomial(course.shots, course.state.chance_of_one(qubit)))
        outcomes = [(value, shots) for value, shots in ((0, course.shots - ones), (1, ones)) if shots]
        courses = []
        for value, shots in outcomes:
            memory = {name: list(values) for name, values in course.memory.items()}
            after = Course(course.position, memory, course.state.measured(qubit, value), shots)
            if isinstance(step, Reset):
                after.state.settle(qubit, 0)
            elif step.target is not None:
                after.memory[step.target.name][step.target.index] = value
            courses.append(after)
        first, *others = courses
        course.memory, course.state, course.shots = first.memory, first.state, first.shots
        return others
