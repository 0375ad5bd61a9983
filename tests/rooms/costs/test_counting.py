"""Counting of gates: by hand, and on anything at all within bounds."""

import json
import sys
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import times_as_long
from quantumjob_operator.costs import ionq_circuit, openqasm
from quantumjob_operator.costs.gates import Gates, UncountableError

_HEAD: Final = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; qreg r[3]; creg c[3];'
_COUNTERS: Final = (ionq_circuit.count, openqasm.count)


@pytest.mark.parametrize(
    ("body", "want"),
    [
        pytest.param("", Gates(measured=6), id="each qubit is prepared"),
        pytest.param("h q;", Gates(one=3, measured=6), id="a gate on a whole register"),
        pytest.param("cx q,r;", Gates(two=3, measured=6), id="registers pairwise"),
        pytest.param("cx q[0],r;", Gates(two=3, measured=6), id="one qubit with each of a register"),
        pytest.param("u3(pi/2,cos(0),-(1)) q[0];", Gates(one=1, measured=6), id="arguments with brackets"),
        pytest.param("if(c==3) cx q[0],q[1];", Gates(two=1, measured=6), id="a condition counts as if it held"),
        pytest.param("reset q; measure q[1]->c[1]; barrier q,r;", Gates(measured=10), id="resets and measurements"),
        pytest.param("ccx q[0],q[1],q[2];", Gates(one=9, two=6, measured=6), id="Toffoli by its definition"),
        pytest.param(
            "gate bell(t) a,b { h a; rz(t) b; cx a,b; } bell(0.5) q,r;", Gates(one=6, two=3, measured=6),
            id="a gate of the program's own, on registers",
        ),
        pytest.param("// h q;\nx q[0]; // y q;\n", Gates(one=1, measured=6), id="comments"),
        pytest.param("sx q[0];", Gates(one=3, measured=6), id="a gate that is made of three"),
        pytest.param(
            "gate barrier_cx a,b {cx a,b;} barrier_cx q[0],q[1];", Gates(two=1, measured=6),
            id="a name that begins like a word of the language",
        ),
    ],
)  # fmt: skip
def test_openqasm(body: str, want: Gates) -> None:
    """Worked out by hand."""
    assert openqasm.count((_HEAD + body).encode()) == want


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("gate cx a,b {} cx q[0],q[1];", id="a gate of the library defined anew"),
        pytest.param("gate a x {} gate a x {h x;}", id="a gate defined twice"),
        pytest.param('include "other.inc";', id="another library"),
        pytest.param('include "//qelib1.inc"; h q;', id="slashes in a text"),
        pytest.param("// a\rh q;", id="a carriage return in a comment"),
        pytest.param("gate a x { gate b y {", id="a gate within a gate"),
        pytest.param("h q", id="a statement without an end"),
        pytest.param("opaque magic a,b;", id="an opaque gate"),
        pytest.param("h other;", id="a register that is not there"),
    ],
)
def test_openqasm_that_is_not_certain(body: str) -> None:
    """Uncountable, never 0."""
    with pytest.raises(UncountableError):
        openqasm.count((_HEAD + body).encode())


@pytest.mark.parametrize(
    "program",
    [
        pytest.param('{"circuit":[{"gate":"x","target":0}],"circuit":[]}', id="a key twice"),
        pytest.param('{"circuit":[{"gate":"x","target":0}],"circuits":[]}', id="several circuits"),
        pytest.param('{"circuit":[{"gate":"x","targets":[[0,1,2]]}]}', id="a list in the place of a qubit"),
        pytest.param('{"circuit":[{"gate":"x","control":0}]}', id="no target"),
        pytest.param('{"circuit":[{"target":0}]}', id="no gate"),
        pytest.param('{"gateset":"native","circuit":[]}', id="native gates"),
    ],
)
def test_ionq_that_is_not_certain(program: str) -> None:
    """Uncountable, never 0."""
    with pytest.raises(UncountableError):
        ionq_circuit.count(program.encode())


@pytest.mark.parametrize(
    ("gate", "want"),
    [
        pytest.param('{"gate":"h","target":0}', Gates(one=1), id="one qubit"),
        pytest.param('{"gate":"x","targets":[1],"control":0}', Gates(two=1), id="one control"),
        pytest.param('{"gate":"zz","targets":[0,1]}', Gates(two=1), id="a gate on two targets at once"),
        pytest.param('{"gate":"swap","targets":[0,1]}', Gates(two=3), id="a swap, as in the other formats"),
        pytest.param('{"gate":"h","targets":[0,1]}', Gates(one=2), id="a gate on each of two targets"),
        pytest.param('{"gate":"x","target":3,"controls":[0,1,2]}', Gates(two=12), id="three controls: 6 (4 - 2)"),
    ],
)
def test_ionq(gate: str, want: Gates) -> None:
    """Azure's page counts all qubits of a gate."""
    assert ionq_circuit.count(f'{{"qubits":4,"circuit":[{gate}]}}'.encode()) == want


@pytest.mark.parametrize("counter", _COUNTERS, ids=lambda one: one.__module__)
@given(
    program=st.one_of(
        st.binary(max_size=400), st.text(alphabet=' \nqgateifU{}()[];,->#"0=@cl', max_size=400).map(str.encode)
    )
)
def test_anything_is_counted_or_refused(counter: Callable[[bytes], Gates], program: bytes) -> None:
    """Programs are anybody's: no other exception, and never a negative number."""
    for start in (b"", b"OPENQASM 2.0;"):
        try:
            assert counter(start + program).one >= 0
        except UncountableError:
            continue


@pytest.mark.parametrize(
    ("counter", "piece"),
    [
        pytest.param(openqasm.count, b"gate ", id="headers without a body"),
        pytest.param(openqasm.count, b"gate a b {x b;", id="bodies without an end"),
        pytest.param(openqasm.count, b"if(", id="conditions without an end"),
        pytest.param(openqasm.count, b"if()", id="conditions on conditions"),
        pytest.param(openqasm.count, b"a", id="one long word"),
        pytest.param(openqasm.count, b" ", id="space"),
        pytest.param(openqasm.count, b"(", id="brackets"),
        pytest.param(ionq_circuit.count, b"[", id="lists"),
    ],
)
def test_eight_times_as_long_takes_eight_times_as_long(counter: Callable[[bytes], Gates], piece: bytes) -> None:
    """Linear in the program, however it is made; a quadratic reader would take 64 times as long."""
    start = b"OPENQASM 2.0;gate " if counter is openqasm.count else b""

    def reading(size: int) -> Callable[[], None]:
        program = start + piece * (size // len(piece)) + b"!{}"

        def read() -> None:
            with pytest.raises(UncountableError):
                counter(program)

        return read

    assert times_as_long(reading(64 * 1024), reading(512 * 1024), most=20) < 20


_FRAMES: Final = 50_000
"""So deep may calls go in the operator's process, for objects that are nested as deeply."""


@pytest.mark.parametrize("counter", _COUNTERS, ids=["IonQ", "OpenQASM"])
@pytest.mark.parametrize("end", ["", "\N{GRINNING FACE}"], ids=["of letters", "that takes four bytes a character"])
@pytest.mark.parametrize(
    "piece", ["if()", "if(c==1)", "if(", "gate a b {", "{", "[", '{"circuit":[', '"', "(", "h q[0];", "a", "//", "-"]
)
def test_a_program_takes_little_memory(counter: Callable[[bytes], Gates], end: str, piece: str) -> None:
    """However it is made, and however deep calls may go: 256 KiB of conditions on conditions took 15 GiB."""
    program = ("OPENQASM 2.0;\n" if counter is openqasm.count else "") + piece * (128 * 1024 // len(piece)) + end + ";"
    frames = sys.getrecursionlimit()
    peaks = list[int]()

    def count() -> None:
        with suppress(UncountableError, RecursionError):
            counter(program.encode())
        peaks.append(tracemalloc.get_traced_memory()[1])

    former = threading.stack_size(64 * 1024 * 1024)
    thread = threading.Thread(target=count)
    tracemalloc.start()
    sys.setrecursionlimit(_FRAMES)
    try:
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(frames)
        tracemalloc.stop()
        threading.stack_size(former)
    assert peaks[0] < 32 * 1024 * 1024


def test_of_a_program_a_few_letters_are_quoted() -> None:
    """A word may be as long as a program, and status takes no such text."""
    program = json.dumps({"qubits": 1, "circuit": [{"gate": "x" * 5_000, "target": 0}]}).encode()
    for counter, long in ((ionq_circuit.count, program), (openqasm.count, b"OPENQASM 2.0;" + b"x" * 5_000 + b" q;")):
        with pytest.raises(UncountableError) as failure:
            counter(long)
        assert len(str(failure.value)) < 200
