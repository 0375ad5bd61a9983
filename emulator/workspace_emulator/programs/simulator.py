"""Runs flat circuits on qdk's sparse state vector simulator; imported only in the process of a job.

Nothing here knows a program or result format.
"""

import random
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from qdk import code, qsharp

from workspace_emulator.programs.circuit import Circuit, Operation, Relation

# Below this a probability is rounding noise of the simulator; above, digits beyond these are.
_NOISE: Final = 1e-12
_DIGITS: Final = 12
_RELATIONS: Final = tuple(Relation)


def probabilities(circuit: Circuit) -> dict[int, float]:
    """Return the exact probability of each basis state of a circuit that neither measures nor resets.

    Returns:
        Probability by basis state, qubit 0 the least significant bit; impossible states are left out.
    """
    gates = tuple(operation for operation in circuit.operations if operation.bit is None)
    shot = _start(Circuit(circuit.qubits, 0, gates), shots=1, seed=0, dump=True)[0]
    dump = shot["dumps"][0]
    weights = {state: abs(dump[state]) ** 2 for state in sorted(dump)}
    return {state: round(weight, _DIGITS) for state, weight in weights.items() if weight > _NOISE}


def sample(weights: dict[int, float], shots: int, seed: int) -> list[int]:
    """Draw basis states by their probabilities; the same seed draws the same."""
    cumulative = list(accumulate(weights.values()))
    return random.Random(seed).choices(list(weights), cum_weights=cumulative, k=shots)  # noqa: S311 - physics, no secrets


def run_shots(circuit: Circuit, shots: int, seed: int) -> list[list[int]]:
    """Return the bits of each shot, bit 0 first; the same seed gives the same."""
    measured = circuit.final_measurements()
    if measured is None:
        return _run_each_shot(circuit, shots, seed)
    states = sample(probabilities(circuit), shots, seed)
    return [_bits_of(state, measured, circuit.bits) for state in states]


def _bits_of(state: int, measured: dict[int, int], bits: int) -> list[int]:
    return [state >> measured[bit] & 1 if bit in measured else 0 for bit in range(bits)]


def _run_each_shot(circuit: Circuit, shots: int, seed: int) -> list[list[int]]:
    results = _start(circuit, shots=shots, seed=seed, dump=False)
    return [[int(bit == qsharp.Result.One) for bit in shot["result"]] for shot in results]


@cache
def prepare() -> None:
    """Load everything that is read from files: once a program is looked at, none can be opened any more."""
    qsharp.init()
    qsharp.eval(Path(__file__).with_name("machine.qs").read_text(encoding="utf-8"))


def _start(circuit: Circuit, *, shots: int, seed: int, dump: bool) -> list[Any]:
    prepare()
    if not hasattr(code, "RunCircuit"):
        # Somebody else in this process has begun anew with the one interpreter there is.
        prepare.cache_clear()
        prepare()
    operations = [_as_argument(operation) for operation in circuit.operations]
    arguments = (circuit.qubits, circuit.bits, operations, dump)
    results: list[Any] = qsharp.run(code.RunCircuit, shots, *arguments, seed=seed, save_events=True)
    return results


def _as_argument(operation: Operation) -> tuple[Any, ...]:
    condition, assignment = operation.condition, operation.assignment
    return (
        operation.name,
        list(operation.angles),
        list(operation.targets),
        list(operation.controls),
        -1 if operation.bit is None else operation.bit,
        list(condition.bits) if condition else [],
        list(condition.expected) if condition else [],
        _RELATIONS.index(condition.relation if condition else Relation.EQUAL),
        list(assignment.bits) if assignment else [],
        [(step.name, step.first, step.second) for step in assignment.steps] if assignment else [],
    )
