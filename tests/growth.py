"""How the CPU time of work grows with its size, told on a machine that others use as well.

Must not live here: any duration that a test would assert; only ratios are compared.
"""

import time
from collections.abc import Callable
from typing import Final

ROUNDS: Final = 3
PATIENCE: Final = 25
_LEAST_SECONDS: Final = 1e-5


def times_as_long(short: Callable[[], object], long: Callable[[], object], most: float) -> float:
    """How many times the CPU time of `short` `long` takes.

    Each is measured in turns, and its least time counts: others can make a measurement longer, never shorter. What
    looks like too much after a few rounds is therefore measured more often, and only what stays too much is.

    Args:
        short: Work of some size.
        long: The same of a larger one.
        most: The ratio that is not too much.
    """
    least_short = least_long = float("inf")
    for done in range(1, PATIENCE + 1):
        least_short, least_long = min(least_short, seconds(short)), min(least_long, seconds(long))
        if done >= ROUNDS and least_long < most * max(least_short, _LEAST_SECONDS):
            break
    return least_long / max(least_short, _LEAST_SECONDS)


def seconds(work: Callable[[], object]) -> float:
    """CPU time of this thread that the work takes, once."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
