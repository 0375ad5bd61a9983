"""What a program needs before it runs: numbers that are certain, and a reason instead of each that is not."""

import json
from typing import Any

import pytest

from client.programs import BELL_QASM, OPENQASM_3
from quantumjobs.estimate import estimate
from quantumjobs.limits import limits
from quantumjobs.programs.prepare import prepare
from quantumjobs.programs.prepared import Target

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
BASE = Target("ionq", "ionq.simulator", qubits=29, profile="Base")
ADAPTIVE = Target("quantinuum", "quantinuum.sim.h2-1e", qubits=56, profile="Adaptive_RIF")
RIGETTI = Target("rigetti", "rigetti.sim.qvm", profile="Base")
MIXED = (
    f"{OPENQASM_3}qubit[3] q; bit[2] c; h q[0]; cx q[0], q[1]; rz(0.3) q[1]; t q[2]; tdg q[0]; ccx q[0], q[1], q[2];"
    "rzz(0.2) q[0], q[1]; c[0] = measure q[0]; c[1] = measure q[1];"
)
IONQ = json.dumps(
    {
        "qubits": 3,
        "circuit": [
            {"gate": "h", "target": 0},
            {"gate": "cnot", "control": 0, "target": 1},
            {"gate": "rx", "rotation": 0.1, "target": 2},
            {"gate": "not", "controls": [0, 1], "target": 2},
            {"gate": "swap", "targets": [0, 1]},
        ],
    }
)
STEERED = """operation Main() : Result {
    use q = Qubit[2]; H(q[0]); if MResetZ(q[0]) == One { X(q[1]); } return MResetZ(q[1]);
}"""


def of(program: str, target: Target, **options: Any) -> dict[str, Any]:
    """The estimate of a program."""
    return estimate(prepare(program, target, parameters={}, **options), target, 100).to_dict()


@pytest.mark.parametrize(
    ("program", "target", "options", "expected"),
    [
        pytest.param(
            BELL_QASM, BASE, {},
            {"qubits": 2, "gates": {"h": 1, "cx": 1}, "one_qubit_gates": 1, "two_qubit_gates": 1, "measurements": 2},
            id="a Bell pair as QIR",
        ),
        pytest.param(
            IONQ, BASE, {},
            {"qubits": 3, "gates": {"h": 1, "cx": 1, "rx": 1, "ccx": 1, "swap": 1}, "one_qubit_gates": 2,
             "two_qubit_gates": 2, "larger_gates": 1, "rotations": 1, "toffolis": 1, "measurements": 3},
            id="a circuit of IonQ, which measures every qubit",
        ),
        pytest.param(
            BELL_QASM, ADAPTIVE, {"format": "honeywell.openqasm.v1"},
            {"qubits": 2, "gates": {"h": 1, "cx": 1}, "measurements": 2, "t_gates": 0},
            id="OpenQASM 2",
        ),
        pytest.param(
            "operation Main() : Result { use q = Qubit(); H(q); T(q); Adjoint T(q); Rx(0.1, q); return MResetZ(q); }",
            BASE, {},
            {"qubits": 1, "gates": {"h": 1, "t": 1, "tdg": 1, "rx": 1}, "t_gates": 2, "rotations": 1},
            id="Q#",
        ),
    ],
)  # fmt: skip
def test_what_is_certain(program: str, target: Target, options: dict[str, str], expected: dict[str, Any]) -> None:
    """Counted in the bytes that would be sent."""
    found = of(program, target, **options)
    assert {name: found[name] for name in expected} == expected
    assert found["shots"] == 100


@pytest.mark.parametrize(
    ("program", "target", "unknown", "why"),
    [
        pytest.param(BELL_QASM, BASE, "price", "--max-cost 0USD", id="a price before the run"),
        pytest.param(STEERED, ADAPTIVE, "two_qubit_gates", "branches or repeats", id="the gates of a steered program"),
        pytest.param("DECLARE ro BIT[1]\nX 0\nMEASURE 0 ro[0]", RIGETTI, "gates", "not in rigetti.quil.v1", id="Quil"),
        pytest.param(
            "DECLARE ro BIT[1]\nX 0\nMEASURE 0 ro[0]", RIGETTI, "qubits", "does not say", id="the size of Quil"
        ),
        pytest.param('{"qubits": 1, "circuit": [7]}', BASE, "gates", "does not say its name", id="an odd circuit"),
    ],
)
def test_what_is_unknown_says_why(program: str, target: Target, unknown: str, why: str) -> None:
    """It is null with a reason, never 0."""
    found = of(program, target)
    assert found[unknown] is None
    assert why in found["unknown"][unknown]


def test_every_fact_is_a_number_or_has_a_reason() -> None:
    """Nothing is null without a word."""
    found = of(MIXED, BASE)
    nulls = {name for name, fact in found.items() if fact is None}
    assert nulls == found["unknown"].keys() == {"price"}
    assert found["larger_gates"] == found["toffolis"] == 1
    assert found["two_qubit_gates"] == 2


def test_a_limit_stands_beside_the_price() -> None:
    """As it would be sent."""
    allowed = limits(["5USD", "3hqc"])
    found = estimate(prepare(BELL_QASM, BASE, parameters={}), BASE, 100, allowed)
    assert found.to_dict()["max_cost"] == allowed
