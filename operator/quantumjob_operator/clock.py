"""The clocks of this process. The pure rooms never import this: time reaches them as a value."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def monotonic_seconds() -> float:
    """Seconds that never step back, and that go on while the machine sleeps: a fence is over when others say so."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day and a clock that never steps back."""

    monotonic: Callable[[], float]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
