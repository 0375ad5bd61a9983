"""Programs become what a target takes, with the right counts or not at all.

The judge of a circuit is its state vector, as Qiskit computes it from the circuit that the user wrote; what is judged
is run by the simulator of the compiler, from the bytes that would be sent.
"""

import json
import math
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.programs import BELL_IONQ, BELL_QASM, OPENQASM_2, OPENQASM_3
from quantumjobs.counts import read_counts
from quantumjobs.errors import NotFoundError, ProgramError
from quantumjobs.programs import openqasm
from quantumjobs.programs.prepare import prepare
from quantumjobs.programs.prepared import OPENQASM_2 as OPENQASM_2_FORMAT
from quantumjobs.programs.prepared import Prepared, Target

BASE = Target("ionq", "ionq.simulator", qubits=29, profile="Base")
ADAPTIVE = Target("quantinuum", "quantinuum.sim.h2-1e", qubits=56, profile="Adaptive_RIF")
# Qiskit's lazily imported parts warn on their first use.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def counts(program: Any, target: Target = BASE, shots: int = 200, **options: Any) -> dict[str, int]:
    """What a program reads, from the bytes that would be sent."""
    made = prepare(program, target, parameters=options.pop("parameters", {}), **options)
    return run(made, shots)


def run(made: Prepared, shots: int) -> dict[str, int]:
    """The counts of QIR, as the operator would write them and the client read them."""
    from qdk.simulation import run_qir

    text = made.data.decode()
    found = Counter(_word(one) for one in run_qir(text, shots=shots))
    stored = {"metadata": {"name": "x"}, "data": {"counts.json": json.dumps(found)}}
    return read_counts(stored, made.header)


def _word(result: Any) -> str:
    if isinstance(result, tuple):
        return " ".join(map(_word, result))
    if isinstance(result, list):
        return "".join(map(_word, result))
    return "1" if str(result) == "One" else "0"


def kicked(gate: str) -> str:
    """A phase that the gate kicks back to its control reads 1 if its angle was reduced by 2 pi."""
    return f"{OPENQASM_3}qubit[2] q; bit[1] c; h q[0]; {gate} q[0], q[1]; h q[0]; c[0] = measure q[0];"


@pytest.mark.parametrize(
    "gate", ["crz(-0.001)", "crx(-0.001)", "cry(-0.001)", "cu(-0.001,0,0,0)", "ctrl @ rz(-0.001)", "ctrl @ rx(-0.001)"]
)
def test_controlled_rotations_turn_by_their_angle(gate: str) -> None:
    """A small negative angle is nothing, not half a turn with a phase."""
    assert counts(kicked(gate)) == {"0": 200}


@pytest.mark.parametrize("gate", ["crz(2*pi)", "crx(2*pi)", "cry(2*pi)", "cu(2*pi,0,0,0)", "ctrl @ rz(2*pi)"])
def test_a_whole_turn_changes_the_sign(gate: str) -> None:
    """The period of a controlled rotation is 4 pi."""
    assert counts(kicked(gate)) == {"1": 200}


@pytest.mark.parametrize(
    ("head", "declared"), [(OPENQASM_3, "qubit[1] q; bit[1] c;"), (OPENQASM_2, "qreg q[1]; creg c[1];")]
)
def test_a_gate_that_halves_its_parameter_turns_the_right_way(head: str, declared: str) -> None:
    """Gates of the user's own are taken apart before the compiler sees them."""
    text = f"{head}gate foo(t) a {{ rx(t/2) a; }}\n{declared} rx(pi/2) q[0]; foo(-pi) q[0]; measure q[0] -> c[0];"
    assert counts(text.replace("measure q[0] -> c[0]", "c[0] = measure q[0]") if "qubit" in text else text) == {
        "0": 200
    }


@pytest.mark.parametrize(
    "line",
    ["gate f(t) a { rx(t/2) a; }", "crz(-0.1) q[0], q[1];", "ctrl @ rz(-0.1) q[0], q[1];", "angle a = 0.5;",
     "cu(1,2,3,4) q[0], q[1];", "inv @ rz(0.1) q[0];", "myown(0.3) q[0];", "cp(0.1) q[0], q[1];"],
)  # fmt: skip
def test_nothing_dangerous_reaches_the_compiler(line: str) -> None:
    """The last check before qdk's OpenQASM front end is shut, whoever made the text."""
    assert openqasm.dangerous(f"{OPENQASM_3}qubit[2] q;\n{line}")
    with pytest.raises(ProgramError, match="wrong angle"):
        openqasm.to_qir(f"{OPENQASM_3}qubit[2] q; bit[1] c;\n{line}\nc[0] = measure q[0];", "Base")


def test_words_in_comments_are_harmless() -> None:
    """The guard reads the program, not its prose."""
    assert (
        openqasm.dangerous(f"{OPENQASM_3}// a gate, crz(0.1) q;\n/* ctrl @ */ qubit[2] q; cx q[0], q[1]; rz(1) q[0];")
        == ""
    )


def test_what_qiskit_cannot_read_goes_directly_if_it_is_harmless() -> None:
    """Loops over indices, and conditions, where the target runs them."""
    loop = f"{OPENQASM_3}qubit[2] q; bit[2] c; for int i in [0:1] {{ x q[i]; }} c = measure q;"
    assert counts(loop) == {"11": 200}
    steered = (
        f"{OPENQASM_3}qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0] == 1) x q[1]; c[1] = measure q[1];"
    )
    with pytest.raises(ProgramError, match="the target runs the profile Base"):
        prepare(steered, BASE, parameters={})
    assert prepare(steered, ADAPTIVE, parameters={}).qubits == 2


def asymmetric() -> Any:
    """X on the first of three qubits, read into registers of two bits and one."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "a"), ClassicalRegister(1, "b"))
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def test_registers_are_in_qiskits_order() -> None:
    """The last register first, the highest bit first; also where bits are never measured."""
    assert counts(asymmetric()) == {"0 01": 200}
    from qiskit import QuantumCircuit

    sparse = QuantumCircuit(3, 4)
    sparse.x(1)
    sparse.measure([1, 2], [3, 0])
    assert counts(sparse) == {"1000": 200}


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), level=st.integers(0, 3))
def test_random_circuits_read_as_their_state_says(seed: int, level: int) -> None:
    """Controlled rotations included, transpiled before by the user at any level, with elided swaps."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit.random import random_circuit
    from qiskit.quantum_info import Statevector

    circuit = QuantumCircuit(3)
    circuit.compose(random_circuit(3, 4, max_operands=2, seed=seed), inplace=True)
    circuit.swap(0, 2)
    expected = Statevector(circuit).probabilities_dict()
    circuit.measure_all()
    shots = 1500
    read = counts(transpile(circuit, optimization_level=level, seed_transpiler=seed), shots=shots)
    for outcome in expected.keys() | read.keys():
        p = expected.get(outcome, 0.0)
        assert abs(read.get(outcome, 0) - shots * p) <= 5.5 * math.sqrt(shots * p * (1 - p)) + 1e-6 * shots + 1, outcome


def test_a_fourier_transform_after_transpile_at_level_2() -> None:
    """Its swaps are elided, and its controlled phases stay right."""
    from qiskit import QuantumCircuit, transpile
    from qiskit.circuit.library import QFTGate

    circuit = QuantumCircuit(4)
    circuit.x([0, 3])
    circuit.append(QFTGate(4), range(4))
    circuit.append(QFTGate(4).inverse(), range(4))
    circuit.measure_all()
    assert counts(transpile(circuit, optimization_level=2)) == {"1001": 200}


def test_a_circuit_that_is_steered_by_its_measurements() -> None:
    """Runs where the profile can do it, and is refused elsewhere."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    assert prepare(circuit, ADAPTIVE, parameters={}).qubits == 2
    with pytest.raises(ProgramError, match="Adaptive profile"):
        prepare(circuit, BASE, parameters={})


def test_parameters_are_put_in() -> None:
    """OpenQASM 3 inputs, Qiskit's parameters, arguments of a Q# operation."""
    text = f"{OPENQASM_3}input float theta; qubit[1] q; bit[1] c; rx(theta) q[0]; c[0] = measure q[0];"
    assert counts(text, parameters={"theta": math.pi}) == {"1": 200}
    qsharp = "operation Prog(t : Double) : Result { use q = Qubit(); Rx(t, q); return MResetZ(q); }"
    assert counts(qsharp, parameters={"t": math.pi}) == {"1": 200}
    for program in (text, qsharp):
        with pytest.raises(ProgramError, match=r"theta|t"):
            prepare(program, BASE, parameters={})
        with pytest.raises(ProgramError, match="phi"):
            prepare(program, BASE, parameters={"phi": 1})


def test_cirq_reads_by_keys() -> None:
    """Controlled powers turn by their angle there too."""
    import cirq

    first, second = cirq.LineQubit.range(2)
    turned = cirq.Circuit(
        cirq.H(first), cirq.rz(-0.001).controlled()(first, second), cirq.H(first), cirq.measure(first, key="m")
    )
    assert counts(turned) == {"0": 200}


def test_openqasm_2_for_quantinuum() -> None:
    """On request, with the registers turned into Qiskit's order when they are read."""
    made = prepare(asymmetric(), ADAPTIVE, parameters={}, format=OPENQASM_2_FORMAT)
    assert made.data.startswith(b"OPENQASM 2.0;")
    assert made.header.reverse_words
    assert "if" not in made.data.decode()


@pytest.mark.parametrize(
    ("program", "target", "text"),
    [
        pytest.param("hello", BASE, "no program that is known", id="no program"),
        pytest.param(" \n", BASE, "is empty", id="nothing"),
        pytest.param("{]\n", BASE, "no JSON", id="broken JSON"),
        pytest.param('{"a": 1}\n', BASE, "neither a circuit of IonQ", id="other JSON"),
        pytest.param('{"circuit": []}\n', BASE, "how many `qubits`", id="IonQ without qubits"),
        pytest.param(BELL_IONQ, ADAPTIVE, "run on targets of ionq", id="a format of another provider"),
        pytest.param(f"{OPENQASM_3}qubit[1] q; x q[0];", BASE, "measures nothing", id="no measurement"),
        pytest.param(
            f"{OPENQASM_3}qubit[40] q; bit[40] c; h q; c = measure q;", BASE, "needs 40 qubits", id="too many"
        ),
        pytest.param(f"{OPENQASM_2}qreg q[1] x", BASE, "no OpenQASM 2", id="a syntax error"),
        pytest.param("define @__quantum__ nonsense", BASE, "no QIR", id="broken QIR"),
        pytest.param(BELL_QASM, Target("pasqal", "pasqal.sim.emu-sv", profile=""), "takes no QIR", id="no gates there"),
        pytest.param(BELL_QASM, Target("new", "new.qpu"), "not known which QIR profile", id="an unknown provider"),
        pytest.param(object(), BASE, "a object is no program", id="something else"),
        pytest.param(b"\xff\xfe\x00", BASE, "no program that is known", id="bytes"),
    ],
)
def test_refused_with_the_reason(program: Any, target: Target, text: str) -> None:
    """Before anything is sent."""
    with pytest.raises((ProgramError, NotFoundError), match=text):
        prepare(program, target, parameters={})


def test_qir_for_a_better_profile_is_refused() -> None:
    """And taken where it can run."""
    adaptive = prepare(f"{OPENQASM_3}qubit[1] q; bit[1] c; h q[0]; c[0] = measure q[0];", ADAPTIVE, parameters={})
    with pytest.raises(ProgramError, match="compile it for Base"):
        prepare(adaptive.data, BASE, parameters={})
    assert prepare(adaptive.data, ADAPTIVE, parameters={}).data == adaptive.data


def test_the_same_circuit_is_the_same_bytes_in_another_process() -> None:
    """Or a key made of them would pay twice."""
    code = (
        "from quantumjobs.programs.prepare import prepare; from quantumjobs.programs.prepared import Target;"
        "from qiskit.circuit.library import QFTGate; from qiskit import QuantumCircuit;"
        "c = QuantumCircuit(3); c.append(QFTGate(3), range(3)); c.crz(0.3, 0, 1); c.measure_all();"
        "print(prepare(c, Target('ionq', 'x', profile='Base'), parameters={}).digest)"
    )
    digests = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1
