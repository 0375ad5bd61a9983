"""The flat circuit that the JSON and OpenQASM programs become before they are simulated; values only.

Gate names are those of `machine.qs`. Qubits and bits are plain indices; registers are the parsers' business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from workspace_emulator.programs.request import ErrorCode, Limits, ProgramError

_T = TypeVar("_T")

MEASURE: Final = "measure"
RESET: Final = "reset"
ASSIGN: Final = "assign"


class Relation(StrEnum):
    """How bits, read as an unsigned number, compare with what is expected."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Condition:
    """An operation runs only while these bits, the lowest first, compare like this with these values."""

    bits: tuple[int, ...]
    expected: tuple[bool, ...]
    relation: Relation = Relation.EQUAL


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a computation on a stack.

    Attributes:
        name: `value` (pushes `first`), `bits` (pushes the number in `second` bits from `first` on), or an operator.
        first: See the name.
        second: See the name.
    """

    name: str
    first: int = 0
    second: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """Bits, the lowest first, are set to what the steps compute."""

    bits: tuple[int, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One gate, measurement, reset or assignment.

    Attributes:
        name: `measure`, `reset`, `assign` or a gate of `machine.qs`.
        targets: Qubits it acts on.
        controls: Qubits that must all be 1.
        angles: In radians.
        bit: Where a measurement is kept.
        condition: When it runs; always, if absent.
        assignment: What is computed.
    """

    name: str
    targets: tuple[int, ...]
    controls: tuple[int, ...] = ()
    angles: tuple[float, ...] = ()
    bit: int | None = None
    condition: Condition | None = None
    assignment: Assignment | None = None

    @property
    def qubits(self) -> tuple[int, ...]:
        """All qubits it touches."""
        return self.targets + self.controls


@dataclass(frozen=True, slots=True)
class Circuit:
    """A program as a flat list of operations on `qubits` qubits that all start in 0, and `bits` bits likewise."""

    qubits: int
    bits: int
    operations: tuple[Operation, ...]

    def final_measurements(self) -> dict[int, int] | None:
        """Return qubit by bit if all measurements stand at the end, so that one simulation serves every shot.

        None if the outcome of a measurement, a reset or an assignment can influence what follows.
        """
        measured: dict[int, int] = {}
        for operation in self.operations:
            touched_again = not set(measured.values()).isdisjoint(operation.qubits)
            if operation.condition or operation.name in {RESET, ASSIGN} or touched_again or operation.bit in measured:
                return None
            if operation.bit is not None:
                measured[operation.bit] = operation.targets[0]
        return measured


def check_size(qubits: int, limits: Limits, most: int | None = None) -> None:
    """Refuse a circuit that is wider than the limit, before anything of that size is built.

    Args:
        qubits: How many it has.
        limits: The limits of a job.
        most: What its simulator can do, where that is less.

    Raises:
        ProgramError: `InsufficientResources`.
    """
    allowed = limits.qubits if most is None else min(most, limits.qubits)
    if qubits > allowed:
        raise ProgramError(
            ErrorCode.INSUFFICIENT_RESOURCES,
            f"Too many qubits requested: {qubits}; this workspace simulates at most {allowed}",
        )


def collect(operations: Iterator[_T], limits: Limits) -> tuple[_T, ...]:
    """Take all operations, but never more than the limit: gate definitions can grow exponentially when expanded.

    Raises:
        ProgramError: `InsufficientResources`.
    """
    collected: list[_T] = []
    for operation in operations:
        if len(collected) >= limits.operations:
            raise ProgramError(
                ErrorCode.INSUFFICIENT_RESOURCES,
                f"the program has more than {limits.operations} operations once its gates are expanded",
            )
        collected.append(operation)
    return tuple(collected)
