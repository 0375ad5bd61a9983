"""The process of one job: reads a Task from stdin, runs it confined, writes the answer to stdout, ends.

Each format's simulator is loaded only when its format is asked for, and before the process is sealed: afterwards no
file can be opened. Nothing looks at the program before that.
"""

import os
import sys
from importlib import import_module
from typing import BinaryIO, Final

from workspace_emulator.programs.confinement import limit, seal
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task, failure, success

_SIMULATORS: Final = {
    "ionq.circuit.v1": "workspace_emulator.programs.ionq",
    "honeywell.openqasm.v1": "workspace_emulator.programs.quantinuum",
    "rigetti.quil.v1": "workspace_emulator.programs.quil",
    "pasqal.pulser.v1": "workspace_emulator.programs.pasqal",
    "qir.v1": "workspace_emulator.programs.qir",
}


def main() -> None:
    """Answer exactly one Task."""
    with _private_stdout() as answer:
        task = Task.from_json(sys.stdin.buffer.read())
        limit(task.limits, task.parent)
        answer.write(_run(task))


def _private_stdout() -> BinaryIO:
    """Keep stdout for the answer: what a simulator prints goes nowhere."""
    answer = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answer


def _run(task: Task) -> bytes:
    try:
        simulator = import_module(_SIMULATORS[task.input_format])
        simulator.prepare()
        seal(task.parent)
        return success(simulator.run(task))
    except ProgramError as error:
        return failure(error)
    except MemoryError:
        return failure(
            ProgramError(ErrorCode.INSUFFICIENT_RESOURCES, "the program needs more memory than a job may use")
        )
    except RecursionError:
        return failure(ProgramError(ErrorCode.INVALID_INPUT_DATA, "the program is nested too deeply"))
    except Exception as error:  # noqa: BLE001 - simulators raise types of their own; the text is all they tell
        return failure(ProgramError(ErrorCode.RUNTIME_ERROR, f"the simulator failed: {error}"))


if __name__ == "__main__":
    main()
