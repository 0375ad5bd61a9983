"""The language of `filter` and `orderby`: parsed here, and turned into conditions for the store; no data are touched.

The grammar, from weakest to strongest binding, words in any case:

    filter     := all ( " or " all )*
    all        := single ( " and " single )*
    single     := "(" filter ")" | startswith "(" field "," text ")" | field operator value
    operator   := eq | ne | gt | ge | lt | le
    value      := 'text' with '' for a quote | a date or time without quotes
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from workspace_emulator.contract.errors import Code, ServiceError, bad_request
from workspace_emulator.jobs.job import JOB_TYPE, NEWER_WORDS, JobStatus

_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punctuation>[(),])|(?P<word>[^\s(),']+))")
_COMPARISONS: Final = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_OLDER_WORDS: Final = {newer.lower(): str(older) for older, newer in NEWER_WORDS.items()}
_TIME: Final = "created"
_CASELESS: Final = frozenset({"provider", "target"})
_MOST_TOKENS: Final = 2000  # SQLite refuses expressions of more than 1,000 levels
_MOST_LEVELS: Final = 50

_STATE: Final = "status"
# The word that a job shows where `isCancelling` alone tells of a cancellation.
_STATE_BEFORE: Final = (
    f"(CASE WHEN status IN ('{JobStatus.CANCELLATION_REQUESTED}', '{JobStatus.CANCELLING}')"
    f" THEN iif(begun IS NULL, '{JobStatus.WAITING}', '{JobStatus.EXECUTING}') ELSE status END)"
)
_STATES: Final = frozenset({_STATE, _STATE_BEFORE})

JOB_FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "itemtype": "'Job'",
    "jobtype": f"'{JOB_TYPE}'",
    "providerid": "provider",
    "target": "target",
    "state": _STATE,
    "creationtime": _TIME,
}
SESSION_FIELDS: Final = {name: column for name, column in JOB_FIELDS.items() if name != "jobtype"} | {
    "itemtype": "'Session'"
}


JOB_FIELDS_WITHOUT_CANCELLING: Final[Mapping[str, str]] = {**JOB_FIELDS, "state": _STATE_BEFORE}


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition over the store's columns, and the values of its place-holders."""

    sql: str
    values: tuple[str | float, ...] = ()


class Order(NamedTuple):
    """What a list is sorted by."""

    column: str = _TIME
    descending: bool = True


def parse_filter(text: str | None, fields: Mapping[str, str], refused: Collection[str] = ()) -> Condition:
    """Return a filter as a condition; an absent one holds for everything.

    Args:
        text: The filter as the client sends it.
        fields: SQL expression of the store by field name in lower case.
        refused: Words, in quotes or not, that this service does not take.

    Raises:
        ServiceError: 400, the filter is not of the grammar, names another field, or has a refused word.
    """
    if not text or not text.strip():
        return Condition("1")
    parser = _Parser(text, fields, frozenset(refused))
    condition = parser.alternatives()
    parser.expect_end()
    return condition


def parse_order(text: str | None, fields: Mapping[str, str]) -> Order:
    """Return what `orderby` asks for: a field and optionally `asc` or `desc`; the newest first if absent.

    Raises:
        ServiceError: 400, another field or another direction.
    """
    if not text or not text.strip():
        return Order()
    name, *direction = text.lower().split()
    if name not in fields or direction not in ([], ["asc"], ["desc"]):
        raise bad_request(Code.INVALID_FILTER, f"orderby takes a field and asc or desc, not {text[:100]!r}", "orderby")
    return Order(fields[name], descending=direction == ["desc"])


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _invalid(f"unreadable at character {position}")
        yield match.group().strip()
        position = match.end()


def _invalid(reason: str) -> ServiceError:
    return bad_request(Code.INVALID_FILTER, f"the filter cannot be read: {reason}", "filter")


class _Parser:
    """Recursive descent over the tokens of one filter; a method for each rule of the grammar."""

    def __init__(self, text: str, fields: Mapping[str, str], refused: frozenset[str]) -> None:
        self._tokens = list(_tokens(text))
        for token in self._tokens:
            if token.strip("'") in refused:
                raise _invalid(f"{token!r} is not known here")
        if len(self._tokens) > _MOST_TOKENS or self._tokens.count("(") > _MOST_LEVELS:
            raise _invalid("it is too long")
        self._fields = fields

    def alternatives(self) -> Condition:
        return _joined("OR", self._separated("or"))

    def expect_end(self) -> None:
        if self._tokens:
            raise _invalid(f"{self._tokens[0]!r} was not expected")

    def _separated(self, word: str) -> list[Condition]:
        operand = self._all if word == "or" else self._single
        parts = [operand()]
        while self._tokens and self._tokens[0].lower() == word:
            self._take()
            parts.append(operand())
        return parts

    def _all(self) -> Condition:
        return _joined("AND", self._separated("and"))

    def _single(self) -> Condition:
        first = self._take()
        if first == "(":
            inner = self.alternatives()
            self._expect(")")
            return inner
        if first.lower() == "startswith":
            return self._startswith()
        return self._comparison(first)

    def _startswith(self) -> Condition:
        self._expect("(")
        column = self._column(self._take())
        self._expect(",")
        prefix = _unquoted(self._take())
        self._expect(")")
        return Condition(f"substr({column}, 1, ?) = ?", (len(prefix), prefix))

    def _comparison(self, field: str) -> Condition:
        column = self._column(field)
        operator = _COMPARISONS.get(self._take().lower())
        if operator is None:
            raise _invalid(f"{field} must be followed by one of {', '.join(_COMPARISONS)}")
        return _compare(column, operator, self._take())

    def _column(self, field: str) -> str:
        if field.lower() not in self._fields:
            raise _invalid(f"there is no field {field[:100]!r}")
        return self._fields[field.lower()]

    def _expect(self, token: str) -> None:
        found = self._take()
        if found != token:
            raise _invalid(f"{token!r} was expected, not {found!r}")

    def _take(self) -> str:
        if not self._tokens:
            raise _invalid("it ends too early")
        return self._tokens.pop(0)


def _joined(word: str, parts: Sequence[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    values = tuple(value for part in parts for value in part.values)
    return Condition(f"({f' {word} '.join(part.sql for part in parts)})", values)


def _compare(column: str, operator: str, token: str) -> Condition:
    if column == _TIME:
        return Condition(f"{column} {operator} ?", (_seconds(token),))
    value = _unquoted(token)
    if column in _STATES:
        value = _OLDER_WORDS.get(value.lower(), value)
    collation = " COLLATE NOCASE" if column in _CASELESS else ""
    return Condition(f"{column} {operator} ?{collation}", (value,))


def _unquoted(token: str) -> str:
    if not token.startswith("'"):
        raise _invalid(f"{token!r} must stand in single quotes")
    return token[1:-1].replace("''", "'")


def _seconds(token: str) -> float:
    """Return a date or time as seconds since the epoch; one without a zone is in UTC."""
    text = token.strip("'")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(f"{text!r} is no date or time") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
