"""The words of LLVM's language as text that are admitted in a program that is counted (https://llvm.org/docs/LangRef.html).

A piece of text that is cut into words here is cut into the same by LLVM; what LLVM would cut otherwise, or what has no
place in a straight-line program, is refused. Must not live here: what the words mean.
"""

import re
from collections.abc import Callable
from typing import Final

from quantumjob_operator.costs.gates import UncountableError

NAME: Final = r"[A-Za-z_][\w.]*+"
GLOBAL: Final = re.compile(rf"@(?:\d+|(?!__quantum__|llvm\.){NAME})")
"""A name of the program's own."""
NUMBER: Final = re.compile(r"\d{1,9}")
_ADMITTED: Final = re.compile(r"[\n\t -~]*+")
_GAP: Final = re.compile(r"(?:[ \t\n]++|;[^\n]*+)*+")
_TOKEN: Final = re.compile(
    rf'{NAME}:|c?"[^"\n]*+"|[@%!]?{NAME}|[@#]\d++|-?\d++\.\d*+(?:e[-+]?\d++)?|0x[0-9A-Fa-f]++|-?\d++|[=(){{}}\[\],*!]',
    re.ASCII,
)


class Tokens:
    """The words of a program, from the first to the last, without comments."""

    def __init__(self, program: bytes) -> None:
        """Cut it into words.

        Raises:
            UncountableError: It is bitcode, or has characters or words that are not admitted.
        """
        if program.startswith((b"BC\xc0\xde", b"\xde\xc0\x17\x0b")):
            raise UncountableError("gates are counted in QIR as text, not in bitcode")
        # LLVM ends a line, and so a comment, at a carriage return; one that stands alone is not admitted.
        text = program.decode("latin-1").replace("\r\n", "\n")
        admitted = _ADMITTED.match(text)
        if not admitted or admitted.end() < len(text):
            raise UncountableError("the QIR has characters that are neither printable ASCII nor ends of lines")
        self._words: list[tuple[str, int]] = []
        self._at = 0
        self._text = text
        at = _end(_GAP, text, 0)
        while at < len(text):
            end = _end(_TOKEN, text, at)
            if end == at:
                raise UncountableError(f"the QIR's line {self._line(at)} has a word that is not known here")
            self._words.append((text[at:end], at))
            at = _end(_GAP, text, end)

    def __bool__(self) -> bool:
        return self._at < len(self._words)

    def peek(self) -> str:
        """The next word; empty at the end."""
        return self._words[self._at][0] if self else ""

    def next(self) -> str:
        """The next word, which is passed over."""
        word = self.peek()
        self._at += 1
        return word

    def skips(self, *words: str) -> bool:
        """Whether the next word is one of these, which is passed over then."""
        found = self.peek() in words
        self._at += found
        return found

    def take(self, *words: str) -> None:
        """Pass over words that must follow.

        Raises:
            UncountableError: Others do.
        """
        for word in words:
            if not self.skips(word):
                raise self.refusal()

    def take_one(self, *words: str) -> None:
        """Pass over one of these words.

        Raises:
            UncountableError: Another follows.
        """
        if not self.skips(*words):
            raise self.refusal()

    def matching(self, pattern: "re.Pattern[str]") -> str:
        """The next word, which must be of this form.

        Raises:
            UncountableError: It is not.
        """
        if not pattern.fullmatch(self.peek()):
            raise self.refusal()
        return self.next()

    def listed(self, one: Callable[[], None], end: str) -> None:
        """A list with commas up to its end; it may be empty.

        Args:
            one: Reads an element.
            end: The word that ends it.
        """
        if self.skips(end):
            return
        one()
        while self.skips(","):
            one()
        self.take(end)

    def refusal(self, why: str = "has something that is not known here") -> UncountableError:
        """Why a program can't be counted; names the line of the next word and quotes nothing."""
        at = self._words[min(self._at, len(self._words) - 1)][1] if self._words else 0
        return UncountableError(f"the QIR's line {self._line(at)} {why}")

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1


def _end(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
