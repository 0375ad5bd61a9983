"""Sequences of Pulser are sent in the envelope that Azure wants, in whichever form they come."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulser import MockDevice, Pulse, Register, Sequence

from quantumjobs.errors import ProgramError
from quantumjobs.programs.prepare import prepare
from quantumjobs.programs.prepared import Target

PASQAL = Target("pasqal", "pasqal.sim.emu-free")


@pytest.fixture
def sequence() -> "Sequence[Any]":
    """One pulse on one atom."""
    built = Sequence(Register({"q": (0, 0)}), MockDevice)
    built.declare_channel("laser", "rydberg_global")
    built.add(Pulse.ConstantPulse(100, 1, 0, 0), "laser")
    return built


@pytest.mark.parametrize("form", ["sequence", "text", "envelope", "file"])
def test_sequence_is_sent_under_its_name(sequence: "Sequence[Any]", form: str, tmp_path: Path) -> None:
    """What Pulser writes has no envelope; one that is there already is kept."""
    text = sequence.to_abstract_repr()
    file = tmp_path / "sequence.json"
    file.write_text(text)
    envelope = json.dumps({"sequence_builder": json.loads(text)})
    program = {"sequence": sequence, "text": text, "envelope": envelope, "file": file}[form]
    made = prepare(program, PASQAL, parameters={})
    assert (made.format, json.loads(made.data)) == ("pasqal.pulser.v1", json.loads(envelope))


def test_text_that_is_no_sequence_is_refused() -> None:
    """Whoever says that it is one."""
    with pytest.raises(ProgramError, match="no JSON"):
        prepare("DECLARE ro BIT\n", PASQAL, parameters={}, language="pulser")
