"""Quil programs as jobs: rows of region `ro`, control flow, memory, substitutions; counts against Qiskit's states."""

import json
import math
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import Statevector

from emulator.programs.submission import QUIL, error_of, request, result_of, task
from workspace_emulator.programs import ErrorCode, Limits, ProgramError
from workspace_emulator.programs.quil import run

BITS = "DECLARE ro BIT[3]\n"
READ = "\nMEASURE 0 ro[0]\nMEASURE 1 ro[1]\nMEASURE 2 ro[2]\n"


def _rows(program: str, **changes: Any) -> list[list[Any]]:
    """Run it in this process."""
    body = json.loads(run(task(QUIL, program, **changes)))
    assert list(body) == ["ro"]
    rows: list[list[Any]] = body["ro"]
    return rows


async def test_x_on_qubit_0_of_3_is_read_from_index_0_on() -> None:
    """Each shot is a row with `ro[0]` first."""
    assert await result_of(request(QUIL, f"{BITS}X 0{READ}", shots=2)) == {"ro": [[1, 0, 0], [1, 0, 0]]}


async def test_bell_pair_is_about_half_and_half() -> None:
    """The rows of a pair agree."""
    counts = Counter(map(tuple, (await result_of(request(QUIL, f"{BITS}H 0\nCNOT 0 2{READ}", shots=500)))["ro"]))
    assert set(counts) == {(0, 0, 0), (1, 0, 1)}
    assert 200 < counts[1, 0, 1] < 300


@pytest.mark.parametrize(
    ("program", "row"),
    [
        pytest.param("X 7\nMEASURE 7 ro[1]", [0, 1, 0], id="a qubit of any number"),
        pytest.param("X 0\nMEASURE 0\nMEASURE 0 ro[2]", [0, 0, 1], id="a measurement that keeps nothing"),
        pytest.param("X 0\nRESET 0" + READ, [0, 0, 0], id="a reset of a qubit"),
        pytest.param("X 0\nX 1\nRESET\nX 2" + READ, [0, 0, 1], id="a reset of all"),
        pytest.param("X 0\nHALT\nX 1" + READ, [0, 0, 0], id="an end in the middle"),
        pytest.param("NOP\nWAIT\nPRAGMA PRESERVE_BLOCK\nX 1" + READ, [0, 1, 0], id="instructions that do nothing"),
        pytest.param("H 0\nCONTROLLED RZ(-0.001) 0 1\nH 0" + READ, [0, 0, 0], id="a small controlled angle"),
        pytest.param("H 0\nCONTROLLED RX(2*pi) 0 1\nH 0" + READ, [1, 0, 0], id="a whole turn that a control sees"),
        pytest.param("JUMP @end\nX 0\nLABEL @end\nX 1" + READ, [0, 1, 0], id="a jump"),
        pytest.param("H 0\nMEASURE 0 ro[0]\nJUMP-UNLESS @end ro[0]\nX 0\nLABEL @end" + READ, [0, 0, 0], id="a branch"),
        pytest.param("LABEL @again\nH 2\nMEASURE 2 ro[2]\nJUMP-UNLESS @again ro[2]", [0, 0, 1], id="until success"),
        pytest.param(
            "DECLARE n INTEGER\nDECLARE more BIT\nMOVE n 5\nLABEL @again\nX 1\nSUB n 1\nGT more n 0\n"
            "JUMP-WHEN @again more" + READ,
            [0, 1, 0],
            id="a loop that counts",
        ),
        pytest.param(
            "DECLARE angle REAL[2]\nMOVE angle[1] 0.5\nADD angle[1] 0.25\nRX(4*angle[1]/3*pi) 1" + READ,
            [0, 1, 0],
            id="an angle from memory",
        ),
        pytest.param(
            "DEFCIRCUIT TRY(%a) p q:\n    LABEL @a\n    RX(%a) p\n    MEASURE p ro[0]\n    JUMP-UNLESS @a ro[0]\n"
            "    CNOT p q\nTRY(1.0) 0 1\nTRY(2.0) 0 2\nTRY(3.0) 0 1" + READ,
            [1, 0, 1],
            id="a circuit with a label of its own, three times",
        ),
    ],
)
def test_program_has_one_outcome(program: str, row: list[int]) -> None:
    """In each of 20 shots."""
    assert _rows(BITS + program, shots=20) == [row] * 20


@pytest.mark.parametrize(
    ("kind", "instructions", "value"),
    [
        ("INTEGER", "MOVE ro 7\nADD ro ro\nSUB ro 3\nMUL ro -2", -22),
        ("INTEGER", "MOVE ro -7\nDIV ro 2", -3),
        ("INTEGER", "MOVE ro 12\nAND ro 10\nIOR ro 1\nXOR ro 3\nNOT ro\nNEG ro", 11),
        ("INTEGER", "MOVE ro 9223372036854775807\nADD ro 1", -9223372036854775808),
        ("OCTET", "MOVE ro 200\nNOT ro", 55),
        ("BIT", "NOT ro", 1),
        ("BIT", "MOVE ro 1\nXOR ro 1", 0),
        ("REAL", "MOVE ro 1.5\nDIV ro 2\nNEG ro", -0.75),
        ("INTEGER", "DECLARE r REAL\nMOVE r 2.6\nCONVERT ro r", 3),
        ("BIT", "DECLARE r REAL\nMOVE r 0.1\nCONVERT ro r", 1),
        ("REAL", "DECLARE n INTEGER\nMOVE n 3\nCONVERT ro n", 3.0),
        ("INTEGER", "DECLARE n INTEGER\nMOVE n 3\nEXCHANGE ro n", 3),
        ("INTEGER", "DECLARE v INTEGER[3]\nDECLARE n INTEGER\nMOVE v[2] 8\nMOVE n 2\nLOAD ro v n", 8),
        ("INTEGER", "DECLARE n INTEGER\nSTORE ro n 6", 6),
        ("BIT", "DECLARE n INTEGER\nLE ro n 0", 1),
        ("BIT", "DECLARE n INTEGER\nLT ro n 0", 0),
        ("BIT", "DECLARE n INTEGER\nEQ ro n 0", 1),
        ("BIT", "DECLARE n REAL\nGE ro n 0.5", 0),
    ],
    ids=lambda value: value.replace("\n", "; ") if isinstance(value, str) else None,
)
def test_memory_is_computed_in(kind: str, instructions: str, value: float) -> None:
    """With the types and widths that were declared."""
    assert _rows(f"DECLARE ro {kind}\n{instructions}", shots=1) == [[value]]


def test_number_of_tries_falls_by_half() -> None:
    """Courses that divide again and again keep their shares: half of the shots need one try, a quarter two, …."""
    program = "DECLARE ro INTEGER\nDECLARE c BIT\nLABEL @again\nADD ro 1\nH 0\nMEASURE 0 c\nJUMP-UNLESS @again c"
    counts = Counter(row[0] for row in _rows(program, shots=8000))
    for tries in range(1, 5):
        assert counts[tries] == pytest.approx(8000 / 2**tries, abs=5 * math.sqrt(8000 / 2**tries))


def test_measured_qubit_keeps_its_outcome() -> None:
    """And takes the qubit that is entangled with it along; a gate later finds both as they are."""
    rows = _rows(f"{BITS}H 0\nCNOT 0 1\nMEASURE 0 ro[0]\nCNOT 1 2{READ}", shots=200)
    assert {tuple(row) for row in rows} == {(0, 0, 0), (1, 1, 1)}


def _random_circuit(chosen: random.Random) -> tuple[str, QuantumCircuit]:
    """The same circuit in Quil and for Qiskit."""
    lines, circuit = list[str](), QuantumCircuit(4)
    for _ in range(25):
        angle = round(chosen.uniform(-7, 7), 3)
        a, b, c = chosen.sample(range(4), 3)
        known: list[tuple[str, Callable[..., object], tuple[float, ...]]] = [
            (f"H {a}", circuit.h, (a,)),
            (f"RX({angle}) {a}", circuit.rx, (angle, a)),
            (f"DAGGER T {a}", circuit.tdg, (a,)),
            (f"CNOT {a} {b}", circuit.cx, (a, b)),
            (f"CONTROLLED RY({angle}) {a} {b}", circuit.cry, (angle, a, b)),
            (f"CPHASE({angle}) {a} {b}", circuit.cp, (angle, a, b)),
            (f"ISWAP {a} {b}", circuit.iswap, (a, b)),
            (f"CCNOT {a} {b} {c}", circuit.ccx, (a, b, c)),
        ]
        quil, gate, arguments = chosen.choice(known)
        lines.append(quil)
        gate(*arguments)
    return "\n".join(lines), circuit


@pytest.mark.parametrize("seed", range(6))
def test_random_circuit_has_the_counts_of_its_state(seed: int) -> None:
    """Measured into other places of `ro` than their own, so that no order is taken for another."""
    chosen = random.Random(seed)  # noqa: S311 - physics, no secrets
    text, circuit = _random_circuit(chosen)
    places = chosen.sample(range(4), 4)
    measured = "\n".join(f"MEASURE {qubit} ro[{place}]" for qubit, place in enumerate(places))
    counts = Counter(map(tuple, _rows(f"DECLARE ro BIT[4]\n{text}\n{measured}", shots=5000)))
    for state, chance in enumerate(Statevector(circuit).probabilities()):
        row = tuple(state >> places.index(place) & 1 for place in range(4))
        assert counts[row] == pytest.approx(5000 * chance, abs=5 * math.sqrt(5000 * chance * (1 - chance)) + 1e-6)


def test_substitutions_run_all_shots_of_one_set_before_the_next() -> None:
    """As the service was seen to answer: three angles of five shots each."""
    program = "DECLARE ro BIT\nDECLARE theta REAL[1]\nRX(theta[0]) 0\nMEASURE 0 ro[0]"
    rows = _rows(program, shots=5, substitutions={"theta": [[0.0], [math.pi], [2 * math.pi]]})
    assert rows == [[0]] * 5 + [[1]] * 5 + [[0]] * 5


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        pytest.param({"substitutions": {"theta": [[0.1], [0.2]], "n": [[1]]}}, "same number", id="unequal sets"),
        pytest.param({"substitutions": {"theta": [[0.1, 0.2]]}}, "theta", id="too many values"),
        pytest.param({"substitutions": {"n": [[0.5]]}}, "INTEGER", id="a value that does not fit"),
        pytest.param({"substitutions": {"beta": [[0.5]]}}, "beta", id="a region of nobody"),
        pytest.param({"substitutions": {"theta": []}}, "at least one", id="no set"),
    ],
)
def test_substitution_that_does_not_fit_is_named(parameters: dict[str, Any], told: str) -> None:
    """Instead of running something else."""
    with pytest.raises(ProgramError) as caught:
        _rows("DECLARE ro BIT\nDECLARE theta REAL\nDECLARE n INTEGER\nRX(theta) 0", **parameters)
    assert told in caught.value.message
    assert "inputParams.substitutions" in caught.value.message


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param("X 0", "'ro'", id="no readout"),
        pytest.param("DECLARE ro BIT\nX 0!", "not Quil", id="no Quil"),
        pytest.param(b"\xff", "UTF-8", id="no text"),
        pytest.param("DECLARE ro BIT\nJUMP @nowhere", "@nowhere", id="a label of nobody"),
        pytest.param("DECLARE ro BIT\nLABEL @a\nLABEL @a", "twice", id="a label twice"),
        pytest.param("DECLARE ro BIT\nMEASURE 0 x[0]", "'x[0]'", id="memory of nobody"),
        pytest.param("DECLARE ro BIT\nMEASURE 0 ro[1]", "'ro[1]'", id="memory past the end"),
        pytest.param("DECLARE ro BIT\nRX(x[0]) 0", "RX(x[0]) 0", id="an angle of nobody"),
        pytest.param("DECLARE ro BIT\nMOVE ro 2", "BIT", id="a value that does not fit"),
        pytest.param("DECLARE ro REAL\nNOT ro", "REAL", id="logic with reals"),
        pytest.param("DECLARE n INTEGER[2]\nDECLARE ro BIT SHARING n", "SHARING", id="shared memory"),
        pytest.param("DECLARE ro BIT[5000]", "4096", id="too much memory"),
        pytest.param("DECLARE ro INTEGER\nDIV ro 0", "divides by 0", id="a division by 0"),
        pytest.param("DECLARE ro BIT\nDELAY 0 1e-6", "Quil-T", id="a delay"),
        pytest.param("DECLARE ro BIT\nDEFCAL X 0:\n    NOP\nX 0", "Quil-T", id="a calibration"),
        pytest.param('DECLARE ro BIT\nPRAGMA ADD-KRAUS X 0 "(1 0 0 1)"', "ADD-KRAUS", id="noise"),
        pytest.param('DECLARE ro BIT\nINCLUDE "other.quil"', "INCLUDE", id="another file"),
        pytest.param("DECLARE ro BIT\nDEFCIRCUIT A p:\n    X p\nDAGGER A 0", "DAGGER A 0", id="a circuit inverted"),
    ],
)
def test_program_that_cannot_be_run_says_why(program: str | bytes, told: str) -> None:
    """The message names the instruction."""
    with pytest.raises(ProgramError) as caught:
        run(task(QUIL, program))
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("program", "limits"),
    [
        pytest.param("\n".join(f"H {qubit}" for qubit in range(5)), Limits(qubits=4), id="qubits"),
        pytest.param("X 0\n" * 20, Limits(operations=10), id="instructions"),
        pytest.param("DEFCIRCUIT D p:\n    X p\n    X p\n" + "D 0\n" * 6, Limits(operations=10), id="circuits"),
    ],
)
def test_program_beyond_a_limit_is_refused(program: str, limits: Limits) -> None:
    """A limit of this workspace, not a mistake in the program."""
    with pytest.raises(ProgramError) as caught:
        _rows(f"DECLARE ro BIT\n{program}", limits=limits)
    assert caught.value.code == ErrorCode.INSUFFICIENT_RESOURCES


async def test_loop_without_end_is_ended() -> None:
    """By the limit on CPU time, as in every other format."""
    error = await error_of(request(QUIL, "DECLARE ro BIT\nLABEL @a\nJUMP @a"), Limits(cpu_seconds=2))
    assert (error.code, "CPU time" in error.message) == (ErrorCode.INSUFFICIENT_RESOURCES, True)


def test_all_shots_of_all_sets_count() -> None:
    """Substitutions multiply the shots."""
    with pytest.raises(ProgramError) as caught:
        _rows("DECLARE ro BIT[1]", shots=6000, substitutions={"ro": [[0], [1]]})
    assert caught.value.code == ErrorCode.INSUFFICIENT_RESOURCES


def test_what_was_measured_leaves_the_state() -> None:
    """Each of the 500 courses of 20 qubits would otherwise keep a state of 16 MiB."""
    gates = "\n".join(
        [*(f"H {qubit}" for qubit in range(20)), *(f"MEASURE {qubit} ro[{qubit}]" for qubit in range(20))]
    )
    assert len(_rows(f"DECLARE ro BIT[20]\n{gates}", shots=500)) == 500
