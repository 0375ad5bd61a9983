"""Angles of an OpenQASM 2.0 program: real arithmetic with pi, six functions and the parameters of a gate."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Final

from workspace_emulator.programs.openqasm.tokens import Tokens, refusal

Expression = Callable[[Mapping[str, float]], float]

_FUNCTIONS: Final[Mapping[str, Callable[[float], float]]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
}
_SUMS: Final = {"+": operator.add, "-": operator.sub}
_PRODUCTS: Final = {"*": operator.mul, "/": operator.truediv}


def parse_expression(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    """Read one expression.

    Args:
        tokens: Where it starts.
        parameters: Names that may stand for a number.

    Returns:
        A function from the parameters' values to the number.

    Raises:
        ProgramError: It is no expression of OpenQASM 2.0.
    """
    return _sum(tokens, parameters)


def evaluate(expression: Expression, values: Mapping[str, float], line: int) -> float:
    """Return the number an expression stands for.

    Raises:
        ProgramError: It is not a finite real number, e.g. `1/0` or `sqrt(-1)`.
    """
    try:
        number = expression(values)
    except (ArithmeticError, ValueError) as error:
        raise refusal(line, f"an angle cannot be computed: {error}") from error
    if isinstance(number, complex) or not math.isfinite(number):
        raise refusal(line, "an angle is not a finite real number")
    return number


def _sum(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    left = _product(tokens, parameters)
    while (symbol := tokens.peek().text) in _SUMS:
        tokens.take()
        left = _combine(_SUMS[symbol], left, _product(tokens, parameters))
    return left


def _product(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    left = _signed(tokens, parameters)
    while (symbol := tokens.peek().text) in _PRODUCTS:
        tokens.take()
        left = _combine(_PRODUCTS[symbol], left, _signed(tokens, parameters))
    return left


def _signed(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    if tokens.accept("-"):
        positive = _signed(tokens, parameters)
        return lambda values: -positive(values)
    if tokens.accept("+"):
        return _signed(tokens, parameters)
    return _power(tokens, parameters)


def _power(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    base = _atom(tokens, parameters)
    if tokens.accept("^"):
        return _combine(operator.pow, base, _signed(tokens, parameters))
    return base


def _atom(tokens: Tokens, parameters: frozenset[str]) -> Expression:
    token = tokens.take()
    if token.kind in {"integer", "real"}:
        return _constant(float(token.text))
    if token.text == "(":
        inner = _sum(tokens, parameters)
        tokens.expect(")")
        return inner
    if token.text in parameters:
        return operator.itemgetter(token.text)
    if token.text == "pi":
        return _constant(math.pi)
    if token.text in _FUNCTIONS:
        function = _FUNCTIONS[token.text]
        tokens.expect("(")
        argument = _sum(tokens, parameters)
        tokens.expect(")")
        return lambda values: function(argument(values))
    raise refusal(token.line, f"expected a number, found {token}")


def _constant(number: float) -> Expression:
    return lambda _values: number


def _combine(operation: Callable[[float, float], float], left: Expression, right: Expression) -> Expression:
    return lambda values: operation(left(values), right(values))
