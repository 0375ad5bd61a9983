"""Which reader serves which output format.

Lives here: the table, and the limit on what is read at all. Must not live here: the shape of any format.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from quantumjob_operator.results import ionq, microsoft, pasqal, registers
from quantumjob_operator.results.histogram import CannotCount, Counts, Omitted, Probabilities

MAX_READ_BYTES: Final = 16 * 1024 * 1024
"""A longer result is not read: counts of it are left out."""

READ_WITH_THE_PROGRAM: Final = frozenset({ionq.FORMAT})
"""Results that do not say everything themselves: the program is read, too."""

Reader: TypeAlias = Callable[[bytes, bytes | None], Counts | Probabilities]

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        ionq.FORMAT: ionq.read,
        registers.QUANTINUUM: lambda raw, _: registers.read_quantinuum(raw),
        registers.RIGETTI: lambda raw, _: registers.read_rigetti(raw),
        pasqal.FORMAT: lambda raw, _: pasqal.read(raw),
        microsoft.FORMAT_V1: microsoft.read_v1,
        microsoft.FORMAT_V2: microsoft.read_v2,
    },
)


def read(raw: bytes, output_format: str, program: bytes | None) -> Counts | Probabilities:
    """What a result says, in normal form.

    Raises:
        CannotCount: The format is not known, or the result is too large or not what its format says.
    """
    reader = READERS.get(output_format)
    if reader is None:
        raise CannotCount(Omitted.UNKNOWN_FORMAT, "no normal form is known for this format")
    if len(raw) > MAX_READ_BYTES:
        raise CannotCount(Omitted.TOO_LARGE, f"more than {MAX_READ_BYTES} bytes")
    return reader(raw, program)
