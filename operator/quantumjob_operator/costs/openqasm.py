"""Counts the gates of OpenQASM 2 (`honeywell.openqasm.v1`).

A conditional gate counts whether it is executed or not, as Quantinuum bills it. A gate of the standard libraries counts
as what its definition there is made of, down to gates on two qubits. Must not live here: prices, or a check of the
program: what this can't read for certain is uncountable, and the service judges it.
"""

import re
from collections.abc import Mapping
from typing import Final

from quantumjob_operator.costs.gates import Gates, UncountableError

_COMMENT: Final = re.compile(r"//[^\n]*")
_ENDS: Final = re.compile(r"([;{}])")
_INCLUDE: Final = re.compile(r'include\s+"(?:qelib1|hqslib1)\.inc"')
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_SKIPPED: Final = frozenset({"creg", "barrier"})

_KNOWN: Final[Mapping[str, Gates]] = {
    **dict.fromkeys(("U", "u", "u0", "u1", "u2", "u3", "p", "rx", "ry", "rz", "U1q", "Rz"), Gates(one=1)),
    **dict.fromkeys(("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg"), Gates(one=1)),
    **dict.fromkeys(("sx", "sxdg"), Gates(one=3)),
    **dict.fromkeys(("CX", "cx", "ZZ", "RZZ", "RXXYYZZ", "ZZMax", "ZZPhase"), Gates(two=1)),
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
    pieces = _pieces(program)
    known, registers, total = dict(_KNOWN), dict[str, int](), Gates()
    defined, inside, body = "", dict[str, int](), Gates()
    for chunk, end in zip(pieces[::2], pieces[1::2], strict=True):
        if end == "{":
            if defined:
                raise UncountableError("the program has braces within a gate")
            defined, inside = _header(chunk, known)
            body = Gates()
        elif defined:
            body += _statement(chunk, known, inside)
        else:
            total += _statement(chunk, known, registers)
        if end == "}":
            known[defined], defined = body, ""
    if defined:
        raise UncountableError("the program ends within a gate")
    return total + Gates(measured=sum(registers.values()))


def _pieces(program: bytes) -> list[str]:
    """Statements and what ends each, by turns, without the head of the program."""
    text = program.decode(errors="replace").replace("\r\n", "\n")
    if "\r" in text or any(line.partition("//")[0].count('"') % 2 for line in text.split("\n")):
        raise UncountableError("where the program's comments end is not certain")
    *pieces, rest = _ENDS.split(_COMMENT.sub("", text))
    pieces = [piece.strip() for piece in pieces]
    if not pieces or pieces[0].split() != ["OPENQASM", "2.0"]:
        raise UncountableError("the program is no OpenQASM 2.0")
    if rest.strip():
        raise UncountableError("the program ends within a statement")
    return pieces[2:]


def _header(text: str, known: Mapping[str, Gates]) -> tuple[str, dict[str, int]]:
    """The name of a gate that is defined, and its qubits; nothing may take the place of a known one."""
    head, arguments, rest = text.partition("(")
    word, name, *bare = [*head.split(None, 2), "", ""][:3] if head.strip() else ("", "")
    operands = [one.strip() for one in (rest.rpartition(")")[2] if arguments else "".join(bare)).split(",")]
    if word != "gate" or name in known or not all(map(str.isidentifier, (name, *operands))):
        raise UncountableError("the program has braces where no new gate is defined")
    return name, dict.fromkeys(operands, 1)


def _statement(text: str, known: Mapping[str, Gates], sizes: dict[str, int]) -> Gates:
    """What a statement counts as; a register that it declares is added to the sizes."""
    word, rest = _first_word(text)
    if word == "if" and "(" in rest:
        text = rest.partition(")")[2].strip()
        word, rest = _first_word(text)
        if word == "if":  # OpenQASM 2 has one condition before an operation
            raise UncountableError("the program has a condition on a condition")
    if not text or word in _SKIPPED or _INCLUDE.fullmatch(text):
        return Gates()
    if word == "qreg":
        name, _, size = rest.partition("[")
        sizes[name.strip()] = _number(size)
        return Gates()
    if word in ("measure", "reset"):
        return Gates(measured=1) * _times(rest.partition("->")[0], sizes)
    if word not in known:
        raise UncountableError("the program uses what is not known here", word or text)
    return known[word] * _times(_behind_arguments(rest), sizes)


def _first_word(text: str) -> tuple[str, str]:
    """A word, and what follows it; empty if there is none in front."""
    named = _WORD.match(text)
    return (named[0], text[named.end() :]) if named else ("", text)


def _number(text: str) -> int:
    """The size of a register, from what follows its bracket."""
    size = text.strip().removesuffix("]").strip()
    if not (size.isascii() and size.isdecimal() and len(size) < 10):  # noqa: PLR2004 - digits of more than there is
        raise UncountableError("the program has a register whose size is no number")
    return int(size)


def _behind_arguments(text: str) -> str:
    """The operands of a gate: what follows its arguments, which may hold brackets of their own."""
    return text[text.rfind(")") + 1 :]


def _times(operands: str, sizes: Mapping[str, int]) -> int:
    """How often a statement acts: once, or for each qubit of the registers that it names as a whole."""
    times = 1
    for operand in operands.split(","):
        name, one, _ = operand.partition("[")
        if name.strip() not in sizes:
            raise UncountableError("the program names a qubit that it does not declare", operand.strip())
        if not one:
            times = max(times, sizes[name.strip()])
    return times
