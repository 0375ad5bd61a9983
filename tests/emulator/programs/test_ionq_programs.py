"""IonQ's JSON programs as jobs: what their results look like, and what a bad one is told."""

import json
from typing import Any

import pytest

from emulator.programs.submission import IONQ, error_of, request, result_of, task
from workspace_emulator.programs import ErrorCode, Limits, ProgramError, ionq, run_program

BELL = {"qubits": 2, "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]}


def _program(*circuit: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"qubits": 3, "circuit": list(circuit), **fields}


async def test_x_on_qubit_0_of_3_is_the_state_1() -> None:
    """Keys are little-endian integers: qubit 0 is the least significant bit."""
    program = _program({"gate": "x", "target": 0})
    assert await result_of(request(IONQ, program)) == {"histogram": {"1": 1.0}}


async def test_bell_pair_is_half_and_half_exactly() -> None:
    """Without noise the simulator gives probabilities, whatever the shots."""
    result = await result_of(request(IONQ, BELL, shots=3))
    assert result == {"histogram": {"0": 0.5, "3": 0.5}}


async def test_output_goes_where_the_provider_puts_it() -> None:
    """The service passes IonQ's JSON through."""
    output = await run_program(request(IONQ, BELL))
    assert (output.blob_name, output.content_type) == ("rawOutputData", "application/json")


def test_machine_gives_frequencies_of_its_shots() -> None:
    """A quantum computer can't know probabilities: its histogram is made of shots, repeatable by the seed."""
    first, again, other = (
        json.loads(ionq.run(task(IONQ, BELL, target="ionq.qpu.forte-1", shots=100, seed=seed)))["histogram"]
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert set(first) == {"0", "3"}
    assert sum(first.values()) == pytest.approx(1.0)
    assert all((share * 100).is_integer() for share in first.values())


def test_empty_circuit_stays_in_0() -> None:
    """No gate at all is a program too."""
    assert json.loads(ionq.run(task(IONQ, _program()))) == {"histogram": {"0": 1.0}}


@pytest.mark.parametrize(
    ("program", "told"),
    [
        pytest.param("{", "not JSON", id="text that is no JSON"),
        pytest.param("[]", "program", id="JSON that is no object"),
        pytest.param({"circuit": []}, "qubits", id="no number of qubits"),
        pytest.param(_program({"gate": "x", "target": 3}), "circuit[0] uses qubit 3", id="a qubit that does not exist"),
        pytest.param(_program({"gate": "x", "target": -1}), "circuit[0].target", id="a negative qubit"),
        pytest.param(_program({"gate": "x", "target": True}), "circuit[0].target", id="a qubit that is no number"),
        pytest.param(_program({"gate": "x", "target": 0}, {"gate": "g"}), "circuit[1]: gate 'g'", id="unknown gate"),
        pytest.param(_program({"gate": "x"}), "'target'", id="a gate without target"),
        pytest.param(_program({"gate": "x", "target": 0, "targets": [1]}), "not both", id="target and targets"),
        pytest.param(_program({"gate": "x", "target": 0, "control": 0}), "named twice", id="a qubit controls itself"),
        pytest.param(_program({"gate": "swap", "targets": [0]}), "two 'targets'", id="a swap of one qubit"),
        pytest.param(_program({"gate": "cnot", "target": 0}), "'control'", id="cnot without control"),
        pytest.param(_program({"gate": "rx", "target": 0}), "'rotation'", id="a rotation without angle"),
        pytest.param(_program({"gate": "x", "target": 0, "rotation": 1.0}), "no 'rotation'", id="x with an angle"),
        pytest.param(_program({"gate": "rx", "target": 0, "rotation": 1e999}), "rotation", id="an infinite angle"),
        pytest.param(_program({"gate": "x", "target": 0, "colour": 1}), "circuit[0].colour", id="a field of nobody"),
        pytest.param(_program(gateset="other"), "gateset: must be 'qis' or 'native'", id="a gate set of nobody"),
        pytest.param(
            _program({"gate": "pauliexp", "targets": [0, 1], "terms": ["XX"], "coefficients": [0.4], "time": 1.0}),
            "circuit[0]: gate 'pauliexp' is not run here; gateset 'qis' has cnot",
            id="a gate that is not run, whose fields are no mistake",
        ),
        pytest.param(
            _program({"gate": "gpi", "target": 0, "phase": 0}),
            "gate 'gpi' is not run here; gateset 'qis'",
            id="a native gate among others",
        ),
        pytest.param(
            _program({"gate": "h", "target": 0}, gateset="native"),
            "gate 'h' is not run here; gateset 'native' has gpi, gpi2, ms, zz",
            id="another gate among native ones",
        ),
        pytest.param(_program({"gate": "gpi", "target": 0}, gateset="native"), "needs 'phase'", id="gpi without phase"),
        pytest.param(
            _program({"gate": "zz", "targets": [0, 1], "angle": 0.1, "phase": 0.1}, gateset="native"),
            "takes no 'phase'",
            id="zz with a phase",
        ),
        pytest.param(
            _program({"gate": "gpi", "targets": [0, 1], "phase": 0.1}, gateset="native"),
            "one 'target'",
            id="gpi of two",
        ),
        pytest.param(_program(registers={}), "registers", id="a program field of nobody"),
    ],
)
def test_bad_program_is_told_what_is_wrong(program: str | dict[str, Any], told: str) -> None:
    """The error names the gate's position and the field."""
    with pytest.raises(ProgramError) as caught:
        ionq.run(task(IONQ, program))
    assert caught.value.code == ErrorCode.INVALID_INPUT_DATA
    assert told in caught.value.message


async def test_brackets_without_end_are_a_bad_program() -> None:
    """The reader gives up, not the process."""
    error = await error_of(request(IONQ, "[" * 100_000))
    assert error.code == ErrorCode.INVALID_INPUT_DATA
    assert "nested" in error.message


@pytest.mark.parametrize(
    ("program", "limits"),
    [
        pytest.param({"qubits": 21, "circuit": []}, Limits(), id="more qubits than can be simulated"),
        pytest.param({"qubits": 10**12, "circuit": []}, Limits(), id="absurdly many qubits"),
        pytest.param(_program(*[{"gate": "x", "target": 0}] * 11), Limits(operations=10), id="too many gates"),
    ],
)
def test_program_that_is_too_large_is_refused_before_it_starts(program: dict[str, Any], limits: Limits) -> None:
    """Nothing of that size is built."""
    with pytest.raises(ProgramError) as caught:
        ionq.run(task(IONQ, program, limits=limits))
    assert caught.value.code == ErrorCode.INSUFFICIENT_RESOURCES
