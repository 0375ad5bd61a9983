"""What a QIR program may not contain: whatever could leave the quantum runtime is refused before anything runs."""

import pyqir
import pytest

from emulator.programs.submission import X_ON_0, call, measured, outcome, qir, qubit
from workspace_emulator.programs import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.qir.inspection import inspect

VARIABLE = "%v = alloca i64\nstore i64 1, i64* %v\n"
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
        pytest.param(qir("%v = alloca i64, i64 9"), "alloca", id="more on the stack than one number"),
        pytest.param(qir("%v = alloca [2 x i64]"), "alloca", id="an array on the stack"),
        pytest.param(qir("br label %b\nb:\n%v = alloca i64"), "alloca", id="a stack that grows in a loop"),
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
        pytest.param(qir(VARIABLE + "%n = ptrtoint i64* %v to i64"), id="the address as a number"),
        pytest.param(qir(VARIABLE + "%n = load double, i64* %v"), id="a number read as another type"),
        pytest.param(qir(VARIABLE + "store double 1.0, i64* %v"), id="a number written as another type"),
        pytest.param(qir(VARIABLE + "%w = alloca i64*\nstore i64* %v, i64** %w"), id="the address in a variable"),
        pytest.param(
            qir(VARIABLE + "%p = getelementptr i64, i64* %v, i64 9\nstore i64 1, i64* %p"), id="what lies beside it"
        ),
        pytest.param(
            qir(VARIABLE + "%q = bitcast i64* %v to %Qubit*\n" + call("qis__x__body", "%Qubit* %q")),
            id="the address as a qubit",
        ),
        pytest.param(
            qir(VARIABLE + "br label %b\nb:\n%p = phi i64* [ %v, %entry ]\nstore i64 1, i64* %p"),
            id="the address in a choice",
        ),
        pytest.param(
            qir(VARIABLE + "call void @f(i64* %v)", "define void @f(i64* %p) {\nret void\n}"),
            id="the address passed on",
        ),
        pytest.param(
            qir(
                VARIABLE + 'call void @"f%"(i64* %v, i64* null)\ncall void @"g"()',
                'define void @"f%"(i64* %p, i64* %q) {\nret void\n}\ndefine void @"g"() {\nret void\n}',
            ),
            id="the address passed on to a strange name",
        ),
        pytest.param(qir("store i64 1, i64* null"), id="a write to an address that is a number"),
        pytest.param(
            qir("", "define void @f(i64* %v) {\nstore i64 1, i64* %v\nret void\n}"), id="a write to an argument"
        ),
        pytest.param(
            qir(VARIABLE, "define void @f() {\nstore i64 1, i64* %v\nret void\n}\n").replace(
                "define void @f() {", "define void @f(i64* %v) {"
            ),
            id="a variable of another function",
        ),
        pytest.param(qir(VARIABLE + "store volatile i64 1, i64* %v"), id="a write of another kind"),
        pytest.param(qir(VARIABLE + "%o = atomicrmw add i64* %v, i64 1 seq_cst"), id="a write that is more than one"),
    ],
)
def test_the_address_of_a_variable_goes_nowhere(program: str) -> None:
    """It is there to be read and written, as the type that it has."""
    with pytest.raises(ProgramError) as caught:
        inspect(program.encode(), Limits())
    assert caught.value.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert "is not run here" in caught.value.message


COUNT_REFERENCES = "declare void @__quantum__rt__array_update_reference_count(i8*, i32)"
RECORD_INT = f"call void @__quantum__rt__int_record_output(i64 %s, {LABEL})"
MAIN = "void ()* @ENTRYPOINT__main"


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(qir(RECORD_INT % f"ptrtoint ({MAIN} to i64)"), id="the address of a function as a number"),
        pytest.param(
            qir(RECORD_INT % "ptrtoint (void (%Qubit*)* @__quantum__qis__x__body to i64)"),
            id="the address of the library as a number",
        ),
        pytest.param(qir(f"%n = add i64 1, ptrtoint ({MAIN} to i64)"), id="an address in arithmetic"),
        pytest.param(
            qir(f"br label %a\na:\n%n = phi i64 [ ptrtoint ({MAIN} to i64), %entry ]"), id="an address in a choice"
        ),
        pytest.param(
            qir(f"switch i64 ptrtoint ({MAIN} to i64), label %a [ i64 0, label %a ]\na:"), id="an address in a switch"
        ),
        pytest.param(
            qir(
                "call void @__quantum__rt__array_update_reference_count(i8* getelementptr (i8, i8* bitcast "
                "(void (%Qubit*)* @__quantum__qis__x__body to i8*), i64 4096), i32 1)",
                COUNT_REFERENCES,
            ),
            id="a count of references within the library",
        ),
        pytest.param(qir("", COUNT_REFERENCES), id="a function that writes to memory, declared and not called"),
        pytest.param(
            qir(f"call void @__quantum__rt__int_record_output(i64 1, {LABEL[:-2]}100))"),
            id="a label that begins behind its text",
        ),
        pytest.param(
            qir("call void @__quantum__rt__int_record_output(i64 1, i8* inttoptr (i64 4096 to i8*))"),
            id="a number where a label belongs",
        ),
        pytest.param(
            qir(f"call void @__quantum__rt__int_record_output(i64 1, i8* bitcast ({MAIN} to i8*))"),
            id="code where a label belongs",
        ),
        pytest.param(
            qir(
                "call void @f(i8* null)",
                "define void @f(i8* %text) {\n"
                "call void @__quantum__rt__int_record_output(i64 1, i8* %text)\nret void\n}",
            ),
            id="a label that comes from elsewhere",
        ),
        pytest.param(
            qir(call("qis__x__body", "%Qubit* bitcast ([2 x i8]* @label to %Qubit*)")),
            id="a label where a qubit belongs",
        ),
        pytest.param(
            qir(
                "call void @f(%Qubit* bitcast ([2 x i8]* @label to %Qubit*))",
                f"define void @f(%Qubit* %q) {{\n{call('qis__x__body', '%Qubit* %q')}\nret void\n}}",
            ),
            id="a label handed on as a qubit",
        ),
        pytest.param(qir(RECORD_INT % "undef"), id="whatever a register holds"),
        pytest.param(qir("%n = freeze i64 poison\n" + RECORD_INT % "%n"), id="a value that is no value"),
        pytest.param(qir("unreachable\nnever:"), id="an end that runs into what lies behind"),
        pytest.param(
            qir("%n = call i64 @f()\n" + RECORD_INT % "%n", "define i64 @f() noreturn {\nret i64 1\n}"),
            id="a function that says that it never returns",
        ),
        pytest.param(
            qir("%n = call i64 bitcast (void ()* @f to i64 ()*)()", "define void @f() {\nret void\n}"),
            id="a function called as another one",
        ),
        pytest.param(
            qir("", "declare i64 @__quantum__qis__y__body(i64)"), id="a function of the runtime with other types"
        ),
        pytest.param(
            qir("", "declare void @__quantum__qis__y__body(%Qubit*, ...)"), id="as many arguments as one likes"
        ),
        pytest.param(
            qir("", "define void @__quantum__qis__y__body(i64 %n) {\nret void\n}"), id="a function in place of a gate"
        ),
        pytest.param(
            qir("", "declare void @__quantum__qis__y__body(%Qubit* byval(i64))"), id="an argument that is read"
        ),
        pytest.param(
            qir("call void @f(i64* byval(i64) null)", "define void @f(i64* %p) {\nret void\n}"), id="at a call"
        ),
        pytest.param(qir("", "define fastcc void @f() {\nret void\n}"), id="another way to call"),
        pytest.param(qir("", "define void @f() naked {\nret void\n}"), id="a function without an end"),
        pytest.param(
            qir("", 'define void @f() "instrument-function-entry-inlined"="free" {\nret void\n}'),
            id="a function that calls another by its attribute",
        ),
        pytest.param(qir("", "define void @f() #9 {\nret void\n}\nattributes #9 = { noreturn }"), id="a group of them"),
        pytest.param(
            qir('call void @f() [ "deopt"(i64 1) ]', "define void @f() {\nret void\n}"), id="more than arguments"
        ),
        pytest.param(qir("", "define i128 @f(i128 %n) {\n%m = sdiv i128 %n, 3\nret i128 %m\n}"), id="wide numbers"),
        pytest.param(
            qir("", "define double @f(double %n) {\n%m = frem double %n, 3.0\nret double %m\n}"), id="remainders"
        ),
        pytest.param(qir("", '@text = internal constant [1 x i8] c"a"'), id="a text without an end"),
        pytest.param(qir("", "@text = internal constant [0 x i8] zeroinitializer"), id="a text without a letter"),
        pytest.param(
            qir("", f"@text = internal constant i64 ptrtoint ({MAIN} to i64)"), id="a constant that holds an address"
        ),
        pytest.param(
            qir("", '@text = internal constant [1 x i8] c"\\00", section ".text"'), id="a text among the code"
        ),
        pytest.param(
            qir("", "@text = internal thread_local constant [1 x i8] zeroinitializer"), id="one for each thread"
        ),
        pytest.param(qir("", "$c = comdat any\n@text = constant [1 x i8] zeroinitializer, comdat($c)"), id="a comdat"),
        pytest.param(qir("", '!llvm.linker.options = !{!0}\n!0 = !{!"-lc"}'), id="a wish to the linker"),
        pytest.param(
            qir("", '!llvm.module.flags = !{!0}\n!0 = !{i32 1, !"stack-protector-guard-symbol", !"free"}'),
            id="a flag of the compiler",
        ),
    ],
)
@pytest.mark.parametrize("form", ["text", "bitcode"])
def test_what_is_no_instruction_is_looked_at_as_well(program: str, form: str) -> None:
    """Constants, attributes, types and metadata are evaluated or obeyed when code is made of them."""
    sent = program.encode() if form == "text" else pyqir.Module.from_ir(pyqir.Context(), program).bitcode
    with pytest.raises(ProgramError) as caught:
        inspect(sent, Limits())
    assert caught.value.code == ErrorCode.QIR_PREPROCESSING_FAILED
    assert "is not run here" in caught.value.message


def test_machine_that_a_program_says_it_is_made_for_is_left_out() -> None:
    """Code for another one would be run by this one."""
    program = 'target datalayout = "e-p:64:64"\ntarget triple = "i386-unknown-none"\n' + qir(measured(0))
    module = pyqir.Module.from_bitcode(pyqir.Context(), inspect(program.encode(), Limits()).bitcode)
    assert "target " not in str(module)


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
            qir("%v = alloca i64, align 8\nstore i64 1, i64* %v, align 8\n%n = load i64, i64* %v, align 8"),
            id="a variable",
        ),
        pytest.param(
            qir("%a = add i64 1, 2\n%b = icmp eq i64 %a, 3\nbr i1 %b, label %x, label %x\nx:"), id="arithmetic"
        ),
    ],
)
def test_program_that_stays_in_the_runtime_is_let_through(program: str) -> None:
    """Nothing that QIR's profiles need is refused."""
    assert list(inspect(program.encode(), Limits()).entry_points) == ["ENTRYPOINT__main"]
