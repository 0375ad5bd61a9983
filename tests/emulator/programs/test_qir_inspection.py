"""What a QIR program may not contain: whatever could leave the quantum runtime is refused before anything runs."""

import pytest

from emulator.programs.submission import X_ON_0, call, measured, outcome, qir, qubit
from workspace_emulator.programs import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.qir.inspection import inspect

PUTS = "declare i32 @puts(i8*)"
LABEL = "i8* getelementptr inbounds ([2 x i8], [2 x i8]* @label, i64 0, i64 0)"


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param(qir('call void asm sideeffect "nop", ""()'), "inline assembly", id="inline assembly"),
        pytest.param('module asm "nop"\n' + qir(""), "module asm", id="assembly beside the functions"),
        pytest.param(qir(f"%n = call i32 @puts({LABEL})", PUTS), "'puts'", id="a call of the C library"),
        pytest.param(qir("", PUTS), "'puts'", id="the C library declared and not called"),
        pytest.param(qir("", "declare void @llvm.trap()"), "'llvm.trap'", id="an intrinsic of the compiler"),
        pytest.param(qir("call void inttoptr (i64 4096 to void ()*)()"), "named function", id="a call of an address"),
        pytest.param(
            qir("%f = inttoptr i64 4096 to void ()*\ncall void %f()"), "inttoptr", id="an address made into a function"
        ),
        pytest.param(qir("store i64 1, i64* inttoptr (i64 4096 to i64*)"), "store", id="a write into memory"),
        pytest.param(qir("%v = load i64, i64* inttoptr (i64 4096 to i64*)"), "load", id="a read of memory"),
        pytest.param(qir("%v = alloca i64"), "alloca", id="memory on the stack"),
        pytest.param(qir("", "@environ = external global i8*"), "@environ", id="a variable of the process"),
        pytest.param(qir("", "@table = global [2 x i8] zeroinitializer"), "@table", id="a variable of its own"),
        pytest.param(
            qir("", "@llvm.global_ctors = appending global [0 x { i32, void ()*, i8* }] []"),
            "@llvm.global_ctors",
            id="code that runs at loading",
        ),
        pytest.param(qir("", "@f = alias void (), void ()* @ENTRYPOINT__main"), "@f", id="an alias"),
        pytest.param(
            qir("", "@f = ifunc void (), void ()* ()* @g\ndefine void ()* @g() {\nret void ()* null\n}"),
            "@f",
            id="a function that is chosen by code",
        ),
        pytest.param(
            qir("", "define void @f() prologue i8 -112 {\nret void\n}"), "prologue", id="bytes in front of code"
        ),
        pytest.param(qir("", "define void @f() prefix i8 -112 {\nret void\n}"), "prefix", id="bytes before a function"),
        pytest.param(
            qir("", 'define void @f() section ".init_array" {\nret void\n}'), "section", id="a place in the image"
        ),
    ],
)
def test_program_that_could_leave_the_runtime_is_refused(program: str, told: str) -> None:
    """The error says what was found."""
    with pytest.raises(ProgramError) as caught:
        inspect(program.encode(), Limits())
    assert caught.value.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert told in caught.value.message


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(qir("", qubits=21), id="by its attribute"),
        pytest.param(qir(call("qis__x__body", qubit(400_000))), id="by the number of a gate's qubit"),
        pytest.param(qir(call("qis__mz__body", qubit(20), outcome(0))), id="by the number of a measured qubit"),
        pytest.param(
            qir("call void @f()", f"define void @f() {{\n{call('qis__x__body', qubit(99))}\nret void\n}}"),
            id="in a function that is called",
        ),
    ],
)
def test_program_with_too_many_qubits_is_refused(program: str) -> None:
    """However it asks for them."""
    with pytest.raises(ProgramError) as caught:
        inspect(program.encode(), Limits())
    assert caught.value.code == ErrorCode.INSUFFICIENT_RESOURCES
    assert "Too many qubits requested" in caught.value.message


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(qir(f"{X_ON_0}\n{measured(0, 1, 2)}"), id="gates and measurements"),
        pytest.param(qir(call("qis__mz__body", qubit(0), outcome(400_000))), id="a high number of a result"),
        pytest.param(qir("call void @f()", "define void @f() {\nret void\n}"), id="a function of its own"),
        pytest.param(
            qir("%a = add i64 1, 2\n%b = icmp eq i64 %a, 3\nbr i1 %b, label %x, label %x\nx:"), id="arithmetic"
        ),
    ],
)
def test_program_that_stays_in_the_runtime_is_let_through(program: str) -> None:
    """Nothing that QIR's profiles need is refused."""
    assert list(inspect(program.encode(), Limits()).entry_points) == ["ENTRYPOINT__main"]
