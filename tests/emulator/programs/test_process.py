"""The process of a job: what it may use, how its end is told, and that nothing of it stays behind."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from emulator.programs.submission import (
    HEADER,
    IONQ,
    QASM,
    QIR,
    error_of,
    qir,
    record,
    request,
    result_of,
)
from workspace_emulator.programs import ErrorCode, Limits, ProgramRequest, run_program

# Shot by shot because of the measurement in the middle; hours, if nobody stops it.
ENDLESS = HEADER + "qreg q[18]; creg c[18]; h q; measure q[0] -> c[0]; if(c==1) x q[1]; measure q -> c;"
LOOP = "define void @f() {\nbr label %again\nagain:\nbr label %again\n}"
RECURSION = "define void @f() {\ncall void @f()\ncall void @f()\nret void\n}"
WIDE = {"qubits": 20, "circuit": [{"gate": "h", "targets": list(range(20))}]}


def _endless() -> ProgramRequest:
    return request(QASM, ENDLESS, shots=10_000)


def _workers(parent: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(parent).children(recursive=True) if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "workspace_emulator.programs.worker" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("wanted", "limits", "code", "told"),
    [
        pytest.param(
            request(QIR, qir("call void @f()", LOOP)),
            Limits(cpu_seconds=1),
            ErrorCode.INSUFFICIENT_RESOURCES,
            "CPU time",
            id="a loop without end",
        ),
        pytest.param(
            _endless(),
            Limits(wall_seconds=1.5),
            ErrorCode.PROVIDER_TIMEOUT,
            "1.5 seconds",
            id="a program that takes long",
        ),
        pytest.param(
            request(IONQ, WIDE),
            Limits(memory=400_000_000),
            ErrorCode.INSUFFICIENT_RESOURCES,
            "memory",
            id="a state that does not fit into memory",
        ),
        pytest.param(
            request(QASM, HEADER + "qreg q[9]; creg c[9]; measure q -> c;", shots=1000),
            Limits(output=1000),
            ErrorCode.INSUFFICIENT_RESOURCES,
            "result",
            id="a result that is too large",
        ),
        pytest.param(
            request(QASM, HEADER), Limits(program=10), ErrorCode.INVALID_INPUT_DATA, "10 bytes", id="a text too long"
        ),
    ],
)
async def test_limit_ends_the_program_and_is_named(
    wanted: ProgramRequest, limits: Limits, code: ErrorCode, told: str
) -> None:
    """The job fails with a code that says whether more would have helped."""
    error = await error_of(wanted, limits)
    assert (error.code, told in error.message) == (code, True)
    assert not _workers(os.getpid())


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        pytest.param(qir("call void @f()", RECURSION), "SIGSEGV", id="a stack that overflows"),
        pytest.param(qir("%x = sdiv i64 1, 0\n" + record("int", "i64 %x")), "SIGFPE", id="a division by zero"),
    ],
)
async def test_crash_is_an_error_of_the_job(program: str, ended: str) -> None:
    """The emulator lives on and says how the program ended."""
    error = await error_of(request(QIR, program))
    assert (error.code, ended in error.message) == (ErrorCode.RUNTIME_ERROR, True)


async def test_cancelling_kills_the_process_and_empties_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled job computes no further, and leaves nothing on disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    running = asyncio.create_task(run_program(_endless()))
    await _until(lambda: bool(_workers(os.getpid())))
    assert len(_entries(tmp_path)) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not _workers(os.getpid())
    assert not _entries(tmp_path)


async def test_process_is_confined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, an empty folder, a session of its own, no core dumps, nothing to write."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not for programs")
    limits = Limits(memory=1_500_000_000, cpu_seconds=50)
    running = asyncio.create_task(run_program(_endless(), limits=limits))
    await _until(lambda: bool(_workers(os.getpid())))
    (worker,) = _workers(os.getpid())
    await _until(lambda: worker.rlimit(psutil.RLIMIT_CPU) == (50, 51))
    assert worker.environ() == {
        "QDK_PYTHON_TELEMETRY": "none",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": ".",
    }
    assert Path(worker.cwd()).parent == tmp_path
    assert os.getsid(worker.pid) == worker.pid
    assert worker.rlimit(psutil.RLIMIT_AS) == (1_500_000_000, 1_500_000_000)
    assert worker.rlimit(psutil.RLIMIT_CORE) == worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


PARENT = """
import asyncio, sys
from emulator.programs.submission import QASM, request
from workspace_emulator.programs import run_program
asyncio.run(run_program(request(QASM, sys.argv[1], shots=10000)))
"""


async def test_process_dies_with_its_parent() -> None:
    """A killed emulator leaves no simulator behind."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with subprocess.Popen([sys.executable, "-c", PARENT, ENDLESS], env=environment) as parent:  # noqa: ASYNC220 - short
        await _until(lambda: bool(_workers(parent.pid)))
        (worker,) = _workers(parent.pid)
        # From here on it is bound to its parent; the change of user before that unties it once.
        await _until(lambda: "Seccomp:\t2" in Path(f"/proc/{worker.pid}/status").read_text())
        parent.send_signal(signal.SIGKILL)
        await _until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


async def test_programs_run_side_by_side() -> None:
    """Each in its own process, one crash and one success at a time."""
    crashing = request(QIR, qir("call void @f()", RECURSION))
    fine = request(IONQ, {"qubits": 1, "circuit": [{"gate": "x", "target": 0}]})
    error, result = await asyncio.gather(error_of(crashing), result_of(fine))
    assert error.code == ErrorCode.RUNTIME_ERROR
    assert result == {"histogram": {"1": 1.0}}
