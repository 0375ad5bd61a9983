"""The one way into qdk's OpenQASM front end, and the guard before it.

That front end reduces the angle of a gate to [0, 2π). A rotation that is controlled has the period 4π, and a gate that
halves its parameter turns the other way after that: such programs would run and give wrong counts, silently. So
neither a parametrised controlled gate nor the definition of a gate may pass. Must not live here: making the text.
"""

import re
from typing import Any, Final

from quantumjobs import extras
from quantumjobs.errors import ProgramError

BASIS: Final = (
    "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx", "ry", "rz", "cx", "cy", "cz", "swap", "rxx", "ryy", "rzz",
    "ccx", "reset", "measure",
)  # fmt: skip
"""The gates that circuits are compiled to: no rotation among them is controlled."""
PROFILES: Final = ("Base", "Adaptive_RI", "Adaptive_RIF", "Adaptive")
_COMMENTS: Final = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", re.DOTALL)
_DANGEROUS: Final = re.compile(
    r"\b(gate|defcal|opaque|ctrl|negctrl|inv|pow|angle|gphase|crx|cry|crz|cu|cu1|cu3|cp|cphase|ch|csx|rccx|c3x|c4x)\b"
)
_CALL: Final = re.compile(r"\b([A-Za-z_]\w*)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*[A-Za-z_$]\w*\s*(?:\[|,|;)")
_SAFE_CALLS: Final = frozenset({*BASIS, "U", "p", "phase", "u1", "u2", "u3", "id"})


def dangerous(text: str) -> str:
    """The first word of a program that must not reach qdk's front end; empty if there is none."""
    plain = _COMMENTS.sub(" ", text)
    found = _DANGEROUS.search(plain)
    if found:
        return found[1]
    keywords = {"if", "while", "for", "switch", "measure", "reset", "return"}
    calls = (call[1] for call in _CALL.finditer(plain))
    return next((name for name in calls if name not in _SAFE_CALLS and name not in keywords), "")


def to_qir(text: str, profile: str) -> str:
    """Compile OpenQASM 3 to QIR, in Qiskit's order of registers.

    Args:
        text: The program.
        profile: One of `PROFILES`.

    Raises:
        ProgramError: The compiler, or the guard before it, refuses the program.
    """
    word = dangerous(text)
    if word:
        raise ProgramError(
            f"the compiler would turn `{word}` by a wrong angle without saying so, so this program is not sent: use "
            "rotations without controls and no gate definitions, or language features that Qiskit can read"
        )
    qdk, openqasm = extras.load("qdk", "qiskit"), extras.load("qdk.openqasm", "qiskit")
    try:
        return str(
            openqasm.compile(
                text,
                name="program",
                target_profile=getattr(qdk.TargetProfile, profile),
                output_semantics=openqasm.OutputSemantics.Qiskit,
            )
        )
    except Exception as error:
        raise ProgramError(f"{said(error)}{hint(str(error), profile)}") from error


def read(text: str) -> Any:
    """Read OpenQASM 2 or 3 as a Qiskit circuit.

    Raises:
        ProgramError: It is not OpenQASM, or Qiskit cannot read it; `is_3` programs may still go to `to_qir`.
    """
    if version(text) == 2:  # noqa: PLR2004 - the language's
        qasm2 = extras.load("qiskit.qasm2", "qiskit")
        try:
            return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        except qasm2.QASM2ParseError as error:
            raise ProgramError(f"this is no OpenQASM 2: {said(error)}") from error
    qasm3 = extras.load("qiskit.qasm3", "qiskit")
    extras.load("qiskit_qasm3_import", "qiskit")
    try:
        return qasm3.loads(text)
    except Exception as error:
        raise ProgramError(f"Qiskit cannot read this OpenQASM 3: {said(error)}") from error


def version(text: str) -> int:
    """2 or 3; 3 if the program does not say."""
    found = re.search(r"\bOPENQASM\s+(\d)", _COMMENTS.sub(" ", text))
    return int(found[1]) if found else 3


def hint(message: str, profile: str) -> str:
    """What to add to a refusal that is about the target's profile."""
    if "ynamic" in message or "Capabilities" in message:
        return f" (the target runs the profile {profile}: results of measurements cannot steer the program there)"
    return ""


def said(error: Exception) -> str:
    """An error of several lines in one, without its drawing."""
    lines = [line.strip(" x`-|>:^,") for line in str(error).splitlines()]
    return " ".join(" ".join(lines).split())[:400] or type(error).__name__
