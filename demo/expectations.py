"""Which examples are played and how each has to end; the verdict on one that has ended.

Values and pure functions. Must not live here: reading objects from a cluster (`play`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Manifest = dict[str, Any]


class Ending(StrEnum):
    """How a job can end before the user's eyes."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One example.

    Attributes:
        name: Of the QuantumJob, of its file, and the beginning of its ConfigMap's.
        about: What the table says of it.
        ending: How it has to end.
        outcomes: What may stand in its counts; all of them have to, none else may.
        shots: The sum of its counts.
    """

    name: str
    about: str
    ending: Ending
    outcomes: frozenset[str] = frozenset()
    shots: int = 0

    @property
    def config_map(self) -> str:
        """Name of its output."""
        return f"{self.name}-output"


EXAMPLES: Final = (
    Expectation("bell", "Bell pair, IonQ JSON", Ending.SUCCEEDED, frozenset({"00", "11"}), 500),
    Expectation("ghz", "GHZ state, OpenQASM", Ending.SUCCEEDED, frozenset({"000", "111"}), 100),
    Expectation("qir", "two that never agree, QIR", Ending.SUCCEEDED, frozenset({"01", "10"}), 100),
    Expectation("broken", "a program with a mistake", Ending.FAILED),
    Expectation("cancelled", "deleted while it executes", Ending.DELETED),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a job ended as expected, and if not, why it has to be said that it didn't."""

    name: str
    fault: str | None = None


def counts_of(config_map: Manifest) -> dict[str, int]:
    """The counts in an output ConfigMap; empty if it holds none."""
    counts: dict[str, int] = json.loads((config_map.get("data") or {}).get("counts.json", "{}"))
    return counts


def judge_counts(expected: Expectation, counts: Mapping[str, int]) -> str | None:
    """What is wrong with the counts of a job that succeeded; None if nothing is."""
    if set(counts) != expected.outcomes:
        return f"counted {sorted(counts)}, expected {sorted(expected.outcomes)}"
    if sum(counts.values()) != expected.shots:
        return f"{sum(counts.values())} shots counted, expected {expected.shots}"
    return None
