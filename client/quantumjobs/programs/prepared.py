"""A program that is ready to be sent, and what has to be known of a target for that. Values only."""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from quantumjobs.counts import Header

QIR: Final = "qir.v1"
IONQ: Final = "ionq.circuit.v1"
OPENQASM_2: Final = "honeywell.openqasm.v1"
QUIL: Final = "rigetti.quil.v1"
PULSER: Final = "pasqal.pulser.v1"


@dataclass(frozen=True, slots=True)
class Target:
    """A machine or simulator.

    Attributes:
        provider: Who runs it.
        name: As Azure Quantum names it.
        qubits: How many it has; None if nobody says.
        profile: The QIR profile that it runs (`Base`, `Adaptive_RI`, …); empty if it takes no QIR, None if unknown.
        availability: The service's word.
        queue_seconds: How long jobs waited lately; None if nobody says.
    """

    provider: str
    name: str
    qubits: int | None = None
    profile: str | None = None
    availability: str = ""
    queue_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program as it will be sent.

    Attributes:
        format: Azure Quantum's name of the format.
        data: The program itself.
        text: Whether `data` is UTF-8 text.
        header: What is known of its registers.
        qubits: How many it uses; None if that is not known.
        stem: What its jobs are named after.
    """

    format: str
    data: bytes
    text: bool = True
    header: Header = field(default_factory=Header)
    qubits: int | None = None
    stem: str = "job"

    @property
    def digest(self) -> str:
        """Of the program's bytes."""
        return hashlib.sha256(self.data).hexdigest()
