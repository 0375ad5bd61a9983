"""Really runs the quantum programs of jobs, each in one fresh, limited process.

The rest of the emulator uses only the names exported here. Nothing in here knows of HTTP, storage or a job's states.
"""

from workspace_emulator.programs.execution import run_program
from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError, ProgramOutput, ProgramRequest

__all__ = ["ErrorCode", "Limits", "ProgramError", "ProgramOutput", "ProgramRequest", "run_program"]
