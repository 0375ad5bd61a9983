"""How many gates, measurements and preparations a program has, as providers bill them.

Lives here: the count, and what a gate on more than two qubits counts as. Must not live here: formats.
"""

from dataclasses import dataclass
from typing import Final

MAX_COUNT: Final = 10**12
"""No provider runs more; definitions that double each other would reach any number."""


_QUOTED: Final = 20
"""Characters: a program may have words as long as itself, and what is told of it stands in a status."""


class UncountableError(Exception):
    """The gates of a program can't be counted; the text says why, for people, and quotes no more than a few letters.

    Attributes:
        why: The same without what is quoted of the program.
    """

    def __init__(self, why: str, quoted: str = "") -> None:
        """For a reason, with a word of the program."""
        super().__init__(f"{why}: {quoted[:_QUOTED]!r}" if quoted else why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Gates:
    """The operations of one shot.

    Attributes:
        one: Gates on one qubit.
        two: Gates on two qubits.
        measured: Measurements, and preparations of a qubit, which the providers bill alike.
    """

    one: int = 0
    two: int = 0
    measured: int = 0

    def __add__(self, other: "Gates") -> "Gates":
        return bounded(Gates(self.one + other.one, self.two + other.two, self.measured + other.measured))

    def __mul__(self, times: int) -> "Gates":
        return bounded(Gates(self.one * times, self.two * times, self.measured * times))

    def __str__(self) -> str:
        return f"{self.one:,} one-qubit and {self.two:,} two-qubit gates"


def bounded(gates: Gates) -> Gates:
    """The same.

    Raises:
        UncountableError: It is more than any provider runs.
    """
    if max(gates.one, gates.two, gates.measured) > MAX_COUNT:
        raise UncountableError(f"the program has more than {MAX_COUNT:,} gates")
    return gates


def gate_on(qubits: int) -> Gates:
    """One gate that acts on so many qubits.

    Beyond two qubits it is billed as 6 (n - 2) two-qubit gates (Azure Quantum's pricing page of 2025-09-17, IonQ).
    """
    return Gates(one=1) if qubits == 1 else Gates(two=1 if qubits == 2 else 6 * (qubits - 2))  # noqa: PLR2004 - said above
