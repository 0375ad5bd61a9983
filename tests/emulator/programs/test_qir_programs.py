"""QIR programs as jobs: the service's results.v2, as text and as bitcode, and the choice of what to run."""

from collections import Counter
from typing import Any

import pyqir
import pytest
from qdk import qsharp

from emulator.programs.submission import (
    BELL,
    QIR,
    X_ON_0,
    call,
    error_of,
    measured,
    outcome,
    qir,
    qubit,
    record,
    request,
    result_of,
)
from workspace_emulator.programs import ErrorCode, run_program


def _bitcode(text: str) -> bytes:
    return pyqir.Module.from_ir(pyqir.Context(), text).bitcode


async def _only_result(program: str | bytes, **parameters: Any) -> dict[str, Any]:
    body = await result_of(request(QIR, program, **parameters))
    assert body["DataFormat"] == "microsoft.quantum-results.v2"
    (result,) = body["Results"]
    assert isinstance(result, dict)
    return result


async def test_x_on_qubit_0_of_3_as_the_program_records_it() -> None:
    """The order of an array is the program's: it is neither sorted nor reversed."""
    result = await _only_result(qir(f"{X_ON_0}\n{measured(0, 1, 2)}"), shots=2)
    assert result == {
        "Histogram": [{"Outcome": [1, 0, 0], "Display": "[1, 0, 0]", "Count": 2}],
        "Shots": [[1, 0, 0], [1, 0, 0]],
    }


async def test_x_on_qubit_0_of_3_recorded_as_qiskit_does() -> None:
    """A program that records the highest bit first, as those made from Qiskit, shows 0, 0, 1."""
    result = await _only_result(qir(f"{X_ON_0}\n{measured(0, 1, 2, order=(2, 1, 0))}"), shots=1)
    assert result["Histogram"][0]["Display"] == "[0, 0, 1]"


async def test_bitcode_gives_what_its_text_gives() -> None:
    """Both forms of a program run alike, seeded alike."""
    program = qir(f"{BELL}\n{measured(0, 1)}")
    assert await _only_result(_bitcode(program), shots=30) == await _only_result(program, shots=30)


async def test_bell_pair_is_about_half_and_half() -> None:
    """The histogram counts the shots."""
    result = await _only_result(qir(f"{BELL}\n{measured(0, 1)}"), shots=500)
    counts = {entry["Display"]: entry["Count"] for entry in result["Histogram"]}
    assert counts == Counter(str(shot) for shot in result["Shots"])
    assert set(counts) == {"[0, 0]", "[1, 1]"}
    assert 200 < counts["[1, 1]"] < 300


async def test_two_registers_are_a_tuple_of_arrays() -> None:
    """Tuples are written with Item1, Item2, as the official SDK reads them."""
    body = "\n".join(
        [
            X_ON_0,
            *(call("qis__mz__body", qubit(index), outcome(index)) for index in range(3)),
            record("tuple", "i64 2"),
            record("array", "i64 2"),
            record("result", outcome(0)),
            record("result", outcome(1)),
            record("array", "i64 1"),
            record("result", outcome(2)),
        ]
    )
    (entry,) = (await _only_result(qir(body), shots=1))["Histogram"]
    assert entry == {"Outcome": {"Item1": [1, 0], "Item2": [0]}, "Display": "([1, 0], [0])", "Count": 1}


async def test_numbers_and_truth_values_keep_their_types() -> None:
    """Not only measurements can be recorded."""
    body = "\n".join(
        [
            record("tuple", "i64 3"),
            record("int", "i64 -5"),
            record("double", "double 0.5"),
            record("bool", "i1 true"),
        ]
    )
    (entry,) = (await _only_result(qir(body, profile="adaptive_profile"), shots=1))["Histogram"]
    assert entry == {"Outcome": {"Item1": -5, "Item2": 0.5, "Item3": True}, "Display": "(-5, 0.5, true)", "Count": 1}


async def test_measurement_decides_what_follows() -> None:
    """A program of the adaptive profile branches on an outcome in the middle."""
    body = f"""{X_ON_0}
      {call("qis__mz__body", qubit(0), outcome(0))}
      %seen = call i1 @__quantum__rt__read_result({outcome(0)})
      br i1 %seen, label %then, label %after
    then:
      {call("qis__x__body", qubit(1))}
      br label %after
    after:
      {measured(1, 2)}"""
    result = await _only_result(qir(body, profile="adaptive_profile"), shots=1, target_profile="Adaptive_RI")
    assert result["Shots"] == [[1, 0]]


@pytest.mark.parametrize("profile", ["Base", "Adaptive_RI", "Adaptive_RIF", "Adaptive"])
async def test_program_that_the_compiler_makes_for_a_profile_runs(profile: str) -> None:
    """What Microsoft's compiler writes for each profile is let through, as text and as bitcode."""
    operations = (
        "H(q[0]); CNOT(q[0], q[1]); T(q[0]); Adjoint S(q[1]); Rzz(0.5, q[0], q[1]); SWAP(q[0], q[1]); Reset(q[0]);"
    )
    ends = {
        "Base": "ResetAll(q); X(q[1]); MResetEachZ(q)",
        "Adaptive_RI": "X(q[0]); mutable n = 0; for i in 0..1 { if M(q[0]) == One { set n += 3; } } "
        "Reset(q[1]); let r = MResetEachZ(q); (r, n, n > 1)",
        "Adaptive_RIF": "X(q[0]); mutable a = 0.5; if M(q[0]) == One { set a *= 3.0; } "
        "Reset(q[1]); let r = MResetEachZ(q); (r, a)",
        "Adaptive": "mutable n = 0; X(q[0]); repeat { set n += 1; } until M(q[0]) == One; while n < 3 { X(q[1]); "
        "set n += 1; } mutable a = 0.5; if n == 3 { set a = 2.5; } let m = M(q[1]); "
        "let r = (MResetZ(q[0]), MResetZ(q[1])); (n, a)",
    }
    told = {
        "Base": "[0, 1]",
        "Adaptive_RI": "([1, 0], 6, true)",
        "Adaptive_RIF": "([1, 0], 1.5)",
        "Adaptive": "(3, 2.5)",
    }
    qsharp.init(target_profile=getattr(qsharp.TargetProfile, profile))
    program = str(qsharp.compile(f"{{ use q = Qubit[2]; {operations} {ends[profile]} }}"))
    for form in (program, _bitcode(program)):
        (entry,) = (await _only_result(form, shots=5, target_profile=profile))["Histogram"]
        assert (entry["Display"], entry["Count"]) == (told[profile], 5)


async def test_output_goes_where_the_service_puts_it() -> None:
    """The service translates QIR's output, so it lies in another blob than the provider's own."""
    output = await run_program(request(QIR, qir(measured(0)), shots=1))
    assert (output.blob_name, output.content_type) == ("outputData", "application/json")


async def test_repetition_until_success_goes_on_until_it_succeeds() -> None:
    """A loop whose end a measurement decides: variables, and a way back."""
    qsharp.init(target_profile=qsharp.TargetProfile.Adaptive)
    body = "mutable n = 0; repeat { H(q); set n += 1; } until M(q) == One; Reset(q); n"
    program = str(qsharp.compile(f"{{ use q = Qubit(); {body} }}"))
    result = await _only_result(program, shots=400, target_profile="Adaptive")
    counts = Counter(result["Shots"])
    assert min(counts) == 1
    assert 150 < counts[1] < 250
    assert 60 < counts[2] < 140


async def test_variable_that_was_never_written_is_zero() -> None:
    """Whatever the stack holds is nobody's business."""
    body = "%v = alloca i64\n%n = load i64, i64* %v\n" + record("int", "i64 %n")
    assert (await _only_result(qir(body, profile="adaptive_profile"), shots=3))["Shots"] == [0, 0, 0]


@pytest.mark.parametrize(
    ("profile", "parameters", "told"),
    [
        pytest.param("Base", {}, "the target's profile is Base", id="by the target"),
        pytest.param(
            None, {"target_profile": "Base"}, "inputParams.target_profile is Base", id="by the job's own parameter"
        ),
    ],
)
async def test_adaptive_program_fails_where_the_profile_is_base(
    profile: str | None, parameters: dict[str, Any], told: str
) -> None:
    """The machine could not run it."""
    program = qir(measured(0), profile="adaptive_profile")
    error = await error_of(request(QIR, program, profile=profile, **parameters))
    assert error.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert told in error.message


TWO = qir(measured(0), f"define void @second() #0 {{\n{X_ON_0}\n{measured(0)}\nret void\n}}")


async def test_a_batch_has_a_result_for_each_item() -> None:
    """In the order of the items; one that comes twice is run twice, with other outcomes."""
    items: list[dict[str, Any]] = [
        {"entryPoint": name, "arguments": []} for name in ("second", "ENTRYPOINT__main", "second")
    ]
    body = await result_of(request(QIR, TWO, shots=2, items=items))
    assert [result["Shots"] for result in body["Results"]] == [[[1], [1]], [[0], [0]], [[1], [1]]]
    program = qir(f"{BELL}\n{measured(0, 1)}")
    twice = await result_of(request(QIR, program, shots=50, items=[{"entryPoint": "ENTRYPOINT__main"}] * 2))
    assert twice["Results"][0]["Shots"] != twice["Results"][1]["Shots"]


async def test_older_result_format_has_shares_instead_of_shots() -> None:
    """The histogram is a list: an outcome, its share, and so on; a batch has no place in it."""
    older = "microsoft.quantum-results.v1"
    program = qir(f"{BELL}\n{measured(0, 1)}")
    body = await result_of(request(QIR, program, output_format=older, shots=40))
    assert set(body) == {"Histogram"}
    assert body["Histogram"][::2] == ["[0, 0]", "[1, 1]"]
    assert sum(body["Histogram"][1::2]) == pytest.approx(1.0)
    batch = [{"entryPoint": "ENTRYPOINT__main"}, {"entryPoint": "second"}]
    error = await error_of(request(QIR, TWO, output_format=older, items=batch))
    assert error.code == ErrorCode.CANNOT_TRANSLATE_OUTPUT


@pytest.mark.parametrize("number", ["0x7FF8000000000000", "0x7FF0000000000000", "0xFFF0000000000000"])
async def test_what_is_no_number_in_json_cannot_be_translated(number: str) -> None:
    """NaN and the infinities would make a result that nobody can read."""
    error = await error_of(request(QIR, qir(record("double", f"double {number}"))))
    assert error.code == ErrorCode.CANNOT_TRANSLATE_OUTPUT
    assert "no number in JSON" in error.message


async def test_entry_point_is_chosen_by_name() -> None:
    """Of two entry points the named one runs."""
    second = f"define void @second() #0 {{\n{X_ON_0}\n{measured(0)}\nret void\n}}"
    program = qir(measured(0), second)
    assert (await _only_result(program, shots=1, entryPoint="second"))["Shots"] == [[1]]
    assert (await _only_result(program, shots=1, entryPoint="ENTRYPOINT__main"))["Shots"] == [[0]]


@pytest.mark.parametrize(
    ("program", "parameters", "told"),
    [
        pytest.param(qir(measured(0)), {"entryPoint": "other"}, "'other' is unknown", id="an unknown entry point"),
        pytest.param(
            qir(measured(0), "define void @second() #0 {\nret void\n}"), {}, "is needed", id="two, and none is named"
        ),
        pytest.param(
            qir(measured(0)).replace("@ENTRYPOINT__main()", "@ENTRYPOINT__main(i64 %n)"),
            {},
            "has parameters",
            id="one that wants arguments",
        ),
        pytest.param(qir(measured(0)).replace('"entry_point"', ""), {}, "none", id="a program without any"),
    ],
)
async def test_entry_point_that_cannot_be_run_is_named(program: str, parameters: dict[str, Any], told: str) -> None:
    """The error lists those that the program has."""
    error = await error_of(request(QIR, program, **parameters))
    assert error.code == ErrorCode.INVALID_INPUT_DATA
    assert told in error.message


@pytest.mark.parametrize(
    ("program", "profile"),
    [
        pytest.param(qir(measured(0), profile="adaptive_profile"), "Base", id="an adaptive program as Base"),
        pytest.param(
            qir(f"%x = fadd double 1.0, 2.0\n{measured(0)}", profile="adaptive_profile"),
            "Adaptive_RI",
            id="floating-point numbers as Adaptive_RI",
        ),
    ],
)
async def test_program_beyond_its_target_profile_is_refused(program: str, profile: str) -> None:
    """A machine of that profile could not run it."""
    error = await error_of(request(QIR, program, target_profile=profile))
    assert error.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert profile in error.message


@pytest.mark.parametrize(
    ("program", "code"),
    [
        pytest.param("hello", ErrorCode.QIR_PREPROCESSING_FAILED, id="text that is no LLVM"),
        pytest.param(b"\xff\xfe", ErrorCode.QIR_PREPROCESSING_FAILED, id="bytes that are nothing"),
        pytest.param(b"BC\xc0\xdebroken", ErrorCode.BITCODE_ERROR, id="bitcode that is cut off"),
        pytest.param(qir(""), ErrorCode.CANNOT_TRANSLATE_OUTPUT, id="a program that records nothing"),
        pytest.param(qir(record("array", "i64 2")), ErrorCode.CANNOT_TRANSLATE_OUTPUT, id="an array that is cut off"),
        pytest.param(
            qir(call("qis__magic__body", qubit(0)), "declare void @__quantum__qis__magic__body(%Qubit*)"),
            ErrorCode.QIR_PREPROCESSING_FAILED,
            id="a gate that the simulator does not have",
        ),
    ],
)
async def test_bad_program_fails_with_a_code(program: str | bytes, code: ErrorCode) -> None:
    """Each kind of failure has the service's own word."""
    assert (await error_of(request(QIR, program))).code == code
