"""What native code could do in the process of a job: nothing but compute and answer."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from emulator.programs import attempts
from emulator.programs.pulses import sequence
from emulator.programs.submission import HEADER, IONQ, PULSER, QASM, QIR, QUIL, qir, request
from workspace_emulator.programs import ErrorCode, ProgramError, ProgramRequest, run_program
from workspace_emulator.programs.confinement import PROGRAM_USER, seal
from workspace_emulator.programs.systemcalls import ABIS, filter_for

ENDLESS: Final = {
    "IonQ's gates": request(IONQ, {"qubits": 20, "circuit": [{"gate": "h", "targets": list(range(20))}] * 500}),
    "OpenQASM": request(
        QASM,
        HEADER + "qreg q[18]; creg c[18]; h q; measure q[0] -> c[0]; if(c==1) x q[1]; measure q -> c;",
        shots=10_000,
    ),
    "QIR": request(QIR, qir("br label %again\nagain:\nbr label %again\nnever:")),
    "Quil": request(QUIL, "DECLARE ro BIT\nLABEL @again\nH 0\nJUMP @again"),
    "Pulser": request(PULSER, {"sequence_builder": sequence(12, 100_000)}),
}


def _outcomes(how: str, folder: Path) -> dict[str, str]:
    secret = folder / "secret"
    secret.write_text("a key")
    environment = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, attempts.__file__, how, str(secret)],
        env=environment,
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_every_attempt_to_leave_the_process_is_denied_by_the_kernel(tmp_path: Path) -> None:
    """Each one fails with the verdict of the filter, and the process lives on to say so."""
    outcomes = _outcomes("sealed", tmp_path)
    assert len(outcomes) == 20
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "EPERM"} == {}
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_attempts_are_denied_by_the_filter_and_by_nothing_else(tmp_path: Path) -> None:
    """Without it the same attempts succeed, or fail for a reason of their own."""
    outcomes = _outcomes("free", tmp_path)
    assert [name for name, outcome in outcomes.items() if outcome == "EPERM"] == []
    assert outcomes["open a socket"] == outcomes["open a file to write"] == outcomes["signal the emulator"] == "done"


@pytest.mark.parametrize("wanted", [pytest.param(wanted, id=name) for name, wanted in ENDLESS.items()])
async def test_program_of_every_format_runs_sealed(wanted: ProgramRequest) -> None:
    """Under another user where the emulator is root, without capabilities, behind the filter in all its threads."""
    running = asyncio.create_task(run_program(wanted))
    try:
        async with asyncio.timeout(110):  # Pulser takes seconds of CPU to load
            while not (told := [status for status in _workers() if status["Seccomp"] == "2"]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        (worker,) = told
        user = PROGRAM_USER if os.geteuid() == 0 else os.geteuid()
        assert worker["Uid"].split() == [str(user)] * 4
        assert {worker[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        assert (worker["NoNewPrivs"], worker["Threads"]) == ("1", "1")
        if os.geteuid() == 0:
            assert (worker["Gid"].split(), worker["Groups"]) == ([str(user)] * 4, "")
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def _workers() -> list[dict[str, str]]:
    """What the kernel says of the processes of jobs."""
    found = []
    for child in psutil.Process().children():
        lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        found.append({name: value.strip() for name, _, value in (line.partition(":") for line in lines)})
    return found


def test_machine_whose_calls_are_unknown_runs_no_program() -> None:
    """Rather no answer than one from a process that could do anything."""
    with pytest.raises(ProgramError) as caught:
        seal(os.getppid(), machine="riscv64")
    assert caught.value.code == ErrorCode.INTERNAL_ERROR
    assert "cannot be confined" in caught.value.message


@pytest.mark.parametrize("machine", sorted(ABIS))
def test_filter_of_every_machine_is_well_formed(machine: str) -> None:
    """Jumps stay inside, and the list names each call once."""
    abi = ABIS[machine]
    steps = filter_for(abi, 1234)
    count = len(steps) // 8
    jumps: list[Any] = [(at, *steps[8 * at + 2 : 8 * at + 4]) for at in range(count)]
    assert all(at + 1 + max(then, otherwise) < count for at, then, otherwise in jumps if then or otherwise)
    assert len(set(abi.numbers.values()) | {abi.tgkill, abi.seccomp}) == len(abi.numbers) + 2
    assert set(abi.numbers) == set(ABIS["x86_64"].numbers)
