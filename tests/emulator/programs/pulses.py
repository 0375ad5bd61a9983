"""Sequences of Pulser for the tests, as its users write them and send them."""

import json
from typing import Any

from pulser import Pulse, Register, Sequence
from pulser.devices import MockDevice


def sequence(atoms: int, nanoseconds: int) -> dict[str, Any]:
    """Return one pulse on a row of atoms 8 µm apart, which takes the simulator long if it is long."""
    built = Sequence(Register.rectangle(1, atoms, spacing=8, prefix="q"), MockDevice)
    built.declare_channel("laser", "rydberg_global")
    built.add(Pulse.ConstantPulse(nanoseconds, 5, 0, 0), "laser")
    return as_sent(built)


def as_sent(built: "Sequence[Any]") -> dict[str, Any]:
    """Return what stands under `sequence_builder` in the program of a job."""
    abstract: dict[str, Any] = json.loads(built.to_abstract_repr())
    return abstract
