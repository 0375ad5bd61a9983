"""When to reconcile again, as pure functions of what happened.

Lives here: the back-off after failures, the interval between two polls of a job, and for how long to wait for what goes
on. Must not live here: clocks and timers (`work_queue`, `poller`).
"""

import math
import zlib
from dataclasses import dataclass
from typing import Final

BACKOFF_BASE: Final = 1.0
BACKOFF_CAP: Final = 45.0
"""With the jitter less than a minute: so long after the end of an outage every object has been reconciled again."""
_JITTER: Final = 0.2
_AGE_SHARE: Final = 0.1


def backoff(failures: int, identity: str, *, at_least: float | None = None) -> float:
    """Seconds to wait after this many failures in a row.

    Doubles up to the cap. The jitter is a function of who waits, not of chance: two objects that failed together
    don't come back together, and a test needs no luck.

    Args:
        failures: Counted from 1.
        identity: Of the object.
        at_least: What the other side asked for (`Retry-After`). A short one shortens nothing: whoever fails for ever
            and says "at once" must not keep a worker busy for ever.
    """
    own = min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(max(failures, 1) - 1, 16))
    return max(at_least or 0.0, own) * (1 + spread(identity))


def poll_interval(age: float, identity: str, *, shortest: float, longest: float) -> float:
    """Seconds between two polls of a job that has been at the service for `age` seconds.

    A tenth of its age: news is never later than 10 % of what the job has taken already.
    """
    return min(max(age * _AGE_SHARE, shortest), longest) * (1 + spread(identity))


def is_old(age: float, shortest: float) -> bool:
    """Whether a job of this age is asked about more rarely than the shortest interval allows; both in seconds."""
    return age * _AGE_SHARE > shortest


@dataclass(slots=True)
class ProgressTimeout:
    """Waits for work to be done, however much it is, while it gets less.

    Attributes:
        seconds: For so long it may stay as it is.
    """

    seconds: float
    _least: float = math.inf
    _since: float = 0.0

    def is_over(self, left: int, now: float) -> bool:
        """Whether nothing has been done for too long.

        Args:
            left: How much there still is to be done.
            now: Monotonic seconds.
        """
        if left < self._least:
            self._least, self._since = left, now
        return now - self._since >= self.seconds


def spread(identity: str) -> float:
    """Between 0 and 0.2, the same for the same identity."""
    return _JITTER * (zlib.crc32(identity.encode()) / 0xFFFFFFFF)
