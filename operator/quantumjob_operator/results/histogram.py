"""Counts and probabilities in normal form, and how the second become the first.

Lives here: values and arithmetic that no format owns. Must not live here: the shape of any provider's result.
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_SHOTS: Final = 2**63 - 1

_SUM_TOLERANCE: Final = 0.01
"""How far probabilities may be from 1 in total; the same as azure-quantum's Qiskit job allows."""

_WEIGHT_BITS: Final = 80
"""Probabilities are compared as whole numbers of 2**-80, so that the same result gives the same counts everywhere."""


class Omitted(StrEnum):
    """Why something is not in the ConfigMap, as its `…Omitted` keys say it."""

    TOO_LARGE = "TooLarge"
    UNREADABLE = "Unreadable"
    MISSING = "Missing"
    HOLDS_CREDENTIAL = "HoldsCredential"
    UNKNOWN_FORMAT = "UnknownFormat"
    MALFORMED = "Malformed"
    NOT_BITS = "NotBits"
    SEVERAL_RESULTS = "SeveralResults"
    QUBITS_UNKNOWN = "QubitsUnknown"
    SHOTS_UNKNOWN = "ShotsUnknown"
    NOT_GIVEN = "NotGiven"


class CannotCount(ValueError):  # noqa: N818 - reads as what it says where it is caught
    """A result has no counts in normal form.

    Attributes:
        reason: What `countsOmitted` will say.
    """

    def __init__(self, reason: Omitted, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each outcome was measured; outcomes of several registers have one space between them.

    Attributes:
        registers: Names in the order of an outcome's parts; empty where the format has none.
    """

    outcomes: Mapping[str, int]
    registers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probabilities:
    """How probable each outcome is, as the provider said it (not normalised)."""

    outcomes: Mapping[str, float]


def checked_probabilities(outcomes: Mapping[str, float]) -> Probabilities:
    """Probabilities, once they have been found to be some.

    Raises:
        CannotCount: One is negative or infinite, or together they are off 1 by more than 1 %.
    """
    if any(not math.isfinite(value) or value < 0 for value in outcomes.values()):
        raise CannotCount(Omitted.MALFORMED, "a probability is negative or infinite")
    if abs(math.fsum(outcomes.values()) - 1) > _SUM_TOLERANCE:
        raise CannotCount(Omitted.MALFORMED, "the probabilities do not add up to 1")
    return Probabilities(outcomes)


def apportion(probabilities: Probabilities, shots: int) -> Counts:
    """Counts that add up to `shots`, each as near to its share as whole numbers can be (largest remainder).

    Shares are normalised first. Of equal remainders the outcome that sorts first wins; outcomes without a count are
    left out.
    """
    # There may be half a million outcomes and few shots: nothing is kept for each outcome.
    shown = probabilities.outcomes
    total = sum(map(_weight, shown.values()))
    counts = {outcome: whole for outcome, value in shown.items() if (whole := _weight(value) * shots // total)}
    missing = shots - sum(counts.values())
    remainders = ((-(_weight(value) * shots % total), outcome) for outcome, value in shown.items())
    for _, outcome in heapq.nsmallest(missing, remainders):
        counts[outcome] = counts.get(outcome, 0) + 1
    return Counts(counts)


def _weight(probability: float) -> int:
    return int(math.ldexp(probability, _WEIGHT_BITS))
