"""Counts the gates of OpenQASM 2 (`honeywell.openqasm.v1`).

A conditional gate counts whether it is executed or not, as Quantinuum bills it. A gate of the standard libraries counts
as what its definition there is made of, down to gates on two qubits. Must not live here: prices, or a check of the
program: what this can't read is uncountable, and the service judges it.
"""

import re
from collections.abc import Mapping
from typing import Final

from quantumjob_operator.costs.gates import Gates, UncountableError

_COMMENT: Final = re.compile(r"//[^\n]*")
_ENDS: Final = re.compile(r"([;{}])")
_GATE: Final = re.compile(r"gate\s+(\w+)\s*(?:\([^()]*\))?([\w\s,]*)$")
_REGISTER: Final = re.compile(r"(qreg|creg)\s+(\w+)\s*\[\s*(\d{1,9})\s*\]$")
_CONDITION: Final = re.compile(r"if\s*\([^()]*\)\s*")
_NAME: Final = re.compile(r"(\w+)\s*")
_SKIPPED: Final = ("OPENQASM", "include", "creg", "barrier")

_KNOWN: Final[Mapping[str, Gates]] = {
    **dict.fromkeys(("U", "u", "u0", "u1", "u2", "u3", "p", "rx", "ry", "rz", "U1q", "Rz"), Gates(one=1)),
    **dict.fromkeys(("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"), Gates(one=1)),
    **dict.fromkeys(["CX", "cx", "ZZ", "RZZ", "RXXYYZZ", "ZZMax", "ZZPhase"], Gates(two=1)),
    **dict.fromkeys(("cz", "cy"), Gates(one=2, two=1)),
    "ch": Gates(one=9, two=2),
    "csx": Gates(one=5, two=2),
    **dict.fromkeys(("crx", "cry", "crz"), Gates(one=5, two=2)),
    **dict.fromkeys(("cu1", "cp"), Gates(one=3, two=2)),
    **dict.fromkeys(("cu3", "cu"), Gates(one=5, two=2)),
    "swap": Gates(two=3),
    "rzz": Gates(one=1, two=2),
    "rxx": Gates(one=6, two=2),
    "ccx": Gates(one=9, two=6),
    "cswap": Gates(one=9, two=8),
}
"""From the definitions of `qelib1.inc` (arXiv:1707.03429) and the native gates of `hqslib1.inc`."""


def count(program: bytes) -> Gates:
    """The gates, measurements, resets and preparations of a program.

    Raises:
        UncountableError: It has something that is not known here.
    """
    text = _COMMENT.sub("", program.decode(errors="replace")).strip()
    if not re.match(r"OPENQASM\s+2", text):
        raise UncountableError("the program is no OpenQASM 2")
    known, registers, total = dict(_KNOWN), dict[str, int](), Gates()
    defined, inside, body = "", dict[str, int](), Gates()
    *pieces, rest = _ENDS.split(text)
    for chunk, end in zip(pieces[::2], pieces[1::2], strict=True):
        statement = chunk.strip()
        if end == "{":
            defined, inside, body = *_header(statement), Gates()
        elif defined:
            body += _statement(statement, known, inside)
        else:
            total += _statement(statement, known, registers)
        if end == "}":
            known[defined], defined = body, ""
    if rest.strip() or defined:
        raise UncountableError("the program ends within a statement")
    return total + Gates(measured=sum(registers.values()))


def _header(text: str) -> tuple[str, dict[str, int]]:
    """The name of a gate that is defined, and its qubits."""
    found = _GATE.match(text)
    if not found:
        raise UncountableError("the program has braces where no gate is defined")
    return found[1], dict.fromkeys(re.findall(r"\w+", found[2]), 1)


def _statement(text: str, known: Mapping[str, Gates], sizes: dict[str, int]) -> Gates:
    """What a statement counts as; a register that it declares is added to the sizes."""
    declared = _REGISTER.match(text)
    if declared and declared[1] == "qreg":
        sizes[declared[2]] = int(declared[3])
        return Gates()
    if not text or text.startswith(_SKIPPED):
        return Gates()
    condition = _CONDITION.match(text)
    return _operation(text[condition.end() :] if condition else text, known, sizes)


def _operation(statement: str, known: Mapping[str, Gates], sizes: Mapping[str, int]) -> Gates:
    named = _NAME.match(statement)
    name = named[1] if named else statement[:20]
    if name in ("measure", "reset"):
        return Gates(measured=1) * _times(statement[len(name) :].split("->", maxsplit=1)[0], sizes)
    if name not in known:
        raise UncountableError(f"the program uses {name!r}, which is not known here")
    return known[name] * _times(_behind_arguments(statement[len(name) :]), sizes)


def _behind_arguments(text: str) -> str:
    """The operands of a gate: what follows its arguments, which may hold brackets of their own."""
    text = text.strip()
    return text[text.rfind(")") + 1 :] if text.startswith("(") else text


def _times(operands: str, sizes: Mapping[str, int]) -> int:
    """How often a statement acts: once, or for each qubit of the registers that it names as a whole."""
    times = 1
    for operand in operands.split(","):
        name, one, _ = operand.partition("[")
        if name.strip() not in sizes:
            raise UncountableError(f"the program names a qubit {operand.strip()[:20]!r} that it does not declare")
        if not one:
            times = max(times, sizes[name.strip()])
    return times
