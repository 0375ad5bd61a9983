"""Classical statements: assignments to registers and bits, and the comparisons of conditions.

They are Quantinuum's extension of OpenQASM 2.0, as pytket writes it. A register is an unsigned number, its index 0 the
lowest bit. Arithmetic is modulo 2^32, and what does not fit into what is assigned to is cut off. Operators bind as in
C.
"""

from collections.abc import Callable, Iterator
from typing import Final

from workspace_emulator.programs.circuit import Condition, Relation, Step
from workspace_emulator.programs.openqasm.tokens import Tokens, refusal

WIDEST: Final = 32
"""Bits of the widest register that can be computed with."""

RELATIONS: Final = {str(relation): relation for relation in Relation}
_LEVELS: Final = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/"))

Bits = Callable[[], tuple[int, ...]]


def parse_number(tokens: Tokens, bits: Bits) -> tuple[Step, ...]:
    """Read an expression, and return the steps that compute it.

    Args:
        tokens: Where it starts.
        bits: Reads a register or one of its bits, and returns the bits' places.

    Raises:
        ProgramError: It is no such expression, or computes with too wide a register.
    """
    return tuple(_level(tokens, bits, 0))


def compare(bits: tuple[int, ...], relation: Relation, value: int) -> Condition | None:
    """Return the condition that bits compare like this with a value; None if that is never so."""
    if value >> len(bits) == 0:
        return Condition(bits, tuple(bool(value >> position & 1) for position in range(len(bits))), relation)
    # No register is as large as that.
    always = relation in {Relation.UNEQUAL, Relation.LESS, Relation.LESS_OR_EQUAL}
    return Condition((), ()) if always else None


def _level(tokens: Tokens, bits: Bits, depth: int) -> Iterator[Step]:
    if depth == len(_LEVELS):
        yield from _atom(tokens, bits)
        return
    yield from _level(tokens, bits, depth + 1)
    while (symbol := tokens.peek().text) in _LEVELS[depth]:
        tokens.take()
        yield from _level(tokens, bits, depth + 1)
        yield Step(symbol)


def _atom(tokens: Tokens, bits: Bits) -> Iterator[Step]:
    if tokens.accept("("):
        yield from _level(tokens, bits, 0)
        tokens.expect(")")
    elif tokens.accept("~"):
        yield from _atom(tokens, bits)
        yield Step("~")
    elif tokens.accept("-"):
        yield Step("value", 0)
        yield from _atom(tokens, bits)
        yield Step("-")
    elif tokens.peek().kind == "integer":
        line, value = tokens.line, tokens.take_index()
        if value >> WIDEST:
            raise refusal(line, f"the number {value} has more than {WIDEST} bits")
        yield Step("value", value)
    else:
        line, places = tokens.line, bits()
        if len(places) > WIDEST:
            raise refusal(line, f"a register of more than {WIDEST} bits cannot be computed with")
        yield Step("bits", places[0], len(places))
