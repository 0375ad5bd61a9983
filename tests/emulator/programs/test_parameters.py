"""Parameters are honoured or refused by name; none is ignored."""

from typing import Any

import pytest

from emulator.programs.submission import (
    BELL,
    HEADER,
    IONQ,
    PULSER,
    QASM,
    QIR,
    QUIL,
    error_of,
    measured,
    qir,
    request,
    result_of,
)
from workspace_emulator.programs import ErrorCode

PROGRAMS: dict[str, Any] = {
    IONQ: {"qubits": 1, "circuit": [{"gate": "h", "target": 0}]},
    QASM: HEADER + "qreg q[1]; creg c[1]; h q; measure q -> c;",
    QIR: qir(f"{BELL}\n{measured(0, 1)}"),
    QUIL: "DECLARE ro BIT\nH 0\nMEASURE 0 ro[0]",
    PULSER: {},
}


@pytest.mark.parametrize(
    ("input_format", "parameters", "told"),
    [
        pytest.param(IONQ, {"count": 5}, "inputParams.count", id="count instead of shots"),
        pytest.param(QASM, {"count": 5, "shots": 6}, "use shots", id="count beside other shots"),
        pytest.param(IONQ, {"shots": 0}, "inputParams.shots", id="no shots"),
        pytest.param(QASM, {"shots": "5"}, "inputParams.shots", id="shots as text"),
        pytest.param(QIR, {"shots": True}, "inputParams.shots", id="shots as a truth value"),
        pytest.param(IONQ, {"noise": {"model": "aria-1"}}, "inputParams.noise.model", id="a noise model"),
        pytest.param(IONQ, {"noise": {"seed": 1}}, "inputParams.noise.model", id="noise without a model"),
        pytest.param(IONQ, {"error-mitigation": {"debias": True}}, "error-mitigation.debias", id="debiasing"),
        pytest.param(IONQ, {"colour": 1}, "inputParams.colour", id="a parameter of nobody"),
        pytest.param(QASM, {"error-params": {"p1": 0.1}}, "inputParams.error-params", id="an error model's numbers"),
        pytest.param(QASM, {"error-model": True}, "inputParams.error-model", id="an error model"),
        pytest.param(QASM, {"simulator": "stabilizer"}, "inputParams.simulator", id="another simulator"),
        pytest.param(QASM, {"tket-opt-level": 2}, "inputParams.tket-opt-level", id="an optimisation level"),
        pytest.param(QIR, {"entryPoint": "nope"}, "ENTRYPOINT__main", id="an entry point that does not exist"),
        pytest.param(QIR, {"arguments": [1]}, "inputParams.arguments", id="arguments"),
        pytest.param(QIR, {"target_profile": "Unrestricted"}, "inputParams.target_profile", id="an unknown profile"),
        pytest.param(QIR, {"items": []}, "inputParams.items", id="an empty batch"),
        pytest.param(QIR, {"items": [{"entryPoint": "nope"}]}, "ENTRYPOINT__main", id="a batch of what does not exist"),
        pytest.param(
            QIR,
            {"items": [{"entryPoint": "ENTRYPOINT__main", "arguments": [1]}]},
            "inputParams.items[0].arguments",
            id="a batch with arguments",
        ),
        pytest.param(
            QIR,
            {"items": [{"entryPoint": "ENTRYPOINT__main", "shots": 1}]},
            "inputParams.items[0].shots",
            id="a batch with something more",
        ),
        pytest.param(
            QIR,
            {"items": [{"entryPoint": "ENTRYPOINT__main"}], "entryPoint": "other"},
            "leave entryPoint out",
            id="a batch beside another entry point",
        ),
        pytest.param(QUIL, {"count": 5}, "inputParams.count", id="count instead of shots for Quil"),
        pytest.param(QUIL, {"skipQuilc": "no"}, "inputParams.skipQuilc", id="a text as a truth value"),
        pytest.param(QUIL, {"substitutions": {"t": [0.1]}}, "inputParams.substitutions.t", id="a set that is no list"),
        pytest.param(PULSER, {"runs": 5}, "inputParams.runs", id="what PASQAL's shots were called once"),
    ],
)
async def test_parameter_that_cannot_be_honoured_is_named(
    input_format: str, parameters: dict[str, Any], told: str
) -> None:
    """The job fails and says which parameter, instead of running something else."""
    error = await error_of(request(input_format, PROGRAMS[input_format], **parameters))
    assert error.code == ErrorCode.INVALID_INPUT_DATA
    assert told in error.message


async def test_more_shots_than_allowed_are_refused() -> None:
    """A limit of this workspace, not a mistake in the program."""
    error = await error_of(request(QASM, PROGRAMS[QASM], shots=10_001))
    assert error.code == ErrorCode.INSUFFICIENT_RESOURCES
    assert "inputParams.shots" in error.message


@pytest.mark.parametrize(
    ("input_format", "parameters"),
    [
        pytest.param(IONQ, {"noise": {"model": "ideal", "seed": 7}}, id="noise that is none"),
        pytest.param(IONQ, {"error-mitigation": {"debias": False}, "shots": 1}, id="no debiasing"),
        pytest.param(
            QASM, {"simulator": "state-vector", "error-model": False, "no-opt": True}, id="what is done anyway"
        ),
        pytest.param(
            QIR, {"entryPoint": "ENTRYPOINT__main", "arguments": [], "target_profile": "Base"}, id="as the SDK"
        ),
        pytest.param(
            QIR,
            {"shots": 5, "count": 5, "items": [{"entryPoint": "ENTRYPOINT__main", "arguments": []}]},
            id="as the SDK's Qiskit provider",
        ),
        pytest.param(
            QIR,
            {"entryPoint": "ENTRYPOINT__main", "items": [{"entryPoint": "ENTRYPOINT__main"}]},
            id="a batch of the entry point that is named beside it",
        ),
        pytest.param(QUIL, {"skipQuilc": True, "shots": 1}, id="no compilation, as always here"),
    ],
)
async def test_parameter_that_asks_for_what_happens_is_honoured(input_format: str, parameters: dict[str, Any]) -> None:
    """Asking for an ideal simulation by name is no mistake."""
    assert await result_of(request(input_format, PROGRAMS[input_format], **parameters))


async def test_shots_default_to_what_the_sdk_sends() -> None:
    """A job without shots has 500; Rigetti's were seen to run once."""
    assert len((await result_of(request(QASM, PROGRAMS[QASM])))["c"]) == 500
    assert len((await result_of(request(QUIL, PROGRAMS[QUIL])))["ro"]) == 1


async def test_format_without_a_simulator_is_refused() -> None:
    """No result is ever invented."""
    error = await error_of(request("acme.v1", "DECLARE ro BIT[1]"))
    assert (error.code, "acme.v1" in error.message) == (ErrorCode.INVALID_INPUT_DATA, True)


async def test_result_format_that_the_program_does_not_give_is_refused() -> None:
    """Results are not translated between providers."""
    error = await error_of(request(IONQ, PROGRAMS[IONQ], output_format="honeywell.quantum-results.v1"))
    assert error.code == ErrorCode.CANNOT_TRANSLATE_OUTPUT


@pytest.mark.parametrize("input_format", [QASM, QIR, QUIL])
async def test_seed_makes_a_run_repeatable(input_format: str) -> None:
    """The same seed gives the same shots, the next seed gives others."""
    first, again, other = [
        await result_of(request(input_format, PROGRAMS[input_format], seed=seed, shots=50)) for seed in (1, 1, 2)
    ]
    assert first == again != other
