"""The SDK's own classes for Rigetti and PASQAL submit to the emulator, and read what it writes."""

import json
import math
from typing import Any

from azure.quantum import Job, Workspace
from azure.quantum.target import Pasqal, Rigetti
from azure.quantum.target.rigetti import Result

from emulator.programs.pulses import sequence

QUIL = """DECLARE ro BIT[2]
DECLARE theta REAL[1]
RX(theta[0]) 0
MEASURE 0 ro[0]
MEASURE 1 ro[1]
"""


def finished(job: Job) -> Job:
    """Return a job once it has succeeded."""
    job.wait_until_completed(max_poll_wait_secs=1, timeout_secs=120, print_progress=False)
    assert job.details.status == "Succeeded", job.details.error_data
    return job


def test_a_quil_program_runs_for_each_set_of_values(sdk: Workspace) -> None:
    """All shots of one angle before those of the next; index 0 of `ro` first."""
    target: Any = sdk.get_targets("rigetti.sim.qvm")
    assert isinstance(target, Rigetti)
    parameters = {"skipQuilc": False, "substitutions": {"theta": [[0.0], [math.pi], [2 * math.pi]]}}
    job = finished(target.submit(QUIL, name="angles", shots=2, input_params=parameters))
    assert Result(job)["ro"] == [[0, 0], [0, 0], [1, 0], [1, 0], [0, 0], [0, 0]]


def test_a_sequence_of_pulser_gives_counts(sdk: Workspace) -> None:
    """As many as runs were asked for, for strings of as many bits as there are atoms."""
    target: Any = sdk.get_targets("pasqal.sim.emu-free")
    assert isinstance(target, Pasqal)
    program = json.dumps({"sequence_builder": sequence(3, 200)})
    job = finished(target.submit(program, name="pulse", shots=40))
    counts = job.get_results()
    assert (sum(counts.values()), {len(bits) for bits in counts}) == (40, {3})
