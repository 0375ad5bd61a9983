"""The entry points of a QIR program, text or bitcode."""

from typing import Final

from quantumjob_operator.programs import bitcode, llvm_text
from quantumjob_operator.programs.bitstream import UnreadableProgram

_ATTRIBUTES: Final = frozenset({b"entry_point", b"EntryPoint"})
"""As the specification of QIR's profiles names it, and as compilers named it before."""


def entry_points(program: bytes) -> tuple[str, ...]:
    """The functions that a program may begin with, in the order in which they stand there; there may be none.

    Args:
        program: LLVM text or bitcode; a megabyte of it takes some ten milliseconds, and never more than 250.

    Raises:
        UnreadableProgram: Nothing can be said of it.
    """
    if bitcode.is_bitcode(program):
        return tuple(bitcode.functions_with(program, _ATTRIBUTES))
    try:
        text = program.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableProgram("it is neither bitcode nor text") from None
    if "\0" in text:
        raise UnreadableProgram("it is neither bitcode nor text")
    return tuple(llvm_text.functions_with(text, _ATTRIBUTES))
