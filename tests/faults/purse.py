"""What the judge knows of a budget, and when its sum is not the workspace's.

Rules: nothing was reserved beyond a limit; no reservation outlives its job; each run that succeeded counts once, and no
job more than once.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purse:
    """A budget that counts jobs, after everything has come to rest.

    Attributes:
        name: `namespace/name`.
        spent: Jobs that it counts as settled.
        succeeded: Remote jobs of its namespace that succeeded, by the workspace's ledger.
        ran: All of its remote jobs. Cancelled ones count if they had begun.
        waiting: Reservations of jobs that ended without a bill.
        left: Other reservations: no job is under way any more.
        overspent: Reservations that did not fit when they were made.
    """

    name: str
    spent: int
    succeeded: int
    ran: int
    waiting: int = 0
    left: tuple[str, ...] = ()
    overspent: tuple[str, ...] = ()

    def mismatches(self) -> Iterator[str]:
        """What differs from the workspace's ledger."""
        if not self.succeeded <= self.spent <= self.ran - self.waiting:
            ran = f"{self.succeeded} of {self.ran} jobs succeeded, {self.waiting} wait for their bill"
            yield f"{self.name}: {self.spent} are counted, and {ran}"
