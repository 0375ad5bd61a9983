"""Estimates against real bills, published prices and what the official SDK once computed."""

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from quantumjob_operator.costs import ionq_circuit, openqasm, qir
from quantumjob_operator.costs.estimate import estimate
from quantumjob_operator.costs.gates import Gates
from quantumjob_operator.costs.prices import parse_prices
from quantumjob_operator.model.money import Amount, Basis
from rooms.costs.qirprograms import GHZ, OPAQUE

_LIST: Final = Path(__file__).resolve().parents[3] / "charts/quantumjob-workspace/files/prices.yaml"
PUBLISHED: Final = parse_prices(_LIST.read_text())
SUMMED: Final = parse_prices(_LIST.read_text().replace("model: GateShots", "model: GateShots\n  rule: Sum"))
GHZ_JSON: Final = b"""{"qubits": 3, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1},
{"gate": "cnot", "control": 1, "target": 2}]}"""
GHZ_QASM: Final = b"""OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3];
h q[0]; cx q[0], q[1]; cx q[1],q[2]; measure q -> c;"""
TELEPORT_QASM: Final = b"""OPENQASM 2.0;
include "qelib1.inc";
qreg q[3]; creg a[1]; creg b[1]; creg c[1];
x q[0]; h q[0]; h q[1]; cx q[1], q[2]; cx q[0], q[1]; h q[0]; // three, and one
measure q[0] -> a[0]; measure q[1] -> b[0];
if (b == 1) x q[2]; if (a == 1) z q[2]; h q[2];
measure q[2] -> c[0];"""
GHZ_QIR: Final = GHZ.encode()
SENT: Final = {"entryPoint": "main", "arguments": []}
NO_MITIGATION: Final = {"error-mitigation": {"debias": False}}


def amounts(
    target: str, form: str, program: bytes, parameters: dict[str, Any], prices: Any = PUBLISHED
) -> dict[str, str]:
    """The estimate's amounts by unit."""
    told = estimate(target, form, program, parameters, prices)
    assert told.basis is Basis.PRICE_LIST, told.detail
    return {one.unit: one.amount for one in told.amounts}


@pytest.mark.parametrize(
    ("target", "parameters", "maximum", "added"),
    [
        pytest.param("aria-1", {"shots": 1024}, "97.5", "99.72208", id="the minimum, with mitigation as by default"),
        pytest.param("aria-1", {"shots": 1024, **NO_MITIGATION}, "12.4166", "14.63868", id="the minimum without"),
        pytest.param("aria-1", {"shots": 100_000}, "217", "314.5", id="many shots pass the minimum"),
        pytest.param("forte-1", {"shots": 1024}, "168.195", "170.659256", id="another target's prices"),
        pytest.param("forte-1", {"shots": 100_000, **NO_MITIGATION}, "240.65", "266.4399", id="all at once"),
    ],
)
def test_ionq_as_its_page_says(target: str, parameters: dict[str, Any], maximum: str, added: str) -> None:
    """The page has a minimum in its table and a sum in its formula: the list's `rule` says which."""
    name, form = f"ionq.qpu.{target}", "ionq.circuit.v1"
    assert amounts(name, form, GHZ_JSON, parameters) == {"USD": maximum}
    assert amounts(name, form, GHZ_JSON, parameters, SUMMED) == {"USD": added}


@pytest.mark.parametrize(
    ("program", "shots", "billed"),
    [
        pytest.param(GHZ_QASM, 10, "5.12", id="GHZ, few shots"),
        pytest.param(GHZ_QASM, 100, "6.22", id="GHZ, a hundred"),
        pytest.param(GHZ_QASM, 500, "11.1", id="GHZ, five hundred"),
        pytest.param(TELEPORT_QASM, None, "5.01", id="teleportation, one shot by default"),
        pytest.param(TELEPORT_QASM, 100, "6.2", id="teleportation, a hundred"),
    ],
)
def test_quantinuum_against_real_bills(program: bytes, shots: int | None, billed: str) -> None:
    """An estimate is never below the bill, and at most a tenth above it."""
    told = amounts("quantinuum.sim.h1-1e", "honeywell.openqasm.v1", program, {"shots": shots} if shots else {})
    assert Decimal(billed) <= Decimal(told["ehqc"]) <= Decimal(billed) * Decimal("1.1")


@pytest.mark.parametrize(
    ("target", "form", "program", "want"),
    [
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, {"USD": "217"}, id="IonQ JSON"),
        pytest.param("ionq.qpu.aria-1", "qir.v1", GHZ_QIR, {"USD": "217"}, id="the same as QIR"),
        pytest.param("ionq.qpu.aria-1", "qir.v1", OPAQUE.encode(), {"USD": "217"}, id="QIR with opaque pointers"),
        pytest.param("quantinuum.qpu.h2-1", "qir.v1", GHZ_QIR, {"hqc": "1280"}, id="QIR at Quantinuum"),
        pytest.param("quantinuum.qpu.h2-1", "honeywell.openqasm.v1", GHZ_QASM, {"hqc": "1280"}, id="OpenQASM"),
    ],
)
def test_all_formats_count_alike(target: str, form: str, program: bytes, want: dict[str, str]) -> None:
    """One circuit in three languages has one price."""
    assert amounts(target, form, program, {"shots": 100_000, **SENT}) == want


@pytest.mark.parametrize(
    ("counted", "hqc", "dollars"),
    [
        pytest.param(openqasm.count(GHZ_QASM), "725", None, id="GHZ in OpenQASM"),
        pytest.param(qir.count(GHZ_QIR, "main"), "725", "218.05", id="GHZ in QIR"),
        pytest.param(
            qir.count(GHZ_QIR, "main") + Gates(one=1), "745", "240.1", id="GHZ in QIR with the SDK's second gate"
        ),
        pytest.param(ionq_circuit.count(GHZ_JSON) + Gates(measured=6), "725", "218.05", id="GHZ in IonQ's JSON"),
        pytest.param(openqasm.count(TELEPORT_QASM), "845", None, id="teleportation"),
    ],
)
def test_as_the_sdk_once_computed(counted: Gates, hqc: str, dollars: str | None) -> None:
    """For 100,000 shots, by the formulas that it had, in which nothing is prepared: three less are measured."""
    shots, without_preparations = 100_000, counted.measured - 3
    assert 5 + Decimal(shots * (counted.one + 10 * counted.two + 5 * without_preparations)) / 5000 == Decimal(hqc)
    if dollars:
        price = counted.one * Decimal("0.0002205") + counted.two * Decimal("0.00098")
        assert shots * price == Decimal(dollars)


@pytest.mark.parametrize(
    ("target", "form", "program", "limit", "most"),
    [
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, "250 USD", 115_207, id="by the gates"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, "97.5 USD", 44_930, id="just the minimum"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, "97.49 USD", 0, id="less than the minimum"),
        pytest.param("quantinuum.qpu.h2-1", "honeywell.openqasm.v1", GHZ_QASM, "5.013 hqc", 1, id="a single shot"),
        pytest.param("quantinuum.qpu.h2-1", "honeywell.openqasm.v1", GHZ_QASM, "5 hqc", 0, id="less than one shot"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", b'{"qubits":1,"circuit":[]}', "98 USD", None, id="no gates"),
    ],
)
def test_the_most_shots_that_a_limit_allows(
    target: str, form: str, program: bytes, limit: str, most: int | None
) -> None:
    """So many are within it, and one more is not."""
    amount, unit = limit.split()
    by_shots = estimate(target, form, program, {"shots": 1}, PUBLISHED).by_shots
    assert next(one.most_within(Decimal(amount)) for one in by_shots if one.unit == unit) == most
    if most:
        costs = [Decimal(amounts(target, form, program, {"shots": shots})[unit]) for shots in (most, most + 1)]
        assert costs[0] <= Decimal(amount) < costs[1]


def test_a_price_of_credits_gives_money_too() -> None:
    """Whoever pays for credits may say how much."""
    list_of_mine = parse_prices(
        "asOf: 2026-01-01\ntargets: [{target: q, model: Hqc, unit: hqc, unitPrice: {currency: USD, amount: 12.50}}]"
    )
    told = amounts("q", "honeywell.openqasm.v1", GHZ_QASM, {"shots": 500}, list_of_mine)
    assert told == {"hqc": "10.1", "USD": "126.25"}


@pytest.mark.parametrize(
    ("target", "form", "program", "parameters", "why"),
    [
        pytest.param("a.b", "qir.v1", b"", {"shots": 1}, "has no target a.b", id="a target that the list lacks"),
        pytest.param("rigetti.qpu.x", "qir.v1", b"", {"shots": 1}, "depends on its execution time", id="by time"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, {}, "the target chooses", id="no shots"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, {"shots": "5"}, "no number", id="shots as text"),
        pytest.param("ionq.qpu.aria-1", "rigetti.quil.v1", b"", {"shots": 5}, "are not counted", id="another format"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", b" " * 300_000, {"shots": 5}, "256 KiB", id="too long"),
        pytest.param("ionq.qpu.aria-1", "ionq.circuit.v1", b"[" * 90_000, {"shots": 5}, "no JSON", id="nested"),
        pytest.param("ionq.qpu.aria-1", "qir.v1", b"BC\xc0\xde", {"shots": 5}, "not in bitcode", id="QIR as bitcode"),
        pytest.param(
            "ionq.qpu.aria-1", "qir.v1", GHZ_QIR, {"shots": 5, "entryPoint": "other"}, "entry point",
            id="QIR that is sent with another entry point",
        ),
        pytest.param(
            "ionq.qpu.aria-1", "qir.v1", GHZ_QIR, {"shots": 5, **SENT, "arguments": [{"name": "n", "value": 9}]},
            "arguments", id="QIR with arguments",
        ),
        pytest.param(
            "ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, {"shots": 5, "items": []}, "several runs", id="items"
        ),
        pytest.param(
            "ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, {"shots": 1, "count": True}, "no number", id="count as text"
        ),
        pytest.param(
            "quantinuum.qpu.h2-1", "honeywell.openqasm.v1", GHZ_QASM.replace(b"h q", b"opaque_gate q"), {"shots": 5},
            "what is not known here: 'opaque_gate'", id="a gate that nobody defines",
        ),
        pytest.param(
            "quantinuum.qpu.h2-1", "honeywell.openqasm.v1",
            b"OPENQASM 2.0; qreg q[1]; gate a0 x {U(0,0,0) x;}"
            + b"".join(b"gate a%d x {a%d x; a%d x;}" % (n + 1, n, n) for n in range(64)) + b"a64 q[0];",
            {"shots": 5}, "more than 1,000,000,000,000 gates", id="definitions that double each other",
        ),
    ],
)  # fmt: skip
def test_unknown_is_an_answer(target: str, form: str, program: bytes, parameters: dict[str, Any], why: str) -> None:
    """It has a reason and no amount: nothing unknown is 0."""
    told = estimate(target, form, program, parameters, PUBLISHED)
    assert (told.basis, told.amounts) == (Basis.UNKNOWN, ())
    assert why in told.detail


@pytest.mark.parametrize(
    ("target", "parameters", "least"),
    [
        pytest.param("ionq.qpu.aria-1", {"shots": 5}, [Amount("USD", "97.5")], id="the minimum"),
        pytest.param("ionq.qpu.aria-1", {"items": [], **NO_MITIGATION}, [Amount("USD", "12.4166")], id="the lower one"),
        pytest.param("quantinuum.qpu.h2-1", {"shots": 5}, [Amount("hqc", "5")], id="what each job costs"),
        pytest.param("rigetti.qpu.x", {"shots": 5}, [], id="no minimum"),
    ],
)
def test_what_cannot_be_counted_costs_its_minimum(target: str, parameters: dict[str, Any], least: list[Amount]) -> None:
    """No program costs less, whatever hides in it."""
    assert list(estimate(target, "qir.v1", b"BC\xc0\xde", parameters, PUBLISHED).at_least or ()) == least


@pytest.mark.parametrize(
    ("gate", "why"),
    [
        pytest.param(
            '{"gate":"pauliexp","targets":[0,1],"terms":["XX"],"coefficients":[1],"time":1}',
            "none of those that are counted",
            id="of many gates in one",
        ),
        pytest.param('{"gate":"cnot","targets":[0,1]}', "names no control", id="with one qubit too few"),
    ],
)
def test_a_gate_whose_cost_is_not_known(gate: str, why: str) -> None:
    """It makes the whole cost unknown, and at least the minimum."""
    told = estimate("ionq.qpu.aria-1", "ionq.circuit.v1", b'{"circuit":[%s]}' % gate.encode(), {"shots": 5}, PUBLISHED)
    assert (told.basis, [str(one) for one in told.at_least or ()]) == (Basis.UNKNOWN, ["97.5 USD"])
    assert why in told.detail


def test_conditions_in_conditions_are_no_defect() -> None:
    """However many there are."""
    program = b"OPENQASM 2.0;qreg q[1];creg c[1];" + b"if(c==1)" * 100_000 + b"U(0,0,0) q[0];"
    told = estimate("quantinuum.qpu.h2-1", "honeywell.openqasm.v1", program[:250_000], {"shots": 5}, PUBLISHED)
    assert told.basis is Basis.UNKNOWN


def test_a_target_in_another_case_costs_the_same() -> None:
    """The service does not tell them apart."""
    assert PUBLISHED.price_of("IonQ.QPU.Aria-1") == PUBLISHED.price_of("ionq.qpu.aria-1") is not None


def test_a_program_in_a_secret_is_not_quoted() -> None:
    """An estimate stands in a status, which more people may read than the Secret."""
    program = GHZ_QASM.replace(b"h q", b"opaque_gate q")
    told = estimate("quantinuum.qpu.h2-1", "honeywell.openqasm.v1", program, {"shots": 5}, PUBLISHED, confidential=True)
    assert (told.basis, told.detail) == (Basis.UNKNOWN, "the program uses what is not known here")


def test_a_cost_beyond_all_prices_is_unknown() -> None:
    """Prices of a trillion and programs that double are anybody's; no number of them breaks anything."""
    dear = parse_prices(
        "asOf: 2026-01-01\n"
        "targets: [{target: q, model: GateShots, currency: USD, oneQubit: 99999999999.5, twoQubit: 1}]"
    )
    doubling = b"".join(b"gate a%d x {a%d x; a%d x;}" % (n + 1, n, n) for n in range(39))
    program = b"OPENQASM 2.0; qreg q[1]; gate a0 x {U(0,0,0) x;}" + doubling + b"a39 q[0];"
    told = estimate("q", "honeywell.openqasm.v1", program, {"shots": 10**9}, dear)
    assert (told.basis, told.detail) == (Basis.UNKNOWN, "the cost is beyond all prices")


def test_the_larger_of_shots_and_count_counts() -> None:
    """Which of them a target takes is its own business."""
    parameters = {"shots": 1, "count": 100_000}
    assert amounts("ionq.qpu.aria-1", "ionq.circuit.v1", GHZ_JSON, parameters) == {"USD": "217"}


@pytest.mark.parametrize("target", ["ionq.simulator", "quantinuum.sim.h2-1sc", "rigetti.sim.qvm"])
def test_free_is_said(target: str) -> None:
    """What the list calls free costs nothing, whatever runs there."""
    assert estimate(target, "any", b"", {}, PUBLISHED).basis is Basis.FREE
