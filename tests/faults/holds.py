"""An object that a proxy holds at a boundary, and how what was held arrives late.

Must not live here: which objects are held when (`rounds`).
"""

import time
from dataclasses import dataclass, field
from typing import Final

from devcluster.proxyrules import Moment, Request, Rule
from faults.boundaries import Boundary, Way
from faults.jobs import Job
from faults.system import REQUEST_SECONDS

FRESH_SECONDS: Final = {Way.CLUSTER: 25.0, Way.SERVICE: REQUEST_SECONDS - 0.2, Way.STORAGE: REQUEST_SECONDS - 0.2}
"""After this the operator may have given a held call up."""
LATEST_SECONDS: Final = {Way.CLUSTER: 6.0, Way.SERVICE: REQUEST_SECONDS - 0.2, Way.STORAGE: REQUEST_SECONDS}
"""Up to this a call may still arrive after it was sent."""
_LOOK_SECONDS: Final = 0.01


@dataclass(slots=True)
class Hold:
    """One object at its boundary; the predicate that the proxy calls.

    Attributes:
        at: When its call came there (monotonic), None until then.
        strictly: Whether what is held before its effect must be lost.
    """

    boundary: Boundary
    moment: Moment
    job: Job
    strictly: bool = False
    at: float | None = None
    rule: Rule = field(init=False)

    def __call__(self, request: Request) -> bool:
        """Whether this request is the one; called in the proxy's thread."""
        if self.at is not None or not self.boundary.picks(request, self.job):
            return False
        self.at = time.monotonic()
        return True

    def hits(self, now: float) -> bool:
        """Whether the operator is at this boundary at a time."""
        return self.at is not None and now - self.at < FRESH_SECONDS[self.boundary.way]


def arrive(hold: Hold, look: Hold | None, latest: float) -> None:
    """Let a late call arrive at a time, or as soon as it has been looked for in vain."""
    while time.monotonic() < latest and not (look and look.at):
        time.sleep(_LOOK_SECONDS)
    hold.rule.release()
