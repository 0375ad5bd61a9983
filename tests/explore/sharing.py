"""Equal values made twice are one object, so that a step is known again by the addresses of what came in.

Must not live here: which values those are.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")
_MOST: Final = 100_000
_MADE: Final[dict[tuple[Any, ...], tuple[Any, tuple[Any, ...]]]] = {}


def shared(make: Callable[[], T], *told: Any, at: tuple[Any, ...] = ()) -> T:
    """What was made before of the same, or is made now.

    Args:
        make: Makes it.
        told: Small values that it is made of.
        at: Large ones, which count by their address.
    """
    key = (*told, *map(id, at))
    known = _MADE.get(key)
    if known is None:
        if len(_MADE) >= _MOST:
            _MADE.clear()
        # An address is that of nothing else only while the value lives.
        known = _MADE[key] = (make(), at)
    value: T = known[0]
    return value
