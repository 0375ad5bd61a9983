"""QIR as text: a straight line is counted, whatever else there is is not, and LLVM (pyqir) is the judge of both."""

import random
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import times_as_long
from quantumjob_operator.costs import qir
from quantumjob_operator.costs.gates import Gates, UncountableError
from rooms.costs.qirprograms import BODY, GHZ, HEAD, OPAQUE, TAIL, assert_counted, judged

WANT: Final = Gates(one=1, two=2, measured=6)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(GHZ, id="typed pointers"),
        pytest.param(OPAQUE, id="pointers without a type"),
        pytest.param(GHZ.replace("\n", "\r\n"), id="ends of lines as on Windows"),
        pytest.param(GHZ.replace(" ", " \t "), id="other white space"),
        pytest.param(GHZ.replace("\n", " ; call void @x() {}\n"), id="comments that look like code"),
        pytest.param(GHZ.replace('c"0_a\\00"', 'c"};\\22;"'), id="a label that looks like code"),
    ],
)  # fmt: skip
def test_a_circuit_of_three_qubits(program: str) -> None:
    """However it is laid out."""
    assert_counted(program, WANT)


def replaced(old: str, new: str) -> str:
    """The circuit with one piece that is another."""
    assert old in GHZ, old
    return GHZ.replace(old, new, 1)


GATE: Final = "call void @__quantum__qis__h__body(%Qubit* null)"
HIDDEN: Final = "define void @other() {\n  " + GATE + "\n  ret void\n}\n"
SPOILT: Final = [
    pytest.param(replaced("br label %read", "br i1 true, label %read, label %read"), "branches", id="a branch"),
    pytest.param(replaced("br label %read", "br label %entry"), "elsewhere", id="a loop"),
    pytest.param(replaced("br label %read", "br label %x\nx:\n br label %x"), "elsewhere", id="a loop of one block"),
    pytest.param(replaced("ret void", f"ret void\nmore:\n  {GATE}\n  ret void"), "not known", id="more behind the end"),
    pytest.param(replaced("br label %read", "switch i32 0, label %read []"), "something else", id="a switch"),
    pytest.param(replaced(GATE, "call void @other()") + HIDDEN, "function that is not", id="a function of its own"),
    pytest.param(GHZ + HIDDEN, "second function", id="a second function that nothing calls"),
    pytest.param(
        GHZ + HIDDEN.replace("other", "__quantum__rt__initialize"), "second function", id="a known name, defined anew"
    ),
    pytest.param(GHZ + "@x = alias void (), ptr @main\n", "not known", id="an alias"),
    pytest.param(GHZ + "@x = global ptr @main\n", "not known", id="a pointer to a function"),
    pytest.param(
        GHZ + '@llvm.global_ctors = appending global [0 x i8] c""\n', "not known", id="code that runs before"
    ),
    pytest.param(GHZ + 'module asm "nop"\n', "not known", id="assembly"),
    pytest.param(replaced("h__body(%Qubit* null)", "rzzz__body(%Qubit* null)"), "not known", id="an unknown gate"),
    pytest.param(GHZ.replace("@main", '@"main"'), "word that is not known", id="a quoted name"),
    pytest.param(GHZ.replace("@__quantum__qis__h", '@"__quantum__qis__h'), "word", id="a quotation mark that opens"),
    pytest.param(GHZ.replace("entry_point", "entry\\5fpoint"), "attribute", id="an escaped attribute"),
    pytest.param(GHZ.replace("%read", '%"read"'), "word", id="a quoted block"),
    pytest.param(replaced("%Qubit* null)", "%Qubit* %q)"), "not known", id="a qubit that only running tells"),
    pytest.param(replaced("(%Qubit* null)", "(%Qubit* null, %Qubit* null)"), "not known", id="one operand too many"),
    pytest.param(replaced("i64 1 to", "i64 add (i64 1, i64 1) to"), "not known", id="a number that is computed"),
    pytest.param(replaced("entry:", "entry:\n  %0 = alloca i8"), "word", id="an instruction that is no call"),
    pytest.param(replaced("call void @__quantum__qis__h", "%r = call i1 @__quantum__qis__h"), "else", id="a result"),
    pytest.param(replaced("call void @__quantum__qis__h", "invoke void @__quantum__qis__h"), "else", id="an invoke"),
    pytest.param(replaced("; preds = %entry", f"; preds\r  {GATE}"), "printable", id="a line break within a comment"),
    pytest.param(replaced("; preds = %entry", f"; preds\x0b  {GATE}"), "printable", id="a vertical tab in a comment"),
    pytest.param(replaced("; preds", f"; preds\u2028  {GATE} ;"), "printable", id="a line break of Unicode"),
    pytest.param("\ufeff" + GHZ, "printable", id="a byte order mark"),
    pytest.param(GHZ + "\0", "printable", id="a zero byte"),
    pytest.param(replaced('c"0_a\\00"', 'c"0_a\n00"'), "not known", id="a label over two lines"),
    pytest.param(replaced('"required_num_qubits"="3"', '"required_num_qubits"="many"'), "number", id="qubits: many"),
    pytest.param(
        GHZ + 'attributes #0 = { "required_num_qubits"="99" }\n', "second time", id="a group of attributes twice"
    ),
    pytest.param(GHZ + "declare void @__quantum__qis__h__body(%Qubit*)\n", "second time", id="a declaration twice"),
    pytest.param(replaced('"entry_point" ', ""), "entry point", id="no entry point"),
    pytest.param(replaced("i1 false", "i1 true"), "not known", id="qubits that the program allocates"),
    pytest.param(GHZ + '!2 = !{i32 1, !"made_up", i32 1}\n', "flag", id="a flag that nobody knows"),
    pytest.param(GHZ + "!quantum.gates = !{!0}\n", "not known", id="metadata of another name"),
    pytest.param(replaced(GATE, f"{GATE}, !dbg !0"), "else", id="metadata at a call"),
    pytest.param(replaced(GATE, f'{GATE} [ "x"(i8 0) ]'), "else", id="a bundle at a call"),
    pytest.param(replaced("declare void @__quantum__qis__h__body(%Qubit*)\n", ""), "declare", id="not declared"),
    pytest.param(replaced("* @0,", "* @1,"), "declare", id="a label that is not there"),
    pytest.param(HEAD + 'target datalayout = "p:8:8"\n' + GHZ[len(HEAD) :], "not known", id="pointers of eight bits"),
    pytest.param("", "entry point", id="nothing"),
    pytest.param("define", "second function", id="one word"),
    pytest.param("BC\xc0\xde", "bitcode", id="bitcode"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "why"), SPOILT)
def test_whatever_else_is_there_is_not_counted(program: str, why: str) -> None:
    """With the reason, which quotes none of the program: it may stand in a Secret."""
    with pytest.raises(UncountableError, match=why) as caught:
        qir.count(program.encode("latin-1" if program.startswith("BC") else "utf-8"), "main")
    assert "quantum__" not in str(caught.value)


@pytest.mark.parametrize("name", ["other", "ENTRYPOINT__main", "@main", "", None, 5, ["main"]])
def test_another_entry_point_than_is_sent(name: object) -> None:
    """What is counted is what runs."""
    with pytest.raises(UncountableError, match="no function that is the job's entry point"):
        qir.count(GHZ.encode(), name)


_PIECES: Final = (
    *BODY.splitlines(keepends=True), *TAIL.splitlines(keepends=True), *HEAD.splitlines(keepends=True), HIDDEN,
    GATE, "br label %read\n", "read:\n", "ret void\n", "}\n", "{", "entry:\n", "; ",
    '"', "\\", "\n", "\r", "@", "#0", "!0",
    'attributes #0 = { "entry_point" }\n', "tail ", "x", "*", "inttoptr (i64 2 to ptr)", "i64 ", 'c"ab"', "\t", "/*",
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_what_is_counted_llvm_counts_alike(data: st.DataObject) -> None:
    """A program that is spoilt at some places: what the reader still counts is what LLVM finds, or LLVM refuses it."""
    program = data.draw(st.sampled_from([GHZ, OPAQUE]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(program)))
        length = data.draw(st.sampled_from([0, 0, 1, 2, 5, 30]))
        program = program[:start] + data.draw(st.sampled_from(_PIECES)) + program[start + length :]
    assert_alike(program)


def test_lines_in_any_order_llvm_counts_alike() -> None:
    """Lines left out, doubled and exchanged: much of it is still a program."""
    chance = random.Random(7)  # noqa: S311 - no secret
    counted = 0
    for _ in range(1500):
        lines = chance.choice([GHZ, OPAQUE]).splitlines(keepends=True)
        for _ in range(chance.randint(1, 3)):
            at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            line, change = lines[at], chance.choice(["leave out", "double", "move"])
            if change != "double":
                lines.pop(at)
            if change != "leave out":
                lines.insert(other, line)
        counted += assert_alike("".join(lines))
    assert counted > 100, "hardly any of the programs was counted at all"


def assert_alike(program: str) -> bool:
    """Whether the reader counts it; if it does, so does LLVM, or LLVM refuses it."""
    try:
        told = qir.count(program.encode(), "main")
    except UncountableError:
        return False
    try:
        found = judged(program)
    except ValueError:
        return True
    assert told == found, program
    return True


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        pytest.param("", "a", id="one long word"),
        pytest.param("", '"', id="quotation marks"),
        pytest.param("", 'c"x" ', id="texts"),
        pytest.param("", "; x\n", id="comments"),
        pytest.param("", "1", id="one long number"),
        pytest.param("", "x:", id="labels"),
        pytest.param("attributes #0 = {", '"irreversible"', id="attributes"),
        pytest.param("!llvm.module.flags = !{", "!0,", id="flags"),
        pytest.param(HEAD + "define void @main() #0 {\n", GATE + "\n", id="calls"),
        pytest.param(HEAD + "define void @main() #0 {\n", "br label %a\na:\n", id="blocks"),
    ],
)
def test_eight_times_as_long_takes_eight_times_as_long(start: str, piece: str) -> None:
    """Linear in the program, however it is made; a quadratic reader would take 64 times as long."""

    def reading(size: int) -> Callable[[], None]:
        program = (start + piece * (size // len(piece)) + "\n?").encode()

        def read() -> None:
            with pytest.raises(UncountableError):
                qir.count(program, "main")

        return read

    assert times_as_long(reading(64 * 1024), reading(512 * 1024), most=20) < 20
