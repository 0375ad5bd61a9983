"""The body of the one function of a QIR program: calls in a straight line, with operands that are known beforehand."""

import re
from typing import Final

from quantumjob_operator.costs.gates import Gates
from quantumjob_operator.costs.qir.functions import BOOL, DOUBLE, FUNCTIONS, LABEL, POINTERS, QUBIT, VALUES
from quantumjob_operator.costs.qir.tokens import GLOBAL, NAME, NUMBER, Tokens

GROUP: Final = re.compile(r"#\d+")
_TARGET: Final = re.compile(f"%{NAME}")
_HEADING: Final = re.compile(rf"\A{NAME}:")
_SIGNED: Final = re.compile(r"-?\d{1,19}")
_REAL: Final = re.compile(r"\A(?:-?\d+\..*|0x.*)")


class Body:
    """What was read of it.

    Attributes:
        called: Names of functions.
        labels: Names of constants.
        qubits: Numbers of those that it uses.
        total: What its calls count as.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.called: set[str] = set()
        self.labels: set[str] = set()
        self.qubits: set[int] = set()
        self.total = Gates()

    def read(self, result: str) -> None:
        """All blocks, each of which must lead to the one that follows it.

        Args:
            result: The type that the function returns, `void` or `i64`.

        Raises:
            UncountableError: It has anything else.
        """
        tokens, headings = self._tokens, set[str]()
        if _HEADING.fullmatch(tokens.peek()):
            headings.add(tokens.next())
        while target := self._block():
            heading = tokens.next()
            if heading != f"{target.removeprefix('%')}:" or heading in headings:
                raise tokens.refusal("goes on elsewhere than at the block that follows")
            headings.add(heading)
        tokens.take(result)
        if result != "void":
            tokens.matching(_SIGNED)
        tokens.take("}")

    def _block(self) -> str:
        """The calls of a block; the block to which it leads, or nothing after `ret`."""
        tokens = self._tokens
        while tokens.skips("call"):
            self._call()
        if tokens.skips("ret"):
            return ""
        if not tokens.skips("br"):
            raise tokens.refusal("has something else than calls in a straight line")
        if not tokens.skips("label"):
            raise tokens.refusal("branches, and what runs is known only afterwards")
        return tokens.matching(_TARGET)

    def _call(self) -> None:
        tokens = self._tokens
        tokens.take("void")
        name = tokens.next()
        operands(tokens, name, self)
        self.called.add(name)
        self.total += FUNCTIONS[name][1]

    def operand(self, kind: str) -> None:
        """The value of an operand, behind its type."""
        tokens = self._tokens
        if kind == LABEL:
            self._label()
        elif kind in POINTERS:
            number = self._address(kind)
            if kind == QUBIT:
                self.qubits.add(number)
        elif kind == BOOL:
            tokens.take_one("true", "false")
        else:
            tokens.matching(_REAL if kind == DOUBLE else _SIGNED)

    def _address(self, kind: str) -> int:
        """`null`, or `inttoptr (i64 1 to %Qubit*)`."""
        tokens = self._tokens
        if tokens.skips("null"):
            return 0
        tokens.take("inttoptr", "(", "i64")
        number = int(tokens.matching(NUMBER))
        tokens.take("to")
        _type(tokens, kind)
        tokens.take(")")
        return number

    def _label(self) -> None:
        """`null`, `@0`, or `getelementptr inbounds ([4 x i8], [4 x i8]* @0, i64 0, i64 0)`."""
        tokens = self._tokens
        if tokens.skips("null"):
            return
        element = tokens.skips("getelementptr")
        if element:
            tokens.take("inbounds", "(")
            characters(tokens)
            tokens.take(",")
            characters(tokens)
            tokens.take("*")
        self.labels.add(tokens.matching(GLOBAL))
        if element:
            for _ in range(2):
                tokens.take(",")
                tokens.take_one("i64", "i32")
                tokens.take("0")
            tokens.take(")")


def operands(tokens: Tokens, name: str, values: Body | None = None) -> None:
    """The operands of a function that is declared or called, and the group of attributes that may follow.

    Args:
        tokens: Behind its name.
        name: The function.
        values: Reads the operands' values; None in a declaration, which has types only.

    Raises:
        UncountableError: The function is not known, or takes others.
    """
    if name not in FUNCTIONS:
        raise tokens.refusal("has a function that is not known here")
    tokens.take("(")
    for number, kind in enumerate(FUNCTIONS[name][0]):
        if number:
            tokens.take(",")
        _type(tokens, kind)
        if kind in POINTERS:
            tokens.skips("writeonly", "nonnull", "readonly")
        if values:
            values.operand(kind)
    tokens.take(")")
    if GROUP.fullmatch(tokens.peek()):
        tokens.next()


def characters(tokens: Tokens) -> None:
    """`[4 x i8]`.

    Raises:
        UncountableError: Something else follows.
    """
    tokens.take("[")
    tokens.matching(NUMBER)
    tokens.take("x", "i8", "]")


def _type(tokens: Tokens, kind: str) -> None:
    if kind in VALUES:
        tokens.take(VALUES[kind])
    elif not tokens.skips("ptr"):
        tokens.take(POINTERS[kind], "*")
