"""Starts one fresh, limited process for a program and turns whatever becomes of it into an output or a ProgramError."""

from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError, ProgramOutput, ProgramRequest


async def run_program(request: ProgramRequest, *, limits: Limits = Limits()) -> ProgramOutput:
    """Run a program in a process of its own and return its result in the provider's format.

    Cancelling the call kills the process.

    Raises:
        ProgramError: The program or a parameter is refused, the simulator failed, or a limit was reached.
    """
    raise ProgramError(ErrorCode.INTERNAL_ERROR, f"{request.input_format} is not served yet ({limits.wall_seconds} s)")
