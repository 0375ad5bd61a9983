"""`pasqal.pulser.v1` → `pasqal.pulser-results.v1`: sequences of laser pulses, read and simulated by Pulser itself.

Its packages are an extra of their own, `pulser`: they are larger than all the rest of the emulator. A string of the
result has the register's first atom leftmost, as Pulser has it.
"""

import json
import warnings
from typing import Any, Final

from workspace_emulator.programs.circuit import check_size
from workspace_emulator.programs.request import ErrorCode, ProgramError
from workspace_emulator.programs.task import Task

try:
    import numpy as np
    from pulser import Pulse, Register, Sequence
    from pulser.backend import BitStrings
    from pulser.devices import MockDevice
    from pulser_simulation import QutipBackendV2, QutipConfig
except ImportError as missing:
    raise ProgramError(
        ErrorCode.INVALID_INPUT_DATA,
        "pasqal.pulser.v1: this local workspace was installed without its extra 'pulser', which simulates sequences "
        f"of Pulser ({missing.name} is missing); its image has it if it is built with --build-arg PULSER=1",
    ) from missing

_MOST_ATOMS: Final = 12  # as PASQAL's own emulator of this kind, `pasqal.sim.emu-free`
_BODY: Final = "sequence_builder"


def prepare() -> None:
    """Run a sequence once: what Pulser and QuTiP load only then, they load while files can be opened."""
    sequence = Sequence(Register({"atom": (0, 0)}), MockDevice)
    sequence.declare_channel("laser", "rydberg_global")
    sequence.add(Pulse.ConstantPulse(16, 1, 0, 0), "laser")
    _counts(_sequence(sequence.to_abstract_repr()), shots=1)


def run(task: Task) -> str:
    """Return how often each string of bits was measured; a device's noise model is left out.

    Raises:
        ProgramError: The sequence is not understood, is not complete, or has too many atoms.
    """
    sequence = _sequence(_text(task.program))
    if sequence.is_register_mappable() or sequence.is_parametrized():
        raise _refused("its register or its variables are still open; build the sequence before it is sent")
    check_size(len(sequence.register.qubit_ids), task.limits, most=_MOST_ATOMS)
    np.random.seed(task.seed)  # noqa: NPY002 - Pulser draws from numpy's global numbers
    return json.dumps(_counts(sequence, task.shots))


def _text(program: bytes) -> str:
    try:
        body: Any = json.loads(program)
    except ValueError as error:
        raise _refused(f"the program is not JSON: {error}") from error
    match body:
        case {"sequence_builder": dict(sequence)} if len(body) == 1:
            return json.dumps(sequence)
        case {"sequence_builder": str(text)} if len(body) == 1:
            return text
    raise _refused(f"the program has to be an object with '{_BODY}' alone: what Sequence.to_abstract_repr() returns")


def _sequence(text: str) -> Sequence[Any]:
    try:
        with warnings.catch_warnings(action="ignore"):
            return Sequence.from_abstract_repr(text)
    except Exception as error:
        raise _refused(f"{_BODY}: {type(error).__name__}: {error}") from error


def _counts(sequence: Sequence[Any], shots: int) -> dict[str, int]:
    config = QutipConfig(observables=[BitStrings(evaluation_times=[1.0], num_shots=shots)], progress_bar=False)
    with warnings.catch_warnings(action="ignore"):
        results = QutipBackendV2(sequence, config=config).run()
    return dict(sorted(results.final_bitstrings.items()))


def _refused(problem: str) -> ProgramError:
    return ProgramError(ErrorCode.INVALID_INPUT_DATA, problem)
