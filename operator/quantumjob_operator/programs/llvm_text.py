"""LLVM's language as text: which defined functions have which attributes (https://llvm.org/docs/LangRef.html).

Only heads of functions and groups of attributes are read; all else is skipped in large steps. Must not live here: any
other part of the language.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from quantumjob_operator.programs.bitcode import MAX_FOUND, MAX_NAME
from quantumjob_operator.programs.bitstream import UnreadableProgram

# Texts, comments and words are skipped whole, so that nothing in them is taken for a keyword.
_SKIPPED: Final = re.compile(
    r'(?:[^";\w.$%@!-]++|"[^"]*+"|;[^\n]*+|(?!(?:define|attributes)(?![\w.$%@!-]))[\w.$%@!-]++){0,4096}+'
)
"""So many at a time: a match keeps the interpreter's lock from all other threads."""
_TOKEN: Final = re.compile(
    r'"(?P<key>[^"]*+)"(?:\s*+=\s*+"[^"]*+")?|#(?P<group>\d++)|@(?P<name>[\w.$-]++|"[^"]*+")|(?P<mark>[(){}=])'
    r'|;[^\n]*+|(?P<words>[^;@#"(){}=]++)|[;@#"]'
)
_NAMES_FOLLOW: Final = frozenset({"section", "partition", "gc", "c"})
"""Words of a head whose text is no attribute: where the function is put, who collects its garbage; c begins data."""
_HEX: Final = re.compile(r"\\(\\|[0-9A-Fa-f]{2})")
_MAX_KEYWORDS: Final = 5_000
_MAX_TOKENS: Final = 1_000
_MAX_ALL_TOKENS: Final = 100_000


def functions_with(program: str, attributes: frozenset[bytes]) -> list[str]:
    """The names of the functions that are defined in a module and have one of these attributes.

    Raises:
        UnreadableProgram: It is no module as LLVM writes it, or one with too many functions or too long a name.
    """
    reader = _Reader(program)
    reader.read()
    keys = {key.decode() for key in attributes}
    found = [
        name
        for name, own, groups in reader.functions
        if keys & own or any(keys & reader.groups.get(group, set()) for group in groups)
    ]
    if len(found) > MAX_FOUND:
        raise UnreadableProgram("it has too many entry points")
    return [_unquoted(name) for name in found]


class _Reader:
    """One pass over a module.

    Attributes:
        groups: Keys of attributes by the number of their group.
        functions: Name, keys that stand in the head itself, and numbers of groups.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._tokens_left = _MAX_ALL_TOKENS
        self.groups: dict[str, set[str]] = {}
        self.functions: list[tuple[str, set[str], list[str]]] = []

    def read(self) -> None:
        at, program = 0, self._program
        for _ in range(_MAX_KEYWORDS):
            at = self._skip(at)
            if at == len(program):
                return
            if program.startswith("define", at):
                at = self._function(at)
            elif program.startswith("attributes", at):
                at = self._group(at)
            else:
                raise UnreadableProgram("a quotation mark has no partner")
        raise UnreadableProgram("it has too many functions")

    def _skip(self, at: int) -> int:
        while (skipped := _SKIPPED.match(self._program, at)) and skipped.end() > at:
            at = skipped.end()
        return at

    def _tokens(self, at: int) -> Iterator["re.Match[str]"]:
        """The tokens from here on; only as many as the head of a function may have."""
        for token in islice(_TOKEN.finditer(self._program, at), _MAX_TOKENS):
            self._tokens_left -= 1
            if self._tokens_left < 0:
                break
            yield token
        raise UnreadableProgram("the head of a function has no end")

    def _function(self, at: int) -> int:
        """`define … @name(…) … #0 "key"="value" … {`: braces before the name are part of the type."""
        name, depth, keys, groups, word = "", 0, set[str](), list[str](), ""
        for token in self._tokens(at):
            mark, before = token["mark"], word
            word = _last_word(token, before)
            if not name:
                name = token["name"] or ""
            elif mark in ("(", ")"):
                depth += 1 if mark == "(" else -1
            elif depth == 0 and mark == "{":
                self.functions.append((name, keys, groups))
                return token.end()
            elif depth == 0 and token["key"] is not None and before not in _NAMES_FOLLOW:
                keys.add(_unescaped(token["key"]))
            elif depth == 0 and token["group"]:
                groups.append(token["group"])
        raise UnreadableProgram("the head of a function has no end")

    def _group(self, at: int) -> int:
        """`attributes #0 = { … "key" "key"="value" … }`."""
        number, keys, inside = "", set[str](), False
        for token in self._tokens(at):
            mark = token["mark"]
            if mark == "}" or (mark == "{" and inside):
                self.groups.setdefault(number, set()).update(keys)
                return token.end()
            inside = inside or mark == "{"
            number = number or token["group"] or ""
            if inside and token["key"] is not None:
                keys.add(_unescaped(token["key"]))
        raise UnreadableProgram("a group of attributes has no end")


def _last_word(token: "re.Match[str]", before: str) -> str:
    """The word right before the next token; blanks and comments change nothing."""
    if token["words"] is not None:
        return token["words"].split()[-1] if token["words"].strip() else before
    return before if token[0].startswith(";") else ""


def _unquoted(name: str) -> str:
    plain = _unescaped(name[1:-1]) if name.startswith('"') else name
    if len(plain) > MAX_NAME:
        raise UnreadableProgram("a function's name is too long")
    return plain


def _unescaped(text: str) -> str:
    return _HEX.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1], 16)), text)
