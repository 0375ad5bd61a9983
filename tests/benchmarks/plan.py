"""How large a run of the benchmark is.

Values only. Must not live here: what is done with them (`scenarios`, `sdk`).
"""

from dataclasses import dataclass
from typing import Any, Final

PROGRAM: Final[dict[str, Any]] = {"qubits": 1, "circuit": [{"gate": "h", "target": 0}]}
"""In `ionq.circuit.v1`; all jobs of all who are compared run it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The numbers of a run.

    Attributes:
        sizes: Idle jobs in flight, growing; at each number costs are measured.
        arrivals: Jobs that arrive one after the other.
        rate: Of them in a second.
        burst: Jobs that arrive at once.
        freshness: Seconds between two reconciliations at an idle job, for all alike.
        window: Seconds for which idle jobs are watched; a whole number of times the freshness, or a sweep more or less
            is counted.
        usual_window: The same after the restart, with the intervals that each has by default; 0 leaves it out.
        kopf_most: Largest number of jobs that the peer with a timer for each is given; more is extrapolated.
        sdk_processes: Processes that wait with the SDK, one job each; more jobs are extrapolated.
        time-out: Seconds for which any single step is waited.
    """

    sizes: tuple[int, ...]
    arrivals: int
    rate: float
    burst: int
    freshness: float
    window: float
    usual_window: float
    kopf_most: int
    sdk_processes: int
    patience: float

    def sizes_for(self, most: int) -> tuple[int, ...]:
        """The sizes of somebody who is given so many jobs at most, with that number in place of larger ones."""
        return tuple(sorted({min(size, most) for size in self.sizes}))


FULL: Final = Plan(
    sizes=(100, 1_000, 10_000),
    arrivals=300,
    rate=10,
    burst=1_000,
    freshness=30,
    window=60,
    usual_window=20,
    kopf_most=2_000,
    sdk_processes=20,
    patience=900,
)
QUICK: Final = Plan(
    sizes=(100, 300),
    arrivals=40,
    rate=10,
    burst=100,
    freshness=4,
    window=8,
    usual_window=0,
    kopf_most=300,
    sdk_processes=4,
    patience=90,
)
TINY: Final = Plan(
    sizes=(5, 10),
    arrivals=5,
    rate=5,
    burst=10,
    freshness=2,
    window=4,
    usual_window=2,
    kopf_most=8,
    sdk_processes=2,
    patience=60,
)
"""Shows that the harness works; its figures mean nothing."""
