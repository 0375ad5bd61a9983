"""The words of an OpenQASM 2.0 program, with their lines; nothing here knows what they mean."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from workspace_emulator.programs.request import ErrorCode, ProgramError

_WORDS: Final = re.compile(
    r"""(?P<newline>\n)
      | (?P<space>[ \t\r\f\v]+|//[^\n]*)
      | (?P<real>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
      | (?P<integer>\d+)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<string>"[^"\n]*")
      | (?P<symbol>->|[=!<>]=|<<|>>|[{}()\[\];,+\-*/^=<>&|~])""",
    re.VERBOSE | re.ASCII,
)
_SHOWN: Final = 40
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (`name`, `integer`, `real`, `string`, `symbol`, `end`), its text and its line."""

    kind: str
    text: str
    line: int

    def __str__(self) -> str:
        return "the end of the program" if self.kind == "end" else f"'{self.text[:_SHOWN]}'"


def refusal(line: int, problem: str) -> ProgramError:
    """Return the error for a program that breaks the rules in a line."""
    return ProgramError(ErrorCode.INVALID_INPUT_DATA, f"line {line}: {problem}")


class Tokens:
    """A cursor over the words of a program.

    Args:
        text: The program.

    Raises:
        ProgramError: A character belongs to no word of the language.
    """

    def __init__(self, text: str) -> None:
        self._words = _words(text)
        self._next = next(self._words)

    @property
    def line(self) -> int:
        """Line of the next word."""
        return self._next.line

    def peek(self) -> Token:
        """Return the next word and stay."""
        return self._next

    def take(self) -> Token:
        """Return the next word and go on; the end repeats itself."""
        taken = self._next
        if taken.kind != "end":
            self._next = next(self._words)
        return taken

    def accept(self, text: str) -> bool:
        """Go on if the next word is this name or symbol, and say whether it was."""
        found = self._next.text == text and self._next.kind in {"symbol", "name"}
        if found:
            self.take()
        return found

    def expect(self, text: str) -> None:
        """Go past this name or symbol.

        Raises:
            ProgramError: Something else stands there.
        """
        if not self.accept(text):
            raise refusal(self.line, f"expected '{text}', found {self._next}")

    def take_kind(self, kind: str) -> str:
        """Return the text of the next word, which must be of a kind.

        Raises:
            ProgramError: It is of another.
        """
        if self._next.kind != kind:
            raise refusal(self.line, f"expected a {kind}, found {self._next}")
        return self.take().text

    def take_index(self) -> int:
        """Return the integer that comes next.

        Raises:
            ProgramError: None comes, or one of absurd length.
        """
        line, digits = self.line, self.take_kind("integer")
        if len(digits) > _MOST_DIGITS:
            raise refusal(line, f"the integer '{digits[:_SHOWN]}…' is too large")
        return int(digits)


def _words(text: str) -> Iterator[Token]:
    line, position = 1, 0
    while position < len(text):
        match = _WORDS.match(text, position)
        if match is None:
            raise refusal(line, f"unexpected character '{text[position]}'")
        position = match.end()
        if match.lastgroup == "newline":
            line += 1
        elif match.lastgroup not in {None, "space"}:
            yield Token(str(match.lastgroup), match.group(), line)
    yield Token("end", "", line)
