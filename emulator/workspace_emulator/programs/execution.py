"""Starts one fresh, limited process for a program and turns whatever becomes of it into an output or a ProgramError."""

import asyncio
import contextlib
import os
import random
import secrets
import signal
import sys
from tempfile import TemporaryDirectory
from typing import Final

from workspace_emulator.programs.formats import format_of
from workspace_emulator.programs.parameters import QirParameters, RigettiParameters, resolve
from workspace_emulator.programs.request import (
    DEFAULT_LIMITS,
    ErrorCode,
    Limits,
    ProgramError,
    ProgramOutput,
    ProgramRequest,
)
from workspace_emulator.programs.task import Task, read_answer

# -I: neither the environment nor the working directory decides what is imported. -B: nothing is written.
_COMMAND: Final = (sys.executable, "-I", "-B", "-m", "workspace_emulator.programs.worker")
# One thread: the confinement allows no other. What matplotlib wants to keep, it may keep in the job's own folder.
_ENVIRONMENT: Final = {
    "QDK_PYTHON_TELEMETRY": "none",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLCONFIGDIR": ".",
}
_STDERR_KEPT: Final = 4096


async def run_program(request: ProgramRequest, *, limits: Limits = DEFAULT_LIMITS) -> ProgramOutput:
    """Run a program in a process of its own and return its result in the provider's format.

    Cancelling the call kills the process.

    Raises:
        ProgramError: The program or a parameter is refused, the simulator failed, or a limit was reached.
    """
    found = format_of(request)
    parameters = resolve(found.parameters, request.parameters, limits)
    if len(request.program) > limits.program:
        raise ProgramError(ErrorCode.INVALID_INPUT_DATA, f"the program has more than {limits.program} bytes")
    qir = parameters if isinstance(parameters, QirParameters) else QirParameters()
    task = Task(
        input_format=request.input_format,
        program=request.program,
        target=request.target.lower(),
        shots=parameters.shots,
        seed=_spread(request.seed),
        limits=limits,
        output_format=request.output_format,
        entry_points=qir.entry_points,
        profiles=[qir.target_profile, request.profile],
        substitutions=parameters.substitutions if isinstance(parameters, RigettiParameters) else None,
        parent=os.getpid(),
    )
    result = await _run_in_process(task)
    return ProgramOutput(result.encode(), "application/json", found.blob_name)


def _spread(seed: int | None) -> int:
    """Return a seed of 31 bits, far from those of neighbouring seeds.

    The simulators seed shot n with seed + n: with seeds 1 and 2 all shots but one would be the same.
    """
    if seed is None:
        return secrets.randbits(31)
    return random.Random(seed).getrandbits(31)  # noqa: S311 - physics, no secrets


async def _run_in_process(task: Task) -> str:
    with TemporaryDirectory(prefix="quantum-program-") as folder:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd=folder,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(task.limits.wall_seconds):
                answer, complaint = await _converse(process, task)
        except TimeoutError as error:
            raise ProgramError(
                ErrorCode.PROVIDER_TIMEOUT, f"the program took longer than {task.limits.wall_seconds:g} seconds"
            ) from error
        finally:
            await _end(process)
    return _interpret(process.returncode or 0, answer, complaint, task.limits)


async def _converse(process: asyncio.subprocess.Process, task: Task) -> tuple[bytes, bytes]:
    """Send the task and return stdout and the start of stderr once the process has closed both."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("the process was started without its pipes")
    complaint = asyncio.create_task(_read(process.stderr, _STDERR_KEPT, keep_reading=True))
    try:
        process.stdin.write(task.to_json())
        process.stdin.write_eof()
        answer = await _read(process.stdout, task.limits.output + 1, keep_reading=False)
        if len(answer) > task.limits.output:
            raise ProgramError(
                ErrorCode.INSUFFICIENT_RESOURCES,
                f"the result has more than {task.limits.output} bytes; use fewer shots",
            )
        result = answer, await complaint
        await process.wait()
        return result
    finally:
        complaint.cancel()


async def _read(stream: asyncio.StreamReader, size: int, *, keep_reading: bool) -> bytes:
    """Return the first bytes of a stream; with `keep_reading`, drop the rest so that the writer never blocks."""
    kept = bytearray()
    while chunk := await stream.read(65536):
        kept += chunk[: size - len(kept)]
        if len(kept) >= size and not keep_reading:
            break
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the process's session, and collect it."""
    if process.returncode is None:
        # It may have ended by itself since.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _interpret(status: int, answer: bytes, complaint: bytes, limits: Limits) -> str:
    if status == 0:
        try:
            return read_answer(answer)
        except ValueError as error:
            raise ProgramError(ErrorCode.INTERNAL_ERROR, "the simulator's answer cannot be read") from error
    if status == -signal.SIGXCPU:
        raise ProgramError(
            ErrorCode.INSUFFICIENT_RESOURCES, f"the program needs more than {limits.cpu_seconds} seconds of CPU time"
        )
    # The simulators end by SIGABRT when an allocation fails, and say so only here.
    if status == -signal.SIGKILL or b"memory allocation" in complaint or b"out of memory" in complaint.lower():
        raise ProgramError(ErrorCode.INSUFFICIENT_RESOURCES, "the program needs more memory than a job may use")
    ended = signal.Signals(-status).name if status < 0 else f"status {status}"
    raise ProgramError(ErrorCode.RUNTIME_ERROR, f"the simulator crashed while it ran the program ({ended})")
