"""Arrays of constants in QIR programs: a computed index chooses among the elements, and no memory is read."""

import json
from collections import Counter
from typing import Any

import pytest
from qdk import qsharp

from emulator.programs.submission import QIR, call, measured, qir, record, task
from workspace_emulator.programs import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.qir import running
from workspace_emulator.programs.qir.inspection import inspect

NUMBERS = "@numbers = internal constant [3 x i64] [i64 5, i64 -7, i64 9]"
READ = "%v = load i64, i64* %p"


def _displays(program: str, shots: int = 20) -> Counter[str]:
    (result,) = json.loads(running.run(task(QIR, program, shots=shots)))["Results"]
    return Counter({entry["Display"]: entry["Count"] for entry in result["Histogram"]})


def _place(index: Any, whole: Any = 0, kind: str = "[3 x i64]", name: str = "@numbers") -> str:
    return f"%p = getelementptr {kind}, {kind}* {name}, i64 {whole}, i64 {index}"


def _compiled(body: str) -> str:
    qsharp.init(target_profile=qsharp.TargetProfile.Adaptive)
    return str(qsharp.compile(f"{{ {body} }}"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "use q = Qubit[3]; for i in 2..-1..0 { X(q[i]); CNOT(q[i], q[(i + 1) % 3]); } MResetEachZ(q)",
            "[0, 1, 0]",
            id="qubits by a computed index",
        ),
        pytest.param(
            "use q = Qubit[1]; for x in q { X(x); } MResetEachZ(q)", "[1]", id="a single qubit, which is all zeros"
        ),
        pytest.param(
            "use q = Qubit[3]; let n = [3, 4, 5]; mutable s = 0; for i in 0..2 { if n[i] > 3 { X(q[i]); } "
            "set s += n[i]; } (MResetEachZ(q), s)",
            "([0, 1, 1], 12)",
            id="whole numbers",
        ),
        pytest.param(
            "use q = Qubit[2]; let a = [3.141592653589793, 0.0]; for i in 0..1 { Rx(a[i], q[i]); } MResetEachZ(q)",
            "[1, 0]",
            id="angles",
        ),
    ],
)
def test_program_that_the_compiler_makes_for_adaptive_runs(body: str, expected: str) -> None:
    """Every loop over a register has such an array."""
    program = _compiled(body)
    assert "getelementptr" in program
    assert _displays(program) == {expected: 20}


def test_loop_over_a_register_has_the_outcomes_of_the_qsharp_simulator() -> None:
    """Tries until two qubits are 1, at most twice."""
    body = (
        "use q = Qubit[2]; mutable n = 0; mutable done = false; while not done and n < 2 { for x in q { H(x); } "
        "let m = MeasureEachZ(q); set done = m[0] == One and m[1] == One; set n += 1; ResetAll(q); } (n, done)"
    )
    counts = _displays(_compiled(body), shots=1600)
    assert set(counts) == {"(1, true)", "(2, true)", "(2, false)"}
    assert 330 < counts["(1, true)"] < 470
    assert 230 < counts["(2, true)"] < 370


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(_place(0), 5, id="the first element"),
        pytest.param(_place(2), 9, id="the last one"),
        pytest.param(_place(-2, 1), -7, id="an index from the end"),
        pytest.param(_place(3), 0, id="an index behind the end"),
        pytest.param(_place(-1), 0, id="an index before the beginning"),
    ],
)
def test_index_chooses_an_element(place: str, value: int) -> None:
    """Beyond the array there is nothing."""
    program = qir(f"{place}\n{READ}\n{record('int', 'i64 %v')}", NUMBERS, profile="adaptive_profile")
    assert _displays(program, shots=1) == {str(value): 1}


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(qir(f"{_place(0)}\nstore i64 1, i64* %p", NUMBERS), id="a write"),
        pytest.param(qir(f"{_place(0)}\n%n = ptrtoint i64* %p to i64", NUMBERS), id="the address as a number"),
        pytest.param(
            qir(
                f"{_place(0)}\n{READ}\n%q = bitcast i64* %p to %Qubit*\n" + call("qis__x__body", "%Qubit* %q"), NUMBERS
            ),
            id="the address as a qubit, beside a reading",
        ),
        pytest.param(
            qir(_place(0, kind="[2 x i64]", name="bitcast ([3 x i64]* @numbers to [2 x i64]*)") + f"\n{READ}", NUMBERS),
            id="another size",
        ),
        pytest.param(qir(f"{_place(0)}\n{READ}", NUMBERS.replace("constant", "global")), id="an array that can change"),
        pytest.param(
            qir(f"{_place(0)}\n{READ}", NUMBERS.replace("internal", "external").split(" [i64")[0]), id="of others"
        ),
        pytest.param(
            qir(
                _place(0, kind="[1 x i64]", name="@f") + f"\n{READ}",
                "@f = internal constant [1 x i64] [i64 ptrtoint (void ()* @ENTRYPOINT__main to i64)]",
            ),
            id="an address among the elements",
        ),
        pytest.param(
            qir(
                _place(0, kind="[99999 x i64]", name="@large") + f"\n{READ}",
                "@large = internal constant [99999 x i64] zeroinitializer",
            ),
            id="more elements than are chosen among",
        ),
        pytest.param(
            qir(
                "%p = getelementptr [2 x [2 x i64]], [2 x [2 x i64]]* @nested, i64 0, i64 0, i64 1\n" + READ,
                "@nested = internal constant [2 x [2 x i64]] [[2 x i64] [i64 1, i64 2], [2 x i64] [i64 3, i64 4]]",
            ),
            id="arrays of arrays",
        ),
    ],
)
def test_array_is_there_to_be_read(program: str) -> None:
    """Whatever else a program does with one is refused."""
    with pytest.raises(ProgramError) as caught:
        inspect(program.encode(), Limits())
    assert caught.value.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert "is not run here" in caught.value.message


def test_array_that_is_never_read_is_left_out() -> None:
    """Its elements are numbers, so that it does nothing."""
    module = inspect(qir(measured(0), NUMBERS).encode(), Limits())
    assert b"numbers" not in module.bitcode
