"""Jobs that begin to be followed one after the other: after a restart, all of them.

Each of them alone would soon be asked about, and a list of all be read again and again. Must not live here: what is
asked (`poller`).
"""

from dataclasses import dataclass
from typing import Final

_PAUSE: Final = 1.0
_LONGEST: Final = 10.0
_REST: Final = 1.0


@dataclass(slots=True)
class Newcomers:
    """Whether more of them are to be expected; all times are monotonic seconds.

    Attributes:
        began: When the first of them came.
        until: When they are complete if no other comes.
    """

    began: float = 0.0
    until: float = -_REST

    def came(self, now: float) -> None:
        """One came. They are waited for only so long, and then those that came have their turn before others."""
        if now >= self.until + _REST:
            self.began, self.until = now, now + _PAUSE
        elif now < self.until:
            self.until = min(now + _PAUSE, self.began + _LONGEST)

    def are_complete(self, now: float) -> bool:
        """Whether it is waited for no more of them."""
        return now >= self.until
