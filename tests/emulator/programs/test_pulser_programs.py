"""Pulser's sequences as jobs: strings of bits and their counts, against a Schrödinger equation solved for the test."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pulser
import pytest
from pulser.devices import MockDevice
from pulser.waveforms import RampWaveform

from emulator.programs.pulses import as_sent, sequence
from emulator.programs.submission import PULSER, request, result_of, task
from workspace_emulator.programs import ErrorCode, ProgramError
from workspace_emulator.programs.pasqal import run

# Of the Rydberg level 70, in rad/µs·µm⁶: C₆/ħ of Pulser's devices.
C6: Final = 5420158.53
NANOSECONDS: Final = 400
PLACES: Final[Mapping[str, tuple[float, float]]] = {"c": (0, 0), "a": (6, 0), "b": (14, 3)}


def _counts(built: dict[str, Any] | str, **changes: Any) -> dict[str, int]:
    """Run it in this process."""
    counts: dict[str, int] = json.loads(run(task(PULSER, {"sequence_builder": built}, **changes)))
    return counts


def _driven() -> dict[str, Any]:
    """Return a pulse on all of three atoms whose distances differ, then one on the atom that was declared second."""
    built = pulser.Sequence(pulser.Register(dict(PLACES)), MockDevice)
    built.declare_channel("all", "rydberg_global")
    built.declare_channel("one", "rydberg_local", initial_target="a")
    built.add(pulser.Pulse.ConstantDetuning(RampWaveform(NANOSECONDS, 2, 9), 3, 0), "all")
    built.add(pulser.Pulse.ConstantPulse(100, 7, -2, 0), "one", protocol="wait-for-all")
    return as_sent(built)


def _chances() -> Mapping[str, float]:
    """Solve the same without Pulser: H = Σ Ω/2·X - δ·n + Σ C₆/r⁶·n·n in steps of 0.1 ns, first atom leftmost."""
    places = list(PLACES.values())
    lift = [_on(len(places), index) for index in range(len(places))]
    x, n = np.array([[0, 1], [1, 0]], dtype=complex), np.diag([0, 1]).astype(complex)
    pairs = [(one, other) for other in range(len(places)) for one in range(other)]
    between = sum(C6 / math.dist(places[i], places[j]) ** 6 * lift[i](n) @ lift[j](n) for i, j in pairs)
    state = np.zeros(2 ** len(places), dtype=complex)
    state[0] = 1
    step = 1e-4
    for number in range(10 * (NANOSECONDS + 100)):
        elapsed = (number + 0.5) / 10
        first = elapsed < NANOSECONDS
        rabi, detuning = (2 + 7 * elapsed / NANOSECONDS, 3) if first else (7, -2)
        driven: Sequence[int] = range(len(places)) if first else [list(PLACES).index("a")]
        energy = between + sum(rabi / 2 * lift[atom](x) - detuning * lift[atom](n) for atom in driven)
        values, vectors = np.linalg.eigh(energy)
        state = vectors @ (np.exp(-1j * values * step) * (vectors.conj().T @ state))
    return {format(index, "03b"): abs(amplitude) ** 2 for index, amplitude in enumerate(state)}


def _on(atoms: int, index: int) -> Any:
    return lambda matrix: np.kron(np.kron(np.eye(2**index), matrix), np.eye(2 ** (atoms - 1 - index)))


def test_counts_are_those_of_the_schroedinger_equation() -> None:
    """No two atoms are alike, so no order of the bits can be taken for another."""
    counts, chances = _counts(_driven(), shots=10_000), _chances()
    assert sum(counts.values()) == 10_000
    assert len({round(chance, 3) for chance in chances.values()}) >= 6
    for bits, chance in chances.items():
        # The simulator holds the pulse for each nanosecond, which is worth a thousandth.
        noise = 5 * math.sqrt(10_000 * chance * (1 - chance)) + 30
        assert counts.get(bits, 0) == pytest.approx(10_000 * chance, abs=noise)


async def test_excited_atom_is_read_where_it_was_declared() -> None:
    """The first atom is the leftmost character; both ways to write the sequence run, behind the confinement."""
    built = pulser.Sequence(pulser.Register({"x": (0, 0), "y": (40, 0), "z": (80, 0)}), MockDevice)
    built.declare_channel("one", "rydberg_local", initial_target="x")
    built.add(pulser.Pulse.ConstantPulse(500, math.pi / 0.5, 0, 0), "one")
    result = await result_of(request(PULSER, {"sequence_builder": as_sent(built)}))
    assert result == {"100": 100}
    assert _counts(json.dumps(as_sent(built)), shots=7) == {"100": 7}


def test_seed_makes_a_run_repeatable() -> None:
    """The same seed draws the same."""
    built = sequence(3, 300)
    first, again, other = (_counts(built, shots=200, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def _open() -> dict[str, Any]:
    built = pulser.Sequence(pulser.Register({"x": (0, 0)}), MockDevice)
    built.declare_channel("all", "rydberg_global")
    built.add(pulser.Pulse.ConstantPulse(100, built.declare_variable("strength"), 0, 0), "all")
    return as_sent(built)


@pytest.mark.parametrize(
    ("program", "code", "told"),
    [
        pytest.param("{", ErrorCode.INVALID_INPUT_DATA, "not JSON", id="no JSON"),
        pytest.param(sequence(1, 16), ErrorCode.INVALID_INPUT_DATA, "sequence_builder", id="without the envelope"),
        pytest.param({"sequence_builder": {}}, ErrorCode.INVALID_INPUT_DATA, "sequence_builder", id="no sequence"),
        pytest.param({"sequence_builder": _open()}, ErrorCode.INVALID_INPUT_DATA, "variables", id="open variables"),
        pytest.param(
            {"sequence_builder": sequence(13, 16)}, ErrorCode.INSUFFICIENT_RESOURCES, "at most 12", id="many atoms"
        ),
    ],
)
def test_sequence_that_cannot_be_run_says_why(program: Any, code: ErrorCode, told: str) -> None:
    """Before anything runs."""
    with pytest.raises(ProgramError) as caught:
        run(task(PULSER, program))
    assert (caught.value.code, told in caught.value.message) == (code, True)
