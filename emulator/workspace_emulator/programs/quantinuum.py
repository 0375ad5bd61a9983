"""`honeywell.openqasm.v1` → `honeywell.quantum-results.v1`: OpenQASM 2.0, one entry a shot for each classical register.

In each entry the highest index of the register stands first.
"""

import json

from workspace_emulator.programs import simulator
from workspace_emulator.programs.openqasm.program import Program, parse_program
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task


def prepare() -> None:
    """Load what `run` needs, while files can be opened."""
    simulator.prepare()


def run(task: Task) -> str:
    """Return the measured registers of every shot.

    Raises:
        ProgramError: The program is not understood, is too large, or measures nothing.
    """
    program = _parse(task)
    if not program.registers:
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, "the program has no classical register ('creg'), so no result")
    shots = simulator.run_shots(program.circuit, task.shots, task.seed)
    return json.dumps(
        {
            name: ["".join(str(bits[index]) for index in reversed(register.indices)) for bits in shots]
            for name, register in program.registers.items()
        }
    )


def _parse(task: Task) -> Program:
    try:
        text = task.program.decode()
    except UnicodeDecodeError as error:
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, "the program is not UTF-8 text") from error
    return parse_program(text, task.limits)
