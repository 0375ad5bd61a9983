"""`pasqal.pulser-results.v1`: how often each string of bits was measured.

Pulser orders the bits of a string as the atoms of the register, the first atom leftmost (its "Conventions" page, and
`Results.atom_order`); the normal form has the first one rightmost, so strings are turned round.
"""

from typing import Final

from quantumjob_operator.results.document import bit_strings, count, mapping, parse
from quantumjob_operator.results.histogram import Counts

FORMAT: Final = "pasqal.pulser-results.v1"


def read(raw: bytes) -> Counts:
    """Counts of `{"100": 15, …}` or, as other targets write it, `{"counter": {"100": 15, …}, …}`.

    Raises:
        CannotCount: The result is malformed, or holds something else than bits.
    """
    document = mapping(parse(raw), "the result")
    counter = mapping(document.get("counter", document), "counter")
    outcomes = bit_strings(list(counter), "the counter")
    return Counts({outcome[::-1]: count(counter[outcome], "a count") for outcome in outcomes})
