"""A fence of the usual length, and what a process knows that has just claimed a job."""

from typing import Final

from quantumjob_operator.lifecycle.fence import FenceState
from rooms.lifecycle.observations import new

FENCE: Final = 65.0
CLAIMED: Final = FenceState().claimed(new(), 1, asked=9.0, now=10.0, fence=FENCE)
