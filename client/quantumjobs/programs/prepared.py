"""A program that is ready to be sent, and what has to be known of a target for that. Values only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from quantumjobs.counts import Header

QIR: Final = "qir.v1"
IONQ: Final = "ionq.circuit.v1"
OPENQASM_2: Final = "honeywell.openqasm.v1"
QUIL: Final = "rigetti.quil.v1"
PULSER: Final = "pasqal.pulser.v1"
_LONGEST_NOTE: Final = 1024


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
        notes: What Azure's own Qiskit provider writes into a job's metadata, so that it can open the job.
        inputs: What that provider writes into the parameters, for the same reason; the user's own come first.
    """

    format: str
    data: bytes
    text: bool = True
    header: Header = field(default_factory=Header)
    qubits: int | None = None
    stem: str = "job"
    notes: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Of the program's bytes."""
        return hashlib.sha256(self.data).hexdigest()


def notes_for_azure(name: str, qubits: int, metadata: Any) -> dict[str, str]:
    """The metadata that Azure's Qiskit provider writes; without the circuit's own if that is too long or no JSON.

    Args:
        name: Of the circuit.
        qubits: How many it has.
        metadata: The circuit's own.
    """
    try:
        text = json.dumps(metadata)
    except (TypeError, ValueError):
        text = "{}"
    own = text if len(text) <= _LONGEST_NOTE else "{}"
    return {"qiskit": "True", "name": name[:_LONGEST_NOTE], "num_qubits": str(qubits), "metadata": own}
