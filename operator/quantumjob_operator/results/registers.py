"""Formats that give each register's outcome shot by shot: Quantinuum's strings and Rigetti's lists of bits.

The order of the registers is the order in which the result names them; only the order of the bits differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from quantumjob_operator.results.document import bit_strings, malformed, mapping, parse, sequence
from quantumjob_operator.results.histogram import CannotCount, Counts, Omitted

QUANTINUUM: Final = "honeywell.quantum-results.v1"
RIGETTI: Final = "rigetti.quil-results.v1"

CREDENTIAL: Final = "access_token"
"""Not a register: azure-quantum's Qiskit job leaves this key of a Quantinuum result out as well."""


def read_quantinuum(raw: bytes) -> Counts:
    """Counts of `{"c0": ["01", "11"], …}`: strings that put the highest index first, which is the normal form.

    Raises:
        CannotCount: The result is malformed, or holds something else than bits.
    """
    document = mapping(parse(raw), "the result")
    columns = {
        name: bit_strings(sequence(shots, "a register"), "a register")
        for name, shots in document.items()
        if name != CREDENTIAL
    }
    return _counted(columns)


def read_rigetti(raw: bytes) -> Counts:
    """Counts of `{"ro": [[1, 0], [1, 1]], …}`: index 0 comes first, so each row is turned round.

    Raises:
        CannotCount: The result is malformed, or holds something else than bits.
    """
    document = mapping(parse(raw), "the result")
    columns = {
        name: bit_strings(_column(sequence(rows, "a register")), "a register") for name, rows in document.items()
    }
    return _counted(columns)


def _column(rows: Sequence[Any]) -> list[str]:
    """The shots of a register; equal rows are one object, of which one text is made."""
    distinct = {id(row): row for row in rows}
    turned = {name: _turned_round(row) for name, row in distinct.items()}
    return [turned[id(row)] for row in rows]


def _turned_round(row: Any) -> str:
    bits = sequence(row, "a shot")
    # `1.0 == 1 == True` in Python, but a REAL is no bit.
    if not bits or not all(type(bit) is int and bit in (0, 1) for bit in bits):
        raise CannotCount(Omitted.NOT_BITS, "a shot holds something else than bits")
    return "".join("1" if bit else "0" for bit in reversed(bits))


def _counted(columns: Mapping[str, Sequence[str]]) -> Counts:
    if not columns:
        raise malformed("the result has no register")
    if not all(name.isprintable() and name and " " not in name for name in columns):
        raise malformed("a register's name cannot be told from its neighbours")
    if len({len(shots) for shots in columns.values()}) > 1:
        raise malformed("the registers have different numbers of shots")
    return Counts(Counter(map(" ".join, zip(*columns.values(), strict=True))), tuple(columns))


def holds_credential(raw: bytes) -> bool:
    """Whether a Quantinuum result carries a token, which must not get into a ConfigMap.

    The text is searched, not parsed: a result too broken for counts must not leak either.
    """
    return f'"{CREDENTIAL}"'.encode() in raw
