"""Strict JSON from outside, and the checks that every format needs.

Lives here: from bytes to checked Python values; whatever is wrong is `CannotCount`. Must not live here: what the
values mean.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from quantumjob_operator.results.histogram import MAX_SHOTS, CannotCount, Omitted
from quantumjob_operator.results.lean import load

_BITS: Final = re.compile(r"[01]+")


def malformed(detail: str) -> CannotCount:
    """The error for a document that is not what its format says."""
    return CannotCount(Omitted.MALFORMED, detail)


def parse(raw: bytes) -> Any:
    """The JSON document in `raw`; equal elements of a list may be one object, which nobody may change.

    Raises:
        CannotCount: It is not UTF-8, not JSON (NaN and Infinity are none), too deep, or names a key twice: a second
            value would silently replace the first.
    """
    try:
        return load(raw.decode("utf-8-sig"), _unique, _refuse)
    except CannotCount:
        raise
    except (ValueError, RecursionError) as error:
        raise malformed(f"no JSON document ({type(error).__name__})") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise malformed("a key stands twice in one object")
    return document


def _refuse(constant: str) -> NoReturn:
    raise malformed(f"{constant} is not JSON")


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """`value`, if it is an object.

    Raises:
        CannotCount: It is something else.
    """
    if not isinstance(value, dict):
        raise malformed(f"{where} is not an object")
    return value


def sequence(value: Any, where: str) -> Sequence[Any]:
    """`value`, if it is a list.

    Raises:
        CannotCount: It is something else.
    """
    if not isinstance(value, list):
        raise malformed(f"{where} is not a list")
    return value


def text(value: Any, where: str) -> str:
    """`value`, if it is a string.

    Raises:
        CannotCount: It is something else.
    """
    if not isinstance(value, str):
        raise malformed(f"{where} is not a string")
    return value


def count(value: Any, where: str) -> int:
    """`value`, if it is a number of shots.

    Raises:
        CannotCount: It is negative, or something else than a whole number of at most 63 bits.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SHOTS:
        raise malformed(f"{where} is not a count")
    return value


def probability(value: Any, where: str) -> float:
    """`value` as a float, if it is a number.

    Raises:
        CannotCount: It is something else, or beyond what a float holds.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise malformed(f"{where} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise malformed(f"{where} is too large") from None


def bit_strings(values: Sequence[Any], where: str) -> Sequence[str]:
    """`values`, if they are strings of 0 and 1 of one width.

    Raises:
        CannotCount: One has another width (Malformed), or other characters (NotBits).
    """
    if not all(isinstance(value, str) for value in values):
        raise malformed(f"{where} holds something else than strings")
    if not all(_BITS.fullmatch(value) for value in values):
        raise CannotCount(Omitted.NOT_BITS, f"{where} holds something else than bits")
    if len({len(value) for value in values}) > 1:
        raise malformed(f"{where} has outcomes of several widths")
    return values
