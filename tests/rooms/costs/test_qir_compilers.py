"""QIR as qdk and Qiskit's provider write it is counted as the circuit has it; LLVM (pyqir) finds the same."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from quantumjob_operator.costs.gates import Gates
from rooms.costs.qirprograms import assert_counted

WANT: Final = Gates(one=1, two=2, measured=6)
PROFILES: Final = ("Base", "Adaptive_RI", "Adaptive_RIF")
Compile = Callable[[str, str, str], str]


@pytest.fixture(scope="module")
def compiled() -> Iterator[Compile]:
    """The compilers (`compilers.py`)."""
    program = [sys.executable, str(Path(__file__).with_name("compilers.py"))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        asked, told = child.stdin, child.stdout

        def ask(*what: str) -> str:
            asked.write(json.dumps(what) + "\n")
            asked.flush()
            return str(json.loads(told.readline()))

        yield ask


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("source", "want"),
    [
        pytest.param(
            "{ use q = Qubit[3]; H(q[0]); CNOT(q[0], q[1]); CNOT(q[1], q[2]); MResetEachZ(q) }",
            {"Base": WANT, "other": Gates(one=1, two=2, measured=9)}, id="three qubits in line, reset where it can be",
        ),
        pytest.param(
            "{ use q = Qubit[2]; X(q[0]); Y(q[0]); Z(q[0]); S(q[0]); Adjoint S(q[0]); T(q[0]); Adjoint T(q[0]);"
            " SX(q[0]); Rx(0.1, q[0]); Ry(-1.5e-9, q[0]); Rz(2.0, q[0]); R1(0.2, q[0]); [M(q[0]), M(q[1])] }",
            {"other": Gates(one=12, measured=4)}, id="all gates on one qubit",
        ),
        pytest.param(
            "{ use q = Qubit[3]; CY(q[0], q[1]); CZ(q[0], q[1]); SWAP(q[0], q[1]); Rzz(0.1, q[0], q[1]);"
            " Rxx(0.1, q[0], q[1]); Ryy(0.1, q[0], q[1]); CCNOT(q[0], q[1], q[2]); M(q[2]) }",
            {"other": Gates(one=2 + 2 + 1 + 6 + 6 + 9, two=1 + 1 + 3 + 2 + 2 + 2 + 6, measured=4)},
            id="gates on more qubits, by their definitions",
        ),
        pytest.param(
            "{ use q = Qubit[2]; for i in 1..100 { H(q[0]); CNOT(q[0], q[1]); } (M(q[0]), M(q[1])) }",
            {"other": Gates(one=100, two=100, measured=4)}, id="a loop, unrolled by the compiler",
        ),
    ],
)  # fmt: skip
def test_q_sharp(compiled: Compile, profile: str, source: str, want: dict[str, Gates]) -> None:
    """Known from the source."""
    assert_counted(compiled("qsharp", profile, source), want.get(profile, want["other"]))


def test_openqasm(compiled: Compile) -> None:
    """OpenQASM 3, compiled to the base profile."""
    source = (
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; h q[0]; cx q[0], q[1]; cx q[1], q[2];'
        " for int i in [0:2] { t q[i]; } barrier q; c = measure q;"
    )
    assert_counted(compiled("openqasm", "Base", source), Gates(one=4, two=2, measured=6))


@pytest.mark.parametrize("profile", PROFILES[:2])
def test_qiskit(compiled: Compile, profile: str) -> None:
    """By the part of qsharp with which Qiskit's provider for Azure Quantum writes what it sends."""
    assert_counted(compiled("qiskit", profile, ""), Gates(one=2, two=2, measured=6))
