"""What a program needs, as far as that is certain before it runs. What is unknown says why; it is never a 0. Pure.

There is no price: Azure Quantum has no request that tells one beforehand, and the platform team's price list is read by
the operator. Must not live here: counting
(`programs.gates`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantumjobs.errors import ProgramError
from quantumjobs.limits import Amount
from quantumjobs.programs import gates
from quantumjobs.programs.prepared import Prepared, Target

_ROTATIONS: Final = frozenset({"rx", "ry", "rz", "r1", "p", "u1", "rxx", "ryy", "rzz", "xx", "yy", "zz"})
_T: Final = frozenset({"t", "tdg"})
_TOFFOLI: Final = frozenset({"ccx", "ccz"})
_PRICE: Final = (
    "the operator reads the workspace's price list: a job with --max-cost 0USD is not sent unless it is free, and "
    "`kubectl quantum why` says what it would cost"
)
_SHOTS: Final = "the target decides: say --shots"
_QUBITS: Final = "the program does not say it"
_COUNTED: Final = ("gates", "one_qubit_gates", "two_qubit_gates", "larger_gates", "t_gates", "rotations", "toffolis",
                   "measurements")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unknown:
    """No number, and the reason why there is none."""

    reason: str

    def __str__(self) -> str:
        return f"unknown: {self.reason}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one job of a program needs.

    Attributes:
        facts: By name, in the order in which they are shown; of a run, except for the shots and the price.
    """

    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """For JSON and YAML: null for what is unknown, with the reasons beside."""
        reasons = {name: fact.reason for name, fact in self.facts.items() if isinstance(fact, Unknown)}
        known = {name: None if name in reasons else fact for name, fact in self.facts.items()}
        return known | {"unknown": reasons}


def estimate(
    program: Prepared,
    target: Target,
    shots: int | None,
    max_cost: Sequence[Amount] = (),
    budgets: Sequence[str] | Unknown = (),
) -> Estimate:
    """What a job of a program would need.

    Args:
        program: Ready to be sent.
        target: Where it would run.
        shots: How often; None leaves it to the target.
        max_cost: What it may cost at most, as `quantumjobs.limits` reads it; shown beside the price.
        budgets: What the workspace's budgets leave, or why that is not known.
    """
    return Estimate(
        {
            **({"target": target.name} if target.provider else {}),
            "format": program.format,
            "qubits": program.qubits or Unknown(_QUBITS),
            "shots": shots or Unknown(_SHOTS),
            **_counted(program),
            "price": Unknown(_PRICE),
            **({"max_cost": list(max_cost)} if max_cost else {}),
            **({"budgets": budgets if isinstance(budgets, Unknown) else list(budgets)} if budgets else {}),
        }
    )


def _counted(program: Prepared) -> dict[str, Any]:
    try:
        found = dict(gates.count(program))
    except ProgramError as error:
        return dict.fromkeys(_COUNTED, Unknown(str(error)))
    measured = sum(number for (name, _), number in found.items() if name == gates.MEASUREMENTS)
    acting = {key: number for key, number in found.items() if key[0] not in {gates.MEASUREMENTS, "reset"}}

    def total(*, sizes: range | None = None, names: frozenset[str] | None = None) -> int:
        return sum(
            number
            for (name, size), number in acting.items()
            if (sizes is None or size in sizes) and (names is None or name in names)
        )

    by_name: dict[str, int] = {}
    for (name, _), number in sorted(acting.items()):
        by_name[name] = by_name.get(name, 0) + number
    largest = max((size for _, size in acting), default=0)
    numbers = (
        by_name,
        total(sizes=range(2)),
        total(sizes=range(2, 3)),
        total(sizes=range(3, largest + 1)),
        total(names=_T),
        total(names=_ROTATIONS),
        total(names=_TOFFOLI),
        measured,
    )
    return dict(zip(_COUNTED, numbers, strict=True))
