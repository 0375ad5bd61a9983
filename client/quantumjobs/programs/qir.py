"""QIR, as text or bitcode: what it needs is looked at before it is sent. Must not live here: making it."""

from dataclasses import dataclass
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.errors import ProgramError

BITCODE: Final = b"BC\xc0\xde"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a QIR program needs.

    Attributes:
        qubits: How many.
        adaptive: Whether it needs more than the Base profile.
    """

    qubits: int | None
    adaptive: bool


def inspect(data: bytes) -> Needs:
    """Read what a module's entry point says of itself.

    Raises:
        ProgramError: It is no QIR with exactly one entry point.
    """
    entry = entry_point(data)
    profile = _attribute(entry, "qir_profiles")
    qubits = extras.load("pyqir", "qsharp").required_num_qubits(entry)
    return Needs(qubits, adaptive=profile not in {"", "base_profile"})


def entry_point(data: bytes) -> Any:
    """The function with which a module begins, as pyqir reads it.

    Raises:
        ProgramError: It is no QIR with exactly one entry point.
    """
    module = _module(data)
    pyqir = extras.load("pyqir", "qsharp")
    entries = [function for function in module.functions if pyqir.is_entry_point(function)]
    if len(entries) != 1:
        raise ProgramError(f"this QIR has {len(entries)} entry points: it needs exactly one")
    return entries[0]


def to_bitcode(text: bytes) -> bytes:
    """The same module, a third as long."""
    return bytes(_module(text).bitcode)


def _module(data: bytes) -> Any:
    pyqir = extras.load("pyqir", "qsharp")
    try:
        if data.startswith(BITCODE):
            return pyqir.Module.from_bitcode(pyqir.Context(), data)
        return pyqir.Module.from_ir(pyqir.Context(), data.decode())
    except Exception as error:
        raise ProgramError(f"this is no QIR: {' '.join(str(error).split())[:200]}") from error


def _attribute(function: Any, name: str) -> str:
    attributes = function.attributes.func
    return str(attributes[name].string_value or "") if name in attributes else ""
