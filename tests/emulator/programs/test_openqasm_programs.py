"""OpenQASM 2.0 programs as Quantinuum jobs: registers, measurements in the middle, and what a bad one is told."""

import json
import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from emulator.programs.submission import HEADER, QASM, error_of, request, result_of, task
from workspace_emulator.programs import ErrorCode, Limits, ProgramError, quantinuum, run_program


def _run(body: str, **changes: Any) -> Any:
    return json.loads(quantinuum.run(task(QASM, HEADER + body, **changes)))


async def test_x_on_qubit_0_of_3_is_001() -> None:
    """The highest index of a register stands first."""
    program = HEADER + "qreg q[3]; creg c[3]; x q[0]; measure q -> c;"
    assert await result_of(request(QASM, program, shots=2)) == {"c": ["001", "001"]}


async def test_output_goes_where_the_provider_puts_it() -> None:
    """The service passes Quantinuum's JSON through."""
    output = await run_program(request(QASM, HEADER + "qreg q[1]; creg c[1]; measure q -> c;"))
    assert (output.blob_name, output.content_type) == ("rawOutputData", "application/json")


def test_registers_are_listed_in_the_order_of_declaration() -> None:
    """Two registers, one entry a shot in each, filled by different qubits; what is not measured is 0."""
    result = _run("qreg q[3]; creg b[2]; creg a[3]; x q[2]; measure q[2] -> a[1]; measure q[0] -> b[0];", shots=2)
    assert list(result.items()) == [("b", ["00", "00"]), ("a", ["010", "010"])]


def test_ghz_state_is_all_or_nothing() -> None:
    """Three entangled qubits agree in each shot, and about half of the shots give 1."""
    result = _run("qreg q[3]; creg c[3]; h q[0]; cx q[0],q[1]; cx q[1],q[2]; measure q -> c;", shots=1000)
    counts = Counter(result["c"])
    assert set(counts) == {"000", "111"}
    assert 400 < counts["111"] < 600


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("x q[0]; measure q -> c; if(c==1) x q[1]; measure q -> d;", "11", id="the value that is there"),
        pytest.param("x q[1]; measure q -> c; if(c==2) x q[0]; measure q -> d;", "11", id="bit 0 is the lowest"),
        pytest.param("x q[0]; measure q -> c; if(c==2) x q[1]; measure q -> d;", "01", id="another value"),
        pytest.param("x q; measure q -> c; if(c==7) reset q; measure q -> d;", "11", id="a value that never fits"),
        pytest.param("x q[0]; measure q -> c; if(c[0]==1) x q; measure q -> d;", "10", id="a single bit"),
        pytest.param("x q; reset q[0]; measure q -> d;", "10", id="reset"),
        pytest.param("x q; measure q -> c; reset q; measure q -> d;", "00", id="reset after a measurement"),
        pytest.param("x q[0]; if(c==0) measure q -> d;", "01", id="a measurement under a condition"),
        pytest.param("x q[0]; measure q -> d; barrier q[0], q; x q[1];", "01", id="a gate after the measurement"),
        pytest.param("x q[0]; measure q -> d; measure q[1] -> d[0];", "00", id="a bit that is written twice"),
    ],
)
def test_measurement_decides_what_follows(body: str, expected: str) -> None:
    """Conditions and resets are carried out shot by shot."""
    assert _run(f"qreg q[2]; creg c[2]; creg d[2]; {body}", shots=3)["d"] == [expected] * 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("c = 1; if(c==1) x q[0]; c = 0; if(c==1) x q[1]; measure q -> d;", "01", id="a register is set"),
        pytest.param("c[1] = 1; if(c==2) x q[1]; measure q -> d;", "10", id="a single bit is set"),
        pytest.param("c = 6; d = c;", "10", id="what does not fit is cut off"),
        pytest.param("c = 3; d[0] = c[1] ^ c[0]; d[1] = c[1] & 1;", "10", id="bits are combined"),
        pytest.param("c = 2; d = c ^ 3;", "01", id="exclusive or"),
        pytest.param("c = 2; d = c | 1;", "11", id="or"),
        pytest.param("c = 1; d = ~c;", "10", id="all bits turned"),
        pytest.param("c = 1; d = c - 2;", "11", id="below zero it begins from above"),
        pytest.param("d = (2 + 4) * 3 / 6 - 1;", "10", id="arithmetic binds as usual"),
        pytest.param("d = 1 | 2 ^ 3 & 1 << 1;", "01", id="operators bind as in C"),
        pytest.param("d = -1 >> 31;", "01", id="32 bits"),
        pytest.param("d = 1 << 40;", "00", id="shifted out"),
        pytest.param("d = 65537 * 65537 - 131070;", "11", id="a product of many bits"),
        pytest.param("x q; measure q -> c; if(c==3) d = 2;", "10", id="an assignment under a condition"),
        pytest.param("x q[0]; measure q -> c; d = c + 1;", "10", id="an outcome is computed with"),
    ],
)
def test_registers_are_computed_with(body: str, expected: str) -> None:
    """Quantinuum's extension, as pytket writes it with hqslib1.inc."""
    program = f'OPENQASM 2.0; include "hqslib1.inc"; qreg q[2]; creg c[2]; creg d[2]; {body}'
    assert json.loads(quantinuum.run(task(QASM, program, shots=2)))["d"] == [expected] * 2


@pytest.mark.parametrize("value", range(6))
@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        ("==", operator.eq),
        ("!=", operator.ne),
        ("<", operator.lt),
        ("<=", operator.le),
        (">", operator.gt),
        (">=", operator.ge),
    ],
)
def test_registers_are_compared(relation: str, holds: Callable[[int, int], bool], value: int) -> None:
    """As unsigned numbers; one of two bits holds 2 here, and is never above 3."""
    result = _run(f"qreg q[1]; creg c[2]; creg d[1]; c = 2; if(c{relation}{value}) x q[0]; measure q -> d;", shots=1)
    assert result["d"] == [str(int(holds(2, value)))]


def test_measured_qubit_keeps_its_outcome() -> None:
    """A measurement in the middle collapses the state: measuring again gives the same, in each shot."""
    result = _run("qreg q[1]; creg a[1]; creg b[1]; h q; measure q -> a; measure q -> b;", shots=50)
    assert result["a"] == result["b"]
    assert set(result["a"]) == {"0", "1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("gate g(t) a, b { rx(t) a; barrier a; cx a, b; } g(pi) q[0], q[1];", "11", id="a gate of its own"),
        pytest.param("gate n a { } n q; x q[0];", "01", id="a gate that does nothing"),
        pytest.param("qreg r[2]; x q; cx q, r; cx r, q;", "00", id="a gate on whole registers"),
        pytest.param("qreg r[2]; x r[0]; cx r[0], q;", "11", id="one qubit controls a register"),
        pytest.param("opaque magic(a) b; x q[1]; // never used", "10", id="an opaque gate that is never used"),
    ],
)
def test_gate_is_applied_as_declared(body: str, expected: str) -> None:
    """Definitions, broadcasting and comments."""
    assert _run(f"qreg q[2]; creg c[2]; {body}\nmeasure q -> c;", shots=1)["c"] == [expected]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param("", "OPENQASM 2.0", id="nothing"),
        pytest.param('OPENQASM 3.0; include "stdgates.inc"; qubit q;', "OpenQASM '3.0'", id="version 3"),
        pytest.param("qreg q[1];", "OPENQASM 2.0", id="no version"),
        pytest.param('OPENQASM 2.0; include "../qelib1.inc";', "only qelib1.inc", id="a path to a library"),
        pytest.param('OPENQASM 2.0; include "stdgates.inc";', "only qelib1.inc", id="the library of version 3"),
        pytest.param(HEADER + 'include "qelib1.inc";', "declared already", id="a library twice"),
        pytest.param(HEADER + "qreg q[1];\nfoo q[0];", "line 4: 'foo'", id="an unknown gate"),
        pytest.param(HEADER + "qreg q[2]; for i in [0:1] { x q[i]; }", "'for'", id="a loop of version 3"),
        pytest.param(HEADER + "qreg q[1]; creg c[1]; opaque m a; m q;", "opaque", id="an opaque gate that is used"),
        pytest.param(HEADER + "qreg q[2]; cx q[0], q[0];", "twice", id="a qubit used twice"),
        pytest.param(HEADER + "qreg q[2]; x q[2];", "q[2]", id="an index that does not exist"),
        pytest.param(HEADER + "qreg q[2]; qreg r[3]; cx q, r;", "different sizes", id="registers that do not match"),
        pytest.param(HEADER + "qreg q[2]; creg c[1]; measure q -> c;", "2 qubits", id="too few bits"),
        pytest.param(HEADER + "qreg q[1]; creg q[1];", "declared already", id="a name used twice"),
        pytest.param(HEADER + "qreg q[0];", "empty", id="an empty register"),
        pytest.param(HEADER + "qreg q[1]; rx q[0];", "1 angles", id="a missing angle"),
        pytest.param(HEADER + "qreg q[1]; rx(1/0) q[0];", "angle", id="division by zero"),
        pytest.param(HEADER + "qreg q[1]; rx(sqrt(-1)) q[0];", "angle", id="a root that is not real"),
        pytest.param(HEADER + "qreg q[1]; rx((-1)^0.5) q[0];", "angle", id="a power that is not real"),
        pytest.param(HEADER + "qreg q[1]; rx(10^400) q[0];", "angle", id="an angle that is too large"),
        pytest.param(HEADER + "qreg q[1]; x q[0];", "creg", id="no result"),
        pytest.param(HEADER + f"qreg q[{'9' * 30}];", "too large", id="a number without end"),
        pytest.param(HEADER + "qreg q[1]; creg c[1]; if(c", "expected", id="a statement without end"),
        pytest.param(HEADER + "creg c[33]; creg d[1]; d = c;", "32 bits", id="a register that is too wide"),
        pytest.param(HEADER + "creg c[1]; c = 4294967296;", "32 bits", id="a number that is too large"),
        pytest.param(HEADER + "creg c[1]; c = d;", "no register of bits named 'd'", id="an unknown register"),
        pytest.param(HEADER + "creg c[1]; c = ;", "expected a name", id="an assignment of nothing"),
        pytest.param(HEADER + "creg c[1]; qreg q[1]; if(c+1) x q[0];", "a comparison", id="a condition that is none"),
        pytest.param(HEADER + "qreg é[1];", "unexpected character", id="a letter of no word"),
        pytest.param(b"OPENQASM 2.0;\xff", "UTF-8", id="bytes that are no text"),
    ],
)
def test_bad_program_is_told_what_is_wrong(program: str | bytes, told: str) -> None:
    """The error names the line and the word."""
    with pytest.raises(ProgramError) as caught:
        quantinuum.run(task(QASM, program))
    assert caught.value.code == ErrorCode.INVALID_INPUT_DATA
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param('OPENQASM 2.0; include "/etc/passwd";', "only qelib1.inc and hqslib1.inc", id="a file"),
        pytest.param(HEADER + f"qreg q[1]; rx({'(' * 9999}) q[0];", "nested", id="brackets without end"),
    ],
)
async def test_bad_job_is_told_what_is_wrong(program: str, told: str) -> None:
    """The error reaches whoever runs the program, without anything of this machine in it."""
    error = await error_of(request(QASM, program))
    assert error.code == ErrorCode.INVALID_INPUT_DATA
    assert told in error.message
    assert "passwd" not in error.message


async def test_division_by_zero_fails_the_job() -> None:
    """There is no number to go on with."""
    error = await error_of(request(QASM, HEADER + "creg c[2]; creg d[2]; qreg q[1]; measure q[0] -> c[0]; d = 1 / c;"))
    assert error.code == ErrorCode.RUNTIME_ERROR
    assert "division by zero" in error.message


DOUBLING = "gate g0 a { x a; }" + "".join(f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}" for n in range(1, 60))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("qreg q[21];", id="more qubits than can be simulated"),
        pytest.param("qreg q[15]; qreg r[15];", id="registers that are too large together"),
        pytest.param("qreg q[1000000000000];", id="absurdly many qubits"),
        pytest.param(f"qreg q[1]; {DOUBLING} g59 q;", id="gates that double and double"),
    ],
)
def test_program_that_is_too_large_is_refused_before_it_starts(body: str) -> None:
    """Nothing of that size is built."""
    with pytest.raises(ProgramError) as caught:
        _run(body, limits=Limits(operations=1000))
    assert caught.value.code == ErrorCode.INSUFFICIENT_RESOURCES
